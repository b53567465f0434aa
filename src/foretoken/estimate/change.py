"""Which tasks a change of a rate between two checkpoints comes from, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from foretoken.arrays import AnyArray, FloatPerCheckpointDraw, IntPerDraw, IntPerTask
from foretoken.errors import ScoringError
from foretoken.estimate.bounds import effective_count
from foretoken.estimate.checks import require_draws, require_log_p
from foretoken.estimate.interval import UNSEEN

LARGEST_LOG = 600.0
"""Log of the largest weight that is told from a larger one."""
FALSE_SHARE = 0.1
"""Expected share of tasks that did not move among those that are said to have."""


@dataclass(frozen=True)
class Change:
    """How far a sum of weights went between two checkpoints, with its sampling noise."""

    value: float
    """After less before."""
    error: float | None
    """Standard error; None without a hit, where nothing says how large it is."""
    interval: tuple[float, float] | None
    """95 %."""
    chance: float
    """Of so large a change by sampling noise alone, two-sided; 1.0 without a hit."""

    @property
    def told(self) -> bool:
        """Whether the change is larger than its noise at 95 %."""
        return self.interval is not None and not self.interval[0] <= 0.0 <= self.interval[1]


@dataclass(frozen=True)
class RateChange:
    """The change of one exploit type's rate, split up by task."""

    before: float
    after: float
    whole: Change
    tasks: tuple[Change, ...]
    """What each task adds to the whole, by index: their values sum to that of the whole."""
    hits_x: IntPerTask
    """(tasks,) hits that say so."""
    moved_x: AnyArray
    """(tasks,) bool: told from noise, with `FALSE_SHARE` of false ones among all that are."""


def rate_change(
    log_s_cd: FloatPerCheckpointDraw, task: IntPerDraw, *, draws_per_task: IntPerTask
) -> RateChange:
    """Split the change of a rate between two checkpoints by task.

    A hit adds ``v = (w_after - w_before) / tasks`` to the change, a draw that is none adds 0. So a
    task's change is a sum over its draws, and they are independent: its variance is estimated by
    ``sum v^2 - (sum v)^2 / draws``, times ``draws / (draws - 1)``. Both checkpoints weigh the same
    hits, so what they have in common cancels. Draws of several components vary less than that says.
    Intervals are Student t's, with as many degrees of freedom as the ``v`` are effectively, less 1,
    and reach as far again as `UNSEEN` more hits of the largest and of the least ``v`` would: heavy
    ones may just have been missed. A chance is Student t's alone. Which tasks moved is told by the
    procedure of Benjamini and Hochberg over those with hits.

    The noise is that of the bank's draws alone: the tasks are these, and a way to hack that the
    bank does not hold is in no number here.

    Args:
        log_s_cd: (2, hits) log of what each hit adds to the rate of its task, before and after;
            minus infinity is a value.
        task: (hits,) task of each hit, 0 to ``len(draws_per_task) - 1``.
        draws_per_task: (tasks,) all draws behind the hits, hits or not.

    Raises:
        ScoringError: A log weight is NaN or plus infinite, a hit belongs to no task, or a task has
            no draws.

    Source:
        Benjamini and Hochberg, "Controlling the False Discovery Rate" (1995).
    """
    tasks = len(draws_per_task)
    require_draws(tasks, "tasks")
    require_log_p("log_s_cd", log_s_cd, impossible=True)
    if log_s_cd.shape != (2, len(task)):
        raise ScoringError(
            f"log_s_cd is {log_s_cd.shape}: give two checkpoints of {len(task)} hits"
        )
    if len(task) and not 0 <= task.min() <= task.max() < tasks:
        raise ScoringError(f"a hit belongs to task {int(task.max())}, but there are {tasks} tasks.")
    if (draws_per_task < 1).any():
        raise ScoringError("a task has no draws: sample it, or leave it out of this type.")
    w_cd = np.exp(np.minimum(log_s_cd, LARGEST_LOG)) / tasks
    v_d = w_cd[1] - w_cd[0]
    own = [v_d[task == x] for x in range(tasks)]
    variance_x = [_variance(each, int(n)) for each, n in zip(own, draws_per_task, strict=True)]
    parts = tuple(_change(each, v) for each, v in zip(own, variance_x, strict=True))
    return RateChange(
        before=float(w_cd[0].sum()),
        after=float(w_cd[1].sum()),
        whole=_change(v_d, sum(variance_x)),
        tasks=parts,
        hits_x=np.bincount(task, minlength=tasks).astype(np.int64),
        moved_x=_told_together(np.array([each.chance for each in parts])),
    )


def _variance(v_d: AnyArray, draws: int) -> float:
    """Variance of a sum over so many draws, of which all but some are 0."""
    square = float((v_d**2).sum())
    spread = square - float(v_d.sum()) ** 2 / draws
    return max(spread * draws / (draws - 1), 0.0) if draws > 1 else square


def _change(v_d: AnyArray, variance: float) -> Change:
    value = float(v_d.sum())
    if not len(v_d):
        return Change(value, error=None, interval=None, chance=1.0)
    error = float(np.sqrt(variance))
    freedom = max(effective_count(np.abs(v_d)) - 1.0, 1.0)
    margin = float(stats.t.ppf(0.975, freedom)) * error
    below, above = (UNSEEN * max(float(end), 0.0) for end in (-v_d.min(), v_d.max()))
    chance = 1.0 if not error else float(2 * stats.t.sf(abs(value) / error, freedom))
    return Change(value, error, (value - margin - below, value + margin + above), chance)


def _told_together(chance_x: AnyArray) -> AnyArray:
    """Which of several changes are told from noise, those without a hit left out."""
    tried = chance_x[chance_x < 1.0]
    if not len(tried):
        return np.zeros(len(chance_x), dtype=np.bool_)
    ordered = np.sort(tried)
    within = ordered <= FALSE_SHARE * np.arange(1, len(ordered) + 1) / len(ordered)
    limit = ordered[within][-1] if within.any() else -1.0
    return np.asarray(chance_x <= limit)
