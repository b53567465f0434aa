"""Write a resolved configuration as TOML (the standard library only reads it)."""

import json
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from foretoken.errors import StoreError

_Value = Mapping[str, Any] | list[Any] | tuple[Any, ...] | set[Any] | PurePath | str | float
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def dump_toml(table: Mapping[str, Any]) -> str:
    """A nested mapping as TOML text; keys whose value is None are left out.

    Raises:
        StoreError: A value has no form in TOML.
    """
    return "\n".join(_lines(table, ())).strip() + "\n"


def _lines(table: Mapping[str, _Value | None], path: tuple[str, ...]) -> list[str]:
    plain = {key: v for key, v in table.items() if v is not None and not isinstance(v, Mapping)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    if path and (lines or not table):
        lines.insert(0, f"\n[{'.'.join(map(_key, path))}]")
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += _lines(value, (*path, key))
    return lines


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _value(value: _Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str | PurePath):
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    raise StoreError(f"a {type(value).__name__} has no form in a configuration file")
