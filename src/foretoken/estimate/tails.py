"""How heavy the tail of a set of importance weights is."""

from typing import Any

import numpy as np
from arviz_stats.base.array import array_stats

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
    # The weights go in as they are: the library's `log_weights=True` fits the logs' tail instead.
    jitter = 1e-10 * np.arange(len(positive))
    shape: Any = array_stats.pareto_khat(
        np.exp(np.sort(positive) + jitter - largest[0])[None, :],
        r_eff=1.0,
        tail="right",
    )
    return float(shape) if np.isfinite(shape) else None
