"""What is probable of a rate at a checkpoint: the bank's hits and every count of the run so far."""

import numpy as np

from foretoken.arrays import FloatPerDraw
from foretoken.bank.pool import Hit, TypeBank
from foretoken.bank.rollouts import FreeRollouts
from foretoken.estimate.bootstrap import log_rate_spread
from foretoken.estimate.posterior import Counts, Weighed, rate_posterior
from foretoken.records import RateEstimate
from foretoken.work.own import OwnDraws


def subject_counts(
    bank: TypeBank[Hit],
    *,
    rollouts: OwnDraws,
    counted: OwnDraws,
    joined: FreeRollouts,
    step: int,
) -> Counts:
    """Count the subject's draws of one exploit type up to a checkpoint, but those in its pool.

    Args:
        bank: Of the type; its rounds' draws of the subject alone are counted.
        rollouts: Of any tasks and steps.
        counted: Made for counting at the checkpoint.
        joined: Rollouts of the checkpoint that joined the bank.
        step: Of the checkpoint.
    """
    own = [(s, *found) for s, found in rollouts.of(bank.exploit_type).by_step(last=step).items()]
    own += [(s, each.subject_hits, each.subject_draws) for s, each in bank.rounds.items()]
    own += [(step, *counted.counts(bank.exploit_type))]
    hacks, draws = joined.own_counts(bank)
    own += [(step, -hacks, -draws)]
    steps, index = np.unique([each[0] for each in own], return_inverse=True)
    hits, drawn = np.zeros(len(steps), dtype=np.int64), np.zeros(len(steps), dtype=np.int64)
    np.add.at(hits, index, [each[1] for each in own])
    np.add.at(drawn, index, [each[2] for each in own])
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
