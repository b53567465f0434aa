"""Rows of the files that logs are made of, from a place on, so that a growing one is read once."""

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from foretoken.logs.base import LogError, Row
from foretoken.logs.harbor import TRAJECTORY

LINES = (".jsonl", ".ndjson")
PACKED_LINES = tuple(f"{ending}{packed}" for ending in LINES for packed in (".gz", ".zst"))
TRIAL_FILE = "result.json"
ENDINGS = (*LINES, *PACKED_LINES, ".parquet", ".eval", TRIAL_FILE)
"""Of files that may hold rollouts."""
_LOCAL_HEADER = 30
_DEFLATED, _ZSTD = 8, 93


@dataclass(frozen=True)
class Placed:
    """A row, or why there is none."""

    number: int
    """Of the row in its file, from 0."""
    end: int
    """Where the next one begins, in bytes; of files that do not grow, the whole size."""
    row: Row | None
    fault: str = ""


def may_hold_rollouts(path: Path) -> bool:
    """Whether a file's name is that of one that can be read."""
    return path.name.endswith(ENDINGS)


def grows(path: Path) -> bool:
    """Whether more may be appended to a file of this name."""
    return path.name.endswith(LINES)


def unpacked_name(name: str) -> str:
    """Return the name of a file before it was packed: a chunk of a log that was closed meanwhile
    is the same chunk."""
    return next((name.removesuffix(each) for each in (".gz", ".zst") if name.endswith(each)), name)


def rows_of(path: Path, *, number: int = 0, start: int = 0) -> Iterator[Placed]:
    """Yield the rows of a file; a last line without its end is left for later.

    Args:
        path: A file of one of `ENDINGS`.
        number: Of the first row.
        start: Bytes before it, in a file that grows.

    Raises:
        LogError: The file cannot be read.
    """
    try:
        if grows(path):
            yield from _lines(path, number=number, start=start)
            return
        size = path.stat().st_size
        for place, (row, fault) in enumerate(_whole(path)):
            if place >= number:
                yield Placed(place, size, row, fault)
    except (OSError, EOFError, pa.ArrowException, zipfile.BadZipFile, zlib.error) as error:
        why = " ".join(str(error).split())
        raise LogError(f"{path} cannot be read ({why:.200}): is it complete?") from error


def first_line(path: Path) -> bytes | None:
    """Return the first line of a file of lines, packed or not; None where it is none.

    Raises:
        LogError: The file cannot be read.
    """
    try:
        if grows(path):
            with path.open("rb") as file:
                return file.readline()
        return _unpacked(path).readline() if path.name.endswith(PACKED_LINES) else None
    except (OSError, EOFError, pa.ArrowException) as error:
        raise LogError(f"{path} cannot be read ({error}): is it complete?") from error


def _lines(path: Path, *, number: int, start: int) -> Iterator[Placed]:
    with path.open("rb") as file:
        file.seek(start)
        place = start
        for line in file:
            if not line.endswith(b"\n"):
                return
            place += len(line)
            if line.strip():
                row, fault = _parsed(line)
                yield Placed(number, place, row, fault)
            number += 1


def _whole(path: Path) -> Iterator[tuple[Row | None, str]]:
    """Rows of a file that does not grow."""
    if path.name.endswith(".parquet"):
        for batch in pq.ParquetFile(path).iter_batches():
            yield from ((row, "") for row in batch.to_pylist())
    elif path.name.endswith(".eval"):
        yield from _samples(path)
    elif path.name == TRIAL_FILE:
        yield _trial(path)
    else:
        yield from (_parsed(line) for line in _unpacked(path) if line.strip())


def _unpacked(path: Path) -> io.BufferedIOBase:
    if path.name.endswith(".gz"):
        return gzip.open(path)
    return io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))


def _parsed(line: bytes) -> tuple[Row | None, str]:
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        return None, f"is not JSON ({error})"
    if not isinstance(found, dict):
        return None, "is JSON, but no object"
    return cast(Row, found), ""


def _trial(path: Path) -> tuple[Row | None, str]:
    """The result of a Harbor trial, with what its agent did."""
    row, fault = _parsed(path.read_bytes())
    return None if row is None else with_trajectory(row, path.parent), fault


def with_trajectory(result: Row, trial: Path) -> Row:
    """Return the result of a Harbor trial with what its agent did, where the folder tells."""
    trajectory = trial / "agent" / "trajectory.json"
    if trajectory.is_file():
        return {**result, TRAJECTORY: _parsed(trajectory.read_bytes())[0]}
    return result


def _samples(path: Path) -> Iterator[tuple[Row | None, str]]:
    """Samples of an Inspect log: a zip archive whose members may be packed as zstd, which the
    standard library reads from Python 3.14 on alone."""
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        for member in archive.infolist():
            if member.filename.startswith("samples/"):
                yield _parsed(_member(file, member))


def _member(file: IO[bytes], member: zipfile.ZipInfo) -> bytes:
    file.seek(member.header_offset)
    name, extra = struct.unpack("<HH", file.read(_LOCAL_HEADER)[26:30])
    file.seek(name + extra, io.SEEK_CUR)
    packed = file.read(member.compress_size)
    if member.compress_type == _ZSTD:
        return pa.CompressedInputStream(pa.BufferReader(packed), "zstd").read()
    return zlib.decompress(packed, -zlib.MAX_WBITS) if member.compress_type == _DEFLATED else packed
