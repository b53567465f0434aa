"""Parts to tables: only the columns asked for, only the row groups that may hold wanted rows."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from foretoken.errors import StoreError
from foretoken.store.places import Place, arrow_file

Columns: TypeAlias = Sequence[str] | Mapping[str, pc.Expression]
"""Names of columns, or what to compute from the columns, by name."""

_PARQUET = pads.ParquetFileFormat()


def read_parts(
    paths: Sequence[Place],
    schema: pa.Schema,
    *,
    where: pc.Expression | None = None,
    columns: Columns | None = None,
) -> pa.Table:
    """Rows of parts, in the order of the parts and of their rows.

    Columns that a part does not have are null.

    Args:
        paths: The parts' files.
        schema: Columns of the class that the parts hold.
        where: Only rows for which this holds; row groups whose statistics deny it are not read.
        columns: Only these.

    Raises:
        StoreError: A part is damaged or missing, or was written by another version.
    """
    if columns is not None and not isinstance(columns, Mapping):
        columns = list(columns)
    tables = [_read(path, schema, where=where, columns=columns) for path in paths]
    if tables:
        return pa.concat_tables(tables)
    return pads.dataset(schema.empty_table()).to_table(columns=columns)


def part_schema(path: Place) -> pa.Schema:
    """Columns of one part.

    Raises:
        StoreError: The part is damaged or missing.
    """
    try:
        return _fragment(path).physical_schema
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Place, error: Exception) -> StoreError:
    """What to say of a part that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return StoreError(f"{path} is missing: run the command that writes it")
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return StoreError(
        f"{path} is damaged ({reason}): move it away and run the same command again, "
        "which makes this part anew and keeps all others"
    )


def _read(
    path: Place,
    schema: pa.Schema,
    *,
    where: pc.Expression | None,
    columns: list[str] | Mapping[str, pc.Expression] | None,
) -> pa.Table:
    try:
        fragment = _fragment(path)
        unknown = set(fragment.physical_schema.names) - set(schema.names)
        if unknown and columns is None:
            raise StoreError(
                f"{path} does not fit this version of foretoken ({', '.join(sorted(unknown))}): "
                "read it with the version in the run's provenance.json"
            )
        return fragment.to_table(schema=schema, columns=columns, filter=where)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from error


def _fragment(path: Place) -> pads.Fragment:
    name, filesystem = arrow_file(path)
    return _PARQUET.make_fragment(name, filesystem=filesystem)
