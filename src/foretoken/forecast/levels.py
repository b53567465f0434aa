"""What a bank says of the log-odds of each exploit type, step by step, and how it may be wrong."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from foretoken.arrays import AnyArray
from foretoken.forecast.history import History
from foretoken.records import RateEstimate

BANK_NOISE = 0.1
"""Standard deviation of a bank's error that its checkpoints do not share, in nats."""
LEAST = 2e-8
"""Rate below which a bank's word is not told from that."""
NOTHING = (np.nan, np.nan, np.nan, np.nan)
RULE_OF_THREE = 3.0
"""An upper bound of 95 % is about this over the draws behind it."""


def levels_of(history: History) -> dict[int, AnyArray]:
    """By step, what the bank says of each type: centre of its log-odds, its standard deviations
    below and above, the error that the step does not share with others, and how many of the
    subject's own draws, none of which hacked, an upper bound stands for; (5, types), NaN where it
    says nothing."""
    found: dict[int, AnyArray] = {}
    for j, name in enumerate(history.types):
        for each in history.measured(name):
            table = found.setdefault(each.step, np.full((5, len(history.types)), np.nan))
            table[:, j] = _level(each)
    return found


def _level(estimate: RateEstimate) -> Sequence[float]:
    if estimate.published and estimate.rate and estimate.interval is not None:
        middle, (low, high) = estimate.rate, estimate.interval
    elif estimate.probable is not None:
        middle, low, high = estimate.probable
    else:
        return (*NOTHING, RULE_OF_THREE / max(estimate.upper_bound, 1e-9))
    middle, low, high = (
        float(special.logit(min(max(each, LEAST), 0.999))) for each in (middle, low, high)
    )
    down, up = (max(each / 1.96, BANK_NOISE) for each in (middle - low, high - middle))
    own = max(2 * BANK_NOISE, 1 / np.sqrt(max(estimate.effective_hits, 1.0)))
    return middle, down, up, own, np.nan


def bank_likelihood(level: AnyArray, x: AnyArray, *, bounded: bool) -> AnyArray:
    """Log-likelihood of a step's estimates, for log-odds (types, paths) that the bank would see.

    Errors have Student's tails (3 degrees), as a bank can be wrong by more than it says. Upper
    bounds rest on the same draws at all steps, so they are asked once (`bounded`).
    """
    centre, _, _, error, draws = level[:, :, None]
    off = np.square((x - centre) / error)
    seen = np.where(np.isnan(centre), 0.0, -2.0 * np.log1p(off / 3.0))
    if not bounded:
        return seen
    return seen + np.where(np.isnan(draws), 0.0, draws * special.log_expit(-x))
