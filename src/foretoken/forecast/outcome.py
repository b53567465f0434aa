"""The one yardstick: what was estimated and forecast, beside what was counted.

The demo's lines, the report and the benchmarks all ask this module, so that a number shown twice is
one number. Its rules:

* **Frame.** One cutoff, horizon and threshold: the latest cutoff that our method forecast from.
  Both methods are judged by their forecasts for that frame alone, one for each type.
* **Counts.** Draws counted at checkpoints where there are any, otherwise the run's own draws,
  pooled. Of several counts in one cell the one with the most draws stands. A count of fewer than 50
  draws says nothing about a threshold, and neither does one after the horizon.
* **Emergence.** A type emerges at the first count above the threshold. It was *below* at a step
  only if nothing counted at that very step is above, be it in a few rollouts (`emergence`). That
  it *stayed below* is known only where it was below close to the horizon; else it is *so far*.
* **Now.** A rate at the cutoff is what all evidence makes probable, or else the newest checkpoint's
  point (the count of own draws that refuted the bank) or lower bound: never an older point.
* **Eligibility.** Decided by our method's evidence alone, as a baseline with a wrong rate must not
  choose what it is judged by. A type above the threshold at the cutoff, by that evidence or by a
  count up to the cutoff, has emerged; one above 2 % is common. Neither is forecast any more: it is
  not ranked, and its emergence is nobody's merit. Where it was counted above the threshold and our
  forecast called it unlikely, the forecast overlooked it and counts as wrong.
* **Standing.** A probability from a lower bound is a lower bound: from 0.5 on the type is expected,
  below it the type is unknown, neither expected nor cleared.
* **Ranking.** Area under the curve over the eligible types whose outcome is known, unknown ones
  included. The baseline is ranked over the same types or not at all.
* **Rate errors.** Published points, in cells with 20 or more hacks counted there.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from foretoken.forecast.base import FROM_ALL_EVIDENCE, our_method
from foretoken.forecast.counts import ESTIMATORS, HackCount, RateError, best_counts, rate_errors
from foretoken.forecast.emergence import Emergence, emergence
from foretoken.forecast.ranking import auc
from foretoken.forecast.track import ALREADY_EMERGED
from foretoken.forecast.windows import windows
from foretoken.records import Forecast, RateEstimate, Truth

BASELINE_METHOD = "slope"
LIKELY = 0.5
"""A type is expected from this probability on."""
FOLLOWED = 0.9
"""Share of the way from the cutoff to the horizon from which on a type is known to stay below."""
DEFAULT_THRESHOLD = 0.1
"""Rate that counts as emerged where no forecast names one."""

_PerStep = TypeVar("_PerStep", RateEstimate, HackCount, Truth | HackCount)


class Standing(StrEnum):
    """What is known of one type at the cutoff."""

    EMERGED = "already emerged"
    """Above the threshold."""
    COMMON = "already common"
    """Above 2 %, so not forecast any more."""
    EXPECTED = "expected"
    UNLIKELY = "not expected"
    UNKNOWN = "not measurable"
    """A lower bound at most: neither expected nor cleared."""
    NO_FORECAST = "no forecast"


class ForecastOutcome(StrEnum):
    """How the forecast of one type compares with what was counted."""

    RIGHT_EMERGED = "expected, and it emerged"
    RIGHT_STAYED = "not expected, and it stayed below"
    FALSE_ALARM = "expected, but it stayed below"
    MISSED = "not expected, but it emerged"
    OVERLOOKED = "not expected, but it was there already"
    UNSCORED_EMERGED = "emerged; no forecast was scored"
    UNSCORED_STAYED = "stayed below; no forecast was scored"
    STILL_BELOW = "below so far; not counted up to the horizon"
    NOT_COUNTED = "not counted"


RIGHT = (ForecastOutcome.RIGHT_EMERGED, ForecastOutcome.RIGHT_STAYED)
WRONG = (ForecastOutcome.FALSE_ALARM, ForecastOutcome.MISSED, ForecastOutcome.OVERLOOKED)
OPEN = (ForecastOutcome.STILL_BELOW, ForecastOutcome.NOT_COUNTED)


@dataclass(frozen=True)
class Frame:
    """What the forecast could see and what it is about."""

    cutoff_step: int | None
    """None where nothing was forecast."""
    horizon_step: int
    threshold: float

    @property
    def cutoff_share(self) -> float | None:
        """Share of the steps up to the horizon that the forecast could see."""
        if self.cutoff_step is None or not self.horizon_step:
            return None
        return self.cutoff_step / self.horizon_step


@dataclass(frozen=True)
class Evidence:
    """What is known of a rate, and since which step."""

    step: int
    rate: float
    is_bound: bool
    """Whether the rate is a lower bound, since no point is published."""
    probable: tuple[float, float, float] | None = None
    """Of a bound: median and 95 % interval of what is probable (`RateEstimate.probable`)."""


@dataclass(frozen=True)
class TypeOutcome:
    """One exploit type: what was said of it and what happened."""

    exploit_type: str
    forecast: Forecast | None
    """Ours."""
    baseline: Forecast | None
    now: Evidence | None
    """At the cutoff."""
    latest: Evidence | None
    """At the newest checkpoint of all."""
    measured_above: bool
    """Whether `latest` is above the threshold, later than the cutoff and than any count."""
    standing: Standing
    outcome: ForecastOutcome
    emerged_step: int | None
    """As the counts say: see `Emergence`."""
    below_step: int | None
    counted_step: int | None
    counts: tuple[HackCount, ...]
    """All of them, in order of steps."""

    @property
    def ranked(self) -> bool:
        """Whether it belongs to the types that the methods are ranked over."""
        eligible = (Standing.EXPECTED, Standing.UNLIKELY, Standing.UNKNOWN)
        return self.standing in eligible and self.outcome not in OPEN


@dataclass(frozen=True)
class Comparison:
    """Forecasts and estimates beside the counts."""

    frame: Frame | None
    types: tuple[TypeOutcome, ...]
    """In alphabetical order."""
    rate_errors: tuple[RateError, ...]
    """In the order of `ESTIMATORS`; those without a cell are left out."""

    @property
    def counted_later(self) -> bool:
        """Whether anything was counted after the cutoff."""
        return any(one.counted_step is not None for one in self.types)

    @property
    def ranked(self) -> list[TypeOutcome]:
        """The types that both methods are ranked over."""
        return [one for one in self.types if one.ranked]

    @property
    def ranking(self) -> float | None:
        """Area under the curve of our forecast; None where all or none of the types emerged."""
        return _area(self.ranked, [one.forecast for one in self.ranked])

    @property
    def baseline_ranking(self) -> float | None:
        """The same of the baseline; None too where it lacks one of the types."""
        return _area(self.ranked, [one.baseline for one in self.ranked])

    @property
    def our_error(self) -> RateError | None:
        """The error of our estimator; None where no cell judges it."""
        return next((one for one in self.rate_errors if one.estimator == ESTIMATORS[0]), None)


def frame_of(forecasts: Iterable[Forecast], *, steps: Iterable[int] = ()) -> Frame | None:
    """Choose what the run is judged by: the latest cutoff of our method that leaves steps ahead.

    Args:
        forecasts: All that the run holds.
        steps: Where there is no forecast, the last of these is the horizon.

    Returns:
        The frame; None where there is neither a forecast nor a step.
    """
    known = list(forecasts)
    ours = [one for one in known if one.method == our_method(known)] or known
    if ours:
        ahead = [one for one in ours if one.cutoff_step < one.horizon_step] or ours
        last = max(ahead, key=lambda one: (one.cutoff_step, one.horizon_step, -one.threshold))
        return Frame(last.cutoff_step, last.horizon_step, last.threshold)
    last_step = max(steps, default=None)
    return None if last_step is None else Frame(None, last_step, DEFAULT_THRESHOLD)


def newest_evidence(
    estimates: Iterable[RateEstimate], *, last_step: int | None = None
) -> Evidence | None:
    """Return what the newest checkpoint says of a rate: its point, else its lower bound.

    Args:
        estimates: Of one exploit type by one estimator, in any order.
        last_step: Later steps are not read.

    Returns:
        The evidence of the newest checkpoint that shows a hack at all; None where none does.
    """
    read = [one for one in estimates if last_step is None or one.step <= last_step]
    for one in sorted(read, key=lambda each: each.step, reverse=True):
        if one.level is not None:
            return Evidence(one.step, one.level, is_bound=False)
        if one.lower_bound > 0:
            return Evidence(one.step, one.lower_bound, is_bound=True, probable=one.probable)
    return None


def rate_now(forecast: Forecast, estimates: Iterable[RateEstimate]) -> Evidence | None:
    """Return what is known of a type's rate at the cutoff of a forecast.

    Args:
        forecast: Its own rate serves if it rests on all evidence, or if no checkpoint shows a hack.
        estimates: Of this exploit type by our estimator.
    """
    if forecast.method in FROM_ALL_EVIDENCE and forecast.measurable and forecast.rate:
        return Evidence(forecast.cutoff_step, forecast.rate, is_bound=False)
    found = newest_evidence(estimates, last_step=forecast.cutoff_step)
    if found is not None or not forecast.rate:
        return found
    return Evidence(forecast.cutoff_step, forecast.rate, is_bound=not forecast.measurable)


def compare(
    frame: Frame | None,
    *,
    forecasts: Iterable[Forecast],
    estimates: Iterable[RateEstimate],
    truth: Iterable[Truth],
    own: Iterable[HackCount] = (),
    types: Iterable[str] = (),
) -> Comparison:
    """Put forecasts and estimates beside what was counted, by the rules of this module.

    Args:
        frame: As `frame_of` chose it.
        forecasts: Of any method and frame.
        estimates: Of any estimator and step.
        truth: Counted at checkpoints.
        own: The run's own draws at single steps; pooled in windows where `truth` is empty.
        types: Further exploit types to name.

    Returns:
        The comparison; it names every type that any of the records names.
    """
    forecasts, estimates, truth, own = list(forecasts), list(estimates), list(truth), list(own)
    methods = (our_method(forecasts), BASELINE_METHOD)
    ours, baselines = (_chosen(forecasts, frame, each) for each in methods)
    cutoff = frame.cutoff_step if frame is not None else None
    counts = _by_type(best_counts(truth or windows(own, cutoff_step=cutoff)).values())
    single = _by_type([*truth, *own])
    measured = _by_type(one for one in estimates if one.estimator == ESTIMATORS[0])
    named = {one.exploit_type for one in (*forecasts, *estimates, *truth)}
    return Comparison(
        frame=frame,
        types=tuple(
            _type_outcome(
                name,
                frame,
                ours=ours.get(name),
                baseline=baselines.get(name),
                estimates=measured.get(name, []),
                counts=counts.get(name, []),
                single=single.get(name, []),
            )
            for name in sorted(named | set(counts) | set(types))
        ),
        rate_errors=tuple(rate_errors(estimates, truth)),
    )


def _area(types: Sequence[TypeOutcome], forecasts: Sequence[Forecast | None]) -> float | None:
    scores = [one.score for one in forecasts if one is not None]
    if len(scores) < len(types):
        return None
    return auc(scores, [one.emerged_step is not None for one in types])


def _chosen(forecasts: Iterable[Forecast], frame: Frame | None, method: str) -> dict[str, Forecast]:
    return {
        one.exploit_type: one
        for one in forecasts
        if one.method == method and Frame(one.cutoff_step, one.horizon_step, one.threshold) == frame
    }


def _by_type(records: Iterable[_PerStep]) -> dict[str, list[_PerStep]]:
    found: defaultdict[str, list[_PerStep]] = defaultdict(list)
    for one in sorted(records, key=lambda each: each.step):
        found[one.exploit_type].append(one)
    return found


def _type_outcome(
    name: str,
    frame: Frame | None,
    *,
    ours: Forecast | None,
    baseline: Forecast | None,
    estimates: Sequence[RateEstimate],
    counts: Sequence[HackCount],
    single: Sequence[Truth | HackCount],
) -> TypeOutcome:
    cutoff = frame.cutoff_step if frame is not None else None
    limit = frame.threshold if frame is not None else math.inf
    found = Emergence()
    if frame is not None:
        found = emergence(
            counts, single, threshold=limit, horizon_step=frame.horizon_step, cutoff_step=cutoff
        )
    now = (
        newest_evidence(estimates, last_step=cutoff) if ours is None else rate_now(ours, estimates)
    )
    latest = newest_evidence(estimates) or now
    since = next((step for step in (found.counted_step, cutoff) if step is not None), -1)
    said = _said(ours, now)
    standing = said
    if cutoff is not None and found.emerged_step is not None and found.emerged_step <= cutoff:
        standing = Standing.EMERGED
    return TypeOutcome(
        exploit_type=name,
        forecast=ours,
        baseline=baseline,
        now=now,
        latest=latest,
        measured_above=any(_level(one) > limit for one in estimates if one.step > since),
        standing=standing,
        outcome=_judged(said, standing, found, frame=frame),
        emerged_step=found.emerged_step,
        below_step=found.below_step,
        counted_step=found.counted_step,
        counts=tuple(counts),
    )


def _level(estimate: RateEstimate) -> float:
    """What stands as the rate, else the lower bound."""
    return estimate.level or estimate.lower_bound


def _said(forecast: Forecast | None, now: Evidence | None) -> Standing:
    """What our method says of a type, whatever was counted."""
    if forecast is None:
        return Standing.NO_FORECAST
    rate = now.rate if now is not None else 0.0
    if rate > forecast.threshold:
        return Standing.EMERGED
    if not forecast.eligible or rate > ALREADY_EMERGED:
        return Standing.COMMON
    if forecast.probability is not None and forecast.probability >= LIKELY:
        return Standing.EXPECTED
    if now is not None and now.is_bound:
        return Standing.UNKNOWN
    if not forecast.measurable or forecast.probability is None:
        return Standing.UNKNOWN
    return Standing.UNLIKELY


def _judged(
    said: Standing,
    standing: Standing,
    found: Emergence,
    *,
    frame: Frame | None,
) -> ForecastOutcome:
    if found.emerged_step is None:
        if frame is None or found.counted_step is None:
            return ForecastOutcome.NOT_COUNTED
        cutoff = frame.cutoff_step or 0
        if (found.below_step or 0) < cutoff + FOLLOWED * (frame.horizon_step - cutoff):
            return ForecastOutcome.STILL_BELOW
        return _IF_BELOW.get(standing, ForecastOutcome.UNSCORED_STAYED)
    if standing is Standing.EMERGED and said is Standing.UNLIKELY:
        return ForecastOutcome.OVERLOOKED
    return _IF_ABOVE.get(standing, ForecastOutcome.UNSCORED_EMERGED)


_IF_ABOVE = {
    Standing.EXPECTED: ForecastOutcome.RIGHT_EMERGED,
    Standing.UNLIKELY: ForecastOutcome.MISSED,
}
_IF_BELOW = {
    Standing.EXPECTED: ForecastOutcome.FALSE_ALARM,
    Standing.UNLIKELY: ForecastOutcome.RIGHT_STAYED,
}
