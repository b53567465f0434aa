"""What can be said of a regular expression without running it."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

_PARSER: Any = import_module("re._parser")
MULTILINE = 8
DOTALL = 16
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
Part = tuple[str, Any]
"""What a part of an expression is, and its arguments."""


@lru_cache(maxsize=1000)
def _tree(pattern: str) -> tuple[list[Part], int] | None:
    try:
        tree = _PARSER.parse(pattern)
    except Exception:  # noqa: BLE001  of another dialect, or none
        return None
    return [(str(name), rest) for name, rest in tree], int(tree.state.flags)


def _parts(items: Any) -> list[Part]:
    return [(str(name), rest) for name, rest in items]


def _inner(part: Part) -> Iterator[list[Part]]:
    """Yield what stands within a part."""
    name, rest = part
    if name in _REPEATS:
        yield _parts(rest[2])
    elif name == "SUBPATTERN":
        yield _parts(rest[3])
    elif name == "BRANCH":
        yield from map(_parts, rest[1])
    elif name == "ATOMIC_GROUP":
        yield _parts(rest)


def _every(parts: Sequence[Part]) -> Iterator[Part]:
    for part in parts:
        yield part
        for inner in _inner(part):
            yield from _every(inner)


def _unbounded(part: Part) -> bool:
    return part[0] in _REPEATS and part[1][1] > 100


def _is_any(part: Part, *, lazy: bool) -> bool:
    """Whether it is `.*` or `.+` of all characters."""
    if part[0] == "SUBPATTERN" and len(part[1][3]) == 1:
        return _is_any(_parts(part[1][3])[0], lazy=lazy)
    if not _unbounded(part) or (part[0] == "MIN_REPEAT") is not lazy:
        return False
    (of, what), *more = _parts(part[1][2])
    return not more and (of == "ANY" or (of == "IN" and len(what) == 2))


def _is_all(part: Part, flags: int) -> bool:
    """Whether it is a greedy `.*` that goes over the ends of lines."""
    while part[0] == "SUBPATTERN" and len(part[1][3]) == 1:
        part = _parts(part[1][3])[0]
    if part[0] != "MAX_REPEAT" or not _is_any(part, lazy=False):
        return False
    return _parts(part[1][2])[0][0] == "IN" or bool(flags & DOTALL)


def takes_first(pattern: str, *, at_start: bool) -> bool:
    """Whether searching takes the first of several places that fit.

    Args:
        pattern: The expression; False where it cannot be read.
        at_start: Whether it is matched at the beginning alone.
    """
    read = _tree(pattern)
    if read is None or not read[0]:
        return False
    parts, flags = read
    if any(name == "ASSERT_NOT" for name, _ in _every(parts)):
        return False
    many_lines = bool(flags & MULTILINE)
    begins = parts[0][0] == "AT" and "BEGINNING" in str(parts[0][1])
    if at_start or (begins and not many_lines):
        rest = parts[1:] if begins else parts
        return bool(rest) and _is_any(rest[0], lazy=True) and not _ends(parts, many_lines)
    if _is_any(parts[0], lazy=False) or any(_is_all(part, flags) for part in parts):
        return False
    return not _ends(parts, many_lines)


def _ends(parts: Sequence[Part], many_lines: bool) -> bool:
    name, what = parts[-1]
    return name == "AT" and (
        str(what) == "AT_END_STRING" or ("END" in str(what) and not many_lines)
    )


def is_whole(pattern: str, *, method: str) -> bool:
    """Whether what fits is a whole text."""
    read = _tree(pattern)
    if read is None or not read[0] or read[1] & MULTILINE:
        return method == "fullmatch"
    parts = read[0]
    begins = method == "match" or (parts[0][0] == "AT" and "BEGINNING" in str(parts[0][1]))
    return method == "fullmatch" or (begins and _ends(parts, many_lines=False))


def may_say(pattern: str, letters: str) -> bool:
    """Whether what fits may hold one of these characters; also where it cannot be read."""
    read = _tree(pattern)
    return read is None or any(_holds(part, letters) for part in _every(read[0]))


def _holds(part: Part, letters: str) -> bool:
    name, what = part
    if name == "LITERAL":
        return chr(what) in letters
    if name in ("ANY", "NOT_LITERAL"):
        return True
    if name != "IN":
        return False
    negated = bool(what) and str(what[0][0]) == "NEGATE"
    found = any(_in_class(str(kind), each, letters) for kind, each in what)
    return not found if negated else found


def _in_class(kind: str, what: Any, letters: str) -> bool:
    if kind == "LITERAL":
        return chr(what) in letters
    if kind == "RANGE":
        return any(what[0] <= ord(each) <= what[1] for each in letters)
    if kind != "CATEGORY":
        return False
    name = str(what).removeprefix("CATEGORY_").removeprefix("UNI_")
    tests = {"DIGIT": str.isdigit, "SPACE": str.isspace}
    base = name.removeprefix("NOT_")
    fits = [
        tests[base](each) if base in tests else each.isalnum() or each == "_" for each in letters
    ]
    return any(fit is not name.startswith("NOT_") for fit in fits)


def deletes(pattern: str, character: str) -> bool:
    """Whether replacing what fits by nothing deletes a single character."""
    read = _tree(pattern)
    if read is None:
        return False
    parts = read[0]
    if len(parts) == 1 and parts[0][0] in _REPEATS:
        parts = _parts(parts[0][1][2])
    return len(parts) == 1 and parts[0][0] == "IN" and _holds(parts[0], character)


def backtracks(pattern: str) -> bool:
    """Whether a repeat of nothing but repeats is followed by what may fail.

    There are then as many ways to split a text as it has subsets, and all of them are tried.
    """
    read = _tree(pattern)
    return read is not None and _backtracks(read[0])


def _backtracks(parts: Sequence[Part]) -> bool:
    for number, part in enumerate(parts):
        fails = any(not _may_be_empty(each) for each in parts[number + 1 :])
        if _unbounded(part) and fails and part[0] != "POSSESSIVE_REPEAT":
            bodies = [_flat(_parts(part[1][2]))]
            if any(_splits(body) for body in bodies):
                return True
        if any(_backtracks(inner) for inner in _inner(part)):
            return True
    return False


def _flat(parts: Sequence[Part]) -> list[Part]:
    """Parts, with groups that hold one sequence opened."""
    found: list[Part] = []
    for part in parts:
        found += _flat(_parts(part[1][3])) if part[0] == "SUBPATTERN" else [part]
    return found


def _splits(body: Sequence[Part]) -> bool:
    """Whether one run of characters is many runs of this."""
    repeats = [part for part in body if _unbounded(part) and part[0] != "POSSESSIVE_REPEAT"]
    return any(all(_may_be_empty(each) for each in body if each is not part) for part in repeats)


def _may_be_empty(part: Part) -> bool:
    name, rest = part
    if name in _REPEATS:
        return rest[0] == 0 or all(map(_may_be_empty, _parts(rest[2])))
    if name == "SUBPATTERN":
        return all(map(_may_be_empty, _parts(rest[3])))
    if name == "BRANCH":
        return any(all(map(_may_be_empty, _parts(each))) for each in rest[1])
    return name in ("ASSERT", "ASSERT_NOT") or (name == "AT" and "END" not in str(rest))
