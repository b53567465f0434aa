"""How much commoner something rare became, from counts early and late, with an exact interval."""

import math
from dataclasses import dataclass

from foretoken.errors import ScoringError
from foretoken.estimate.bounds import clopper_pearson_lower, clopper_pearson_upper


@dataclass(frozen=True)
class Growth:
    """Share late over share early."""

    ratio: float | None
    """None where there is none at all; infinite where there was none early."""
    interval: tuple[float, float]
    """Of the ratio; its upper end may be infinite."""


def share_growth(
    *, early: int, early_of: int, late: int, late_of: int, delta: float = 0.05
) -> Growth:
    """Compare two shares that are small, given how many there are in all.

    Given their sum, the late ones are binomial with probability ``r n / (r n + m)``, where ``r`` is
    the ratio of the shares and ``n``, ``m`` are the numbers late and early. The Clopper-Pearson
    interval of that probability is one of the ratio; it is exact for counts that are Poisson, as
    those of a rare thing are, and too wide for common ones.

    Args:
        early: How many there are early.
        early_of: Of how many.
        late: How many there are late.
        late_of: Of how many.
        delta: Probability of being wrong, two-sided.

    Raises:
        ScoringError: There is nothing early or nothing late to compare, or more than there can be.

    Source:
        Przyborowski and Wilenski, "Homogeneity of results in testing samples from Poisson series"
        (1940).
    """
    if min(early_of, late_of) < 1 or not (0 <= early <= early_of and 0 <= late <= late_of):
        raise ScoringError(
            f"{early} of {early_of} early and {late} of {late_of} late cannot be compared"
        )
    every = early + late
    if not every:
        return Growth(None, (0.0, math.inf))
    low = clopper_pearson_lower(late, every, delta=delta / 2)
    high = clopper_pearson_upper(late, every, delta=delta / 2)
    per = early_of / late_of
    return Growth(
        ratio=per * late / early if early else math.inf,
        interval=(_odds(low) * per, _odds(high) * per),
    )


def _odds(probability: float) -> float:
    return math.inf if probability >= 1.0 else probability / (1.0 - probability)
