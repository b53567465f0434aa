"""Bounds that hold without trusting the weights: betting below, Clopper-Pearson above."""

import numpy as np
from scipy import optimize, special, stats

from foretoken.arrays import AnyArray, FloatPerDraw
from foretoken.errors import ScoringError
from foretoken.estimate.checks import require_draws, require_log_p

BETS = np.geomspace(10**-4.5, 0.9, 24)
"""Fractions of the capital that are bet, averaged."""


def log_capital(values: FloatPerDraw, misses: int, mean: float) -> float:
    """Return the log of the betting capital against ``true mean <= mean``.

    The capital is the average over `BETS` of ``prod_i (1 - f + f X_i / mean)``; its expectation
    is at most 1 if the mean of the draws' expectations is at most `mean`, also where the draws
    are stratified (arithmetic and geometric mean), so it passes ``1/delta`` with probability at
    most ``delta``, however heavy the tail.

    Args:
        values: The draws whose value is not 0.
        misses: How many draws have the value 0.
        mean: Candidate mean.
    """
    hit_f = np.log1p(BETS[:, None] * (values[None, :] / mean - 1.0)).sum(axis=1)
    return float(special.logsumexp(misses * np.log1p(-BETS) + hit_f) - np.log(len(BETS)))


def betting_lower_bound(values: FloatPerDraw, *, misses: int, delta: float = 0.025) -> float:
    """Return a lower confidence bound of a mean of non-negative draws, valid for any tail.

    Args:
        values: (hits,) the draws whose value is not 0, e.g. importance weights of hits, scaled so
            that the mean over *all* draws estimates the rate.
        misses: How many draws have the value 0.
        delta: Probability of being wrong, one-sided.

    Returns:
        The bound; 0.0 where there is no positive value.

    Raises:
        ScoringError: A value is negative, NaN or infinite, or there are no draws at all.
    """
    require_draws(len(values) + misses)
    require_log_p("values", values)
    if (values < 0).any():
        raise ScoringError("values has a negative entry: a bet needs draws of at least 0.")
    positive = values[values > 0]
    if not len(positive):
        return 0.0
    misses += len(values) - len(positive)
    wanted = -np.log(delta)
    high = float(np.log(positive.sum() / (len(positive) + misses)))

    def missing(log_mean: float) -> float:
        return log_capital(positive, misses, float(np.exp(log_mean))) - wanted

    width = 1.0
    while missing(high - width) < 0:
        width *= 2
    found = optimize.brentq(missing, high - width, high, xtol=1e-9)
    return float(np.exp(found))


def clopper_pearson_upper(hits: int, draws: int, *, delta: float = 0.025) -> float:
    """Return the exact one-sided upper bound of a frequency; 1.0 where there are no draws."""
    if draws < 1 or hits >= draws:
        return 1.0
    return float(stats.beta.ppf(1 - delta, hits + 1, draws - hits))


def balanced_counts(hits_x: AnyArray, draws_x: AnyArray) -> tuple[int, int]:
    """Return hits and draws as if each task had as many draws as that with the fewest.

    A pooled frequency is no mean over tasks where their numbers of draws differ. Each task's
    frequency is kept, its draws are not: with ``n`` the smallest number, a task's
    ``hits * n / draws`` has the mean of the hits in ``n`` draws and scatters less, and the sum is
    rounded up. So the Clopper-Pearson bound of the result holds, however different the tasks are
    (Hoeffding, "On the distribution of the number of successes in independent trials", 1956).

    Args:
        hits_x: (tasks,) hits of each task.
        draws_x: (tasks,) draws of each, in numbers that no hit had a say in; a task without any
            leaves no draws at all.
    """
    fewest = int(draws_x.min()) if len(draws_x) else 0
    if fewest < 1:
        return 0, 0
    share = float((hits_x / draws_x).sum())
    return int(np.ceil(share * fewest - 1e-9)), fewest * len(draws_x)


def clopper_pearson_lower(hits: int, draws: int, *, delta: float = 0.025) -> float:
    """Return the exact one-sided lower bound of a frequency; 0.0 where there is no hit."""
    if hits < 1:
        return 0.0
    return float(stats.beta.ppf(delta, hits, draws - hits + 1))


def effective_count(weights: AnyArray) -> float:
    """Return Kish's effective number of weights, ``(sum w)^2 / sum w^2``; 0.0 for none."""
    total = float(np.sum(weights))
    if total <= 0:
        return 0.0
    shares = np.asarray(weights, dtype=np.float64) / total
    return float(1.0 / np.sum(shares**2))
