"""The ledger of reward functions: what is summed up of each, and what of that is not well."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from foretoken.grader_records import Grade
from foretoken.logs.base import REWARD
from foretoken.store import codec, layout
from foretoken.store.grader_views import LEDGER, NOISE
from foretoken.store.run import Run
from foretoken.store.tables import connect

EXAMPLES = 3
"""Of answers that one reward function gave different values."""


@dataclass(frozen=True)
class GraderSum:
    """What a reward function gave, in one step or in all. None: the logs do not tell."""

    grader: str
    step: int | None
    """None: all steps, or not known."""
    answers: int
    """Rollouts for which it was asked."""
    calls: int | None
    failed: int
    """Answers that came with an error."""
    failed_calls: int | None
    timed_out: int
    """Answers of calls that timed out, failed or not."""
    timed_out_calls: int | None
    median_s: float | None
    """Of the calls' times."""
    high_s: float | None
    """95 % of the calls took no longer."""
    longest_s: float | None
    no_value: int
    """Answers without an error for which it gave none; NaN among them where `nan` is None."""
    nan: int | None
    infinite: int
    outside: int | None
    """Values outside of the range that was said; None: none was said."""
    far: int | None
    """Values far from the others; None: too few to say."""
    lowest: float | None
    """Of finite values."""
    highest: float | None
    repeated: int | None
    """Different answers that came more than once."""
    disagreeing: int | None
    """Of these, those that got more than one value."""
    widest: float | None
    """Largest difference between two values of one answer."""


@dataclass(frozen=True)
class Disagreement:
    """Two values that a reward function gave one answer."""

    grader: str
    low_key: str
    low: float
    high_key: str
    high: float
    times: int
    """How often the answer came."""


@dataclass(frozen=True)
class Ledger:
    """All that a run tells of its reward functions."""

    totals: Sequence[GraderSum] = ()
    """One of each, the worst first."""
    steps: Sequence[GraderSum] = ()
    """One of each in each step."""
    disagreements: Sequence[Disagreement] = ()
    """The widest of each."""


def read_ledger(run: Run) -> Ledger:
    """Return the ledger of a run; an empty one where nothing is known.

    Raises:
        StoreError: A part is damaged.
    """
    folder = layout.folder_of(Grade)
    if not run.parts(Grade):
        return Ledger()
    with connect(run, only={folder}) as connection:
        return _ledger(connection)


def ledger_of(grades: Sequence[Grade]) -> Ledger:
    """Return the ledger of some grades alone."""
    if not grades:
        return Ledger()
    with duckdb.connect(":memory:") as connection:
        connection.register("grades", codec.to_table(grades, Grade))
        connection.execute(LEDGER)
        return _ledger(connection)


def called(grader: str) -> str:
    """Return what a reward function is called in a sentence."""
    return "the reward" if grader == REWARD else f"reward function {grader}"


def troubles(one: GraderSum) -> list[str]:
    """Return what is not well with a reward function, in words with counts, the worst first."""
    answers = f"of {one.answers:,} answers"
    failed = f"{one.failed:,} {answers} failed, in it or in the environment"
    timed_out = f"{one.timed_out:,} {answers} timed out"
    if one.calls is not None:
        failed = f"{one.failed_calls:,} of {one.calls:,} calls failed"
        timed_out = f"{one.timed_out_calls:,} of {one.calls:,} calls timed out"
    none = "no value" if one.nan is not None else "no value or NaN (the log keeps both as one)"
    gap, ends = one.widest or 0.0, f"{one.lowest or 0.0:.4g} to {one.highest or 0.0:.4g}"
    known: list[tuple[int | None, str]] = [
        (one.failed, failed),
        (one.timed_out, timed_out),
        (one.nan, f"NaN for {one.nan} {answers}"),
        (one.infinite, f"an infinite value for {one.infinite:,} {answers}"),
        (one.outside, f"{one.outside} values outside of its range"),
        (
            one.disagreeing,
            f"{one.disagreeing} of {one.repeated} answers that came more than once got different "
            f"values, by up to {gap:.3g}",
        ),
        (one.no_value, f"{none} for {one.no_value:,} {answers}"),
        (one.far, f"{one.far} values far from the others (all lie in {ends})"),
    ]
    return [words for count, words in known if count]


def badness(one: GraderSum) -> tuple[float, float]:
    """Return what reward functions are sorted by: the share of answers with a fault, then that of
    those without a value."""
    faults = one.failed + one.timed_out + (one.nan or 0) + one.infinite + (one.outside or 0)
    unequal = (one.disagreeing or 0) / max(1, one.repeated or 0)
    return faults / one.answers + unequal, one.no_value / one.answers


def _ledger(connection: duckdb.DuckDBPyConnection) -> Ledger:
    totals = _rows(connection, "SELECT NULL AS step, * FROM graders")
    steps = _rows(connection, "SELECT * FROM ledger ORDER BY grader, step")
    return Ledger(
        totals=sorted(totals, key=lambda one: (*(-each for each in badness(one)), one.grader)),
        steps=steps,
        disagreements=_disagreements(connection),
    )


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[GraderSum]:
    return [GraderSum(**row) for row in _named(connection, sql)]


def _disagreements(connection: duckdb.DuckDBPyConnection) -> list[Disagreement]:
    sql = f"""SELECT grader, arg_min(key, value) AS low_key, min(value) AS low,
        arg_max(key, value) AS high_key, max(value) AS high, count(*) AS times
        FROM grades WHERE training AND answer IS NOT NULL AND isfinite(value)
        AND grader IN (SELECT grader FROM graders WHERE disagreeing > 0)
        GROUP BY grader, answer
        HAVING max(value) - min(value) > {NOISE} * greatest(1, max(abs(value)))
        QUALIFY row_number() OVER (PARTITION BY grader ORDER BY max(value) - min(value) DESC,
            min(key)) <= {EXAMPLES}
        ORDER BY grader, max(value) - min(value) DESC, min(key)"""
    return [Disagreement(**row) for row in _named(connection, sql)]


def _named(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    found = connection.execute(sql)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
