"""What more draws would show, as the bulk of the weights foresees it: the rate, and its error.

A sum of heavy weights is mostly too low, and looks precise, because the few draws that carry it are
not there yet. Powers of the weights below 1 have a far lighter tail: their mean, and the mean and
variance of the log weights under them, are known well long before the sum itself. Where log weights
are normal beyond that point, both numbers below are exact.
"""

from dataclasses import dataclass

import numpy as np

from foretoken.arrays import AnyArray, FloatPerDraw

POWER = 0.6
"""From which power of the weights effective hits are foreseen: hits that only the donor would write
trail off below the others over many nats, and from lower powers they say too much."""


@dataclass(frozen=True)
class Foreseen:
    """What the bulk of the weights foresees, for each of several resamplings of the hits."""

    log_sum_b: AnyArray
    """(replicates,) log of the sum of the weights."""
    log_effective_b: AnyArray
    """(replicates,) log of the effective number of hits."""


def foresee(log_w: FloatPerDraw, times_bd: AnyArray, *, power: float = 0.5) -> Foreseen:
    """Extend the cumulants of the log weights from a power of the weights to the first.

    With ``K(s) = log sum w^s`` and the mean ``m`` and variance ``v`` of ``log w`` under weights
    ``w^a``: ``K(s) = K(a) + (s - a) m + (s - a)^2 v / 2``.

    Args:
        log_w: (hits,) log weights, at least one of them finite; minus infinity is a weight of 0.
        times_bd: (replicates, hits) how often each hit counts, at least 0.
        power: ``a``, above 0 and below 1. The smaller, the more the many light hits say; the
            larger, the more the few heavy ones do, which may not be there.

    Returns:
        ``K(1)`` and ``2 K(1) - K(2)``; minus infinity where no hit with a weight counts.
    """
    top = float(log_w.max())
    part_d = np.exp(power * (log_w - top))
    below_d = np.where(part_d > 0, log_w - top, 0.0)
    mass_b = times_bd @ part_d
    some_b = np.where(mass_b > 0, mass_b, 1.0)
    mean_b = (times_bd @ (part_d * below_d)) / some_b
    variance_b = np.maximum((times_bd @ (part_d * below_d**2)) / some_b - mean_b**2, 0.0)
    with np.errstate(divide="ignore"):
        log_mass_b = np.log(mass_b)
    first, second = 1.0 - power, 2.0 - power
    log_sum_b = log_mass_b + first * mean_b + first**2 * variance_b / 2
    log_squares_b = log_mass_b + second * mean_b + second**2 * variance_b / 2
    with np.errstate(invalid="ignore"):
        log_effective_b = np.where(mass_b > 0, 2 * log_sum_b - log_squares_b, -np.inf)
    return Foreseen(log_sum_b=log_sum_b + top, log_effective_b=log_effective_b)


def foreseen_hits(log_w: FloatPerDraw, stands_for: FloatPerDraw) -> float:
    """Return the effective number of hits that the bulk of the weights foresees, from `POWER`.

    Args:
        log_w: (hits,) log weights, without what a hit stands for.
        stands_for: (hits,) for how many hits each stands.

    Returns:
        0.0 where no hit has a weight.
    """
    if not np.isfinite(log_w).any():
        return 0.0
    return float(np.exp(foresee(log_w, stands_for[None], power=POWER).log_effective_b[0]))
