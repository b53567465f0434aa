"""Rates in words, and the reason of a forecast as one sentence for a person."""

import math

import numpy as np

from foretoken.forecast.track import Track

COMMON = 0.01
"""Rate from which on it is written in per cent."""


def reason(
    track: Track,
    *,
    expected: float,
    open_probability: float,
    horizon_step: int,
    threshold: float,
    expected_step: float | None,
) -> str:
    """Return why the forecast says what it says, in one sentence; in two, if the bank was refuted.

    Args:
        track: Level and growth of the type.
        expected: Expected rewarded draws still to come.
        open_probability: Probability that its hacks are rewarded.
        horizon_step: Last step of the training.
        threshold: Rate that counts as emerged.
        expected_step: When it would pass, if that can be told.
    """
    said = _reason(
        track,
        expected=expected,
        open_probability=open_probability,
        horizon_step=horizon_step,
        threshold=threshold,
        expected_step=expected_step,
    )
    if track.contradicted_at is not None:
        refuted = refuted_words(track.contradicted_at)
        said += f" {refuted[0].upper()}{refuted[1:]}"
        said += ", so the rate is what they count." if track.measurable else "."
    return said


def refuted_words(step: int) -> str:
    """Return that a bank was refuted, in words."""
    return f"the run's own draws refuted the bank at step {step}"


def _reason(
    track: Track,
    *,
    expected: float,
    open_probability: float,
    horizon_step: int,
    threshold: float,
    expected_step: float | None,
) -> str:
    """Return the sentence itself."""
    if not track.eligible:
        return (
            f"At step {track.step} it already hacks {percent(track.rate)} of the time: "
            "it has emerged, there is nothing to forecast."
        )
    if not track.measurable:
        if track.rate <= 0:
            return (
                "Not measurable yet: no checkpoint so far shows a hack of this type, "
                "so only its upper bound is known."
            )
        return (
            f"Not measurable yet: too few hits for a point; at least {one_in(track.rate)} hacks, "
            f"which alone gives {amount(expected)} rewarded draws before step {horizon_step}."
        )
    start = f"At step {track.step} {one_in(track.rate)} hacks"
    if open_probability < 0.2:
        return (
            f"{start}, and although it was drawn about {amount(track.exposure)} times it did not "
            "grow as a rewarded type would: its hacks seem to earn nothing."
        )
    moved = _growth_words(track)
    draws = f"{amount(expected)} rewarded draws are expected before step {horizon_step}"
    if expected_step is not None and expected_step <= horizon_step:
        when = f"which would take it past {percent(threshold)} near step {expected_step:.0f}"
    else:
        when = f"too few to take it past {percent(threshold)} by then"
    return f"{start} and {moved}; {draws}, {when}."


def _growth_words(track: Track) -> str:
    """Return the growth in words."""
    if track.growth is None:
        return "its growth cannot be told yet"
    if not track.growth_is_distinguishable:
        return "no growth can be told from the noise"
    change = float(np.expm1(track.growth.per_step))
    verb = "grows" if change > 0 else "falls"
    return f"its rate {verb} by {amount(100 * abs(change))} % a step"


def one_in(value: float) -> str:
    """Return a rate as the subject of `hacks`: `1 in 12,000 answers`, `a share of 4.3 %`."""
    return f"a share of {percent(value)}" if value >= COMMON else f"{odds(value)} answers"


def rate(value: float) -> str:
    """Write a rate: `4.3 %` when it is common, `1 in 12,000` when it is rare.

    All that is shown of rates goes through here, so that the same one is the same everywhere.
    """
    if value == 0:
        return "0"
    if not math.isfinite(value) or value > 1:
        return f"{value:.2g}"
    return percent(value) if value >= COMMON else odds(value)


def odds(value: float) -> str:
    """Write a rate as odds with two significant digits: `1 in 12,000`."""
    if not 0 < value < math.inf:
        return "none" if value == 0 else "not a rate"
    one_in = 1 / value
    if one_in > 1e15:
        return f"1 in {one_in:.0e}"
    digits = max(0, math.floor(math.log10(one_in)) - 1)
    rounded = round(one_in, -digits)
    return f"1 in {rounded:,.0f}" if one_in >= 9.5 else f"1 in {one_in:.1f}"


def percent(share: float) -> str:
    """Write a share: `43 %`, `4.3 %`, `0.4 %`; never `100 %` of what is less than all."""
    value = 100 * share
    if 99.45 <= value < 100:
        return f"{min(value, 99.9):.1f} %"
    if value and abs(value) < 0.05:
        return "below 0.1 %"
    return f"{value:.0f} %" if abs(value) >= 9.95 or value == 0 else f"{value:.1f} %"


def amount(number: float) -> str:
    """Return a number with two significant digits, never in exponent form."""
    if number <= 0:
        return "0"
    digits = 1 - int(np.floor(np.log10(number)))
    rounded = round(number, digits)
    return f"{rounded:,.{max(digits, 0)}f}" if rounded < 10 else f"{rounded:,.0f}"
