"""Read-only SQL over a run: one DuckDB view for each kind of record."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as pads

from foretoken.errors import RunError, StoreError
from foretoken.store import layout
from foretoken.store.places import Place, arrow_file
from foretoken.store.reading import part_schema
from foretoken.store.run import Run


def connect(run: Run) -> duckdb.DuckDBPyConnection:
    """An in-memory connection with a view for each record folder of the run that has parts.

    A view is named like its folder, with `_` for `-`. The connection can read those parts and
    nothing else: no other file, no network, no settings.

    Raises:
        StoreError: A part is damaged.
    """
    connection = duckdb.connect(":memory:")
    allowed: list[str] = []
    for folder, paths in layout.stored_folders(run.path).items():
        if isinstance(run.path, Path):
            listed = [_quoted(path) for path in paths]
            allowed += listed
            _create_view(connection, _view_name(folder), ", ".join(listed))
        else:
            connection.register(_view_name(folder), _remote_rows(paths))
    connection.execute(f"SET allowed_paths = [{', '.join(allowed)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def query(run: Run, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of a query.

    Raises:
        RunError: It is not one SELECT statement over the run's views, or not SQL.
        StoreError: A part is damaged.
    """
    with connect(run) as connection:
        try:
            statements = connection.extract_statements(sql)
            if [s.type for s in statements] != [duckdb.StatementType.SELECT]:
                raise RunError("a run is read only: give one SELECT statement")
            found = connection.execute(sql)
            names = [column[0] for column in found.description or ()]
            return names, found.fetchall()
        except (duckdb.IOException, duckdb.SerializationException, pa.ArrowException) as error:
            raise StoreError(str(error)) from error
        except duckdb.Error as error:
            views = ", ".join(map(_view_name, layout.stored_folders(run.path)))
            said = " ".join(str(error).split())
            raise RunError(f"{said}; views of this run: {views or 'none'}") from error


def _create_view(connection: duckdb.DuckDBPyConnection, name: str, listed: str) -> None:
    try:
        connection.execute(
            f'CREATE VIEW "{name}" AS SELECT * FROM read_parquet([{listed}], '
            "union_by_name = true, hive_partitioning = false)"
        )
    except duckdb.Error as error:
        raise StoreError(f"{error}: delete that part and make it anew") from error


def _remote_rows(paths: list[Place]) -> pads.Dataset:
    """Parts of an object store as rows of which a query fetches only what it needs."""
    schema = pa.unify_schemas([part_schema(path) for path in paths])
    _, filesystem = arrow_file(paths[0])
    names = [arrow_file(path)[0] for path in paths]
    return pads.dataset(names, schema=schema, format="parquet", filesystem=filesystem)


def _view_name(folder: str) -> str:
    return folder.replace("-", "_")


def _quoted(path: Place) -> str:
    return "'" + str(path.resolve()).replace("'", "''") + "'"
