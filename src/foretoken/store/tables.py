"""Read-only SQL over a run: one DuckDB view for each kind of record."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as pads

from foretoken.errors import RunError, StoreError
from foretoken.store import layout
from foretoken.store.grader_views import LEDGER, SHADOW
from foretoken.store.places import Place, arrow_file
from foretoken.store.reading import part_schema
from foretoken.store.run import Run

DERIVED = {
    "estimates": """CREATE VIEW rates AS SELECT exploit_type, step,
        CASE WHEN published THEN rate END AS rate,
        CASE WHEN published THEN interval[1] END AS low,
        CASE WHEN published THEN interval[2] END AS high,
        lower_bound, upper_bound, published FROM estimates WHERE estimator = 'switch'""",
    "draws": """CREATE VIEW rollouts AS SELECT exploit_type, step, count(hacked) AS graded,
        count(*) FILTER (hacked) AS hacks, avg(reward) AS mean_reward
        FROM draws WHERE source = 'rollout' GROUP BY exploit_type, step;
        CREATE VIEW hacks AS SELECT exploit_type, step, source, task,
        CASE WHEN deliberate THEN 'spoken' WHEN trim(reasoning) = '' THEN 'no reasoning'
        WHEN NOT deliberate THEN 'unspoken' END AS spoken, reasoning, answer
        FROM draws WHERE hacked""",
    "grades": LEDGER,
    "second-opinions": SHADOW,
}
"""Views beside those of folders, where these have parts: `rates` has what is published and no other
point, `rollouts` what training drew, `hacks` each hack and whether its reasoning names the flaw, in
the words of `Spoken`; see `grader_views` for the others."""


def connect(run: Run, only: Collection[str] | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory connection with a view for each record folder of the run that has parts.

    A view is named like its folder, with `_` for `-`; some more are `DERIVED`. The connection can
    read those parts and nothing else: no other file, no network, no settings.

    Args:
        run: Whose parts.
        only: Folders that are looked into; None: all.

    Raises:
        StoreError: A part is damaged.
    """
    connection = duckdb.connect(":memory:")
    allowed: list[str] = []
    stored = {
        folder: paths
        for folder, paths in layout.stored_folders(run.path).items()
        if only is None or folder in only
    }
    for folder, paths in stored.items():
        if isinstance(run.path, Path):
            listed = [_quoted(path) for path in paths]
            allowed += listed
            _create_view(connection, _view_name(folder), ", ".join(listed))
        else:
            connection.register(_view_name(folder), _remote_rows(paths))
    for folder, said in DERIVED.items():
        if folder in stored:
            connection.execute(said)
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
        raise StoreError(f"{error}: move that part out of the run and make it anew") from error


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
