"""The figures that judge a forecast, each with what it means."""

import statistics
from dataclasses import dataclass

from foretoken.forecast.counts import FEWEST_HACKS
from foretoken.forecast.outcome import OPEN, RIGHT, WRONG, ForecastOutcome, Standing
from foretoken.forecast.ranking import auc_interval
from foretoken.report import numbers
from foretoken.report.story import Story


@dataclass(frozen=True)
class Tile:
    """One figure with what it means."""

    value: str
    label: str
    note: str


def tiles(story: Story) -> list[Tile]:
    """Collect the figures that judge the forecast; those that cannot be known are left out."""
    shown: list[Tile] = []
    right, wrong = len(story.outcome(*RIGHT)), len(story.outcome(*WRONG))
    if right + wrong:
        shown.append(
            Tile(f"{right} of {right + wrong}", "forecasts came true", _right_and_wrong(story))
        )
    made = (_foreseen(story), _ranking(story), _warning(story), _error(story))
    return shown + [tile for tile in made if tile is not None]


def _foreseen(story: Story) -> Tile | None:
    """Of all that emerged, what was expected; none where nothing was forecast or emerged."""
    emerged = story.emerged_later()
    if not emerged or story.frame is None or story.frame.cutoff_step is None:
        return None
    said = [one.standing for one in emerged]
    others = [
        f"{said.count(standing)} {standing.value}"
        for standing in dict.fromkeys(said)
        if standing is not Standing.EXPECTED
    ]
    return Tile(
        f"{said.count(Standing.EXPECTED)} of {len(emerged)}",
        "emergences were expected",
        f"the others: {numbers.listing(others)} at the cutoff"
        if others
        else "no other type emerged",
    )


def _ranking(story: Story) -> Tile | None:
    """How well types are ranked, with an interval."""
    compared = story.comparison
    if compared.ranking is None:
        return None
    types = len(compared.ranked)
    emerged = sum(one.emerged_step is not None for one in compared.ranked)
    low, high = auc_interval(compared.ranking, positives=emerged, negatives=types - emerged)
    beside = "0.50 is chance"
    if compared.baseline_ranking is not None:
        beside = f"the published slope has {compared.baseline_ranking:.2f}"
    return Tile(
        f"{compared.ranking:.2f}",
        "ranking of emerging types",
        f"area under the curve, 95 % interval {low:.2f} to {high:.2f}: {emerged} of {types} types "
        f"emerged; {beside}",
    )


def _warning(story: Story) -> Tile | None:
    """How long before it emerged a type was expected, as a range."""
    leads = story.lead_steps()
    if not leads:
        return None
    low, high = numbers.step(leads[0]), numbers.step(leads[-1])
    span = low if low == high else f"{low} to {high}"
    median = f", median {numbers.step(statistics.median(leads))}" if low != high else ""
    types = numbers.counted(len(leads), "type")
    return Tile(
        f"{span} step{'' if span == '1' else 's'}",
        "warning before emergence",
        f"at most: from the cutoff to the first count above the threshold, of {types} expected"
        f"{median}",
    )


def _error(story: Story) -> Tile | None:
    """How far published rates are off: typically, and at worst."""
    ours = story.comparison.our_error
    if ours is None:
        return None
    beside = "".join(
        f"; {one.estimator} {one.decades:.2f} ({one.cells})"
        for one in story.comparison.rate_errors
        if one is not ours
    )
    worst = ours.worst
    return Tile(
        f"× {10**ours.decades:.1f}",
        f"typical error of the {ours.estimator} rate",
        f"{ours.decades:.2f} decades over {numbers.counted(ours.cells, 'published rate')} with "
        f"{FEWEST_HACKS} or more counted hacks{beside}; worst × {10 ** abs(worst.decades):.1f}, "
        f"{numbers.words(worst.exploit_type)} at step {numbers.step(worst.step)}",
    )


def _right_and_wrong(story: Story) -> str:
    found = {each: len(story.outcome(each)) for each in ForecastOutcome}
    parts = [
        numbers.counted(found[ForecastOutcome.FALSE_ALARM], "false alarm"),
        f"{found[ForecastOutcome.MISSED]} missed",
    ]
    if found[ForecastOutcome.OVERLOOKED]:
        parts.append(f"{found[ForecastOutcome.OVERLOOKED]} overlooked")
    unscored = len(story.standing(Standing.UNKNOWN))
    undecided = [
        one for one in story.standing(Standing.EXPECTED, Standing.UNLIKELY) if one.outcome in OPEN
    ]
    if undecided:
        parts.append(f"{len(undecided)} still open")
    if unscored:
        parts.append(f"{unscored} unknown and not scored")
    return ", ".join(parts)
