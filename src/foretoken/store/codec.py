"""Records to Parquet columns and back, without losing what JSON would lose.

Plain values and flat lists are native columns. Anything nested is a text column of tagged JSON, in
which tuples, sets, non-text keys and non-finite floats survive.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import pyarrow as pa
from pydantic import BaseModel, ValidationError

from foretoken.errors import StoreError
from foretoken.records import Parsed, Record

R = TypeVar("R", bound=Record)
_Cell = (
    BaseModel
    | Mapping[Any, Any]
    | list[Any]
    | tuple[Any, ...]
    | set[Any]
    | frozenset[Any]
    | str
    | float
    | None
)
_SCALARS: tuple[tuple[type, pa.DataType], ...] = (
    (bool, pa.bool_()),
    (int, pa.int64()),
    (float, pa.float64()),
    (str, pa.string()),
)


def encode(value: Any) -> str:
    """Write a value made of None, bool, int, float, str, list, tuple, dict and set as tagged JSON.

    Raises:
        StoreError: The value holds another type.
    """
    return json.dumps(_tagged(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def decode(text: str) -> Any:
    """Read back what `encode` wrote, with the same types."""
    return _untagged(json.loads(text))


def _tagged(value: _Cell) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return str(value) if isinstance(value, StrEnum) else value
    if isinstance(value, BaseModel):
        return _tagged(value.model_dump())
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, list):
        return [_tagged(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [_tagged(item) for item in value]}
    if isinstance(value, set | frozenset):
        tag = "$set" if isinstance(value, set) else "$frozenset"
        return {tag: sorted((_tagged(item) for item in value), key=json.dumps)}
    if isinstance(value, dict):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: _tagged(item) for key, item in value.items()}
        return {"$dict": [[_tagged(key), _tagged(item)] for key, item in value.items()]}
    raise StoreError(f"a {type(value).__name__} cannot be stored in a record")


_UNTAG: dict[str, Callable[[Any], Any]] = {
    "$float": float,
    "$tuple": lambda items: tuple(_untagged(item) for item in items),
    "$set": lambda items: {_untagged(item) for item in items},
    "$frozenset": lambda items: frozenset(_untagged(item) for item in items),
    "$dict": lambda pairs: {_untagged(key): _untagged(item) for key, item in pairs},
}


def _untagged(value: Parsed) -> Any:
    if isinstance(value, list):
        return [_untagged(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1:
            ((tag, inner),) = value.items()
            if tag in _UNTAG:
                return _UNTAG[tag](inner)
        return {key: _untagged(item) for key, item in value.items()}
    return value


def _scalar_type(annotation: Any) -> pa.DataType | None:
    if not isinstance(annotation, type):
        return None
    return next((column for kind, column in _SCALARS if issubclass(annotation, kind)), None)


def _column_type(annotation: Any) -> pa.DataType | None:
    """Native column type of a field; None where the field is stored as tagged JSON."""
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return _column_type(kinds[0]) if len(kinds) == 1 else None
    if get_origin(annotation) is tuple:
        kinds = {kind for kind in get_args(annotation) if kind is not Ellipsis}
        inner = _scalar_type(kinds.pop()) if len(kinds) == 1 else None
        return None if inner is None else pa.list_(inner)
    return _scalar_type(annotation)


@cache
def _columns(kind: type[Record]) -> dict[str, pa.DataType | None]:
    return {name: _column_type(field.annotation) for name, field in kind.model_fields.items()}


def schema(kind: type[Record]) -> pa.Schema:
    """Parquet schema of a record class."""
    return pa.schema(
        [(name, pa.string() if t is None else t) for name, t in _columns(kind).items()]
    )


def to_table(records: Sequence[Record], kind: type[Record]) -> pa.Table:
    """Records of one class as a table with the schema of that class."""
    arrays: dict[str, list[Any]] = {}
    for name, column in _columns(kind).items():
        cells = [getattr(record, name) for record in records]
        arrays[name] = _encoded(cells) if column is None else cells
    return pa.table(arrays, schema=schema(kind))


def _encoded(cells: Sequence[Any]) -> list[str]:
    """Each cell as tagged JSON; one object that many records share is written once."""
    texts: dict[int, str] = {}
    for cell in cells:
        if id(cell) not in texts:
            texts[id(cell)] = encode(cell)
    return [texts[id(cell)] for cell in cells]


@lru_cache(maxsize=1024)
def _decoded_once(text: str) -> Any:
    return decode(text)


def _decoders(kind: type[Record], names: list[str]) -> dict[str, Callable[[str], Any]]:
    """How each nested column is read; a field that is itself a record repeats, so it is cached."""
    nested = [name for name, column in _columns(kind).items() if column is None and name in names]
    return {
        name: _decoded_once if _is_record(kind.model_fields[name].annotation) else decode
        for name in nested
    }


@cache
def _never_null(kind: type[Record]) -> frozenset[str]:
    """Columns in which null says that nothing was written: nested ones, and those of no option."""
    return frozenset(
        name
        for name, column in _columns(kind).items()
        if column is None or NoneType not in get_args(kind.model_fields[name].annotation)
    )


def _is_record(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Record)


def to_records(table: pa.Table, kind: type[R]) -> list[R]:
    """Records of one class from a table that `to_table` made.

    Columns that an older version did not write are null, and take the field's default.

    Raises:
        StoreError: A row does not fit the class.
    """
    decoders = _decoders(kind, table.column_names)
    defaulted = [name for name in _never_null(kind) if table[name].null_count]
    records: list[R] = []
    for row in table.to_pylist():
        for name in defaulted:
            if row[name] is None:
                del row[name]
        for name, read in decoders.items():
            if name in row:
                row[name] = read(row[name])
        try:
            records.append(kind.model_validate(row))
        except ValidationError as error:
            where = ", ".join(".".join(map(str, fault["loc"])) for fault in error.errors())
            raise StoreError(
                f"a stored {kind.__name__} does not fit this version of foretoken ({where}): "
                "read it with the version in the run's provenance.json"
            ) from error
    return records
