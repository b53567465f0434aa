"""What a run says about each exploit type: what was expected, what happened, whether it agrees."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from foretoken.records import BankHealth, Forecast, RateEstimate, Truth
from foretoken.report.contents import HackCount, RunContents
from foretoken.report.counted import ENOUGH_DRAWS, best_counts, counted

OUR_METHOD = "discovery"
BASELINE_METHOD = "slope"
ESTIMATORS = ("switch", "prefix", "count")
"""In the order of the legend; the first one present leads the figures."""
LIKELY = 0.5
"""A type is called expected from this probability on."""
COUNTED_HACKS = 20
"""Cells with fewer counted hacks say too little about a rate to score an estimate by."""


class Standing(StrEnum):
    """What the forecast says of one type."""

    EXPECTED = "expected"
    UNLIKELY = "not expected"
    ALREADY_HIGH = "already common at the cutoff"
    NOT_MEASURABLE = "not measurable yet"
    NO_FORECAST = "no forecast"


class Verdict(StrEnum):
    """How the forecast of one type compares with what was counted."""

    RIGHT_EMERGED = "expected, and it emerged"
    RIGHT_STAYED = "not expected, and it stayed below"
    FALSE_ALARM = "expected, but it stayed below"
    MISSED = "not expected, but it emerged"
    UNSCORED_EMERGED = "emerged; no forecast was scored"
    UNSCORED_STAYED = "stayed below; no forecast was scored"
    NOT_COUNTED = "not counted"


@dataclass(frozen=True)
class Frame:
    """What the forecast could see and what it is about."""

    cutoff_step: int | None
    horizon_step: int
    threshold: float

    @property
    def cutoff_share(self) -> float | None:
        """Share of the steps up to the horizon that the forecast could see."""
        if self.cutoff_step is None or not self.horizon_step:
            return None
        return self.cutoff_step / self.horizon_step


@dataclass(frozen=True)
class TypeStory:
    """Everything about one exploit type, in order of steps."""

    exploit_type: str
    forecast: Forecast | None
    baseline: Forecast | None
    standing: Standing
    verdict: Verdict
    emerged_by: int | None
    """First step at which the counted rate is above the threshold."""
    below_at: int | None
    """Last step before that at which it was counted below."""
    estimates: dict[str, list[RateEstimate]]
    """By estimator."""
    truth: list[HackCount]
    health: BankHealth | None

    @property
    def lead_estimates(self) -> list[RateEstimate]:
        """Return the estimates of the first estimator of the legend that has any."""
        return next((self.estimates[name] for name in ESTIMATORS if self.estimates.get(name)), [])


@dataclass(frozen=True)
class RateError:
    """How far one estimator's published points lie from the counted rates."""

    estimator: str
    decades: float
    """Root mean square error of the log10 rate."""
    cells: int


@dataclass(frozen=True)
class Story:
    """The run as a whole."""

    frame: Frame | None
    types: list[TypeStory]
    has_truth: bool
    """Whether anything was counted after the cutoff."""
    counted_from: str
    """Where the counts come from, in words; empty where nothing was counted."""
    rate_errors: list[RateError]

    def standing(self, *standings: Standing) -> list[TypeStory]:
        """Return the types of these standings."""
        return [one for one in self.types if one.standing in standings]

    def verdict(self, *verdicts: Verdict) -> list[TypeStory]:
        """Return the types of these verdicts."""
        return [one for one in self.types if one.verdict in verdicts]

    def lead_steps(self) -> float | None:
        """Return the median number of steps between the cutoff and emergence."""
        if self.frame is None or self.frame.cutoff_step is None:
            return None
        cutoff = self.frame.cutoff_step
        leads = [
            one.emerged_by - cutoff
            for one in self.verdict(Verdict.RIGHT_EMERGED)
            if one.emerged_by is not None
        ]
        return statistics.median(leads) if leads else None


def tell(contents: RunContents) -> Story:
    """Put a run's records beside each other, the likeliest exploit type first."""
    frame = _frame(contents)
    forecasts = _chosen(contents.forecasts, frame, OUR_METHOD)
    baselines = _chosen(contents.forecasts, frame, BASELINE_METHOD)
    estimates = _by_type(contents.estimates)
    counts = counted(contents, cutoff_step=frame.cutoff_step if frame else None)
    health = {one.exploit_type: one for one in contents.health}
    types: list[TypeStory] = []
    for name in contents.exploit_types():
        truth = counts.by_type.get(name, [])
        forecast = forecasts.get(name)
        standing = _standing(forecast)
        after = forecast.cutoff_step if forecast is not None and forecast.eligible else -1
        emerged, below = emergence(truth, frame, after_step=after)
        types.append(
            TypeStory(
                exploit_type=name,
                forecast=forecast,
                baseline=baselines.get(name),
                standing=standing,
                verdict=_verdict(standing, emerged, known=_counted_later(truth, frame)),
                emerged_by=emerged,
                below_at=below,
                estimates=_by_estimator(estimates.get(name, [])),
                truth=truth,
                health=health.get(name),
            )
        )
    types.sort(key=_likeliest_first)
    return Story(
        frame=frame,
        types=types,
        has_truth=any(_counted_later(one.truth, frame) for one in types),
        counted_from=counts.source,
        rate_errors=rate_errors(contents.estimates, contents.truth),
    )


def emergence(
    truth: list[HackCount], frame: Frame | None, *, after_step: int = -1
) -> tuple[int | None, int | None]:
    """Return the first counted step above the threshold by the horizon, and the last one below.

    Args:
        truth: Counts of one type, in order of steps.
        frame: Says the threshold and the horizon.
        after_step: Counts up to this step can only be below.
    """
    below: int | None = None
    if frame is None:
        return None, None
    for one in truth:
        if one.step > frame.horizon_step or one.draws < ENOUGH_DRAWS:
            continue
        if one.rate > frame.threshold and one.step > after_step:
            return one.step, below
        below = one.step
    return None, below


def rate_errors(estimates: Iterable[RateEstimate], truth: Iterable[Truth]) -> list[RateError]:
    """Score each estimator's published points on cells with enough counted hacks."""
    known_rates = {
        (one.exploit_type, one.step): math.log10(one.hacks / one.draws)
        for one in best_counts(truth)
        if one.hacks >= COUNTED_HACKS
    }
    misses: defaultdict[str, list[float]] = defaultdict(list)
    for one in estimates:
        known = known_rates.get((one.exploit_type, one.step))
        if known is not None and one.published and one.rate:
            misses[one.estimator].append(math.log10(one.rate) - known)
    return [
        RateError(
            estimator=name,
            decades=math.sqrt(statistics.fmean(m * m for m in misses[name])),
            cells=len(misses[name]),
        )
        for name in ESTIMATORS
        if misses[name]
    ]


def _frame(contents: RunContents) -> Frame | None:
    """The latest cutoff of our method that leaves steps to forecast."""
    ours = [one for one in contents.forecasts if one.method == OUR_METHOD] or contents.forecasts
    if ours:
        open_ended = [one for one in ours if one.cutoff_step < one.horizon_step] or ours
        last = max(open_ended, key=lambda one: (one.cutoff_step, one.horizon_step))
        return Frame(last.cutoff_step, last.horizon_step, last.threshold)
    steps = contents.steps()
    return Frame(None, steps[-1], 0.1) if steps else None


def _chosen(forecasts: Iterable[Forecast], frame: Frame | None, method: str) -> dict[str, Forecast]:
    if frame is None:
        return {}
    wanted = (frame.cutoff_step, frame.horizon_step, frame.threshold)
    return {
        one.exploit_type: one
        for one in forecasts
        if one.method == method and (one.cutoff_step, one.horizon_step, one.threshold) == wanted
    }


def _by_type(records: Iterable[RateEstimate]) -> dict[str, list[RateEstimate]]:
    found: defaultdict[str, list[RateEstimate]] = defaultdict(list)
    for record in records:
        found[record.exploit_type].append(record)
    return dict(found)


def _by_estimator(estimates: Iterable[RateEstimate]) -> dict[str, list[RateEstimate]]:
    found: defaultdict[str, list[RateEstimate]] = defaultdict(list)
    for one in sorted(estimates, key=lambda each: each.step):
        found[one.estimator].append(one)
    return dict(found)


def _counted_later(truth: list[HackCount], frame: Frame | None) -> bool:
    after = -1 if frame is None or frame.cutoff_step is None else frame.cutoff_step
    return any(one.step > after and one.draws >= ENOUGH_DRAWS for one in truth)


def _standing(forecast: Forecast | None) -> Standing:
    if forecast is None:
        return Standing.NO_FORECAST
    if not forecast.eligible:
        return Standing.ALREADY_HIGH
    if not forecast.measurable or forecast.probability is None:
        return Standing.NOT_MEASURABLE
    return Standing.EXPECTED if forecast.probability >= LIKELY else Standing.UNLIKELY


def _verdict(standing: Standing, emerged: int | None, *, known: bool) -> Verdict:
    if not known:
        return Verdict.NOT_COUNTED
    if standing is Standing.EXPECTED:
        return Verdict.FALSE_ALARM if emerged is None else Verdict.RIGHT_EMERGED
    if standing is Standing.UNLIKELY:
        return Verdict.RIGHT_STAYED if emerged is None else Verdict.MISSED
    return Verdict.UNSCORED_STAYED if emerged is None else Verdict.UNSCORED_EMERGED


_PLACES = {
    Standing.EXPECTED: 0,
    Standing.UNLIKELY: 1,
    Standing.NOT_MEASURABLE: 2,
    Standing.ALREADY_HIGH: 3,
    Standing.NO_FORECAST: 4,
}


def _likeliest_first(one: TypeStory) -> tuple[float, float, float, float, str]:
    forecast = one.forecast
    probability = (forecast.probability if forecast else None) or 0.0
    expected = forecast.expected_step if forecast else None
    last = one.lead_estimates[-1].lower_bound if one.lead_estimates else 0.0
    if one.truth:
        last = one.truth[-1].rate
    return (
        _PLACES[one.standing],
        -round(probability, 2),
        math.inf if expected is None else expected,
        -last,
        one.exploit_type,
    )
