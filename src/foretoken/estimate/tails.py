"""How heavy the tail of a set of importance weights is."""

from typing import Any

import numpy as np
from arviz_stats.base.array import array_stats

from foretoken.arrays import AnyArray, FloatPerDraw

SMALLEST_TAIL = 25
"""Hits needed to fit a tail (its fifth, five values)."""
TIE_DIGITS = 6
"""Log weights that are equal to so many decimals are those of one text."""


def pareto_shape(log_w: FloatPerDraw, stands_for: FloatPerDraw | None = None) -> float | None:
    """Return the shape of a generalised Pareto fitted to the largest weights.

    Above 0.7 the average of such weights cannot be trusted at any affordable size.

    Args:
        log_w: (hits,) log weights; minus infinity (weight 0) is left out.
        stands_for: (hits,) for how many hits of that weight each stands (None: for itself). So a
            thinned bank has the tail of the whole one.

    Returns:
        The shape; -1.0 where all weights are equal (bounded: no tail); None where fewer than
        `SMALLEST_TAIL` positive weights leave no tail to fit.

    Source:
        Vehtari et al., "Pareto smoothed importance sampling" (2024), through arviz-stats.
    """
    finite = np.isfinite(log_w)
    positive = log_w[finite]
    if len(positive) and np.ptp(positive) < 1e-9:
        return -1.0
    if len(positive) < SMALLEST_TAIL:
        return None
    largest = np.sort(positive)[::-1]
    if stands_for is not None:
        largest = _repeated(positive, stands_for[finite])
    # The weights go in as they are: the library's `log_weights=True` fits the logs' tail instead.
    # A jitter far below any error parts those that underflow.
    weights = np.exp(_spread_ties(largest)[::-1] - largest[0]) + 1e-10 * np.arange(len(largest))
    shape: Any = array_stats.pareto_khat(weights[None, :], r_eff=1.0, tail="right")
    return float(shape) if np.isfinite(shape) else None


def _repeated(log_w: FloatPerDraw, stands_for: FloatPerDraw) -> AnyArray:
    """As many values as all hits stand for, in falling order, each as often as it stands."""
    order = np.argsort(-log_w, kind="stable")
    upto = np.cumsum(stands_for[order])
    places = np.searchsorted(upto, np.arange(round(upto[-1])) + 0.5)
    return log_w[order][np.minimum(places, len(log_w) - 1)]


def _spread_ties(log_w: FloatPerDraw) -> FloatPerDraw:
    """Lay the copies of a text evenly between the middles of the gaps around them.

    The fit is for a continuous tail: a cut among equal weights leaves exceedances of nothing beside
    real ones, which look like the heaviest of tails.

    Args:
        log_w: (hits,) finite, in falling order.

    Returns:
        (hits,) in falling order, none above the first.
    """
    _, first, group, copies = np.unique(
        -np.round(log_w, TIE_DIGITS), return_index=True, return_inverse=True, return_counts=True
    )
    value = log_w[first]
    middle = (value[:-1] + value[1:]) / 2
    above = np.concatenate([value[:1], middle])[group]
    below = np.concatenate([middle, value[-1:]])[group]
    place = (np.arange(len(log_w)) - first[group] + 0.5) / copies[group]
    return np.where(copies[group] > 1, above + (below - above) * place, log_w)
