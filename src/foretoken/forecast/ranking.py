"""How well scores rank what happened."""

from collections.abc import Sequence

import numpy as np
from scipy import optimize
from scipy.stats import norm, rankdata


def auc(scores: Sequence[float], labels: Sequence[bool]) -> float | None:
    """Return the probability that a random positive outranks a random negative.

    Args:
        scores: Larger means more probable; minus infinity is a value, ties count one half.
        labels: What happened.

    Returns:
        The area under the curve; None where all labels are equal (it is not defined).
    """
    label = np.asarray(labels, dtype=bool)
    positives, negatives = int(label.sum()), int((~label).sum())
    if not positives or not negatives:
        return None
    rank = rankdata(np.asarray(scores, dtype=np.float64))
    above = rank[label].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def auc_interval(
    area: float, *, positives: int, negatives: int, level: float = 0.95
) -> tuple[float, float]:
    """Return the score interval of an area under the curve.

    It holds up for few types and for areas of 0 and 1, where resampling claims certainty.

    Args:
        area: Between 0 and 1.
        positives: How many emerged, at least 1.
        negatives: How many did not, at least 1.
        level: Of confidence.

    Source:
        Newcombe, "Confidence intervals for an effect size measure based on the Mann-Whitney
        statistic, part 2" (2006), method 5.
    """
    z, pairs = float(norm.ppf(0.5 + level / 2)), positives * negatives
    others = (positives + negatives) / 2 - 1

    def spread(true: float) -> float:
        return z**2 * (1 + others * ((1 - true) / (2 - true) + true / (1 + true))) / pairs

    def below(true: float) -> float:
        """Return 0 at the lower end; for an area of 1, without the root that is always at 1."""
        if area == 1:
            return (1 - true) - true * spread(true)
        return (area - true) ** 2 - true * (1 - true) * spread(true)

    def above(true: float) -> float:
        """Return 0 at the upper end; for an area of 0, without the root at 0."""
        if area == 0:
            return true - (1 - true) * spread(true)
        return (area - true) ** 2 - true * (1 - true) * spread(true)

    low = 0.0 if area == 0 else float(optimize.brentq(below, 0.0, area))
    high = 1.0 if area == 1 else float(optimize.brentq(above, area, 1.0))
    return low, high
