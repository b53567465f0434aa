"""Logs of rollouts, of whatever trainer: which files hold them, and what they say."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from foretoken.files import Kept
from foretoken.logs import (
    episodes,
    harbor,
    hooks,
    inspect,
    open_instruct,
    openrlhf,
    plain,
    tinker,
    trl,
    verl,
)
from foretoken.logs.base import Layout, LogError, LoggedRollout, Row
from foretoken.logs.rows import ENDINGS, Placed, may_hold_rollouts, rows_of, unpacked_name

LAYOUTS: tuple[Layout, ...] = (
    hooks.LAYOUT,
    trl.LAYOUT,
    verl.LAYOUT,
    verl.RECORD,
    episodes.LAYOUT,
    openrlhf.LAYOUT,
    open_instruct.LAYOUT,
    tinker.LAYOUT,
    inspect.LAYOUT,
    harbor.LAYOUT,
    plain.LAYOUT,
)
"""In the order in which they are asked; `plain` is content with little."""
MOST_SHOWN = 12


@dataclass(frozen=True)
class LogFile:
    """A file of rollouts."""

    path: Path
    name: str
    """Where it lies in what was named, for keys and messages; equal before and after packing."""
    layout: Layout


@dataclass(frozen=True)
class Found:
    """What a folder of logs, or a single one, holds."""

    files: Sequence[LogFile]
    others: Sequence[str]
    """Lines about files that hold no rollouts of a known layout."""


@dataclass
class Chunk:
    """Rollouts of a file from some place on, as they are read."""

    file: LogFile
    rows: int
    """Number of the next row."""
    end: int
    """Where it begins."""
    rollouts: list[LoggedRollout] = field(default_factory=list[LoggedRollout])
    faults: list[str] = field(default_factory=list[str])
    """Lines about rows that could not be read."""


def folder_of_logs(path: Path) -> Path:
    """Return the folder that files are named from, where logs are named by it or by one of them."""
    return path.resolve() if path.is_dir() else path.resolve().parent


Looks = Kept[tuple[Layout | None, str]]
"""Of files, their layout, or else what was seen in its place; see `looked_at`."""


def looked_at(path: Path) -> tuple[Layout | None, str]:
    """Return the layout of a file of rollouts by its first row, or what is seen if it is none."""
    first = next(_rows(path), None)
    if first is None:
        return None, "is empty"
    layout = layout_of(first)
    return layout, _seen(first) if layout is None else ""


def find_logs(path: Path, *, root: Path | None = None, looks: Looks | None = None) -> Found:
    """Find the files of rollouts in a folder, or look at one file, by what is in them.

    Args:
        path: The folder, or the file.
        root: Folder that files are named from; None: `folder_of_logs`.
        looks: Of whoever looks again and again: no file is opened twice while it is the same.

    Raises:
        LogError: Nothing here is of a known layout.
    """
    if not path.exists():
        raise LogError(f"{path} does not exist: give a trainer's log, or the folder of its logs")
    root = root or folder_of_logs(path)
    among = path.resolve().rglob("*") if path.is_dir() else (path.resolve(),)
    candidates = sorted(each for each in among if may_hold_rollouts(each))
    files: list[LogFile] = []
    others: list[str] = []
    looks = looks or Kept(looked_at)
    for each in candidates:
        layout, seen = looks.of(each)
        name = Path(os.path.relpath(each, root)).as_posix()
        if layout is None:
            others.append(f"{name} {seen}")
        elif not layout.passes_over(each):
            files.append(LogFile(each, unpacked_name(name), layout))
    if not files:
        raise LogError(_nothing(path, others))
    return Found(list({file.name: file for file in reversed(files)}.values())[::-1], others)


def layout_of(row: Row) -> Layout | None:
    """Return the layout of a row; None: no known one."""
    return next((each for each in LAYOUTS if each.recognises(row)), None)


def read_on(file: LogFile, *, rows: int = 0, start: int = 0, most: int | None = None) -> Chunk:
    """Read a file of rollouts from a place on.

    Args:
        file: Which.
        rows: How many rows of it are known.
        start: Bytes before the next one.
        most: Rows that are read; None: all.

    Raises:
        LogError: It cannot be read.
    """
    chunk = Chunk(file, rows, start)
    for placed in islice(rows_of(file.path, number=rows, start=start), most):
        chunk.rows, chunk.end = placed.number + 1, placed.end
        try:
            chunk.rollouts += _rollouts(file, placed)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            fault = f"does not fit the layout {file.layout.name} ({type(error).__name__}: {error})"
            chunk.faults.append(f"{file.name}, row {placed.number + 1}: {fault:.300}")
        if placed.row is None:
            chunk.faults.append(f"{file.name}, row {placed.number + 1}: {placed.fault:.300}")
    return chunk


def _rollouts(file: LogFile, placed: Placed) -> list[LoggedRollout]:
    if placed.row is None:
        return []
    read = list(file.layout.read(placed.row, file.path))
    key = f"{file.name}/{placed.number}"
    many = len(read) > 1
    return [
        each.replacing(key=f"{key}/{place}" if many else key, batch=key)
        for place, each in enumerate(read)
    ]


def _rows(path: Path) -> Iterator[Row]:
    """Rows of a file that might hold rollouts; none where it cannot be read."""
    try:
        yield from (placed.row for placed in rows_of(path) if placed.row is not None)
    except LogError:
        return


def _seen(row: Row) -> str:
    keys = list(row)
    more = f" and {len(keys) - MOST_SHOWN} more" if len(keys) > MOST_SHOWN else ""
    return f"has rows of {', '.join(map(repr, keys[:MOST_SHOWN]))}{more}"


def _nothing(path: Path, others: Sequence[str]) -> str:
    seen = "; ".join(others[:MOST_SHOWN]) or f"no file that ends with {', '.join(ENDINGS)}"
    known = "; ".join(f"{each.name} ({each.tried})" for each in LAYOUTS)
    return (
        f"{path} holds no rollouts of a known layout. Seen: {seen}. Known: {known}. If the trainer "
        "is a newer one, write its rollouts as JSON lines with prompt, completion, step and reward"
    )
