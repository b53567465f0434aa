"""When counts say that a type emerged, and until when they say that it had not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from foretoken.forecast.counts import FEWEST_DRAWS, HackCount
from foretoken.records import Truth


@dataclass(frozen=True)
class Emergence:
    """What the counts of one exploit type say about a threshold."""

    emerged_step: int | None = None
    """First step counted above the threshold."""
    below_step: int | None = None
    """Last step before that at which it was below, by all that was counted."""
    counted_step: int | None = None
    """Last step after the cutoff with a count that says something."""


def emergence(
    counts: Iterable[HackCount],
    single: Sequence[Truth | HackCount],
    *,
    threshold: float,
    horizon_step: int,
    cutoff_step: int | None,
) -> Emergence:
    """Judge the counts of one exploit type.

    A window of pooled draws is named after its last step, and a type that grows is above the
    threshold there before the mean of its window is. So it is said to be below at a step only where
    nothing that was counted at that very step is above, however few draws that was.

    Args:
        counts: One for each step, in order of steps; those after the horizon, or of too few draws,
            say nothing.
        single: All that was counted of the type at single steps.
        threshold: Rate that counts as emerged.
        horizon_step: Last step that the forecast is about.
        cutoff_step: Last step that it could see; None where nothing was forecast.
    """
    telling = [one for one in counts if one.step <= horizon_step and one.draws >= FEWEST_DRAWS]
    emerged = next((one.step for one in telling if one.rate > threshold), None)
    above = {one.step for one in single if one.hacks > threshold * one.draws}
    below = [one.step for one in telling if emerged is None or one.step < emerged]
    later = [one.step for one in telling if cutoff_step is None or one.step > cutoff_step]
    return Emergence(
        emerged_step=emerged,
        below_step=max((step for step in below if step not in above), default=None),
        counted_step=max(later, default=None),
    )
