"""THE answer comparison: exact values and exact types, with no code of a submission involved.

Both sides are trees of `sandbox.wire`. They are equal when their canonical texts are: lists and
tuples differ, `1`, `1.0` and `True` differ, sets and dicts compare without order, NaN equals NaN,
`-0.0` equals `0.0`, and a value of any type that is not built in equals nothing.
"""

import json
from dataclasses import dataclass
from typing import Any

from foretoken.sandbox.wire import MAX_DEPTH, MAX_NODES, Tree, encode
from foretoken.tasks.identity import ByIdentity

_SEQUENCES = {"t": ("(", ")"), "s": ("{", "}"), "z": ("frozenset({", "})")}


class OpaqueError(Exception):
    """A tree that stands for no comparable value."""


def canonical(tree: Tree, *, depth: int = 0) -> str:
    """One text per value: equal values have equal texts, different values different ones.

    A set that claims the same element twice is no value, and its text is no value's (but for NaN,
    of which a set can hold several).

    Raises:
        OpaqueError: The tree holds an object of a foreign type, or is malformed.
    """
    if depth > MAX_DEPTH:
        raise OpaqueError("too deep")
    if isinstance(tree, list):
        return "[" + ",".join(canonical(item, depth=depth + 1) for item in tree) + "]"
    if isinstance(tree, dict):
        ((tag, body),) = tree.items()
        return _canonical_tagged(tag, body, depth + 1)
    if isinstance(tree, float):
        return repr(tree + 0.0) if tree else "0.0"
    if tree is None or isinstance(tree, bool | int):
        return repr(tree)
    return json.dumps(tree, ensure_ascii=False)


def _canonical_tagged(tag: str, body: Tree, depth: int) -> str:
    if tag in ("b", "f", "i", "u") and isinstance(body, str):
        return f"{tag}:{json.dumps(body, ensure_ascii=False)}"
    if not isinstance(body, list):
        raise OpaqueError(f"tag {tag!r}")
    if tag == "d":
        return _canonical_dict(body, depth)
    if tag == "c" and len(body) == 2 and all(isinstance(part, str) for part in body):
        return "c:" + json.dumps(body, ensure_ascii=False)
    if tag not in _SEQUENCES:
        raise OpaqueError(f"tag {tag!r}")
    parts = [canonical(item, depth=depth) for item in body]
    if tag != "t":
        parts.sort()
    return f"{tag}:[" + ",".join(parts) + "]"


def _canonical_dict(pairs: list[Tree], depth: int) -> str:
    entries: list[tuple[str, str]] = []
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise OpaqueError("dict")
        entries.append((canonical(pair[0], depth=depth), canonical(pair[1], depth=depth)))
    entries.sort()
    return "d:[" + ",".join(f"{key}:{value}" for key, value in entries) + "]"


def _count(tree: Tree, most: int) -> int:
    """Nodes of a tree; counting stops beyond `most`, so a huge answer costs little."""
    waiting, nodes = [tree], 0
    while waiting and nodes <= most:
        nodes += 1
        node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node[: most + 1])
    return nodes


def _json(tree: Tree) -> str:
    """Different trees have different texts: two surrogates are not the character that they make."""
    return json.dumps(tree, ensure_ascii=False)


@dataclass(frozen=True)
class _Wanted:
    """An expected value, made ready to be compared with many answers."""

    nodes: int
    canonical: str | None
    """None: equals nothing."""
    json: str

    @classmethod
    def of(cls, expected: Any) -> "_Wanted":
        tree = encode(expected)
        try:
            text = canonical(tree)
        except OpaqueError:
            text = None
        return cls(_count(tree, MAX_NODES * 4), text, _json(tree))


_wanted = ByIdentity(_Wanted.of)


def same(expected: Any, tree: Tree) -> bool:
    """Whether a submission's (encoded, untrusted) answer is the expected value, type and all.

    Args:
        expected: Compared as it was when first seen: it must not be changed afterwards.
        tree: The answer.
    """
    wanted = _wanted(expected)
    if wanted.canonical is None or _count(tree, wanted.nodes) != wanted.nodes:
        return False
    if _json(tree) == wanted.json:  # the usual right answer, at the speed of C
        return True
    try:
        return wanted.canonical == canonical(tree)
    except OpaqueError:
        return False


def text(tree: Tree) -> str:
    """What `str` gives for the value behind a tree; an object of a foreign type says it itself.

    Raises:
        OpaqueError: The tree is malformed.
    """
    if isinstance(tree, str):
        return tree
    if isinstance(tree, dict):
        ((tag, body),) = tree.items()
        if tag == "o" and isinstance(body, list) and len(body) == 2 and isinstance(body[1], str):
            return body[1]
        if tag == "u":
            return _unpack(tag, body)
    return _repr(tree, 0)


def same_text(expected: Any, tree: Tree) -> bool:
    """Whether both sides print the same; what cannot be printed is the same as nothing."""
    try:
        wanted = text(encode(expected))
        most = 3 * len(wanted) + 8
        return _count(tree, most) <= most and wanted == text(tree)
    except OpaqueError:
        return False


def _repr(tree: Tree, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise OpaqueError("too deep")
    if isinstance(tree, list):
        return "[" + ", ".join(_repr(item, depth + 1) for item in tree) + "]"
    if isinstance(tree, dict):
        ((tag, body),) = tree.items()
        return _repr_tagged(tag, body, depth + 1)
    return repr(tree)


def _repr_tagged(tag: str, body: Tree, depth: int) -> str:
    if tag == "f" and isinstance(body, str):
        return body
    if tag in ("b", "i", "c"):
        return _unpack(tag, body)
    if tag == "u":
        return repr(_unpack(tag, body))
    if not isinstance(body, list):
        raise OpaqueError(f"tag {tag!r}")
    if tag == "d":
        pairs = [pair for pair in body if isinstance(pair, list) and len(pair) == 2]
        if len(pairs) < len(body):
            raise OpaqueError("dict")
        inside = ", ".join(f"{_repr(key, depth)}: {_repr(item, depth)}" for key, item in pairs)
        return "{" + inside + "}"
    if tag not in _SEQUENCES:
        raise OpaqueError(f"tag {tag!r}")
    first, last = _SEQUENCES[tag]
    inside = ", ".join(_repr(item, depth) for item in body)
    if tag == "t" and len(body) == 1:
        inside += ","
    if tag != "t" and not body:
        return "set()" if tag == "s" else "frozenset()"
    return first + inside + last


def _unpack(tag: str, body: Tree) -> str:
    try:
        match tag, body:
            case "u", str():
                return bytes.fromhex(body).decode("utf-8", "surrogatepass")
            case "b", str():
                return repr(bytes.fromhex(body))
            case "i", str():
                return str(int(body, 16))
            case "c", [str() as real, str() as imaginary]:
                return repr(complex(float(real), float(imaginary)))
            case _:
                raise OpaqueError(f"tag {tag!r}")
    except ValueError as error:
        raise OpaqueError(f"tag {tag!r}") from error
