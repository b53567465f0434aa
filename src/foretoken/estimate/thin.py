"""Leave most light hits of a bank out of what every checkpoint has to score, without a bias."""

import numpy as np

from foretoken.arrays import AnyArray, FloatPerDraw, FloatPerVoiceDraw, IntPerDraw
from foretoken.errors import ScoringError
from foretoken.estimate.checks import require_log_p, require_same_length

LEAST = 0.1
"""Least probability to keep a hit: no hit ever stands for more than ten."""
FEWEST_HITS = 50
"""Hits that are kept on average, where there are as many: a tail needs hits to be fitted to."""
HALVINGS = 60


def thin(
    log_w_ad: FloatPerVoiceDraw,
    text: IntPerDraw,
    *,
    most_added: float,
    rng: np.random.Generator,
) -> FloatPerDraw:
    """Return for how many hits each hit stands from now on, 0 where it is left out.

    A hit is kept with a probability of its own, ``pi``, and then stands for ``1 / pi`` hits. So,
    given the hits, a sum of their weights times what they stand for has the sum of the weights as
    its expectation, whatever the weights: those of a later subject, too.

    Args:
        log_w_ad: (voices, hits) log weights under subjects that may come: the one of the bank, and
            that with the donor at each strength.
        text: (hits,) number of each hit's text; texts drawn more than once are kept.
        most_added: Most variance that this adds to a rate under any voice, as a share of the
            variance that the number of hits causes (the sum of their squared weights).
        rng: Source of the choice.

    Raises:
        ScoringError: A weight is NaN or plus infinite, the lengths differ, or the share is not
            above 0.
    """
    require_same_length(log_w_ad=log_w_ad.T, text=text)
    require_log_p("log_w_ad", log_w_ad, impossible=True)
    if not most_added > 0:
        raise ScoringError(f"most_added must be above 0, not {most_added}: keep all hits instead")
    if not len(text):
        return np.zeros(0)
    single = np.bincount(text)[text] == 1
    keep = keep_probability(_relative_weights(log_w_ad), single, most_added=most_added)
    return np.where(rng.random(len(keep)) < keep, 1.0 / keep, 0.0)


def _relative_weights(log_w_ad: FloatPerVoiceDraw) -> FloatPerVoiceDraw:
    """Weights over the root of their summed squares; zeros where a voice says none of the hits."""
    top_a = log_w_ad.max(axis=1, keepdims=True)
    w_ad = np.exp(log_w_ad - np.where(np.isfinite(top_a), top_a, 0.0))
    norm_a = np.sqrt((w_ad**2).sum(axis=1, keepdims=True))
    return np.divide(w_ad, norm_a, out=np.zeros_like(w_ad), where=norm_a > 0)


def keep_probability(weight_ad: AnyArray, may_go: AnyArray, *, most_added: float) -> FloatPerDraw:
    """Return the least probabilities, in proportion to the largest weight, that add little.

    Args:
        weight_ad: (voices, hits) weights whose squares sum to 1.
        may_go: (hits,) bool: others are kept.
        most_added: Bound on ``sum weight^2 (1 / probability - 1)`` under each voice.

    Returns:
        (hits,) between `LEAST` and 1.
    """
    largest = weight_ad.max(axis=0)
    fewest = min(len(largest), FEWEST_HITS)

    def at(scale: float) -> FloatPerDraw:
        return np.where(may_go, np.clip(scale * largest, LEAST, 1.0), 1.0)

    def suffices(keep: FloatPerDraw) -> bool:
        added_a = (weight_ad**2 * (1.0 / keep - 1.0)).sum(axis=1)
        return bool((added_a <= most_added).all()) and float(keep.sum()) >= fewest

    low, high = 0.0, 1.0
    while not suffices(at(high)):
        if (at(high)[largest > 0] == 1.0).all():
            return np.ones(len(largest))
        low, high = high, 4 * high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if suffices(at(middle)) else (middle, high)
    return at(high)
