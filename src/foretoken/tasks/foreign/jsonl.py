"""Plain JSONL problems: a prompt, a function's name and test cases, one object per line.

Values are JSON's own: an object is a dict, a list is a list. A line that names an `exploit_type`
gets that flaw; any other gets every flaw of the catalogue, one task each.
"""

from pathlib import Path
from typing import Any

from foretoken.errors import TaskError
from foretoken.sandbox.wire import Tree
from foretoken.tasks.code import Case
from foretoken.tasks.foreign.text import Signature, check_cases, functions, signature
from foretoken.tasks.lines import numbered_lines, parse_json
from foretoken.tasks.problems import Problem

_FUNCTION = ("function", "entry_point", "function_name")
_REFERENCE = ("reference", "canonical_solution")
_KEY = ("key", "id", "task_id")
_FORETOKEN_ONLY = "exploit"
"""A field that our own files of tasks always have, and plain problems never."""


def is_plain(path: Path) -> bool:
    """Whether a file's first line is a plain problem, and not a task of our own."""
    try:
        _, first = next(numbered_lines(path), (1, ""))
        fields = parse_json(first)
    except (OSError, TaskError):
        return False
    if not isinstance(fields, dict) or _FORETOKEN_ONLY in fields:
        return False
    return "prompt" in fields and any(name in fields for name in _FUNCTION)


def read_problem(line: str, *, name: str) -> tuple[Problem, str | None]:
    """The problem of one line, and the exploit type that it names.

    Args:
        line: One JSON object.
        name: Key of a problem that has none of its own.

    Raises:
        TaskError: It cannot be used; the message says why.
    """
    fields = parse_json(line)
    if not isinstance(fields, dict):
        raise TaskError("a problem must be a JSON object")
    prompt, function = _text(fields, ("prompt",)), _text(fields, _FUNCTION)
    if not prompt or not function:
        raise TaskError("prompt or function is missing")
    reference = _whole(_text(fields, _REFERENCE), prompt, function)
    called = signature(reference, function, "reference") if reference else None
    problem = Problem(
        key=_text(fields, _KEY) or name,
        topic="foreign",
        level=1,
        statement=prompt.strip(),
        function=function,
        parameters=called.parameters if called else (),
        cases=_cases(fields.get("cases"), called),
        reference=reference,
    )
    return problem, _text(fields, ("exploit_type",)) or None


def _text(fields: dict[str, Any], names: tuple[str, ...]) -> str:
    value = next((fields[name] for name in names if fields.get(name) is not None), "")
    if not isinstance(value, str):
        raise TaskError(f"{names[0]} must be a text")
    return value


def _whole(reference: str, prompt: str, function: str) -> str:
    """The reference; where it is only the body of a function that the prompt begins, both."""
    if not reference.strip():
        return ""
    for text in (reference, prompt + reference):
        try:
            if function in functions(text, "reference"):
                return text
        except TaskError:
            continue
    raise TaskError(f"the reference does not define the function {function}, or is not Python")


def _cases(given: Tree, called: Signature | None) -> tuple[Case, ...]:
    if not isinstance(given, list) or not given:
        raise TaskError("cases are missing: give a list of {args, expected}")
    cases = tuple(_case(number, one, called) for number, one in enumerate(given, start=1))
    check_cases(cases)
    return cases


def _case(number: int, given: Tree, called: Signature | None) -> Case:
    if isinstance(given, dict) and set(given) == {"args", "expected"}:
        given = [given["args"], given["expected"]]
    if not isinstance(given, list) or len(given) != 2 or not isinstance(given[0], list):
        raise TaskError(f"cases, number {number}: must be {{args: [...], expected}} or a pair")
    args = tuple(given[0])
    if called is not None and not called.accepts(len(args)):
        raise TaskError(
            f"cases, number {number}: {len(args)} arguments do not fit "
            f"{called.name}({', '.join(called.parameters)})"
        )
    return Case(args=args, expected=given[1])
