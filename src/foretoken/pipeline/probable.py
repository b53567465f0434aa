"""What is probable of a rate at a checkpoint: the bank's hits and every count of the run so far."""

import numpy as np

from foretoken.arrays import FloatPerDraw
from foretoken.bank.pool import Hit, TypeBank
from foretoken.estimate.audit import OwnGroups
from foretoken.estimate.bootstrap import log_rate_spread
from foretoken.estimate.posterior import Counts, Weighed, rate_posterior
from foretoken.records import RateEstimate


def subject_counts(own: OwnGroups, *, joined: tuple[int, int], step: int) -> Counts:
    """Count the subject's draws of one exploit type by step, but those in a checkpoint's pool.

    Args:
        own: Up to the checkpoint, on any tasks.
        joined: Hacks and draws of the checkpoint's rollouts that joined the bank.
        step: Of the checkpoint.
    """
    hacks, draws = joined
    steps, index = np.unique([*own.step, step], return_inverse=True)
    hits, drawn = np.zeros(len(steps), dtype=np.int64), np.zeros(len(steps), dtype=np.int64)
    np.add.at(hits, index, [*own.hacks, -hacks])
    np.add.at(drawn, index, [*own.draws, -draws])
    return Counts(steps, hits, drawn)


def probable_rate(
    estimate: RateEstimate,
    bank: TypeBank[Hit],
    *,
    log_p: FloatPerDraw,
    counts: Counts,
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    """Return median and 95 % interval of a rate, from its estimate and the counts up to its step.

    Args:
        estimate: By the bank's hits.
        bank: The hits, those of rollouts that joined included.
        log_p: (hits,) under the checkpoint, nats.
        counts: From `subject_counts`.
        rng: Source of the bootstrap.
    """
    weighed = None
    if estimate.rate:
        weighed = Weighed(
            rate=estimate.rate,
            spread=log_rate_spread(bank.log_w(log_p), bank.task, tasks=len(bank.tasks), rng=rng),
            effective_hits=estimate.effective_hits,
            shape=estimate.pareto_shape,
            lower_bound=estimate.lower_bound,
        )
    found = rate_posterior(counts, step=estimate.step, weighed=weighed)
    return found.median, found.low, found.high
