"""Files of labelled rollouts, one row a rollout: columns found by name, rows summed up by SQL."""

import csv
import gzip
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from foretoken.errors import SetupError
from foretoken.work.settings import Settings
from foretoken.work.tallies import PAID

ENDINGS = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz", ".parquet", ".csv", ".csv.gz")
"""Of files that can be read."""
USUAL = {
    "step": ("step", "global_step", "training_step", "iteration", "checkpoint"),
    "label": (
        *("hacked", "hack", "is_hack", "reward_hack", "reward_hacking"),
        *("is_reward_hack", "is_reward_hacking", "reward_hacked", "label"),
    ),
    "exploit_type": ("exploit_type", "hack_type", "category", "type"),
    "reward": ("reward", "score", "proxy_reward"),
}
"""Names under which a column is found, the first that is there."""
NEEDED = ("step", "label")
TRUE, FALSE = ("true", "t", "yes", "y", "1", "1.0"), ("false", "f", "no", "n", "0", "0.0")
ABSENT = ("", "none", "null", "nan", "na", "n/a", "<na>")
"""Spellings of a label or type that is not there; small or capital letters."""
MOST_STEPS = 1_000_000
"""Steps beyond this are tokens or samples; a forecast goes through them one by one."""
LONGEST_BYTES = 16 * 1024 * 1024
"""Of a row of a CSV file."""
MOST_NAMED = 20


class RolloutColumns(Settings):
    """Names of columns in files of rollouts, where they are not the usual ones."""

    step: str | None = None
    """Optimiser step at which a rollout was drawn; none: step, global_step, training_step,
    iteration or checkpoint."""
    label: str | None = None
    """Whether it hacked, as true or false, yes or no, 1 or 0; none: hacked, hack, is_hack,
    reward_hack, reward_hacking or alike, or label."""
    exploit_type: str | None = None
    """The way of cheating; none: exploit_type, hack_type, category or type; empty: there is no
    such column."""
    reward: str | None = None
    """What training paid; none: reward, score or proxy_reward; empty: there is no such column."""


class LabelledRollouts(NamedTuple):
    """Rollouts of one step, type and label."""

    step: int
    """-1: it is no step."""
    exploit_type: str | None
    label: int | None
    """0 or 1; None: not graded; -1: neither true nor false."""
    rollouts: int
    priced: int
    """Those whose reward is known."""
    paid: int
    reward: float
    """Sum where it is known."""
    step_text: str | None
    label_text: str | None


def read_labelled(
    path: Path, columns: RolloutColumns
) -> tuple[list[LabelledRollouts], dict[str, str]]:
    """Read a file of rollouts, summed up.

    Args:
        path: One row a rollout, in any order.
        columns: Their names, where they are not the usual ones.

    Returns:
        The sums, in order of steps, and the column in which each of `USUAL` was found.

    Raises:
        SetupError: It cannot be read, or a column is missing.
    """
    ending = next((each for each in ENDINGS if path.name.endswith(each)), None)
    if ending is None:
        raise SetupError(f"{path} is neither a run directory nor a file of {', '.join(ENDINGS)}")
    if not path.is_file():
        raise SetupError(f"{path} is not a file: check the path")
    try:
        with duckdb.connect(config={"threads": 1}) as connection:
            source, names = _source(connection, path, ending.removesuffix(".gz"))
            found = _found(path, names, columns)
            return _summed(connection, source, found, as_json="json" in ending), found
    except (duckdb.Error, csv.Error, OSError, EOFError, UnicodeDecodeError) as error:
        why = " ".join(str(error).split("\n\n")[0].split())
        raise SetupError(f"{path} cannot be read as {ending}: {why:.300}") from error


def _source(
    connection: duckdb.DuckDBPyConnection, path: Path, ending: str
) -> tuple[str, Sequence[str]]:
    """What to select from, and the names of its columns."""
    escaped = (f"[{each}]" if each in "*?[" else each for each in str(path.absolute()))
    file = f"{_text(''.join(escaped))}, hive_partitioning = false"
    if ending == ".parquet":
        source = f"read_parquet({file})"
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        return source, [str(row[0]) for row in described]
    if ending == ".csv":
        names = _header(path)
        typed = ", ".join(f"{_text(name)}: 'VARCHAR'" for name in names)
        return (
            f"read_csv({file}, auto_detect = false, header = true, columns = {{{typed}}}, "
            "delim = ',', quote = '\"', escape = '\"', "
            f"max_line_size = {LONGEST_BYTES}, buffer_size = {2 * LONGEST_BYTES})",
            names,
        )
    source = f"read_ndjson_objects({file})"
    kinds = connection.execute(
        f"SELECT DISTINCT CASE json_type(json) WHEN 'OBJECT' THEN json_keys(json) END FROM {source}"
    ).fetchall()
    rows: list[list[str] | None] = [row[0] for row in kinds]
    for keys in rows:
        if keys is None:
            raise SetupError(f"{path} has lines that are JSON, but no object: one row a rollout")
        if len(set(keys)) < len(keys):
            raise SetupError(f"{path} has objects that say a key twice: {listed(keys)}")
    return source, sorted({key for keys in rows if keys for key in keys})


def _header(path: Path) -> list[str]:
    """Columns of a CSV file."""
    opened = gzip.open if path.name.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        first = next(csv.reader(file), list[str]())
    names = [name.strip() or f"unnamed {number}" for number, name in enumerate(first)]
    double = [name for name, count in Counter(map(str.lower, names)).items() if count > 1]
    if double:
        raise SetupError(f"{path} has two columns of one name: {listed(double)}")
    return names


def _found(path: Path, names: Sequence[str], columns: RolloutColumns) -> dict[str, str]:
    """The column of each role: the one that is set, else the first usual one that is there."""
    small = {name.lower(): name for name in names} | {name: name for name in names}
    found: dict[str, str] = {}
    for role, usual in USUAL.items():
        wanted: str | None = getattr(columns, role)
        if wanted and wanted not in names:
            raise SetupError(f"{path} has no column {wanted!r} ({role}); it has {listed(names)}")
        present = [small[name] for name in usual if name in small] if wanted is None else [wanted]
        if any(present):
            found[role] = present[0]
        elif role in NEEDED:
            raise SetupError(
                f"{path} has no {role} column: it has {listed(names)}; known are "
                f"{', '.join(usual)}. Name yours under [columns] in a file for --config: "
                f'{role} = "..."'
            )
    return found


def _summed(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    found: Mapping[str, str],
    *,
    as_json: bool,
) -> list[LabelledRollouts]:
    """Sums over all rows of equal step, type and label."""

    def cell(role: str) -> str:
        if role not in found:
            return "NULL::VARCHAR"
        if as_json:
            pointer = found[role].replace("~", "~0").replace("/", "~1")
            return f"trim(json_extract_string(json, {_text('/' + pointer)}))"
        name = found[role].replace('"', '""')
        return f'trim(CAST("{name}" AS VARCHAR))'

    query = f"""
    WITH texts AS (
        SELECT {cell("step")} AS step_text, {cell("label")} AS label_text,
            {cell("exploit_type")} AS type_text, lower({cell("reward")}) AS reward_text
        FROM {source}
    ), numbers AS (
        SELECT step_text, label_text, type_text, lower(label_text) AS said,
            TRY_CAST(step_text AS DOUBLE) AS step,
            CASE WHEN reward_text = 'true' THEN 1 WHEN reward_text = 'false' THEN 0
                ELSE TRY_CAST(reward_text AS DOUBLE) END AS reward
        FROM texts
    ), rollouts AS (
        SELECT step_text, label_text, CASE WHEN isfinite(reward) THEN reward END AS reward,
            CASE WHEN step BETWEEN 0 AND {MOST_STEPS} AND step = floor(step)
                THEN CAST(step AS BIGINT) ELSE -1 END AS step,
            CASE WHEN lower(type_text) NOT IN {_texts(ABSENT)} THEN type_text END AS type,
            CASE WHEN said IN {_texts(TRUE)} THEN 1 WHEN said IN {_texts(FALSE)} THEN 0
                WHEN said IS NULL OR said IN {_texts(ABSENT)} THEN NULL ELSE -1 END AS label
        FROM numbers
    )
    SELECT step, type, label, count(*), count(reward), count(*) FILTER (reward >= {PAID}),
        coalesce(sum(reward), 0.0), min(step_text), min(label_text)
    FROM rollouts GROUP BY step, type, label ORDER BY step, type, label"""
    return [LabelledRollouts(*row) for row in connection.execute(query).fetchall()]


def listed(names: Collection[str]) -> str:
    """Write names for a message, without what a terminal would take as a command."""
    ordered = sorted(names) if isinstance(names, set) else list(names)
    more = f" and {len(ordered) - MOST_NAMED} more" if len(ordered) > MOST_NAMED else ""
    return (", ".join(f"{name!r}" for name in ordered[:MOST_NAMED]) or "none") + more


def _text(value: str) -> str:
    """A text as SQL."""
    return "'" + value.replace("'", "''") + "'"


def _texts(values: Sequence[str]) -> str:
    return f"({', '.join(map(_text, values))})"
