"""How good forecasts were: Brier skill, ranking within runs, calibration; errors by whole runs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from foretoken.arrays import AnyArray
from foretoken.forecast.ranking import auc

BINS = 10
"""Of equally many forecasts, for the calibration error."""
REPLICATES = 1000
"""Of the bootstrap."""


@dataclass(frozen=True)
class Unit:
    """One forecast of one type in one run, and what happened."""

    run: str
    exploit_type: str
    probability: float
    score: float
    """Ranks the types of a run; larger means sooner."""
    emerged: bool
    step: int | None = None
    """At which it emerged."""
    interval: tuple[float, float] | None = None
    """Where that step was said to lie, 90 %."""


Measure = Callable[[Sequence[Unit]], float | None]
"""A number about forecasts; None where they are too few for it."""


def brier(units: Sequence[Unit]) -> float:
    """Return the mean squared error of the probabilities."""
    error = [each.probability - each.emerged for each in units]
    return float(np.mean(np.square(error)))


def brier_skill(units: Sequence[Unit], base_rate: float) -> float | None:
    """Return the share of a constant forecast's Brier score that is done away with.

    Args:
        units: Forecasts.
        base_rate: The constant, from runs that these were not fitted on either.
    """
    label = np.array([each.emerged for each in units], dtype=np.float64)
    constant = float(np.mean(np.square(base_rate - label))) if len(label) else 0.0
    return 1.0 - brier(units) / constant if constant else None


def log_score(units: Sequence[Unit], *, least: float = 1e-3) -> float:
    """Return the mean log-probability, in nats, of what happened.

    Args:
        units: Forecasts.
        least: No probability of what happened counts as less, so that one 0 decides nothing.
    """
    said = np.array([each.probability if each.emerged else 1 - each.probability for each in units])
    return float(np.log(np.maximum(said, least)).mean())


def within_run_auc(units: Sequence[Unit]) -> float | None:
    """Return the probability that, in one run, a type that emerged outranks one that did not.

    Every such pair of types counts the same; runs in which all or none emerged hold none.
    """
    pairs, right = 0, 0.0
    for own in by_run(units).values():
        labels = [each.emerged for each in own]
        area = auc([each.score for each in own], labels)
        if area is not None:
            weight = sum(labels) * (len(labels) - sum(labels))
            pairs, right = pairs + weight, right + weight * area
    return right / pairs if pairs else None


def calibration_error(units: Sequence[Unit]) -> float:
    """Return how far probabilities are from how often it happened, on average over equal bins."""
    ordered = sorted(units, key=lambda each: each.probability)
    bins = min(BINS, len(ordered))
    edges = [round(number * len(ordered) / bins) for number in range(bins + 1)]
    groups = [ordered[start:end] for start, end in pairwise(edges)]
    gaps = [abs(sum(each.probability - each.emerged for each in group)) for group in groups]
    return sum(gaps) / len(ordered)


def interval_share(units: Sequence[Unit]) -> float | None:
    """Return the share of emergences that lie in the interval that was given for their step."""
    held = [
        each.interval[0] <= each.step <= each.interval[1]
        for each in units
        if each.interval is not None and each.step is not None
    ]
    return float(np.mean(held)) if held else None


def by_run(units: Iterable[Unit]) -> dict[str, list[Unit]]:
    """Return the units of each run."""
    found: dict[str, list[Unit]] = {}
    for each in units:
        found.setdefault(each.run, []).append(each)
    return found


def interval_by_run(
    units: Sequence[Unit],
    measure: Measure,
    *,
    seed: int,
    others: Sequence[Unit] | None = None,
    replicates: int = REPLICATES,
) -> tuple[float, float] | None:
    """Return the 95 % interval of a measure, whole runs resampled.

    Args:
        units: Forecasts of some method.
        measure: Its number.
        seed: Of the resampling.
        others: Another method's forecasts of the same types; then the interval is that of the
            difference, both on the same runs.
        replicates: Resamples; those in which the measure is not defined are left out.

    Returns:
        None where fewer than half of the resamples define the measure.
    """
    own, other = by_run(units), by_run(others or [])
    names, rng = sorted(own), np.random.default_rng(seed)
    found: list[float] = []
    for _ in range(replicates):
        drawn = [names[int(each * len(names))] for each in rng.random(len(names))]
        value = measure(_renamed(own, drawn))
        less = measure(_renamed(other, drawn)) if others is not None else 0.0
        if value is not None and less is not None:
            found.append(value - less)
    if 2 * len(found) < replicates:
        return None
    low, high = quantiles(np.array(found), 0.025, 0.975)
    return low, high


def quantiles(values: AnyArray, *shares: float) -> tuple[float, ...]:
    """Return these quantiles of some values."""
    return tuple(float(each) for each in np.quantile(values, shares))


def _renamed(runs: dict[str, list[Unit]], drawn: Sequence[str]) -> list[Unit]:
    """Units of the drawn runs; a run that was drawn twice counts as two."""
    return [
        Unit(
            run=f"{name}/{number}",
            exploit_type=each.exploit_type,
            probability=each.probability,
            score=each.score,
            emerged=each.emerged,
            step=each.step,
            interval=each.interval,
        )
        for number, name in enumerate(drawn)
        for each in runs.get(name, [])
    ]
