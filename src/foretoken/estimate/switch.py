"""The rate of a subject from a bank of graded hits: no sampling, one scoring pass per hit."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import logsumexp

from foretoken.arrays import FloatPerDraw, IntPerDraw, IntPerTask
from foretoken.errors import ScoringError
from foretoken.estimate.bounds import (
    betting_lower_bound,
    effective_count,
)
from foretoken.estimate.cell import Cell
from foretoken.estimate.checks import require_draws, require_log_p, require_same_length
from foretoken.estimate.covered import covered_mass, misses_much
from foretoken.estimate.doubts import (
    WITHHOLDING,
    contradiction,
    grader_doubts,
    health_doubts,
    misses_a_route,
    weight_doubts,
)
from foretoken.estimate.foresee import foreseen_hits
from foretoken.estimate.gate import Gate, decide, effective_texts
from foretoken.estimate.interval import log_interval
from foretoken.estimate.tails import pareto_shape
from foretoken.records import Doubt, RateEstimate

INTERVAL_SPLITS = 4
"""Parts of the hits whose intervals are averaged: they differ little."""
LARGEST_LOG = 600.0
"""Log of the largest weight that is told from a larger one: far above 1, and floats hold sums."""


def switch_rate(
    *,
    log_p_subject: FloatPerDraw,
    log_q: FloatPerDraw,
    task: IntPerDraw,
    draws_per_task: IntPerTask,
    cell: Cell,
    rng: np.random.Generator,
    text: IntPerDraw | None = None,
    stands_for: FloatPerDraw | None = None,
) -> RateEstimate:
    """Estimate how often the subject hacks, from the hits of a bank.

    The estimate is the mean over tasks of ``sum exp(log_p_subject - log_q)`` over that task's
    hits; a task without a hit counts as 0. Where a random third of the hits says that it may be
    published (`gate.decide`), rate and interval are made of the others.

    Args:
        log_p_subject: (hits,) log-probability of the whole completion under the subject at this
            step, nats, end token included; minus infinity is a value.
        log_q: (hits,) pooled density ``log sum_c n_c q_c(y)`` with the counts of the hit's own
            task (`mixture.log_density`), nats.
        task: (hits,) task of each hit, 0 to ``len(draws_per_task) - 1``.
        draws_per_task: (tasks,) all draws behind `log_q` (every component, both stages, free
            rollouts), hits or not; tasks without a hit included.
        cell: Exploit type, step, the subject's own draws at this step, bank health, cost.
        rng: Source of the thirds and of the bootstrap.
        text: (hits,) number of each hit's text, equal for copies; None: each is a text of its own.
        stands_for: (hits,) for how many hits each stands in a thinned bank (`thin`), as a factor of
            its weight; None: for itself.

    Returns:
        The estimate, with the doubts that hold. It is called `switch`, but the weights do not care
        which components the density is made of: rename it where they are those of `ladder` or
        `donor`. It never raises for a poor estimate. Without a hit the rate is 0.0, not published:
        the upper bound is what stands. A rate or an end of an interval above 1 is given as 1.

    Raises:
        ScoringError: A log-probability is NaN or plus infinite, `log_q` is not finite, a hit
            belongs to no task or stands for none, or a task has no draws.
    """
    _require(log_p_subject=log_p_subject, log_q=log_q, task=task, draws_per_task=draws_per_task)
    _require_standing(stands_for, hits=len(task))
    draws = int(draws_per_task.sum())
    hits = _Hits(
        log_w=log_p_subject - log_q,
        task=task,
        text=np.arange(len(task)) if text is None else text,
        stands_for=np.ones(len(task)) if stands_for is None else stands_for,
        tasks=len(draws_per_task),
    )
    seen = int(np.isfinite(hits.log_s).sum())
    gate = decide(hits.log_w, text=hits.text, stands_for=hits.stands_for, rng=rng)
    rate = hits.rate(gate.factor_d)
    interval = hits.interval(gate, rate, rng=rng) if rate else None
    effective_hits = effective_count(hits.w_d)
    shape = pareto_shape(hits.log_w, hits.stands_for)
    doubts = weight_doubts(
        rate=rate,
        hits=seen,
        effective_hits=effective_hits,
        shape=shape,
        effective_texts=effective_texts(hits.log_s, hits.text),
        largest_share=float(hits.w_d.max() / hits.w_d.sum()) if seen else 0.0,
    )
    contradicted, contradicted_at = contradiction(cell, interval)
    covered = hits.covered(cell.other_mass)
    doubts += health_doubts(cell.health) + contradicted + _drift_doubts(cell, hits, covered)
    holds = not (contradicted or misses_a_route(cell.health)) and WITHHOLDING.isdisjoint(doubts)
    return RateEstimate(
        estimator="switch",
        exploit_type=cell.exploit_type,
        step=cell.step,
        rate=min(rate, 1.0),
        published=gate.opens and interval is not None and holds,
        lower_bound=hits.lower_bound(draws),
        interval=interval,
        upper_bound=cell.upper_bound,
        hits=seen,
        effective_hits=effective_hits,
        draws=draws,
        tasks=hits.tasks,
        pareto_shape=shape,
        covered=covered,
        contradicted_at=contradicted_at,
        doubts=tuple(dict.fromkeys(doubts + grader_doubts(cell, draws))),
        sampled_tokens=cell.sampled_tokens,
        scored_tokens=cell.scored_tokens,
    )


@dataclass(frozen=True)
class _Hits:
    """Hits of one exploit type, weighed for one subject."""

    log_w: FloatPerDraw
    task: IntPerDraw
    text: IntPerDraw
    stands_for: FloatPerDraw
    tasks: int

    @property
    def log_s(self) -> FloatPerDraw:
        """(hits,) log weights with what each hit stands for."""
        return self.log_w + np.log(self.stands_for)

    @cached_property
    def w_d(self) -> FloatPerDraw:
        """(hits,) weights over the largest; none where no hit has any."""
        seen = np.isfinite(self.log_s).any()
        return np.exp(self.log_s - self.log_s.max()) if seen else np.zeros(0)

    def rate(self, factor_d: FloatPerDraw | None = None) -> float:
        """The sum of the weights over the tasks, each times its factor; None: all as they are."""
        if not np.isfinite(self.log_s).any():
            return 0.0
        log_sum = logsumexp(self.log_s, b=factor_d)
        return float(np.exp(np.minimum(log_sum - np.log(self.tasks), LARGEST_LOG)))

    def lower_bound(self, draws: int) -> float:
        """One-sided 97.5 % lower bound of the rate, from all draws behind the hits."""
        # Unequal allocations: the mean over all draws of N/tasks * weight is the mean over tasks.
        values = np.exp(np.minimum(self.log_s, LARGEST_LOG)) * draws / self.tasks
        return min(betting_lower_bound(values, misses=draws - len(values)), 1.0)

    def covered(self, others: tuple[float, float] | None) -> tuple[float, float] | None:
        """How much of what the subject writes the bank could have drawn; None: not known."""
        if others is None:
            return None
        return covered_mass(others, rate=self.rate(), effective_hits=effective_count(self.w_d))

    def interval(
        self, gate: Gate, rate: float, *, rng: np.random.Generator
    ) -> tuple[float, float] | None:
        """The interval of that estimate: the mean of those of the parts that it is a mean of."""
        offsets = [
            log_interval(
                self.log_w[own],
                task=self.task[own],
                stands_for=self.stands_for[own],
                tasks=self.tasks,
                rng=rng,
            )
            for own in gate.rest_sd[:INTERVAL_SPLITS]
            if np.isfinite(self.log_w[own]).any()
        ]
        if not offsets:
            return None
        low, high = np.log(rate) + np.mean(offsets, axis=0)
        return float(np.exp(min(low, 0.0))), float(np.exp(min(high, 0.0)))


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


def _drift_doubts(cell: Cell, hits: _Hits, covered: tuple[float, float] | None) -> list[Doubt]:
    """Doubt a bank that misses much of what the subject writes, or that is stale.

    It is stale where it foresees less than half of the effective hits that it was built with. Their
    inverse is the variance that the drift of the subject predicts. Effective hits as they are
    seen hardly fall: the draws that drift makes heavy are those that are missing.
    """
    doubts = [Doubt.MUCH_UNCOVERED] if covered is not None and misses_much(covered) else []
    before = cell.reference_foreseen_hits
    if before is not None and foreseen_hits(hits.log_w, hits.stands_for) < 0.5 * before:
        doubts.append(Doubt.STALE_BANK)
    return doubts
