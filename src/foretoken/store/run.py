"""A run directory: append parts, read them back, refuse to mix what may not be joined.

A part is written to a temporary file, flushed to the disk and renamed: it is whole or absent. Its
name says what made it, so a part that exists is work that is done.
"""

import os
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ValidationError

from foretoken.errors import MismatchError, StoreError
from foretoken.records import Draw, Provenance, Record, Sampling
from foretoken.store import codec, layout
from foretoken.store.toml import dump_toml

R = TypeVar("R", bound=Record)


class Run:
    """One run directory.

    Use `Run.create` to make or continue one and `Run.open` for one that must exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._samplings: dict[str, Sampling] | None = None

    @classmethod
    def create(cls, path: str | Path) -> "Run":
        """Make the directory, or continue it where it exists.

        Raises:
            StoreError: The directory cannot be made.
        """
        folder = Path(path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder} cannot be made: {error.strerror}") from error
        return cls(folder)

    @classmethod
    def open(cls, path: str | Path) -> "Run":
        """Open a directory that exists.

        Raises:
            StoreError: There is no such directory, or it does not hold a run.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise StoreError(
                f"there is no run at {folder}: check the path, or make one with "
                "`foretoken bank build` or `foretoken train rl`"
            )
        kinds = [*layout.KINDS.values(), layout.CONFIG_FILE, "checkpoints"]
        if not any((folder / kind).exists() for kind in kinds):
            raise StoreError(f"{folder} is not a run: it has no {layout.CONFIG_FILE} and no parts")
        return cls(folder)

    def append(
        self,
        records: Sequence[Record],
        *,
        part: str,
        kind: type[Record] | None = None,
        replace: bool = False,
    ) -> Path:
        """Write one part, whole or not at all.

        Args:
            records: Records of one class.
            part: Name that says what made the part; deterministic, so that work can be resumed.
            kind: The class; needed where there are no records (an empty part is work done, too).
            replace: Whether a part of this name may be exchanged (for what is derived from other
                parts and made again from them).

        Raises:
            StoreError: The disk refuses, or a part of this name exists.
            MismatchError: Draws of one source that were sampled with different settings.
        """
        if kind is None:
            if not records:
                raise StoreError(f"part {part} has no records: say which kind it is")
            kind = type(records[0])
        if any(type(record) is not kind for record in records):
            raise StoreError(f"part {part} mixes records of several classes")
        path = layout.part_path(self.path, kind, part)
        if path.exists() and not replace:
            raise StoreError(f"{path} exists and parts are never edited: delete it to make it anew")
        draws = [record for record in records if isinstance(record, Draw)]
        self._check_sampling(draws)
        buffer = pa.BufferOutputStream()
        pq.write_table(codec.to_table(records, kind), buffer, compression="zstd")
        write_atomically(path, buffer.getvalue().to_pybytes())
        for draw in draws:
            self._known_samplings()[draw.source] = draw.sampling
        return path

    def has_part(self, part: str, kind: type[Record] | None = None) -> bool:
        """Whether a part of this name is finished (of that kind, or of any)."""
        kinds = layout.KINDS if kind is None else (kind,)
        return any(layout.part_path(self.path, each, part).exists() for each in kinds)

    def remove(self, kind: type[Record], part: str) -> None:
        """Delete one part; there need be none.

        Raises:
            StoreError: The disk refuses.
        """
        path = layout.part_path(self.path, kind, part)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} cannot be deleted ({error.strerror})") from error

    def remove_where(self, kind, scorer):
        for part in self.parts(kind):
            if part.startswith(scorer.replace(":", "-") + "-"):
                self.remove(kind, part)

    def parts(self, kind: type[Record]) -> list[str]:
        """Names of the finished parts of a kind, sorted."""
        suffix = len(layout.PART_SUFFIX)
        return [path.name[:-suffix] for path in layout.part_paths(self.path, kind)]

    def read(
        self,
        kind: type[R],
        *,
        part: str | None = None,
        where: pc.Expression | None = None,
    ) -> list[R]:
        """Records of a class, in the order of the parts' names and of their rows.

        Args:
            kind: The record class.
            part: Only this part.
            where: Only rows for which this expression over the columns holds.

        Raises:
            StoreError: A part is damaged, or does not fit this version.
        """
        return codec.to_records(self.table(kind, part=part, where=where), kind)

    def table(
        self,
        kind: type[Record],
        *,
        part: str | None = None,
        where: pc.Expression | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """The same rows as a table; nested fields are tagged JSON text (see `store.codec`)."""
        if part is None:
            paths = layout.part_paths(self.path, kind)
        else:
            paths = [layout.part_path(self.path, kind, part)]
        tables = [read_part(path) for path in paths]
        if not tables:
            tables = [codec.schema(kind).empty_table()]
        table = pa.concat_tables(tables, promote_options="default")
        if where is not None:
            table = table.filter(where)
        return table if columns is None else table.select(list(columns))

    def checkpoints(self) -> dict[int, Path]:
        """Checkpoint folders by step."""
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
        if not path.exists():
            return {}
        try:
            return tomllib.loads(path.read_text())
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
        if not path.exists():
            return None
        try:
            return Provenance.model_validate_json(path.read_text())
        except ValidationError as error:
            raise StoreError(f"{path} is damaged: delete it, the next command writes it") from error

    def _known_samplings(self) -> dict[str, Sampling]:
        if self._samplings is None:
            self._samplings = {}
            for path in layout.part_paths(self.path, Draw):
                table = read_part(path, columns=["source", "sampling"]).slice(0, 1)
                for row in table.to_pylist():
                    sampling = Sampling.model_validate(codec.decode(row["sampling"]))
                    self._samplings[row["source"]] = sampling
        return self._samplings

    def _check_sampling(self, draws: Sequence[Draw]) -> None:
        expected = dict(self._known_samplings()) if draws else {}
        for draw in draws:
            require_equal_sampling(
                expected.setdefault(draw.source, draw.sampling),
                draw.sampling,
                what=f"{draw.source} draws of {self.path}",
            )


def require_equal_sampling(known: Sampling, other: Sampling, *, what: str) -> None:
    """Refuse to join draws that were sampled with different settings.

    Raises:
        MismatchError: The settings differ; the message names each that does.
    """
    if known == other:
        return
    pairs = [(name, getattr(known, name), getattr(other, name)) for name in Sampling.model_fields]
    differing = ", ".join(f"{name} {a!r} against {b!r}" for name, a, b in pairs if a != b)
    raise MismatchError(
        f"{what} were sampled with other settings ({differing}): a weight compares one "
        "distribution with itself, so use another run directory or sample again"
    )


def read_part(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """One part as a table.

    Raises:
        StoreError: The file is missing or damaged.
    """
    try:
        with pq.ParquetFile(path) as file:
            return file.read(columns=None if columns is None else list(columns))
    except FileNotFoundError as error:
        raise StoreError(f"{path} is missing: run the command that writes it") from error
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(
            f"{path} is damaged ({reason}): delete this file and run the same command again, "
            "which makes this part anew and keeps all others"
        ) from error


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is whole or absent, whatever happens meanwhile.

    Raises:
        StoreError: The disk refuses (full, read-only, no permission); nothing is left behind.
    """
    temporary = path.with_name(path.name + layout.TEMPORARY_SUFFIX)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StoreError(
            f"{path} could not be written ({error.strerror}): free space or choose another place, "
            "then run the same command again; what was finished is kept"
        ) from error
