"""A run directory: append parts, read them back, refuse to mix what may not be joined.

A part is written to a temporary file, flushed to the disk and renamed: it is whole or absent. Its
name says what made it, so a part that exists is work that is done.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ValidationError

from foretoken.errors import RunError, StoreError
from foretoken.records import Draw, Provenance, Record, Sampling
from foretoken.store import codec, layout, places
from foretoken.store.places import Place, write_atomically
from foretoken.store.reading import Columns, read_parts
from foretoken.store.samplings import Samplings, require_equal_sampling
from foretoken.store.toml import dump_toml

__all__ = ["Run", "require_equal_sampling", "write_atomically"]

R = TypeVar("R", bound=Record)


class Run:
    """One run directory.

    Use `Run.create` to make or continue one and `Run.open` for one that must exist.
    """

    def __init__(self, path: Place) -> None:
        self.path = path
        """Where the run is: a local folder, or an address in an object store."""
        self._samplings = Samplings(path)

    @classmethod
    def create(cls, path: str | Place) -> "Run":
        """Make the directory, or continue it where it exists.

        Raises:
            StoreError: The directory cannot be made.
            SetupError: The address has an unknown protocol.
        """
        folder = places.place(path)
        if isinstance(folder, Path):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"{folder} cannot be made: {error.strerror}") from error
            places.sweep(folder)
        return cls(folder)

    @classmethod
    def open(cls, path: str | Place) -> "Run":
        """Open a directory that exists.

        Raises:
            RunError: There is no such directory, or it does not hold a run.
            SetupError: The address has an unknown protocol.
        """
        folder = places.place(path)
        if not folder.is_dir():
            raise RunError(
                f"there is no run at {folder}: check the path, or make one with "
                "`foretoken bank build` or `foretoken train rl`"
            )
        marked = any((folder / mark).exists() for mark in (layout.CONFIG_FILE, "checkpoints"))
        if not marked and not layout.stored_folders(folder):
            raise RunError(f"{folder} is not a run: it has no {layout.CONFIG_FILE} and no parts")
        return cls(folder)

    @property
    def folder(self) -> Path:
        """The run's folder, for what must be on a local disk.

        Raises:
            RunError: The run is in an object store.
        """
        return places.local(self.path, what="the run")

    def append(
        self,
        records: Sequence[Record],
        *,
        part: str,
        kind: type[Record] | None = None,
        within: str | None = None,
        replace: bool = False,
        keep: bool = False,
    ) -> Place:
        """Write one part, whole or not at all.

        Args:
            records: Records of one class; where its folder is divided, of one partition.
            part: Name that says what made the part; deterministic, so that work can be resumed.
            kind: The class; needed where there are no records (an empty part is work done, too).
            within: The partition; needed where there are no records of a divided kind.
            replace: Whether a part of this name may be exchanged (for what is derived from other
                parts and made again from them).
            keep: Whether a part of this name that somebody else has finished meanwhile stays, and
                these records, which are the same, are dropped.

        Returns:
            The part's file.

        Raises:
            StoreError: The disk refuses, or a part of this name exists.
            MismatchError: Draws of one source that were sampled with different settings.
        """
        kind = _kind_of(records, kind, part)
        within = _partition_of(records, kind, within=within, part=part)
        path = layout.part_path(self.path, kind, part, within)
        if not replace and path.exists():
            if keep:
                return path
            raise StoreError(
                f"{path} exists and parts are never edited: move it away to make it anew"
            )
        self._samplings.check((r for r in records if isinstance(r, Draw)), part=part)
        buffer = pa.BufferOutputStream()
        pq.write_table(codec.to_table(records, kind), buffer, compression="zstd")
        write_atomically(path, buffer.getvalue().to_pybytes())
        return path

    def has_part(
        self, part: str, kind: type[Record] | None = None, within: str | None = None
    ) -> bool:
        """Whether a part of this name is finished (of that kind, or of any; in any partition)."""
        if kind is None:
            found = [p for paths in layout.stored_folders(self.path).values() for p in paths]
        elif within is None and kind.partition is not None:
            found = layout.part_paths(self.path, kind)
        else:
            return layout.part_path(self.path, kind, part, within).exists()
        return any(path.name == f"{part}{layout.PART_SUFFIX}" for path in found)

    def remove(self, kind: type[Record], part: str, within: str | None = None) -> None:
        """Delete one part; there need be none.

        Raises:
            StoreError: The disk refuses.
        """
        path = layout.part_path(self.path, kind, part, within)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} cannot be deleted ({error.strerror})") from error

    def parts(self, kind: type[Record], within: str | None = None) -> list[str]:
        """Names of the finished parts of a kind, or of one partition of it, sorted."""
        suffix = len(layout.PART_SUFFIX)
        paths = layout.part_paths(self.path, kind, within)
        return sorted(path.name[:-suffix] for path in paths)

    def read(
        self,
        kind: type[R],
        *,
        part: str | None = None,
        within: str | None = None,
        where: pc.Expression | None = None,
    ) -> list[R]:
        """Records of a class, in the order of the partitions, the parts' names and their rows.

        Args:
            kind: The record class.
            part: Only this part.
            within: Only this partition; no other is opened.
            where: Only rows for which this expression over the columns holds.

        Raises:
            StoreError: A part is damaged, or does not fit this version.
        """
        return codec.to_records(self.table(kind, part=part, within=within, where=where), kind)

    def table(
        self,
        kind: type[Record],
        *,
        part: str | None = None,
        within: str | None = None,
        where: pc.Expression | None = None,
        columns: Columns | None = None,
    ) -> pa.Table:
        """The same rows as a table; nested fields are tagged JSON text (see `store.codec`).

        Args:
            kind: The record class.
            part: Only this part.
            within: Only this partition; no other is opened.
            where: Only rows for which this holds; what it rules out by statistics is not read.
            columns: Only these are read: names, or names with what to compute from the columns.

        Raises:
            StoreError: A part is damaged, or does not fit this version.
        """
        if part is None or (within is None and kind.partition is not None):
            paths = layout.part_paths(self.path, kind, within)
            paths = [p for p in paths if part in (None, p.name[: -len(layout.PART_SUFFIX)])]
        else:
            paths = [layout.part_path(self.path, kind, part, within)]
        return read_parts(paths, codec.schema(kind), where=where, columns=columns)

    def sampling(self, source: str) -> Sampling | None:
        """Settings that the stored draws of a source were sampled with; None where it has none."""
        return self._samplings.of(source, near=source)

    def checkpoints(self) -> dict[int, Path]:
        """Checkpoint folders by step.

        Raises:
            RunError: A folder names no step or one that another names, or the run is not local.
        """
        return layout.checkpoints(self.path)

    def write_config(self, section: str, config: BaseModel) -> None:
        """Save a command's resolved settings as one section of the run's config file."""
        sections = self.read_config()
        sections[section] = config.model_dump(mode="json")
        text = dump_toml(sections)
        write_atomically(self.path / layout.CONFIG_FILE, text.encode())

    def read_config(self) -> dict[str, Any]:
        """Saved settings by command; empty where none were saved.

        Raises:
            StoreError: The file is not TOML.
        """
        path = self.path / layout.CONFIG_FILE
        content = places.read_bytes(path)
        try:
            return {} if content is None else tomllib.loads(content.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise StoreError(f"{path} is not readable TOML ({error}): repair it") from error

    def write_provenance(self, provenance: Provenance) -> None:
        """Save where this run comes from."""
        text = provenance.model_dump_json(indent=1)
        write_atomically(self.path / layout.PROVENANCE_FILE, text.encode())

    def read_provenance(self) -> Provenance | None:
        """Where this run comes from; None where nobody has written it.

        Raises:
            StoreError: The file is damaged.
        """
        path = self.path / layout.PROVENANCE_FILE
        content = places.read_bytes(path)
        try:
            return None if content is None else Provenance.model_validate_json(content)
        except ValidationError as error:
            raise StoreError(
                f"{path} is damaged: move it away, the next command writes it"
            ) from error


def _kind_of(records: Sequence[Record], kind: type[Record] | None, part: str) -> type[Record]:
    """The one class of a part's records."""
    if kind is None:
        if not records:
            raise StoreError(f"part {part} has no records: say which kind it is")
        kind = type(records[0])
    if any(type(record) is not kind for record in records):
        raise StoreError(f"part {part} mixes records of several classes")
    return kind


def _partition_of(
    records: Sequence[Record], kind: type[Record], *, within: str | None, part: str
) -> str | None:
    """The one partition of a part's records; None where the kind is not divided."""
    if kind.partition is None:
        return within
    values: set[str] = {getattr(record, kind.partition) for record in records}
    values |= {within} if within is not None else set()
    if len(values) != 1:
        found = ", ".join(sorted(values)) or "none"
        raise StoreError(f"part {part} must be of one {kind.partition}, not of {found}")
    return values.pop()
