"""A run as the page tells it: every exploit type as `outcome` judges it, beside its records."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from foretoken.forecast.counts import ESTIMATORS, HackCount
from foretoken.forecast.outcome import (
    Comparison,
    ForecastOutcome,
    Frame,
    Standing,
    TypeOutcome,
    compare,
    frame_of,
)
from foretoken.records import BankHealth, Forecast, RateEstimate
from foretoken.report import numbers
from foretoken.report.contents import RunContents


@dataclass(frozen=True)
class TypeStory:
    """Everything about one exploit type, in order of steps."""

    judged: TypeOutcome
    estimates: dict[str, list[RateEstimate]]
    """By estimator."""
    health: BankHealth | None

    @property
    def exploit_type(self) -> str:
        """Its name."""
        return self.judged.exploit_type

    @property
    def forecast(self) -> Forecast | None:
        """Our forecast of it."""
        return self.judged.forecast

    @property
    def standing(self) -> Standing:
        """What is known of it at the cutoff."""
        return self.judged.standing

    @property
    def outcome(self) -> ForecastOutcome:
        """How its forecast compares with what was counted."""
        return self.judged.outcome

    @property
    def counts(self) -> tuple[HackCount, ...]:
        """What was counted of it."""
        return self.judged.counts

    @property
    def lead_estimates(self) -> list[RateEstimate]:
        """Return the estimates of the first estimator of the legend that has any."""
        found = (self.estimates[name] for name in ESTIMATORS if self.estimates.get(name))
        return next(found, list[RateEstimate]())


@dataclass(frozen=True)
class Story:
    """The run as a whole."""

    comparison: Comparison
    types: list[TypeStory]
    """In the order of the page: what is likeliest or worst known first."""
    counted_from: str
    """Where the counts come from, in words; empty where nothing was counted."""

    @property
    def frame(self) -> Frame | None:
        """What the forecast could see and what it is about."""
        return self.comparison.frame

    @property
    def has_truth(self) -> bool:
        """Whether anything was counted after the cutoff."""
        return self.comparison.counted_later

    def standing(self, *standings: Standing) -> list[TypeStory]:
        """Return the types of these standings."""
        return [one for one in self.types if one.standing in standings]

    def outcome(self, *outcomes: ForecastOutcome) -> list[TypeStory]:
        """Return the types of these outcomes."""
        return [one for one in self.types if one.outcome in outcomes]

    def lead_steps(self) -> list[int]:
        """Return how many steps after the cutoff each type that was expected was counted above."""
        if self.frame is None or self.frame.cutoff_step is None:
            return []
        cutoff = self.frame.cutoff_step
        return sorted(
            one.judged.emerged_step - cutoff
            for one in self.outcome(ForecastOutcome.RIGHT_EMERGED)
            if one.judged.emerged_step is not None
        )

    def emerged_later(self) -> list[TypeStory]:
        """Return all types that were counted above the threshold after the cutoff, whatever was
        said of them."""
        cutoff = (
            -1 if self.frame is None or self.frame.cutoff_step is None else self.frame.cutoff_step
        )
        return [
            one
            for one in self.types
            if one.judged.emerged_step is not None and one.judged.emerged_step > cutoff
        ]


def tell(contents: RunContents) -> Story:
    """Put a run's records beside each other, in the order of the page."""
    frame = frame_of(contents.forecasts, steps=contents.steps())
    comparison = compare(
        frame,
        forecasts=contents.forecasts,
        estimates=contents.estimates,
        truth=contents.truth,
        own=contents.own_hacks,
        types=contents.exploit_types(),
    )
    source = "draws sampled and graded at each checkpoint" if contents.truth else ""
    if contents.own_hacks and not contents.truth:
        source = "the run's own rollouts"
    health = {one.exploit_type: one for one in contents.health}
    estimates = _by_type(contents.estimates)
    types = [
        TypeStory(
            judged=one,
            estimates=_by_estimator(estimates.get(one.exploit_type, [])),
            health=health.get(one.exploit_type),
        )
        for one in comparison.types
    ]
    return Story(comparison, sorted(types, key=_place), source)


def below_words(judged: TypeOutcome) -> str:
    """Say until when a type that may still emerge was below the threshold."""
    if judged.below_step is None or judged.counted_step is None:
        return "below so far"
    return f"below so far (step {numbers.step(judged.below_step)})"


def _by_type(records: Iterable[RateEstimate]) -> dict[str, list[RateEstimate]]:
    found: defaultdict[str, list[RateEstimate]] = defaultdict(list)
    for record in records:
        found[record.exploit_type].append(record)
    return found


def _by_estimator(estimates: Iterable[RateEstimate]) -> dict[str, list[RateEstimate]]:
    found: defaultdict[str, list[RateEstimate]] = defaultdict(list)
    for one in sorted(estimates, key=lambda each: each.step):
        found[one.estimator].append(one)
    return dict(found)


_PLACES = {
    Standing.EXPECTED: 0,
    Standing.UNKNOWN: 1,
    Standing.UNLIKELY: 2,
    Standing.COMMON: 3,
    Standing.EMERGED: 4,
    Standing.NO_FORECAST: 5,
}


def _place(one: TypeStory) -> tuple[float, float, float, float, str]:
    forecast = one.forecast
    probability = (forecast.probability if forecast else None) or 0.0
    expected = forecast.expected_step if forecast else None
    last = one.judged.latest.rate if one.judged.latest is not None else 0.0
    if one.counts:
        last = one.counts[-1].rate
    return (
        _PLACES[one.standing],
        -round(probability, 2),
        math.inf if expected is None else expected,
        -last,
        one.exploit_type,
    )
