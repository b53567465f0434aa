"""Lines of JSON that somebody wrote: they end at a line feed alone, and say each thing once."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from foretoken.errors import TaskError
from foretoken.files import read_text
from foretoken.sandbox.wire import Tree

_MOST_NESTING = 250
_TOO_DEEP = f"nested deeper than {_MOST_NESTING} brackets"


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file that are not blank, with their numbers, from 1.

    Raises:
        OSError: It cannot be read; its `strerror` says why.
    """
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield number, line


def parse_json(text: str | bytes, *, halves: bool = False) -> Tree:
    """The value of one JSON text.

    Args:
        text: The text.
        halves: Whether a text in it may hold half of a surrogate pair, which no file in UTF-8 and
            no model can take.

    Raises:
        TaskError: It is none, is nested too deep, holds half a pair, or says a key twice.
    """
    try:
        value: Tree = json.loads(text, object_pairs_hook=_each_once)
    except RecursionError as error:
        raise TaskError(_TOO_DEEP) from error
    except ValueError as error:
        raise TaskError(f"not JSON ({error})") from error
    _refuse_deep(value)
    if not halves:
        refuse_halves(json.dumps(value, ensure_ascii=False), "a text")
    return value


def refuse_halves(text: str, what: str) -> None:
    """Refuse a text that holds half of a surrogate pair.

    Raises:
        TaskError: It does.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = text[error.start]
        raise TaskError(f"{what} holds {half!r}, half of a surrogate pair") from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in pairs:
        if key in fields:
            raise TaskError(f"the key {key!r} stands twice in one object")
        fields[key] = value
    return fields


def _refuse_deep(value: Tree) -> None:
    """Refuse what would fill the stack of those who walk through it."""
    level = [value]
    for _ in range(_MOST_NESTING + 1):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise TaskError(_TOO_DEEP)


def _inside(value: Tree) -> Collection[Tree]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
