"""The rate of a subject from a bank of graded hits: no sampling, one scoring pass per hit."""

import numpy as np
from scipy.special import logsumexp

from foretoken.arrays import BoolPerDraw, FloatPerDraw, IntPerDraw, IntPerTask
from foretoken.errors import ScoringError
from foretoken.estimate.bootstrap import log_interval, log_rate_spread
from foretoken.estimate.bounds import (
    betting_lower_bound,
    clopper_pearson_upper,
    effective_count,
)
from foretoken.estimate.cell import Cell
from foretoken.estimate.checks import require_draws, require_log_p, require_same_length
from foretoken.estimate.doubts import (
    contradiction,
    grader_doubts,
    health_doubts,
    publishable,
    weight_doubts,
)
from foretoken.estimate.tails import pareto_shape
from foretoken.records import Doubt, RateEstimate


def switch_rate(
    *,
    log_p_subject: FloatPerDraw,
    log_q: FloatPerDraw,
    task: IntPerDraw,
    draws_per_task: IntPerTask,
    cell: Cell,
    rng: np.random.Generator,
    stands_for: FloatPerDraw | None = None,
    deliberate: BoolPerDraw | None = None,
) -> RateEstimate:
    """Estimate how often the subject hacks, from the hits of a bank.

    The estimate is the mean over tasks of ``sum exp(log_p_subject - log_q)`` over that task's
    hits; a task without a hit counts as 0.

    Args:
        log_p_subject: (hits,) log-probability of the whole completion under the subject at this
            step, nats, end token included; minus infinity is a value.
        log_q: (hits,) pooled density ``log sum_c n_c q_c(y)`` with the counts of the hit's own
            task (`mixture.log_density`), nats.
        task: (hits,) task of each hit, 0 to ``len(draws_per_task) - 1``.
        draws_per_task: (tasks,) all draws behind `log_q` (every component, both stages, free
            rollouts), hits or not; tasks without a hit included.
        cell: Exploit type, step, the subject's own draws at this step, bank health, cost.
        rng: Source of the bootstrap.
        stands_for: (hits,) for how many hits each stands in a thinned bank (`thin`), as a factor of
            its weight; None: for itself.
        deliberate: (hits,) whether the hit's reasoning names the flaw.

    Returns:
        The estimate, with the doubts that hold. It is called `switch`, but the weights do not care
        which components the density is made of: rename it where they are those of `ladder` or
        `donor`. It never raises for a poor estimate. Without a hit the rate is 0.0, not published:
        the upper bound is what stands.

    Raises:
        ScoringError: A log-probability is NaN or plus infinite, `log_q` is not finite, a hit
            belongs to no task or stands for none, or a task has no draws.
    """
    _require(log_p_subject=log_p_subject, log_q=log_q, task=task, draws_per_task=draws_per_task)
    _require_standing(stands_for, hits=len(task))
    tasks, draws = len(draws_per_task), int(draws_per_task.sum())
    log_w = log_p_subject - log_q
    shape = pareto_shape(log_w, stands_for)
    if stands_for is not None:
        log_w = log_w + np.log(stands_for)
    seen = int(np.isfinite(log_w).sum())
    rate = float(np.exp(logsumexp(log_w) - np.log(tasks))) if seen else 0.0
    w_d = np.exp(log_w - log_w.max()) if seen else np.zeros(0)
    effective_hits = effective_count(w_d)
    doubts = weight_doubts(
        rate=rate,
        hits=seen,
        effective_hits=effective_hits,
        shape=shape,
        largest_share=float(w_d.max() / w_d.sum()) if seen else 0.0,
    )
    interval = None
    if seen:
        spread = log_rate_spread(log_w, task, tasks=tasks, rng=rng)
        ends = log_interval(np.log(rate), spread, effective_hits=effective_hits, shape=shape)
        interval = (float(np.exp(ends[0])), float(np.exp(ends[1])))
    contradicted, contradicted_at = contradiction(cell, interval)
    doubts += health_doubts(cell.health) + contradicted + _age(cell, effective_hits)
    # Unequal allocations: the mean over all draws of N/tasks * weight is the mean over tasks.
    values = np.exp(log_w) * draws / tasks
    return RateEstimate(
        estimator="switch",
        exploit_type=cell.exploit_type,
        step=cell.step,
        rate=rate,
        published=not contradicted
        and publishable(rate=rate, effective_hits=effective_hits, shape=shape),
        lower_bound=min(betting_lower_bound(values, misses=draws - len(values)), 1.0),
        interval=interval,
        upper_bound=clopper_pearson_upper(cell.subject_hits, cell.subject_draws),
        hits=seen,
        effective_hits=effective_hits,
        draws=draws,
        tasks=tasks,
        pareto_shape=shape,
        deliberate_share=_share(w_d, deliberate) if seen else None,
        contradicted_at=contradicted_at,
        doubts=tuple(dict.fromkeys(doubts + grader_doubts(cell, draws))),
        sampled_tokens=cell.sampled_tokens,
        scored_tokens=cell.scored_tokens,
    )


def weighted_median(values: FloatPerDraw, log_w: FloatPerDraw) -> float | None:
    """Return the least value that, with all below it, has half of the weight; None without any.

    Args:
        values: (hits,) infinity is a value.
        log_w: (hits,) log weights; minus infinity is no weight.
    """
    if not np.isfinite(log_w).any():
        return None
    order = np.argsort(values)
    cumulated = np.cumsum(np.exp(log_w - log_w.max())[order])
    return float(values[order][np.searchsorted(cumulated, cumulated[-1] / 2)])


def _require(
    *,
    log_p_subject: FloatPerDraw,
    log_q: FloatPerDraw,
    task: IntPerDraw,
    draws_per_task: IntPerTask,
) -> None:
    """Refuse what cannot enter the average."""
    require_draws(len(draws_per_task), "tasks")
    require_same_length(log_p_subject=log_p_subject, log_q=log_q, task=task)
    require_log_p("log_p_subject", log_p_subject, impossible=True)
    require_log_p("log_q", log_q)
    if (draws_per_task < 1).any():
        empty = int(np.flatnonzero(draws_per_task < 1)[0])
        raise ScoringError(f"task {empty} has no draws: sample it, or leave it out of this type.")
    if len(task) and not 0 <= task.min() <= task.max() < len(draws_per_task):
        raise ScoringError(
            f"a hit belongs to task {int(task.max())}, but there are {len(draws_per_task)} tasks."
        )
    hits_per_task = np.bincount(task, minlength=len(draws_per_task))
    if (hits_per_task > draws_per_task).any():
        crowded = int(np.flatnonzero(hits_per_task > draws_per_task)[0])
        raise ScoringError(f"task {crowded} has more hits than draws: count every draw behind it.")


def _require_standing(stands_for: FloatPerDraw | None, *, hits: int) -> None:
    """Refuse hits that were left out of a thinned bank."""
    if stands_for is not None and (len(stands_for) != hits or not (stands_for > 0).all()):
        raise ScoringError(
            f"stands_for has {len(stands_for)} values for {hits} hits, "
            f"{int((~(stands_for > 0)).sum())} of them not above 0: give the kept hits alone."
        )


def _age(cell: Cell, effective_hits: float) -> list[Doubt]:
    """Doubt a bank whose effective hits have halved since it was built."""
    before = cell.reference_effective_hits
    aged = before is not None and effective_hits < 0.5 * before
    return [Doubt.STALE_BANK] if aged else []


def _share(w_d: FloatPerDraw, deliberate: BoolPerDraw | None) -> float | None:
    """Return the weighted share of deliberate hits."""
    if deliberate is None:
        return None
    return float(w_d @ deliberate / w_d.sum())
