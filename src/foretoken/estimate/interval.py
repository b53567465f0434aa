"""The model-based interval of a log rate, wide enough for weights as heavy as are published."""

import numpy as np
from scipy import stats

from foretoken.arrays import FloatPerDraw, IntPerDraw
from foretoken.estimate.bootstrap import log_rate_spread, task_or_hit_resampling
from foretoken.estimate.bounds import effective_count
from foretoken.estimate.foresee import foresee
from foretoken.estimate.tails import pareto_shape

UNMEASURED_SHAPE = 0.7
"""Pareto shape that is assumed where there are too few hits to fit one."""
LIGHT_SHAPE = 0.4
"""Pareto shape up to which the errors of a sum are taken to be even above and below it."""
WIDENED = 3.0
"""By how much each unit of shape above that widens the upper half."""
UNSEEN = 3.0
"""Hits heavier than all that were drawn which may just have been missed: of draws that show none,
fewer than 3 are expected at 95 % (the rule of three)."""
REPLICATES = 400


def log_interval(
    log_w: FloatPerDraw,
    *,
    task: IntPerDraw,
    stands_for: FloatPerDraw,
    tasks: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return how far below and above the log of the sum the 95 % interval reaches, in nats.

    Below: Student t with ``effective hits - 1`` degrees of freedom times the bootstrap error, of
    hits or of tasks, whichever is larger. Above, where all that a heavy tail misses is, the larger
    of two: the same, widened by the tail's shape, beyond a sum that has also seen `UNSEEN` more
    hits of the heaviest weight, each as much heavier as the shape says that the next one may be
    (a Pareto tail's mean excess, ``1 / (1 - shape)``); and what the bulk of the weights foresees
    (`foresee`), two bootstrap errors on.

    Args:
        log_w: (hits,) log weights, without what a hit stands for; at least one finite.
        task: (hits,) task of each hit.
        stands_for: (hits,) for how many hits each stands.
        tasks: How many there are, those without a hit included.
        rng: Source of the bootstrap.

    Returns:
        The lower and the upper offset.
    """
    log_s = log_w + np.log(stands_for)
    w_d = np.exp(log_s - log_s.max())
    total = float(w_d.sum())
    spread = log_rate_spread(log_s, task, tasks=tasks, rng=rng, replicates=REPLICATES)
    margin = float(stats.t.ppf(0.975, max(effective_count(w_d) - 1.0, 1.0))) * spread
    fitted = pareto_shape(log_w, stands_for)
    shape = UNMEASURED_SHAPE if fitted is None else fitted
    unseen = np.log1p(UNSEEN / (1.0 - min(max(shape, 0.0), 0.9)) / total)
    tail = unseen + margin * (1.0 + WIDENED * max(0.0, shape - LIGHT_SHAPE))
    times_bd = task_or_hit_resampling(task, tasks=tasks, rng=rng, replicates=REPLICATES)
    bulk_b = foresee(log_w, np.vstack([np.ones(len(task)), times_bd]) * stands_for).log_sum_b
    bulk = bulk_b[0] + 2.0 * np.std(bulk_b[1:], ddof=1) - (log_s.max() + np.log(total))
    return -margin, float(max(tail, bulk))
