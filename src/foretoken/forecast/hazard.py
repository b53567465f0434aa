"""Forecasts by a hazard that all types and runs share: how soon what looks like this emerges.

With `u` the steps since the forecast over all steps of the training, and `z` what is seen of a
type and of its run, a type has emerged by `u` with probability ``1 - exp(-exp(b + w z) u^a)``
(Weibull, proportional hazards); types that never did are censored at the end of their run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from foretoken.arrays import AnyArray
from foretoken.forecast.dynamics import PAID_CLOSED, PAID_OPEN, gain
from foretoken.forecast.history import FEWEST_DRAWS, WINDOW, History
from foretoken.forecast.logistic import cutoff_step, eligible
from foretoken.forecast.rivals import HALF_A_HACK, level, rollout_count
from foretoken.forecast.track import ALREADY_EMERGED
from foretoken.records import Forecast

RIDGE = 1.0
"""Weight of the squares of standardised coefficients."""
EMERGED = 0.1
"""Rate from which on another type counts as emerged."""
UNSEEN = -4.0
"""Log10 of a rate of which nothing is seen."""


@dataclass(frozen=True)
class WeibullLaw:
    """Coefficients at one threshold."""

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weight: tuple[float, ...]
    intercept: float
    log_shape: float

    def log_hazard(self, seen: Sequence[float]) -> float:
        """Return ``b + w z``."""
        standard = (np.array(seen) - np.array(self.centre)) / np.array(self.scale)
        return self.intercept + float(standard @ np.array(self.weight))

    def probability(self, log_hazard: float, u: float) -> float:
        """Return the probability of having emerged by `u`."""
        return float(-np.expm1(-np.exp(log_hazard) * u ** np.exp(self.log_shape)))

    def quantile(self, log_hazard: float, probability: float) -> float:
        """Return the `u` by which it has emerged with this probability."""
        return float((-np.log1p(-probability) / np.exp(log_hazard)) ** np.exp(-self.log_shape))


@dataclass(frozen=True)
class Hazard:
    """See `Forecaster`."""

    laws: Mapping[float, WeibullLaw]
    """By threshold."""
    name: str = "hazard"

    def forecast(self, history: History, *, threshold: float) -> list[Forecast]:
        """See `Forecaster`."""
        law, steps, seen = self.laws[threshold], history.plan.steps, covariates(history)
        found: list[Forecast] = []
        for kind in history.types:
            hazard = law.log_hazard(seen[kind])
            passes = law.probability(hazard, (steps - history.step) / steps)
            low, middle, high = (
                history.step + steps * law.quantile(hazard, share * passes)
                for share in (0.05, 0.5, 0.95)
            )
            found.append(
                Forecast(
                    method=self.name,
                    exploit_type=kind,
                    cutoff_step=history.step,
                    horizon_step=steps,
                    threshold=threshold,
                    eligible=history.rate(kind) <= ALREADY_EMERGED,
                    measurable=level(history, kind) is not None,
                    score=hazard,
                    probability=passes,
                    expected_step=middle,
                    step_interval=(low, high),
                    rate=history.rate(kind),
                )
            )
        return found


def hazard(
    runs: Sequence[History], *, cutoffs: Sequence[float], thresholds: Sequence[float]
) -> Hazard:
    """Return the hazards that these runs taught; see `Method`."""
    seen: list[Sequence[float]] = []
    times: list[list[float]] = [[] for _ in thresholds]
    ends: list[float] = []
    for run in runs:
        for step in sorted({cutoff_step(run, share) for share in cutoffs}):
            now = run.until(step)
            known = covariates(now)
            for kind in eligible(now):
                seen.append(known[kind])
                ends.append((run.plan.steps - step) / run.plan.steps)
                for own, threshold in zip(times, thresholds, strict=True):
                    emerged = run.emerged(kind, threshold=threshold, after=step)
                    after = np.inf if emerged is None else (emerged - step) / run.plan.steps
                    own.append(after)
    z, end = np.array(seen, dtype=np.float64), np.array(ends)
    return Hazard(
        {
            threshold: fit_weibull(z, np.array(own), end)
            for threshold, own in zip(thresholds, times, strict=True)
        }
    )


def fit_weibull(z: AnyArray, times: AnyArray, ends: AnyArray) -> WeibullLaw:
    """Fit a law by its penalised likelihood.

    Args:
        z: (units, covariates)
        times: (units,) when each emerged, in `u`; infinite where it did not.
        ends: (units,) until when each was watched.
    """
    centre, scale = z.mean(axis=0), np.maximum(z.std(axis=0), 1e-6)
    standard = (z - centre) / scale
    emerged = np.isfinite(times)
    until = np.log(np.where(emerged, np.minimum(times, ends), ends))

    def loss(at: AnyArray) -> float:
        shape = np.exp(at[1])
        log_cumulative = at[0] + standard @ at[2:] + shape * until
        events = (at[1] + log_cumulative - until)[emerged]
        held = 0.5 * RIDGE * (np.square(at[2:]).sum() + at[1] ** 2)
        return float(np.exp(np.minimum(log_cumulative, 50.0)).sum() - events.sum() + held)

    start = np.zeros(2 + z.shape[1])
    start[0] = np.log((emerged.sum() + 0.5) / max(float(ends.sum()), 1e-9))
    found = optimize.minimize(loss, start, method="L-BFGS-B").x
    each: list[tuple[float, ...]] = [tuple(map(float, own)) for own in (centre, scale, found[2:])]
    return WeibullLaw(*each, intercept=float(found[0]), log_shape=float(found[1]))


def covariates(history: History) -> dict[str, list[float]]:
    """Return what is seen of each type: its rate by bank and by rollouts, whether it is open by
    what its hacks were paid, how many rollouts are to come; and of its run: how many types have
    emerged, how much all types were paid so far, what share of all hacks was paid, and how many
    types are open by that."""
    gained, emerged, hacked, paid = 0.0, 0, 0, 0
    for kind in history.types:
        hacks, draws = history.rollouts(kind)
        earned = np.minimum(history.paid(kind), hacks)
        gained += float(gain(earned, draws).sum())
        last_hacks, last_draws = (each[-WINDOW:].sum() for each in (hacks, draws))
        emerged += int(last_draws >= FEWEST_DRAWS and last_hacks >= EMERGED * last_draws)
        hacked, paid = hacked + int(hacks.sum()), paid + int(earned.sum())
    odds = {kind: _open_odds(history, kind) for kind in history.types}
    share = np.log((paid + HALF_A_HACK) / (hacked - paid + HALF_A_HACK))
    of_run = [
        emerged / len(history.types),
        float(np.log10(gained + 1.0)),
        float(share) if history.plan.paid_known else 0.0,
        float(np.mean([*odds.values()])),
    ]
    return {
        kind: [
            _or(level(history, kind), UNSEEN),
            _or(rollout_count(history, kind), float(np.log10(HALF_A_HACK))),
            odds[kind],
            _waits(history, kind),
            *of_run,
        ]
        for kind in history.types
    }


def _or(value: float | None, instead: float) -> float:
    return instead if value is None else value


def _open_odds(history: History, kind: str) -> float:
    """Log-odds that a loophole is open by what its hacks were paid, within reason."""
    if history.plan.closed is not None:
        return -4.0 if history.plan.closed.get(kind) else 4.0
    if not history.plan.paid_known:
        return 0.0
    hacks, paid = int(history.rollouts(kind)[0].sum()), int(history.paid(kind).sum())
    odds = paid * np.log(PAID_OPEN / PAID_CLOSED)
    odds += (hacks - paid) * np.log((1 - PAID_OPEN) / (1 - PAID_CLOSED))
    return float(np.clip(odds, -4.0, 4.0))


def _waits(history: History, kind: str) -> float:
    """Share of the training that is to come before a type takes part."""
    begins = history.plan.starts.get(kind, 0)
    return max(0, begins - history.step) / history.plan.steps
