"""Read-only SQL over a run: one DuckDB view for each kind of record."""

from pathlib import Path
from typing import Any

import duckdb

from foretoken.errors import StoreError
from foretoken.store import layout
from foretoken.store.run import Run


def connect(run: Run) -> duckdb.DuckDBPyConnection:
    """An in-memory connection with a view for each kind of which the run has parts.

    The connection can read those parts and nothing else: no other file, no network, no settings.
    """
    connection = duckdb.connect(":memory:")
    for kind, name in layout.KINDS.items():
        paths = layout.part_paths(run.path, kind)
        if paths:
            listed = ", ".join(_quoted(path) for path in paths)
            connection.execute(
                f"CREATE VIEW {name} AS "
                f"SELECT * FROM read_parquet([{listed}], union_by_name = true)"
            )
    allowed = ", ".join(_quoted(p) for k in layout.KINDS for p in layout.part_paths(run.path, k))
    connection.execute(f"SET allowed_paths = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def query(run: Run, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of a query.

    Raises:
        StoreError: The query is refused or a part is damaged.
    """
    try:
        with connect(run) as connection:
            statements = connection.extract_statements(sql)
            if [s.type for s in statements] != [duckdb.StatementType.SELECT]:
                raise StoreError("a run is read only: give one SELECT statement")
            found = connection.execute(sql)
            names = [column[0] for column in found.description or ()]
            return names, found.fetchall()
    except duckdb.Error as error:
        views = ", ".join(n for k, n in layout.KINDS.items() if layout.part_paths(run.path, k))
        raise StoreError(f"{error}; views of this run: {views or 'none'}") from error


def _quoted(path: Path) -> str:
    return "'" + str(path.resolve()).replace("'", "''") + "'"
