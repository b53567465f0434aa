"""Tasks that others wrote: problem folders of djinn, and plain JSONL problems.

Nothing of theirs is run here. What cannot be used is named with the reason, and the rest goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from foretoken.errors import TaskError
from foretoken.tasks.catalogue import STYLES, TYPES, put_flaw
from foretoken.tasks.code import CodeTask
from foretoken.tasks.foreign.djinn import (
    PROBLEM_FILE,
    buried_folders,
    load_problem,
    problem_folders,
    short_key,
)
from foretoken.tasks.foreign.jsonl import is_plain, read_problem
from foretoken.tasks.lines import numbered_lines
from foretoken.tasks.problems import Problem

__all__ = ["Refused", "is_foreign_source", "load_foreign", "load_problems", "short_key"]

_Lines = list[tuple[str, Problem, str | None]]


@dataclass(frozen=True)
class Refused:
    """Something that cannot be loaded."""

    where: str
    """Folder, or file and line."""
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: not loaded: {self.reason}"


def is_foreign_source(path: Path) -> bool:
    """Whether `load_foreign` is for it: a folder, or a file of plain problems."""
    try:
        return path.is_dir() or (path.is_file() and is_plain(path))
    except OSError:
        return False


def load_foreign(path: Path) -> tuple[list[CodeTask], list[Refused]]:
    """Load a problem folder, a folder of them, or a file of plain problems.

    Raises:
        TaskError: It cannot be read at all, or is a folder without a problem.
    """
    try:
        return _from_folders(path) if path.is_dir() else _from_lines(path)
    except OSError as error:
        raise TaskError(f"cannot read the tasks {path}: {error.strerror}") from error


def load_problems(path: Path) -> tuple[list[Problem], list[Refused]]:
    """Load a file of plain problems as they are, before any flaw is put on them.

    Raises:
        OSError: It cannot be read.
    """
    lines, refused = _read_lines(path)
    return [problem for _, problem, _ in lines], refused


def _from_folders(path: Path) -> tuple[list[CodeTask], list[Refused]]:
    folders, buried = problem_folders(path), buried_folders(path)
    if not folders and not buried:
        raise TaskError(f"no {PROBLEM_FILE} in {path} or in a folder of it")
    tasks: dict[str, CodeTask] = {}
    refused: list[Refused] = []
    for folder in folders:
        try:
            task = load_problem(folder)
            if task.key in tasks:
                raise TaskError(f"another problem has the key {task.key}: rename its folder")
            tasks[task.key] = task
        except TaskError as error:
            refused.append(Refused(str(folder), str(error)))
    refused += [Refused(str(one), f"too deep: load {one.parent} for it") for one in buried]
    return list(tasks.values()), refused


def _read_lines(path: Path) -> tuple[_Lines, list[Refused]]:
    read: _Lines = []
    refused: list[Refused] = []
    seen: set[str] = set()
    for number, line in numbered_lines(path):
        where = f"{path}, line {number}"
        try:
            problem, exploit_type = read_problem(line, name=f"{path.stem}/{number}")
            if problem.key in seen:
                raise TaskError(f"another problem has the key {problem.key}")
            seen.add(problem.key)
            read.append((where, problem, exploit_type))
        except TaskError as error:
            refused.append(Refused(where, str(error)))
    return read, refused


def _from_lines(path: Path) -> tuple[list[CodeTask], list[Refused]]:
    lines, refused = _read_lines(path)
    tasks: list[CodeTask] = []
    for turn, (where, problem, exploit_type) in enumerate(lines):
        if not problem.reference:
            refused.append(Refused(where, "a flaw needs a reference, and there is none"))
            continue
        types = TYPES if exploit_type is None else (exploit_type,)
        for task in _dressed(problem, types, turn):
            if isinstance(task, CodeTask):
                tasks.append(task)
            else:
                refused.append(Refused(where, task))
    return tasks, refused


def _dressed(problem: Problem, types: tuple[str, ...], turn: int) -> Iterator[CodeTask | str]:
    """The problem with each flaw, or why it cannot carry it; the hints' styles take turns."""
    for place, exploit_type in enumerate(types):
        try:
            yield put_flaw(problem, exploit_type, style=(turn + place) % len(STYLES))
        except TaskError as error:
            yield str(error)
