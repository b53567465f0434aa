"""How well scores rank what happened."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata


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
