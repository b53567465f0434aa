"""Where the default coefficients come from: a fit on simulated training curves, repeatable.

Run `python -m foretoken.forecast.fit` to print it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from foretoken.arrays import AnyArray
from foretoken.estimate.bootstrap import JointLogRates
from foretoken.forecast.discovery import DEFAULT_COEFFICIENTS, Coefficients, forecast
from foretoken.forecast.ranking import auc
from foretoken.records import Forecast, RateEstimate
from foretoken.testsystems.curves import Curves, CurveSettings, simulate_curves

LEVEL_ERROR = 0.35
"""Error in nats that all estimates of a type share (0.15 decades)."""
POINT_ERROR = 0.05
"""Error in nats of each checkpoint by itself."""
REPLICATES = 100


@dataclass(frozen=True)
class Backtest:
    """Forecasts of simulated runs, and what happened."""

    run: tuple[int, ...]
    forecasts: tuple[Forecast, ...]
    passed_step: tuple[float, ...]
    """First step above the threshold; infinite where it never was."""

    def eligible(self) -> "Backtest":
        """Return the forecasts that were still to be made."""
        kept = [i for i, f in enumerate(self.forecasts) if f.eligible]
        return Backtest(
            run=tuple(self.run[i] for i in kept),
            forecasts=tuple(self.forecasts[i] for i in kept),
            passed_step=tuple(self.passed_step[i] for i in kept),
        )

    @property
    def emerged(self) -> AnyArray:
        """Whether each type passed the threshold."""
        return np.isfinite(self.passed_step)

    def within_run_auc(self, scores: Sequence[float]) -> float:
        """Return the area under the curve, averaged over the runs where it is defined."""
        run, score = np.array(self.run), np.array(scores)
        areas = [
            auc(score[run == r].tolist(), self.emerged[run == r].tolist()) for r in set(self.run)
        ]
        return float(np.mean([area for area in areas if area is not None]))


def observe(
    curves: Curves, run: int, steps: Sequence[int], rng: np.random.Generator
) -> tuple[list[RateEstimate], dict[str, JointLogRates]]:
    """Return what a bank would say of one simulated run at some steps."""
    estimates: list[RateEstimate] = []
    joint: dict[str, JointLogRates] = {}
    for kind, rate_s in enumerate(curves.rate_rjs[run]):
        name = f"type {kind:02d}"
        level = LEVEL_ERROR * rng.normal()
        seen = np.log(rate_s[list(steps)]) + level + POINT_ERROR * rng.normal(size=len(steps))
        seen = np.minimum(seen, 0.0)
        noise = LEVEL_ERROR * rng.normal(size=(REPLICATES, 1)) + POINT_ERROR * rng.normal(
            size=(REPLICATES, len(steps))
        )
        joint[name] = JointLogRates(
            steps=tuple(steps),
            log_rate_c=seen,
            replicate_rbc=(seen + noise)[None],
            effective_rc=np.full((1, len(steps)), 100.0),
        )
        estimates += [_point(name, step, float(log)) for step, log in zip(steps, seen, strict=True)]
    return estimates, joint


def _point(name: str, step: int, log_rate: float) -> RateEstimate:
    """Return a published estimate with the simulated error."""
    rate, wide = float(np.exp(log_rate)), float(np.exp(2 * LEVEL_ERROR))
    return RateEstimate(
        estimator="switch",
        exploit_type=name,
        step=step,
        rate=rate,
        published=True,
        lower_bound=rate / wide,
        interval=(rate / wide, rate * wide),
        upper_bound=1.0,
        hits=100,
        effective_hits=100.0,
        draws=1000,
        tasks=24,
        pareto_shape=0.3,
    )


def backtest(
    curves: Curves,
    *,
    share: float,
    rng: np.random.Generator,
    threshold: float = 0.1,
    coefficients: Coefficients = DEFAULT_COEFFICIENTS,
) -> Backtest:
    """Forecast every simulated run from the checkpoints in its first part.

    Args:
        curves: The simulated runs.
        share: Part of the training that is seen, 0 to 1.
        rng: Source of the measurement errors.
        threshold: Rate that counts as emerged.
        coefficients: From score to probability.
    """
    last = curves.settings.steps
    cutoff = round(share * last)
    spaced = np.unique(np.round(np.geomspace(1, last, 13)).astype(int))
    steps = sorted({0, cutoff, *(int(s) for s in spaced if s <= cutoff)})
    runs: list[int] = []
    made: list[Forecast] = []
    passed: list[float] = []
    for run, rate_js in enumerate(curves.rate_rjs):
        estimates, joint = observe(curves, run, steps, rng)
        names = sorted(joint)
        for one in forecast(
            estimates,
            cutoff_step=cutoff,
            horizon_step=last,
            threshold=threshold,
            rollouts_per_step=dict.fromkeys(names, float(curves.rollouts_per_step)),
            joint=joint,
            coefficients=coefficients,
        ):
            above = np.flatnonzero(rate_js[names.index(one.exploit_type)] > threshold)
            runs.append(run)
            made.append(one)
            passed.append(float(above[0]) if len(above) else np.inf)
    return Backtest(run=tuple(runs), forecasts=tuple(made), passed_step=tuple(passed))


def fit_coefficients(
    *, seed: int = 20, runs: int = 200, shares: Sequence[float] = (0.05, 0.1, 0.2)
) -> Coefficients:
    """Fit the two coefficients on simulated runs, pooled over three cutoffs.

    Args:
        seed: Of the simulation.
        runs: How many runs of twelve types.
        shares: Parts of the training that are seen.
    """
    rng = np.random.default_rng(seed)
    curves = simulate_curves(CurveSettings(), runs=runs, rng=rng)
    tests = [backtest(curves, share=share, rng=rng).eligible() for share in shares]
    score = np.concatenate([[f.score for f in test.forecasts] for test in tests])
    emerged = np.concatenate([test.emerged for test in tests])
    model = LogisticRegression(C=np.inf).fit(score[:, None], emerged)
    return Coefficients(intercept=float(model.intercept_[0]), slope=float(model.coef_[0, 0]))


if __name__ == "__main__":
    print(fit_coefficients())
