"""What decides whether a number is published is not what the number is made of.

Draws that happen to miss the heaviest texts have light, even weights: they look best where they are
most wrong. A number that is published because *its own* weights look good is therefore too low. So
a random third of the hits decides, and the number comes from the others.
"""

from dataclasses import dataclass

import numpy as np

from foretoken.arrays import AnyArray, FloatPerDraw, IntPerDraw
from foretoken.estimate.bounds import effective_count
from foretoken.estimate.foresee import foreseen_hits
from foretoken.estimate.tails import pareto_shape

SHARE = 1 / 3
"""Share of the hits that decides."""
ENOUGH_SEEN = 4.0
"""Effective texts among them from which on the others are published."""
ENOUGH_FORESEEN = 2.0
"""Effective hits among them that the bulk of their weights must foresee: a rougher number."""
LIGHT = 0.4
"""Pareto shape up to which nothing need be foreseen: the weights end where they are seen to, as
those do that have a long tail below and a sharp edge above."""
HEAVIEST = 1.1
"""Largest Pareto shape that is fitted to them: the fit of so few scatters by 0.2."""
SPLITS = 8
"""Random thirds: the first decides, the number is the mean over all that would decide alike."""


@dataclass(frozen=True)
class Gate:
    """Whether a number may be published, and what it is then made of."""

    opens: bool
    """What the first third says."""
    rest_sd: AnyArray
    """(splits, hits) bool: the hits beside each third that says yes; all hits where it is no."""
    factor_d: FloatPerDraw
    """(hits,) by what each hit's weight is multiplied in the number; 1 on average."""


def decide(
    log_w: FloatPerDraw,
    *,
    text: IntPerDraw,
    stands_for: FloatPerDraw,
    rng: np.random.Generator,
) -> Gate:
    """Let random thirds of the hits decide whether the rest may be published.

    Draws are independent, so what one third of the hits says tells nothing of the sum of the
    others: given that it says yes, one and a half times that sum has the expectation of the whole.
    Which third is asked is random, too. The mean over all thirds that would say yes is the
    expectation of the number over that choice, given the hits (Rao-Blackwell): the sum over the
    choices of "published, and this number" stays what it was, so the mean is without a bias among
    what is published, and scatters little more than the sum of all hits. Where each of them says
    yes, that expectation is the sum of all hits.

    Args:
        log_w: (hits,) log weights, without what a hit of a thinned bank stands for.
        text: (hits,) number of each hit's text: copies are one text where thirds decide.
        stands_for: (hits,) for how many hits each stands.
        rng: Source of the thirds.

    Returns:
        The gate; closed without hits.
    """
    hits = len(log_w)
    third_ds = rng.random((hits, SPLITS)) < SHARE
    says = [_says_yes(log_w[own], text[own], stands_for[own]) for own in third_ds.T]
    if not says[0]:
        all_sd = np.ones((1, hits), dtype=np.bool_)
        return Gate(opens=False, rest_sd=all_sd, factor_d=np.ones(hits))
    rest_sd = ~third_ds.T[np.array(says)]
    factor_d = np.ones(hits) if all(says) else rest_sd.mean(axis=0) / (1 - SHARE)
    return Gate(opens=True, rest_sd=rest_sd, factor_d=factor_d)


def _says_yes(log_w: FloatPerDraw, text: IntPerDraw, stands_for: FloatPerDraw) -> bool:
    if not np.isfinite(log_w).any():
        return False
    seen = effective_texts(log_w + np.log(stands_for), text)
    if seen < ENOUGH_SEEN:
        return False
    shape = pareto_shape(log_w, stands_for)
    if shape is not None and shape <= LIGHT:
        return True
    heavy = shape is not None and shape > HEAVIEST
    return not heavy and foreseen_hits(log_w, stands_for) >= ENOUGH_FORESEEN


def effective_texts(log_w: FloatPerDraw, text: IntPerDraw) -> float:
    """Return Kish's effective number of different texts: the weights of copies are summed first.

    Args:
        log_w: (hits,) log weights; minus infinity is no weight.
        text: (hits,) number of each hit's text.
    """
    if not np.isfinite(log_w).any():
        return 0.0
    _, which = np.unique(text, return_inverse=True)
    return effective_count(np.bincount(which, weights=np.exp(log_w - log_w.max())))
