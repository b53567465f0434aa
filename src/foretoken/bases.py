"""Bases of what is stored and of what is set: frozen, unknown keys refused, copies validated."""

import re
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from foretoken.errors import SetupError

_FOLDER_NAME = re.compile(r"[a-z][a-z0-9-]*")
_FOLDERS: dict[str, str] = {}


class Frozen(BaseModel):
    """Base of records and settings: frozen, unknown keys refused, copies validated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def replacing(self, **changes: Any) -> Self:
        """Make a copy with other values; all of it is validated, as if it were made anew.

        Raises:
            ValidationError: A name is not a field, or a value does not fit its field.
        """
        return type(self).model_validate(
            {n: getattr(self, n) for n in self.model_fields_set} | changes
        )


class Record(Frozen):
    """Base of every record. One that is stored declares its folder in a run directory."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    folder: ClassVar[str | None] = None
    """Folder of the parts: small letters, digits and `-`; None: a part of other records only."""
    partition: ClassVar[str | None] = None
    """Text field by whose value the folder is divided, one value a part; None: not divided."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a folder that another class has, or that cannot be one."""
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__dict__.get("folder") is None:
            return
        folder, name = str(cls.folder), f"{cls.__module__}.{cls.__qualname__}"
        if not _FOLDER_NAME.fullmatch(folder):
            raise SetupError(f"{name}: {folder!r} cannot be a folder: use small letters, digits, -")
        if _FOLDERS.setdefault(folder, name) != name:
            raise SetupError(f"{name}: {_FOLDERS[folder]} has the folder {folder}: choose another")
        if cls.partition is not None and cls.partition not in cls.model_fields:
            raise SetupError(f"{name}: there is no field {cls.partition} to divide {folder} by")
