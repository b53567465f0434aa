"""How values cross between the supervisor and a submission: JSON text with tagged containers.

None, bool, int, float, str and list are JSON's own. Everything else is an object with one key:
`{"t": [...]}` tuple, `{"s": [...]}` set, `{"z": [...]}` frozenset, `{"d": [[k, v], ...]}` dict,
`{"b": hex}` bytes, `{"u": hex}` a str with lone surrogates (JSON text would join two of them),
`{"i": hex}` an int beyond 64 bits, `{"f": "nan"}` a float that JSON lacks, `{"c": [re, im]}`
complex, `{"o": [type name, text]}` any other type, which equals nothing.
Types are exact: a subclass is "any other type", so no code of a submission decides a comparison.

This module runs inside the sandbox: it imports the standard library only.
"""

import math
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | float | None"
"""A value in its tagged form: what `json.loads` gives."""

MAX_DEPTH = 64
MAX_NODES = 200_000
MAX_INT_BITS = 1 << 17
MAX_TEXT = 4_000
_SAFE_INT = 1 << 63

_type: Callable[[object], type[Any]] = type
_len = len


class WireError(Exception):
    """A value is too large or too deep to cross, or is not in the tagged form."""


class TooMuchError(WireError):
    """A value holds more text than an answer may."""


class _Encoder:
    def __init__(self, most_text: int) -> None:
        self.nodes = 0
        self._left = most_text

    def encode(self, value: Any, depth: int) -> Tree:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise WireError("value too large or too deep")
        kind = _type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            self._count(_len(value))
            return value if value.isascii() else _encode_text(value)
        if kind is int:
            self._count(value.bit_length() >> 2)
            return _encode_int(value)
        if kind is float:
            return value if math.isfinite(value) else {"f": repr(value)}
        if kind is list:
            return [self.encode(item, depth + 1) for item in value]
        return self._encode_tagged(value, kind, depth)

    def _count(self, length: int) -> None:
        self._left -= length
        if self._left < 0:
            raise TooMuchError("more text than an answer may have")

    def _encode_tagged(self, value: Any, kind: type, depth: int) -> Tree:
        for tag, container in (("t", tuple), ("s", set), ("z", frozenset)):
            if kind is container:
                return {tag: [self.encode(item, depth + 1) for item in value]}
        if kind is dict:
            return {
                "d": [
                    [self.encode(key, depth + 1), self.encode(item, depth + 1)]
                    for key, item in value.items()
                ]
            }
        if kind is bytes:
            self._count(2 * _len(value))
            return {"b": value.hex()}
        if kind is complex:
            return {"c": [repr(value.real), repr(value.imag)]}
        return {"o": [type_name(kind), _text(value)]}


def _encode_text(value: str) -> Tree:
    try:
        value.encode()
    except UnicodeEncodeError:
        return {"u": value.encode("utf-8", "surrogatepass").hex()}
    return value


def _encode_int(value: int) -> Tree:
    if -_SAFE_INT <= value < _SAFE_INT:
        return value
    if value.bit_length() > MAX_INT_BITS:
        raise WireError("integer too large")
    return {"i": hex(value)}


def type_name(kind: type) -> str:
    """The true name of a type, at most 200 characters, without running its code."""
    try:
        name = type.__dict__["__name__"].__get__(kind)
        return name[:200] if _type(name) is str else "?"
    except Exception:  # noqa: BLE001  a hostile type may raise anything
        return "?"


def _text(value: Any) -> str:
    try:
        text = str(value)
        return text[:MAX_TEXT] if _type(text) is str else "?"
    except Exception:  # noqa: BLE001  a hostile object may raise anything
        return "?"


def encode(value: Any, *, most_text: int = sys.maxsize) -> Tree:
    """The tagged form of a value.

    Args:
        value: Anything.
        most_text: Most characters of its texts together.

    Raises:
        WireError: It is too large or too deep.
        TooMuchError: It holds more text than that.
    """
    return _Encoder(most_text).encode(value, 0)


def _decode_dict(pairs: Any) -> dict[Any, Any]:
    return {decode(key): decode(item) for key, item in pairs}


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "t": lambda items: tuple(decode(item) for item in items),
    "s": lambda items: {decode(item) for item in items},
    "z": lambda items: frozenset(decode(item) for item in items),
    "d": _decode_dict,
    "b": bytes.fromhex,
    "u": lambda text: bytes.fromhex(text).decode("utf-8", "surrogatepass"),
    "i": lambda text: int(text, 16),
    "f": float,
    "c": lambda parts: complex(float(parts[0]), float(parts[1])),
}


def decode(tree: Tree) -> Any:
    """The value behind a *trusted* tree (one that `encode` made from our own value)."""
    if isinstance(tree, list):
        return [decode(item) for item in tree]
    if isinstance(tree, dict):
        ((tag, body),) = tree.items()
        return _DECODERS[tag](body)
    return tree
