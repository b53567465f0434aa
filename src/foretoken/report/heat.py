"""The table behind the second figure: every checkpoint, estimate over count, coloured by rate."""

import math
from dataclasses import dataclass

from foretoken.forecast.counts import HackCount
from foretoken.records import RateEstimate
from foretoken.report import numbers
from foretoken.report.multiples import counted_bounds, said
from foretoken.report.scales import lowest_decade
from foretoken.report.story import Story, TypeStory


@dataclass(frozen=True)
class Half:
    """One number of a cell."""

    text: str
    heat: float
    """0 at the smallest rate of the table, 1 at a rate of 1; 0 where nothing is known."""
    title: str
    sure: bool
    """False for a bound, or where nothing is known."""


@dataclass(frozen=True)
class HeatRow:
    """One exploit type."""

    exploit_type: str
    label: str
    cells: list[tuple[Half | None, Half | None]]
    """Per step: the estimate and the count."""


@dataclass(frozen=True)
class Heat:
    """The table."""

    steps: list[int]
    seen: int
    """How many of the steps the forecast could see."""
    rows: list[HeatRow]
    estimator: str
    """Which estimator is shown; empty where there are no estimates."""
    counted: bool


def heat(story: Story) -> Heat | None:
    """Lay out the table; None where nothing was measured or counted."""
    steps = _steps(story)
    if not steps or not story.types:
        return None
    known = [
        value
        for one in story.types
        for value in [
            *(each.level or 0.0 for each in one.lead_estimates),
            *(each.rate for each in one.counts),
        ]
    ]
    low = lowest_decade(known)
    cutoff = story.frame.cutoff_step if story.frame else None
    estimator = next((one.lead_estimates[0].estimator for one in story.types if one.estimates), "")
    return Heat(
        steps=steps,
        seen=0 if cutoff is None else sum(step <= cutoff for step in steps),
        rows=[_row(one, steps, low) for one in story.types],
        estimator=estimator,
        counted=any(one.counts for one in story.types),
    )


def _steps(story: Story) -> list[int]:
    estimated = {each.step for one in story.types for each in one.lead_estimates}
    counted = {each.step for one in story.types for each in one.counts}
    return sorted(estimated | counted)


def _row(one: TypeStory, steps: list[int], low: int) -> HeatRow:
    estimates = {each.step: each for each in one.lead_estimates}
    truth = {each.step: each for each in one.counts}
    cells = [(_estimated(estimates.get(s), low), _counted(truth.get(s), low)) for s in steps]
    return HeatRow(one.exploit_type, numbers.words(one.exploit_type), cells)


def _estimated(one: RateEstimate | None, low: int) -> Half | None:
    if one is None:
        return None
    if one.level is not None:
        return Half(numbers.short_rate(one.level), warmth(one.level, low), said(one), sure=True)
    if one.lower_bound > 0:
        text = f"≥{numbers.short_rate(one.lower_bound)}"
        return Half(text, warmth(one.lower_bound, low), said(one), sure=False)
    return Half("?", 0.0, said(one), sure=False)


def _counted(one: HackCount | None, low: int) -> Half | None:
    if one is None:
        return None
    title = f"step {one.step}: {numbers.count(one.hacks)} of {numbers.count(one.draws)} counted"
    if not one.hacks:
        high = counted_bounds(one)[1]
        return Half("0", 0.0, f"{title}, at most {numbers.rate(high)}", sure=False)
    return Half(numbers.short_rate(one.rate), warmth(one.rate, low), title, sure=True)


def warmth(rate: float, low: int) -> float:
    """Place a rate between `10**low` (0) and 1 (1) on a log axis."""
    return min(1.0, max(0.0, 1 - math.log10(rate) / low)) if rate > 0 else 0.0
