"""SQL views of what graders gave: the ledger of reward functions, and second opinions.

They are the one place where these are summed up; the report, messages and queries read them.
"""

FEWEST = 100
"""Values of a reward function from which on one may lie far from the others."""
FAR = 10
"""Times the span of the middle 98 % of values; beyond them by more than that is far."""
NOISE = 1e-6
"""Difference, as a share of the larger value and of 1, up to which two values are one."""

_SUMS = """
CREATE VIEW {name} AS WITH
used AS (SELECT * FROM grades WHERE training),
numbers AS (SELECT * FROM used WHERE isfinite(value)),
spans AS (SELECT grader, count(*) AS n, quantile_cont(value, 0.01) AS low,
    quantile_cont(value, 0.99) AS high FROM numbers GROUP BY grader),
calls AS (SELECT {by}, count(*) AS calls, count(*) FILTER (failed) AS failed_calls,
    count(*) FILTER (late) AS timed_out_calls, median(seconds) AS median_s,
    quantile_cont(seconds, 0.95) AS high_s, max(seconds) AS longest_s FROM (
        SELECT {by}, batch, bool_or(error IS NOT NULL) AS failed, bool_or(timed_out) AS late,
        max(seconds) AS seconds FROM used WHERE batch IS NOT NULL GROUP BY {by}, batch)
    GROUP BY {by}),
equals AS (SELECT {by}, count(*) AS repeated, count(*) FILTER (gap > noise) AS disagreeing,
    max(gap) FILTER (gap > noise) AS widest FROM (
        SELECT {by}, max(value) - min(value) AS gap,
        {noise} * greatest(1, max(abs(value))) AS noise FROM numbers
        WHERE answer IS NOT NULL GROUP BY {by}, answer HAVING count(*) > 1)
    GROUP BY {by}),
sums AS (SELECT {by}, count(*) AS answers,
    count(*) FILTER (error IS NOT NULL) AS failed,
    count(*) FILTER (timed_out) AS timed_out,
    count(*) FILTER (value IS NULL AND error IS NULL) AS no_value,
    CASE WHEN bool_or(tells_nan) THEN count(*) FILTER (isnan(value)) END AS nan,
    count(*) FILTER (isinf(value)) AS infinite,
    CASE WHEN count(outside) > 0 THEN count(*) FILTER (outside) END AS outside,
    CASE WHEN bool_or(spans.n >= {fewest} AND spans.low < spans.high) THEN
        count(*) FILTER (isfinite(value) AND NOT (value BETWEEN low - {far} * (high - low)
            AND high + {far} * (high - low))) END AS far,
    min(value) FILTER (isfinite(value)) AS lowest, max(value) FILTER (isfinite(value)) AS highest,
    CASE WHEN count(answer) > 0 THEN 0 END AS told
    FROM used LEFT JOIN spans USING (grader) GROUP BY {by})
SELECT {shown}, answers, calls, failed, failed_calls, timed_out, timed_out_calls,
    median_s, high_s, longest_s, no_value, nan, infinite, outside, far, lowest, highest,
    coalesce(repeated, told) AS repeated, coalesce(disagreeing, told) AS disagreeing, widest
FROM sums LEFT JOIN calls ON {calls} LEFT JOIN equals ON {equals}
"""


def _sums(name: str, *by: str) -> str:
    joined = {
        other: " AND ".join(f"sums.{each} IS NOT DISTINCT FROM {other}.{each}" for each in by)
        for other in ("calls", "equals")
    }
    shown = ", ".join(f"sums.{each}" for each in by)
    return _SUMS.format(
        name=name, by=", ".join(by), shown=shown, fewest=FEWEST, far=FAR, noise=NOISE, **joined
    )


LEDGER = f"{_sums('ledger', 'grader', 'step')}; {_sums('graders', 'grader')}"
"""Over `grades`: `ledger` sums up each step of a reward function, `graders` all of its steps. What
a log does not tell is null. Evaluations are left out."""

_OPINIONS = """
CREATE VIEW {name} AS SELECT {by}, was_paid, count(*) AS asked, count(value) AS answered,
    count(error) AS failed, count(*) FILTER (accepted <> was_paid) AS differing,
    sum(weight) AS stands_for,
    coalesce(sum(weight) FILTER (accepted IS NOT NULL), 0) AS answers_for,
    coalesce(sum(weight) FILTER (accepted <> was_paid), 0)
        / sum(weight) FILTER (accepted IS NOT NULL) AS differing_share,
    pow(sum(weight) FILTER (accepted IS NOT NULL), 2)
        / sum(weight * weight) FILTER (accepted IS NOT NULL) AS effective
FROM (SELECT *, paid >= paid_from AS was_paid, value >= accepts_from AS accepted
    FROM second_opinions)
GROUP BY {by}, was_paid
"""
SHADOW = "; ".join(
    _OPINIONS.format(name=name, by=by)
    for name, by in (("shadow", "grader, step"), ("shadow_totals", "grader"))
)
"""Over `second_opinions`: `shadow` holds, of each step, paid rollouts and others apart, how many
the second grader judges otherwise (refuses of the paid ones, accepts of the others), and the share
of all that they stand for; `shadow_totals` the same of all steps. `effective` is Kish's number."""
