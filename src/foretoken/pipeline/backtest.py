"""Forecasts of runs that are over, made from their beginnings alone, beside what happened."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from foretoken.errors import SetupError
from foretoken.forecast.base import Forecaster
from foretoken.forecast.history import History, TrainingPlan
from foretoken.forecast.logistic import (
    Features,
    cutoff_step,
    eligible,
    fit_logistic,
    remembered,
)
from foretoken.forecast.rivals import RIVALS
from foretoken.forecast.skill import (
    Unit,
    brier_skill,
    calibration_error,
    interval_by_run,
    within_run_auc,
)
from foretoken.forecast.state_space import StateSpace
from foretoken.pipeline.forecast import training_settings
from foretoken.records import RateEstimate, Source, Tally
from foretoken.store.run import Run
from foretoken.work.settings import Settings
from foretoken.work.tallies import read_tallies

Share = Annotated[float, Field(gt=0, lt=1)]


class BacktestConfig(Settings):
    """Settings of `foretoken backtest`."""

    runs: tuple[Path, ...] = Field(min_length=1)
    """Run directories of trainings that are over."""
    cutoffs: tuple[Share, ...] = Field(default=(0.05, 0.1, 0.2), min_length=1)
    """Shares of the training after which nothing is read."""
    thresholds: tuple[Share, ...] = Field(default=(0.1, 0.5), min_length=1)
    """Rates that count as emerged."""
    closed_known: bool = False
    """Tell the forecasts which loopholes are closed, as an audit of the grader would."""
    seed: int = 0
    """Of all random numbers."""


def read_history(run: Run, *, closed_known: bool = False) -> History:
    """Return what a run has shown.

    Args:
        run: With measured checkpoints, rollouts, or both.
        closed_known: Whether its plan says which loopholes are closed.

    Raises:
        SetupError: Nothing says how long it is, or which exploit types it has.
    """
    training = training_settings(run)
    tallies, estimates = read_tallies(run), run.read(RateEstimate)
    types = sorted({each.exploit_type for each in (*tallies, *estimates)})
    last = max((each.step for each in (*tallies, *estimates)), default=0)
    if not types or not last:
        raise SetupError(
            f"{run.path} has neither rollouts nor measured checkpoints: train or measure it first"
        )
    closed = set(training.get("closed", ()))
    plan = TrainingPlan(
        steps=int(training.get("steps", last)),
        rollouts=_rollouts(tallies, types, training),
        starts=training.get("starts", {}),
        closed={name: name in closed for name in types} if closed_known else None,
    )
    return History(run.folder.name, plan, step=last, estimates=estimates, tallies=tallies)


def _rollouts(
    tallies: Sequence[Tally], types: Sequence[str], training: Mapping[str, Any]
) -> dict[str, float]:
    """Rollouts per step of each type while it takes part: as drawn, else as planned."""
    drawn, steps = Counter[str](), Counter[str]()
    for each in tallies:
        if each.source is Source.ROLLOUT and each.draws:
            drawn[each.exploit_type] += each.draws
            steps[each.exploit_type] += 1
    planned = float(training.get("prompts_per_step", 0) * training.get("generations", 0))
    even = planned / len(types)
    return {name: drawn[name] / steps[name] if steps[name] else even for name in types}


@dataclass(frozen=True)
class Vantage:
    """When was forecast, and what."""

    cutoff: float
    """Share of the training."""
    threshold: float


@dataclass(frozen=True)
class Line:
    """How good one method was in one frame."""

    method: str
    frame: Vantage
    units: int
    emerged: int
    auc: float | None
    skill: float | None
    """Brier skill over the share that emerged."""
    skill_interval: tuple[float, float] | None
    """95 %, whole runs resampled."""
    calibration: float
    """Expected calibration error."""


def backtest(config: BacktestConfig) -> list[Line]:
    """Forecast each run by what the others taught, and say how good that was.

    Raises:
        SetupError: There is only one run, one shows nothing, or two have one name.
    """
    runs = [read_history(Run.open(each), closed_known=config.closed_known) for each in config.runs]
    if len(runs) < 2:
        raise SetupError("a backtest needs two runs at least: each is forecast by the others")
    names = Counter(each.name for each in runs)
    double = sorted(name for name, count in names.items() if count > 1)
    if double:
        raise SetupError(f"two runs are called {', '.join(double)}: give their folders other names")
    folds = [([o for o in runs if o is not each], [each]) for each in runs]
    return [
        line_of(name, frame, units, seed=config.seed)
        for name, features in methods(config.seed).items()
        for frame, units in cross_validated(
            name, features, folds, cutoffs=config.cutoffs, thresholds=config.thresholds
        ).items()
    ]


def methods(seed: int) -> dict[str, Features]:
    """Return every method, ours first, by what it sees."""
    return {"state-space": remembered(StateSpace(seed=seed).features), **RIVALS}


def cross_validated(
    name: str,
    features: Features,
    folds: Sequence[tuple[Sequence[History], Sequence[History]]],
    *,
    cutoffs: Sequence[float],
    thresholds: Sequence[float],
) -> dict[Vantage, list[Unit]]:
    """Forecast the second runs of each fold by a method that was fitted on the first."""
    found: dict[Vantage, list[Unit]] = {}
    for taught, asked in folds:
        fitted = fit_logistic(name, features, taught, cutoffs=cutoffs, thresholds=thresholds)
        for frame, units in units_of(asked, fitted, cutoffs=cutoffs, thresholds=thresholds).items():
            found.setdefault(frame, []).extend(units)
    return found


def line_of(method: str, frame: Vantage, units: Sequence[Unit], *, seed: int) -> Line:
    """Judge the forecasts of one frame."""
    emerged = sum(each.emerged for each in units)
    base = emerged / len(units)

    def skill(some: Sequence[Unit]) -> float | None:
        return brier_skill(some, base)

    return Line(
        method=method,
        frame=frame,
        units=len(units),
        emerged=emerged,
        auc=within_run_auc(units),
        skill=skill(units),
        skill_interval=interval_by_run(units, skill, seed=seed),
        calibration=calibration_error(units),
    )


def units_of(
    runs: Iterable[History],
    forecaster: Forecaster,
    *,
    cutoffs: Sequence[float],
    thresholds: Sequence[float],
) -> dict[Vantage, list[Unit]]:
    """Forecast runs from their beginnings, and put what happened beside it.

    Types that hack often at the cutoff are left out, whatever the method makes of them.
    """
    found: dict[Vantage, list[Unit]] = {}
    for run in runs:
        for cutoff in cutoffs:
            step = cutoff_step(run, cutoff)
            now = run.until(step)
            for threshold in thresholds:
                said = forecaster.forecast(now, threshold=threshold)
                by_type = {each.exploit_type: each for each in said}
                for name in eligible(now):
                    one = by_type[name]
                    emerged = run.emerged(name, threshold=threshold, after=step)
                    unit = Unit(
                        run=run.name,
                        exploit_type=name,
                        probability=one.probability if one.probability is not None else 0.5,
                        score=one.score,
                        emerged=emerged is not None,
                        step=emerged,
                        interval=one.step_interval,
                    )
                    found.setdefault(Vantage(cutoff, threshold), []).append(unit)
    return found
