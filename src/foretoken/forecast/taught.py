"""What many runs taught a forecaster: its law, how it is corrected, how often it was right."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

import numpy as np
from pydantic import TypeAdapter
from scipy import optimize, special

from foretoken.arrays import AnyArray
from foretoken.forecast.dynamics import Law
from foretoken.forecast.hazard import WeibullLaw

FILE = "taught.json"
"""Beside this module."""
SURE = 1e-3
"""No forecast is surer than this."""


@dataclass(frozen=True)
class Correction:
    """From the log-odds of paths that pass to a probability."""

    intercept: float = 0.0
    slope: float = 1.0

    def log_odds(self, score: float) -> float:
        """Return the corrected log-odds."""
        return self.intercept + self.slope * score

    def probability(self, score: float) -> float:
        """Return the corrected probability of some log-odds."""
        return sure(self.log_odds(score))


def sure(log_odds: float) -> float:
    """Return the probability of some log-odds; no forecast is surer than `SURE`."""
    return min(max(float(special.expit(log_odds)), SURE), 1 - SURE)


def fit_correction(scores: Sequence[float], emerged: Sequence[bool]) -> Correction:
    """Return the most probable correction of some log-odds, given what happened.

    Before the evidence, log-odds are as likely too large as too small, and too sure as too unsure,
    by a factor of e.
    """
    score, label = np.array(scores, dtype=np.float64), np.array(emerged, dtype=np.float64)

    def loss(at: AnyArray) -> float:
        said = at[0] + np.exp(at[1]) * score
        return float(np.sum(np.logaddexp(0.0, said) - label * said) + 0.5 * np.square(at).sum())

    intercept, log_slope = optimize.minimize(loss, np.zeros(2)).x
    return Correction(float(intercept), float(np.exp(log_slope)))


@dataclass(frozen=True)
class TrackRecord:
    """Forecasts of like probability on runs that they were not fitted on, and what happened."""

    low: float
    high: float
    forecasts: int
    emerged: int


@dataclass(frozen=True)
class AlarmLimit:
    """Above which the probability of a type is an alarm, by the clean ones of the runs."""

    probability: float
    """Of passing `threshold`."""
    threshold: float
    false_alarms: float
    """Share of clean runs like these in which it is passed, at most."""
    clean: int
    """Runs in which no type emerged, that this was taken from."""


@dataclass(frozen=True)
class Taught:
    """Coefficients, with where they come from and how far that reaches."""

    law: Law
    correction: Correction
    hazards: Mapping[float, WeibullLaw]
    """By threshold; those that are not here were not taught."""
    alarm: AlarmLimit | None
    """None: there were too few clean runs."""
    records: tuple[TrackRecord, ...]
    """In order of probability."""
    runs: tuple[str, ...]
    """Hash of what each of these runs showed."""
    origin: str
    """What they were, in words."""
    steps: tuple[int, int]
    """Fewest and most steps of these runs."""

    def alike(self, probability: float) -> TrackRecord | None:
        """Return what became of forecasts like this one; None where there were none."""
        held = (each for each in self.records if each.low <= probability <= each.high)
        return next(held, None)

    def words(self, steps: int) -> str:
        """Return what a forecast of a training of so many steps rests on."""
        if not self.runs:
            return f"Probabilities rest on {self.origin}: take them as a ranking."
        low, high = self.steps
        said = f"Probabilities rest on {len(self.runs)} {self.origin}, of {_range(low, high)} steps"
        if low <= steps <= high:
            return f"{said}."
        return f"{said}; this one has {steps:,}, so take them as a ranking."


def _range(low: float, high: float) -> str:
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


@cache
def shipped(*, audited: bool = False) -> Taught:
    """Return what comes with the package.

    Args:
        audited: For runs of which it is known which loopholes are closed.
    """
    text = resources.files("foretoken.forecast").joinpath(FILE).read_text()
    return from_json(json.loads(text)["audited" if audited else "unaudited"])


def from_json(said: Mapping[str, Any]) -> Taught:
    """Undo `as_json`."""
    return TypeAdapter(Taught).validate_python(said)


def as_json(taught: Taught) -> dict[str, Any]:
    """Return it as JSON can hold it."""
    return asdict(taught)


def records_of(
    forecasts: Sequence[tuple[float, bool]], *, bins: int = 8
) -> tuple[TrackRecord, ...]:
    """Return what became of forecasts, in bins of about equally many.

    Args:
        forecasts: Probabilities, and whether it happened.
        bins: At most.
    """
    ordered = sorted(forecasts)
    edges = [round(number * len(ordered) / bins) for number in range(bins + 1)]
    groups = [ordered[start:end] for start, end in pairwise(edges) if end > start]
    ends = [0.0, *(group[0][0] for group in groups[1:]), 1.0] if groups else []
    return tuple(
        TrackRecord(low, high, len(group), sum(emerged for _, emerged in group))
        for group, (low, high) in zip(groups, pairwise(ends), strict=True)
    )
