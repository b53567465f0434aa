"""How heavy the tail of a set of importance weights is."""

import numpy as np
from arviz_stats.base import array_stats

from foretoken.arrays import FloatPerDraw

SMALLEST_TAIL = 25
"""Hits needed to fit a tail (its fifth, five values)."""


def pareto_shape(log_w: FloatPerDraw) -> float | None:
    """Return the shape of a generalised Pareto fitted to the largest weights.

    Above 0.7 the average of such weights cannot be trusted at any affordable size.

    Args:
        log_w: (hits,) log weights; minus infinity (weight 0) is left out.

    Returns:
        The shape; -1.0 where all weights are equal (bounded: no tail); None where fewer than
        `SMALLEST_TAIL` positive weights leave no tail to fit.

    Source:
        Vehtari et al., "Pareto smoothed importance sampling" (2024), through arviz-stats.
    """
    positive = log_w[np.isfinite(log_w)]
    if len(positive) and np.ptp(positive) < 1e-9:
        return -1.0
    if len(positive) < SMALLEST_TAIL:
        return None
    largest = np.sort(positive)[::-1]
    if largest[0] - largest[4] < 1e-9:
        return -1.0
    # Ties at the cut would leave the fit without a tail; a jitter far below any error parts them.
    jitter = 1e-10 * np.arange(len(positive))
    shape = array_stats.pareto_khat(
        np.sort(positive) + jitter,
        chain_axis=None,
        draw_axis=-1,
        r_eff=1.0,
        tail="right",
        log_weights=True,
    )
    return float(shape) if np.isfinite(shape) else None
