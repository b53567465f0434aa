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


Terms = Callable[[Sequence[Unit]], tuple[float, float]]
"""Of one run's forecasts: numerator and denominator of a measure that is a ratio of their sums."""


def error_terms(units: Sequence[Unit]) -> tuple[float, float]:
    """Terms of the Brier score: mean squared error of the probabilities."""
    return sum((each.probability - each.emerged) ** 2 for each in units), float(len(units))


def skill_terms(base_rate: float) -> Terms:
    """Terms of the share of a constant forecast's Brier score that is done away with.

    Args:
        base_rate: The constant, from runs that the forecasts were not fitted on either.
    """

    def terms(units: Sequence[Unit]) -> tuple[float, float]:
        constant = sum((base_rate - each.emerged) ** 2 for each in units)
        return constant - error_terms(units)[0], constant

    return terms


def ranking_terms(units: Sequence[Unit]) -> tuple[float, float]:
    """Terms of the area under the curve: pairs of types that are ranked right, and all pairs of one
    that emerged and one that did not; a tie is half right."""
    labels = [each.emerged for each in units]
    area = auc([each.score for each in units], labels)
    pairs = float(sum(labels) * (len(labels) - sum(labels)))
    return (0.0, 0.0) if area is None else (area * pairs, pairs)


def ratio(units: Sequence[Unit], terms: Terms) -> float | None:
    """Return a measure: the ratio of what its terms sum up to over the runs."""
    numerator, denominator = np.sum([terms(own) for own in by_run(units).values()] or [(0, 0)], 0)
    return float(numerator / denominator) if denominator else None


def brier(units: Sequence[Unit]) -> float:
    """Return the mean squared error of the probabilities."""
    numerator, denominator = error_terms(units)
    return numerator / denominator


def brier_skill(units: Sequence[Unit], base_rate: float) -> float | None:
    """Return the share of a constant forecast's Brier score that is done away with."""
    return ratio(units, skill_terms(base_rate))


def within_run_auc(units: Sequence[Unit]) -> float | None:
    """Return the probability that, in one run, a type that emerged outranks one that did not.

    Every such pair of types counts the same; runs in which all or none emerged hold none.
    """
    return ratio(units, ranking_terms)


def log_score(units: Sequence[Unit], *, least: float = 1e-3) -> float:
    """Return the mean log-probability, in nats, of what happened.

    Args:
        units: Forecasts.
        least: No probability of what happened counts as less, so that one 0 decides nothing.
    """
    said = np.array([each.probability if each.emerged else 1 - each.probability for each in units])
    return float(np.log(np.maximum(said, least)).mean())


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
    terms: Terms,
    *,
    seed: int,
    others: Sequence[Unit] | None = None,
    replicates: int = REPLICATES,
) -> tuple[float, float] | None:
    """Return the 95 % interval of a measure, whole runs resampled.

    Args:
        units: Forecasts of some method.
        terms: Of the measure.
        seed: Of the resampling.
        others: Another method's forecasts of the same types; then the interval is that of the
            difference, both on the same runs.
        replicates: Resamples; those in which the measure is not defined are left out.

    Returns:
        None where fewer than half of the resamples define the measure.
    """
    own, other = by_run(units), by_run(others or [])
    rng = np.random.default_rng(seed)
    times = rng.multinomial(len(own), np.full(len(own), 1 / max(len(own), 1)), size=replicates)
    value = _resampled([terms(own[name]) for name in own], times)
    if others is not None:
        value = value - _resampled([terms(other.get(name, [])) for name in own], times)
    found = value[np.isfinite(value)]
    if 2 * len(found) < replicates:
        return None
    low, high = quantiles(found, 0.025, 0.975)
    return low, high


def _resampled(terms: Sequence[tuple[float, float]], times: AnyArray) -> AnyArray:
    """A measure in each resample, (replicates,); NaN where it is not defined."""
    numerator, denominator = (times @ np.array(terms, dtype=np.float64)).T
    known = denominator > 0
    return np.divide(numerator, denominator, out=np.full(len(times), np.nan), where=known)


def quantiles(values: AnyArray, *shares: float) -> tuple[float, ...]:
    """Return these quantiles of some values."""
    return tuple(float(each) for each in np.quantile(values, shares))
