"""What more draws would show, as the bulk of the weights foresees it: the rate, and its error.

A sum of heavy weights is mostly too low, and looks precise, because the few draws that carry it are
not there yet. The square roots of the weights have a far lighter tail: their mean, and the mean and
variance of the log weights under them, are known well long before the sum itself. Where log weights
are normal beyond that point, both numbers below are exact.
"""

from dataclasses import dataclass

import numpy as np

from foretoken.arrays import AnyArray, FloatPerDraw


@dataclass(frozen=True)
class Foreseen:
    """What the bulk of the weights foresees, for each of several resamplings of the hits."""

    log_sum_b: AnyArray
    """(replicates,) log of the sum of the weights."""
    log_effective_b: AnyArray
    """(replicates,) log of the effective number of hits."""


def foresee(log_w: FloatPerDraw, times_bd: AnyArray) -> Foreseen:
    """Extend the cumulants of the log weights from the half power of the weights to the first.

    With ``K(s) = log sum w^s`` and the mean ``m`` and variance ``v`` of ``log w`` under weights
    ``w^0.5``: ``K(1) = K(0.5) + m / 2 + v / 8`` and ``K(2) = K(0.5) + 1.5 m + 1.125 v``.

    Args:
        log_w: (hits,) log weights, at least one of them finite; minus infinity is a weight of 0.
        times_bd: (replicates, hits) how often each hit counts, at least 0.

    Returns:
        ``K(1)`` and ``2 K(1) - K(2)``; minus infinity where no hit with a weight counts.
    """
    top = float(log_w.max())
    root_d = np.exp((log_w - top) / 2)
    below_d = np.where(root_d > 0, log_w - top, 0.0)
    mass_b = times_bd @ root_d
    some_b = np.where(mass_b > 0, mass_b, 1.0)
    mean_b = (times_bd @ (root_d * below_d)) / some_b
    variance_b = np.maximum((times_bd @ (root_d * below_d**2)) / some_b - mean_b**2, 0.0)
    with np.errstate(divide="ignore"):
        log_mass_b = np.log(mass_b)
    return Foreseen(
        log_sum_b=log_mass_b + mean_b / 2 + variance_b / 8 + top,
        log_effective_b=log_mass_b - mean_b / 2 - 0.875 * variance_b,
    )


def foreseen_hits(log_w: FloatPerDraw, stands_for: FloatPerDraw) -> float:
    """Return the effective number of hits that the bulk of the weights foresees.

    Args:
        log_w: (hits,) log weights, without what a hit stands for.
        stands_for: (hits,) for how many hits each stands.

    Returns:
        0.0 where no hit has a weight.
    """
    if not np.isfinite(log_w).any():
        return 0.0
    return float(np.exp(foresee(log_w, stands_for[None]).log_effective_b[0]))
