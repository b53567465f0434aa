"""What many runs taught a forecaster: its law, how it is corrected, how often it was right."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import optimize, special

from foretoken.arrays import AnyArray
from foretoken.forecast.dynamics import Law

FILE = "taught.json"
"""Beside this module."""
SURE = 1e-3
"""No forecast is surer than this."""


@dataclass(frozen=True)
class Correction:
    """From the log-odds of paths that pass to a probability."""

    intercept: float = 0.0
    slope: float = 1.0

    def probability(self, score: float) -> float:
        """Return the corrected probability of some log-odds."""
        said = float(special.expit(self.intercept + self.slope * score))
        return min(max(said, SURE), 1 - SURE)


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
class Taught:
    """Coefficients, with where they come from and how far that reaches."""

    law: Law
    correction: Correction
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
def shipped() -> Taught:
    """Return what comes with the package."""
    text = resources.files("foretoken.forecast").joinpath(FILE).read_text()
    return from_json(json.loads(text))


def from_json(said: Mapping[str, Any]) -> Taught:
    """Undo `as_json`."""
    return Taught(
        law=Law(**said["law"]),
        correction=Correction(**said["correction"]),
        records=tuple(TrackRecord(**each) for each in said["records"]),
        steps=tuple(said["steps"]),
        runs=tuple(said["runs"]),
        origin=said["origin"],
    )


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
