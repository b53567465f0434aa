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
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from foretoken.errors import TaskError
from foretoken.records import CODE, Task
from foretoken.sandbox.wire import decode, encode
from foretoken.tasks.code import Case, CodeTask, as_task
from foretoken.tasks.foreign import is_foreign_source, load_foreign

_log = logging.getLogger(__name__)

_SHIPPED = {
    "lists": "foretoken.tasks.lists:evaluation_tasks",
    "programming": "foretoken.tasks.programming:programming_tasks",
}


def load_tasks(source: str) -> list[Task]:
    """Load tasks.

    Args:
        source: A JSONL file, a folder or file that others wrote (what of it cannot be used is
            logged as a warning), an import path `package.module:function` of a function that
            returns a list of tasks, or the name of a shipped family (`lists`, `programming`).

    Raises:
        TaskError: The source cannot be found or read, a line is not a task, two tasks have one
            key, or there is none.
    """
    if source in _SHIPPED:
        tasks = _from_function(_SHIPPED[source])
    elif is_foreign_source(Path(source)):
        tasks = _from_others(Path(source))
    elif Path(source).is_file():
        tasks = _from_file(Path(source))
    elif ":" in source and "/" not in source:
        tasks = _from_function(source)
    else:
        raise TaskError(
            f"no tasks at {source!r}: give a JSONL file, an import path package.module:function, "
            f"or one of {', '.join(_SHIPPED)}"
        )
    seen: set[str] = set()
    for task in tasks:
        if task.key in seen:
            raise TaskError(f"two tasks of {source} have the key {task.key!r}: rename one")
        seen.add(task.key)
    if not tasks:
        raise TaskError(f"{source} holds no task")
    return tasks


def _from_others(path: Path) -> list[Task]:
    tasks, refused = load_foreign(path)
    for one in refused:
        _log.warning("%s", one)
    if refused and not tasks:
        raise TaskError(f"nothing of {path} could be loaded; first of all: {refused[0]}")
    return [task.task() for task in tasks]


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
    module_name, _, name = path.partition(":")
    try:
        function = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        raise TaskError(f"cannot import the tasks {path}: {error}") from error
    tasks: Collection[Any] | None = function()
    if not isinstance(tasks, list) or not all(isinstance(t, Task | CodeTask) for t in tasks):
        raise TaskError(f"{path}() must return a list of tasks: Task or CodeTask of foretoken")
    return [as_task(task) for task in tasks]


def _from_file(path: Path) -> list[Task]:
    tasks: list[Task] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"cannot read the tasks {path}: {error}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            tasks.append(_from_line(line, f"{path}, line {number}"))
    return tasks


def _from_line(line: str, where: str) -> Task:
    try:
        fields: dict[str, Any] | None = json.loads(line)
        if not isinstance(fields, dict):
            raise TaskError(f"{where}: a task must be a JSON object")
        if "payload" in fields:
            return _checked(Task.model_validate(fields), where)
        for name in ("cases", "flaw_cases"):
            if fields.get(name) is not None:
                fields[name] = tuple(_case(case) for case in fields[name])
        return CodeTask.model_validate(fields).task()
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise TaskError(f"{where}: field {field}: {first['msg']}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TaskError(f"{where}: not a task ({error})") from error


def _checked(task: Task, where: str) -> Task:
    """The task; refused at once where its grader is `code` and its payload is not for that."""
    try:
        if task.grader == CODE:
            CodeTask.of(task)
    except TaskError as error:
        raise TaskError(f"{where}: {error}") from error
    return task


def _case(fields: dict[str, Any]) -> Case:
    return Case(
        args=tuple(decode(arg) for arg in fields["args"]), expected=decode(fields["expected"])
    )


def _to_json(task: Task) -> dict[str, Any]:
    if task.grader != CODE or task.messages:
        return _plain(task)
    code = CodeTask.of(task)
    fields = code.model_dump(mode="python")
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
