"""From what a method sees of a type to a probability: one logistic law, fitted on whole runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special
from sklearn.linear_model import LogisticRegression

from foretoken.arrays import AnyArray
from foretoken.errors import SetupError
from foretoken.forecast.base import Forecaster, Method
from foretoken.forecast.history import History
from foretoken.forecast.track import ALREADY_EMERGED
from foretoken.records import Forecast

Features = Callable[[History, float], Mapping[str, Sequence[float] | None]]
"""What a method sees of each type, at a threshold; None where it sees nothing."""
STRENGTH = 1.0
"""Inverse weight of the penalty on standardised coefficients."""


@dataclass(frozen=True)
class LogisticLaw:
    """Coefficients of one method at one threshold."""

    base_rate: float
    """Share of types that emerged in the runs of the fit: the forecast where nothing is seen."""
    centre: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    weight: tuple[float, ...] = ()
    intercept: float = 0.0

    def log_odds(self, seen: Sequence[float] | None) -> float:
        """Return the log-odds that a type of which this is seen emerges."""
        if seen is None or not self.weight:
            return float(special.logit(min(max(self.base_rate, 1e-3), 1 - 1e-3)))
        standard = (np.asarray(seen) - self.centre) / self.scale
        return self.intercept + float(standard @ np.asarray(self.weight))


@dataclass(frozen=True)
class Logistic:
    """A forecaster that is a logistic law on what it sees; see `Forecaster`."""

    name: str
    features: Features
    laws: Mapping[float, LogisticLaw]
    """By threshold."""

    def forecast(self, history: History, *, threshold: float) -> list[Forecast]:
        """See `Forecaster`.

        Raises:
            SetupError: It was fitted for other thresholds.
        """
        if threshold not in self.laws:
            known = ", ".join(map(str, sorted(self.laws)))
            raise SetupError(f"{self.name} was fitted for thresholds of {known}, not {threshold}.")
        law, seen = self.laws[threshold], self.features(history, threshold)
        return [
            self._forecast(history, name, law, seen.get(name), threshold=threshold)
            for name in history.types
        ]

    def _forecast(
        self,
        history: History,
        exploit_type: str,
        law: LogisticLaw,
        seen: Sequence[float] | None,
        *,
        threshold: float,
    ) -> Forecast:
        score = law.log_odds(seen)
        return Forecast(
            method=self.name,
            exploit_type=exploit_type,
            cutoff_step=history.step,
            horizon_step=history.plan.steps,
            threshold=threshold,
            eligible=history.rate(exploit_type) <= ALREADY_EMERGED,
            measurable=seen is not None,
            score=score,
            probability=float(special.expit(score)),
            expected_step=None,
            rate=history.rate(exploit_type),
        )


def fit_logistic(
    name: str,
    features: Features,
    runs: Sequence[History],
    *,
    cutoffs: Sequence[float],
    thresholds: Sequence[float],
) -> Logistic:
    """Fit a method on whole runs.

    Args:
        name: Of the method.
        features: What it sees.
        runs: Up to their last step.
        cutoffs: Shares of the training at which it looks.
        thresholds: One law for each.
    """
    known: dict[float, list[tuple[Sequence[float] | None, bool]]] = {}
    for run in runs:
        for step in sorted({cutoff_step(run, share) for share in cutoffs}):
            now = run.until(step)
            for threshold in thresholds:
                seen = features(now, threshold)
                known.setdefault(threshold, []).extend(
                    (seen.get(kind), run.emerged(kind, threshold=threshold, after=step) is not None)
                    for kind in eligible(now)
                )
    return Logistic(name, features, {each: _law(known.get(each, [])) for each in thresholds})


def logistic(name: str, features: Features) -> Method:
    """Return the method that is a logistic law on what it sees."""

    def teach(
        runs: Sequence[History], *, cutoffs: Sequence[float], thresholds: Sequence[float]
    ) -> Forecaster:
        return fit_logistic(name, features, runs, cutoffs=cutoffs, thresholds=thresholds)

    return teach


def cutoff_step(run: History, share: float) -> int:
    """Return the step at a share of a run's training."""
    return round(share * run.plan.steps)


def eligible(history: History) -> list[str]:
    """Return the types that are still to be forecast: those that do not hack often yet."""
    return [name for name in history.types if history.rate(name) <= ALREADY_EMERGED]


def _law(known: Sequence[tuple[Sequence[float] | None, bool]]) -> LogisticLaw:
    labels = np.array([label for _, label in known], dtype=bool)
    base_rate = float((labels.sum() + 0.5) / (len(labels) + 1))
    told = [(seen, label) for seen, label in known if seen is not None and len(seen)]
    own = np.array([label for _, label in told], dtype=bool)
    if not len(own) or own.all() or not own.any():
        return LogisticLaw(base_rate)
    x: AnyArray = np.array([seen for seen, _ in told], dtype=np.float64)
    centre, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    fitted = LogisticRegression(C=STRENGTH).fit((x - centre) / scale, own)
    return LogisticLaw(
        base_rate,
        centre=tuple(map(float, centre)),
        scale=tuple(map(float, scale)),
        weight=tuple(map(float, fitted.coef_[0])),
        intercept=float(fitted.intercept_[0]),
    )
