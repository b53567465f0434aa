"""Frozen settings of the commands: a TOML file, then flags; resolved settings go into the run."""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from foretoken.bases import Frozen
from foretoken.errors import MismatchError, SetupError
from foretoken.files import read_text
from foretoken.store.run import Run


class Settings(Frozen):
    """Base of every command's settings: frozen, unknown keys refused."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    section: ClassVar[str] = ""
    """Table under which a run's `config.toml` keeps them, which can be given back as it is."""
    must_exist: ClassVar[tuple[str, ...]] = ()
    """Fields that name files or folders; see `require_paths`."""


S = TypeVar("S", bound=Settings)


def resolve(kind: type[S], file: Path | None, flags: Mapping[str, Any]) -> S:
    """Settings from a TOML file and from flags; a flag that is not None wins.

    Raises:
        SetupError: The file is missing or not TOML, or a key or value does not fit.
    """
    values: dict[str, Any] = {} if file is None else read_toml(file)
    if kind.section not in kind.model_fields and isinstance(values.get(kind.section), dict):
        values = values[kind.section]
    values |= {name: value for name, value in flags.items() if value is not None}
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise SetupError(f"{file or 'settings'}: {'; '.join(_faults(error, kind))}") from error


def require_paths(settings: Settings) -> None:
    """Refuse settings that name what is not there, before any library is loaded for them.

    Raises:
        SetupError: With the field and the path.
    """
    for name in settings.must_exist:
        given: Path | str | None = getattr(settings, name)
        if given is not None and not Path(given).exists():
            raise SetupError(f"{name}: there is no {given}: check the path")


def read_toml(file: Path) -> dict[str, Any]:
    """A TOML file as a mapping.

    Raises:
        SetupError: The file is missing or not TOML.
    """
    try:
        return tomllib.loads(read_text(file))
    except OSError as error:
        raise SetupError(f"{file} cannot be read ({error.strerror}): check the path") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SetupError(f"{file} is not TOML: {error}") from error


def require_same_settings(
    run: Run, section: str, settings: Settings, *, free: frozenset[str]
) -> None:
    """Refuse to continue work that was begun with other settings.

    Args:
        run: The run directory.
        section: Name of the command's section.
        settings: The resolved settings.
        free: Names of settings that do not change any result, or are checked otherwise.

    Raises:
        MismatchError: The saved section differs in a setting that is not free.
    """
    saved = run.read_config().get(section)
    if saved is None:
        return
    wanted: dict[str, Any] = settings.model_dump(mode="json", exclude_none=True)
    known = {n: saved.get(n, _plain(f.default)) for n, f in type(settings).model_fields.items()}
    differing = [
        f"{name} {value!r} against {wanted.get(name)!r}"
        for name, value in known.items()
        if name not in free and value != wanted.get(name)
    ]
    if differing:
        raise MismatchError(
            f"{run.path} was begun with other {section} settings ({', '.join(differing)}): "
            "repeat those, or choose another run directory"
        )


def _plain(default: Collection[Any] | BaseModel | float | None) -> Any:
    """A default as a settings file would hold it; what is None is left out there."""
    if isinstance(default, BaseModel):
        return default.model_dump(mode="json", exclude_none=True)
    return list(default) if isinstance(default, tuple) else default


def _faults(error: ValidationError, kind: type[BaseModel]) -> list[str]:
    """What is wrong, a line each; a key that is none with the one that it may stand for."""
    said: list[str] = []
    for fault in error.errors():
        where = ".".join(map(str, fault["loc"])) or "settings"
        known = _keys_at(kind, fault["loc"][:-1])
        if fault["type"] != "extra_forbidden":
            said.append(f"{where}: {fault['msg']}")
            continue
        near = get_close_matches(str(fault["loc"][-1]), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
        said.append(f"{where} is no setting: {hint}")
    return said


def _keys_at(kind: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """Keys of the table at a place of some settings."""
    for name in place:
        field = kind.model_fields.get(str(name))
        inner = None if field is None else field.annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        kind = inner
    return list(kind.model_fields)
