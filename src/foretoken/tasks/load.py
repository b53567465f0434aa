"""Tasks from files and from import paths.

A file of tasks has one JSON object per line. A line with a `payload` has the fields of `Task`; any
other is a code task with the fields of `CodeTask`. There, arguments and expected values that JSON
lacks (tuples, sets, dicts, bytes) are written in the tagged form of `foretoken.sandbox.wire`, e.g.
`{"t": [1, 2]}` for the tuple `(1, 2)`.
"""

import importlib
import json
import logging
import os
import traceback
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from foretoken.errors import ForetokenError, TaskError
from foretoken.records import CODE, Prompted, Task
from foretoken.sandbox.wire import encode
from foretoken.tasks import importing
from foretoken.tasks.answer import imported_split
from foretoken.tasks.code import Case, CodeTask, as_task
from foretoken.tasks.foreign import Refused, is_foreign_source, load_foreign
from foretoken.tasks.importing import imported
from foretoken.tasks.lines import numbered_lines, parse_json
from foretoken.tasks.tagged import read_cases, refuse_unusable

_log = logging.getLogger(__name__)

_SHIPPED = {
    "lists": "foretoken.tasks.lists:evaluation_tasks",
    "programming": "foretoken.tasks.programming:programming_tasks",
}
_MOST_OF_A_REASON = 300
_NOT_THEIRS = (__file__, importing.__file__, importlib.__file__)


def load_tasks(source: str) -> list[Task]:
    """Load tasks; what cannot be used of a source that others wrote is logged as a warning.

    Args:
        source: As for `load_usable`.

    Raises:
        TaskError: As for `load_usable`, or there is no usable task.
    """
    tasks, refused = load_usable(source)
    for one in refused:
        _log.warning("%s", one)
    if refused and not tasks:
        raise TaskError(f"nothing of {source} could be loaded; first of all: {refused[0]}")
    return tasks


def load_usable(source: str) -> tuple[list[Task], list[Refused]]:
    """Load the tasks that can be used, and say what of a source that others wrote cannot.

    Args:
        source: A JSONL file, a folder or file that others wrote, an import path
            `package.module:function` or `file.py:function` of a function that returns a list of
            tasks (modules in the current folder are found), or the name of a shipped family
            (`lists`, `programming`).

    Raises:
        TaskError: The source cannot be found or read, a line is not a task, two tasks have one
            key, or there is none and nothing was refused.
    """
    refused: list[Refused] = []
    path = Path(source)
    if source in _SHIPPED:
        tasks = _from_function(_SHIPPED[source])
    elif is_foreign_source(path):
        found, refused = load_foreign(path)
        tasks = [task.task() for task in found]
    elif os.path.exists(path):  # noqa: PTH110  a folder that may not be entered is no error here
        tasks = _from_file(path)
    elif ":" in source and ("/" not in source or f"{importing.FILE}:" in source):
        tasks = _from_function(source)
    else:
        raise TaskError(
            f"no tasks at {source!r}: give a JSONL file, an import path package.module:function "
            f"or file.py:function, or one of {', '.join(_SHIPPED)}"
        )
    seen: set[str] = set()
    for task in tasks:
        if task.key in seen:
            raise TaskError(f"two tasks of {source} have the key {task.key!r}: rename one")
        seen.add(task.key)
    if not tasks and not refused:
        raise TaskError(f"{source} holds no task")
    return tasks, refused


def save_tasks(tasks: Sequence[Task | CodeTask], path: str | Path) -> None:
    """Write tasks to a JSONL file, atomically.

    Raises:
        TaskError: A payload holds what JSON lacks.
    """
    target = Path(path)
    temporary = target.with_name(target.name + ".tmp")
    lines = [json.dumps(_to_json(as_task(task)), ensure_ascii=False) + "\n" for task in tasks]
    with temporary.open("w", encoding="utf-8") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(target)


def _from_function(path: str) -> list[Task]:
    function = _whatever_it_does(lambda: imported(path), f"cannot import the tasks {path}")
    tasks: Collection[Any] | None = _whatever_it_does(function, f"{path}() raised")
    if not isinstance(tasks, list) or not all(isinstance(t, Task | CodeTask) for t in tasks):
        raise TaskError(f"{path}() must return a list of tasks: Task or CodeTask of foretoken")
    for task in tasks:
        with _named(f"{path}(), task {task.key}"):
            _refuse_unusable(as_task(task))
    return [as_task(task) for task in tasks]


def _whatever_it_does(call: Callable[[], Any], failure: str) -> Any:
    try:
        return call()
    except ForetokenError:
        raise
    except (Exception, SystemExit) as error:  # somebody else's module
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:_MOST_OF_A_REASON]
        raise TaskError(f"{failure}: {reason}{_place(error)}") from error


def _place(error: BaseException) -> str:
    """Where in somebody else's file it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [one for one in frames if one.filename not in _NOT_THEIRS and one.filename[0] != "<"]
    return f" ({Path(theirs[-1].filename).name}, line {theirs[-1].lineno})" if theirs else ""


def _from_file(path: Path) -> list[Task]:
    try:
        lines = list(numbered_lines(path))
    except OSError as error:
        raise TaskError(f"cannot read the tasks {path}: {error.strerror}") from error
    return [_from_line(line, f"{path}, line {number}") for number, line in lines]


def _from_line(line: str, where: str) -> Task:
    with _named(where):
        fields = parse_json(line)
        if not isinstance(fields, dict):
            raise TaskError("a task must be a JSON object")
        if "payload" in fields:
            task = Task.model_validate(fields)
        else:
            named = [name for name in ("cases", "flaw_cases") if fields.get(name) is not None]
            cases = {name: read_cases(fields[name], name) for name in named}
            task = CodeTask.model_validate({**fields, **cases}).task()
        _refuse_unusable(task)
    return task


@contextmanager
def _named(where: str) -> Generator[None]:
    """Say where the fault is, and in which field."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise TaskError(f"{where}: field {field}: {first['msg']}") from error
    except TaskError as error:
        raise TaskError(f"{where}: {error}") from error


def _refuse_unusable(task: Task) -> None:
    if task.split:
        imported_split(task.split)
    if task.grader == CODE:
        refuse_unusable(CodeTask.of(task))


def _to_json(task: Task) -> dict[str, Any]:
    if task.grader != CODE:
        return _plain(task)
    code = CodeTask.of(task)
    usual = {name for name in Prompted.model_fields if not getattr(code, name)}
    fields = code.model_dump(mode="python", exclude=usual)
    for name in ("cases", "flaw_cases"):
        cases: tuple[Case, ...] | None = getattr(code, name)
        if cases is not None:
            fields[name] = [
                {"args": [encode(arg) for arg in case.args], "expected": encode(case.expected)}
                for case in cases
            ]
    return fields


def _plain(task: Task) -> dict[str, Any]:
    try:
        same = json.loads(json.dumps(task.payload)) == task.payload
    except (TypeError, ValueError):
        same = False
    if not same:
        raise TaskError(
            f"task {task.key}: its payload holds what a JSON line lacks (a tuple, a set, bytes): "
            "load it from an import path instead"
        )
    return task.model_dump(mode="json")
