"""Forecasts of runs that are over, made from their beginnings alone, beside what happened."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from foretoken.errors import SetupError
from foretoken.forecast.base import Method
from foretoken.forecast.blend import Blend, BlendMethod
from foretoken.forecast.hazard import Hazard, hazard
from foretoken.forecast.history import History
from foretoken.forecast.logistic import logistic
from foretoken.forecast.rivals import RIVALS
from foretoken.forecast.skill import (
    Unit,
    calibration_error,
    error_terms,
    interval_by_run,
    interval_share,
    ratio,
    skill_terms,
    within_run_auc,
)
from foretoken.forecast.state_space import StateSpace, StateSpaceMethod
from foretoken.pipeline.external import is_rollout_file, read_rollout_file
from foretoken.pipeline.foretold import (
    FORECASTS_FILE,
    Foretold,
    Vantage,
    foretell,
    judged,
    outcomes,
    run_hash,
    write_forecasts,
    write_outcomes,
)
from foretoken.pipeline.histories import read_history
from foretoken.pipeline.warned import StopCosts, Warned, warned
from foretoken.store.run import Run
from foretoken.work.labelled import RolloutColumns
from foretoken.work.settings import Settings

WATCHED = "rollout count"
"""The method that every other is to be better than."""
Folds = Sequence[tuple[Sequence[History], Sequence[History]]]
"""Runs that a method is fitted on, and runs that it then forecasts."""
Say = Callable[[str], None]
"""Called with a line for a person."""
Share = Annotated[float, Field(gt=0, lt=1)]


class BacktestConfig(Settings):
    """Settings of `foretoken backtest`."""

    runs: tuple[Path, ...] = Field(min_length=1)
    """Run directories of trainings that are over, and files of labelled rollouts (.jsonl, .parquet,
    .csv; one row a rollout)."""
    cutoffs: tuple[Share, ...] = Field(default=(0.05, 0.1, 0.2), min_length=1)
    """Shares of the training after which nothing is read."""
    thresholds: tuple[Share, ...] = Field(default=(0.1, 0.5), min_length=1)
    """Rates that count as emerged."""
    closed_known: bool = False
    """Tell the forecasts which loopholes are closed, as an audit of the grader would."""
    out: Path | None = None
    """Folder for forecasts, what happened, and a page; none: nothing is written."""
    steps: int | None = Field(default=None, gt=0)
    """Last step of the trainings behind files of rollouts; none: that of their last rollout."""
    columns: RolloutColumns = RolloutColumns()
    """Names of columns in files of rollouts."""
    costs: StopCosts = StopCosts()
    """Of stopping runs at alarms."""
    seed: int = 0
    """Of all random numbers."""


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
    step_held: float | None
    """Share of the emergences that lie in the 90 % interval of their step."""
    gain: tuple[float, float] | None
    """By how much the Brier score is smaller than that of watching rollouts; 95 %."""


@dataclass(frozen=True)
class Backtested:
    """Forecasts of all methods, and how good they were."""

    lines: Sequence[Line]
    units: Mapping[tuple[str, Vantage], Sequence[Unit]]
    """Forecasts beside what happened, by method and frame."""
    runs: Sequence[History]
    warned: Sequence[Warned]
    """How early alarms were."""
    policies: Sequence[str]
    """When to stop a run, by each monitor, and what that is expected to cost."""
    forecasts_hash: str | None = None
    """SHA-256 of the file of forecasts, where one was written."""


def backtest(config: BacktestConfig, *, say: Say = lambda _: None) -> Backtested:
    """Forecast each run by what the others taught, and say how good that was.

    All forecasts are made, written and hashed before what happened to their runs is put beside
    them.

    Args:
        config: Runs, frames, and where to write.
        say: Is told how files of rollouts were read, and the hash of the forecasts.

    Raises:
        SetupError: There is only one run, one shows nothing, or two have one name.
        StoreError: The folder cannot be written.
    """
    runs = read_histories(config, say=say)
    folds = [([o for o in runs if o is not each], [each]) for each in runs]
    model = model_for(runs, config, say=say)
    said = {
        name: foretell_folds(method, folds, cutoffs=config.cutoffs, thresholds=config.thresholds)
        for name, method in methods(StateSpaceMethod(config.seed, law=model.paths.law)).items()
    }
    foretold = [each for own in said.values() for each in own]
    digest = None
    if config.out is not None:
        digest = write_forecasts(config.out, foretold, runs)
        say(f"Wrote {config.out / FORECASTS_FILE} (SHA-256 {digest})")
    happened = outcomes(foretold, runs)
    if config.out is not None:
        write_outcomes(config.out, happened)
    units = {
        (name, frame): own
        for name, each in said.items()
        for frame, own in judged(each, happened).items()
    }
    lines = [
        line_of(name, frame, own, seed=config.seed, watched=units[WATCHED, frame])
        for (name, frame), own in units.items()
    ]
    alarms, policies = warned(runs, model=model, costs=config.costs)
    return Backtested(lines, units, runs, alarms, policies, forecasts_hash=digest)


def read_histories(config: BacktestConfig, *, say: Say) -> list[History]:
    """Return what the runs have shown, of directories and of files of rollouts alike.

    Raises:
        SetupError: There is only one run, one shows nothing, or two have one name.
    """
    runs: list[History] = []
    for path in config.runs:
        if is_rollout_file(path):
            read = read_rollout_file(path, config.columns, steps=config.steps)
            runs.append(read.history)
            say("; ".join(read.notes))
        else:
            runs.append(read_history(Run.open(path), closed_known=config.closed_known))
    if len(runs) < 2:
        raise SetupError("a backtest needs two runs at least: each is forecast by the others")
    names = Counter(each.name for each in runs)
    double = sorted(name for name, count in names.items() if count > 1)
    if double:
        raise SetupError(
            f"two runs are called {', '.join(double)}: give their folders or files other names"
        )
    return runs


def methods(paths: StateSpaceMethod) -> dict[str, Method]:
    """Return every method by its name, ours first."""
    plain = {name: logistic(name, features) for name, features in RIVALS.items()}
    return {
        Blend.name: BlendMethod(paths),
        StateSpace.name: paths,
        Hazard.name: hazard,
        **plain,
    }


def model_for(runs: Sequence[History], config: BacktestConfig, *, say: Say) -> Blend:
    """Return the forecaster that comes with the package, unless one of these runs taught it: then
    paths alone, by a law that was set by hand."""
    model = Blend.as_shipped(audited=config.closed_known, seed=config.seed)
    known = () if model.taught is None else model.taught.runs
    own = [run.name for run in runs if run_hash(run) in known]
    if not own:
        return model
    say(
        f"{len(own)} of these runs taught the forecaster that comes with the package: here its "
        "paths have the law that was set by hand"
    )
    return Blend(StateSpace(seed=config.seed), Hazard({}))


def foretell_folds(
    method: Method, folds: Folds, *, cutoffs: Sequence[float], thresholds: Sequence[float]
) -> list[Foretold]:
    """Forecast the second runs of each fold by what the first taught a method."""
    frame = {"cutoffs": cutoffs, "thresholds": thresholds}
    return [
        each
        for taught, asked in folds
        for each in foretell(asked, method(taught, **frame), **frame)
    ]


def cross_validated(
    method: Method, folds: Folds, *, cutoffs: Sequence[float], thresholds: Sequence[float]
) -> dict[Vantage, list[Unit]]:
    """Forecast the second runs of each fold, and put what happened beside it."""
    said = foretell_folds(method, folds, cutoffs=cutoffs, thresholds=thresholds)
    return judged(said, outcomes(said, [run for _, asked in folds for run in asked]))


def line_of(
    method: str,
    frame: Vantage,
    units: Sequence[Unit],
    *,
    seed: int,
    watched: Sequence[Unit] | None = None,
) -> Line:
    """Judge the forecasts of one frame.

    Args:
        method: Its name.
        frame: Which.
        units: Its forecasts.
        seed: Of the resampling.
        watched: Forecasts of the same types by watching rollouts.
    """
    emerged = sum(each.emerged for each in units)
    terms = skill_terms(emerged / len(units))
    return Line(
        method=method,
        frame=frame,
        units=len(units),
        emerged=emerged,
        auc=within_run_auc(units),
        skill=ratio(units, terms),
        skill_interval=interval_by_run(units, terms, seed=seed),
        calibration=calibration_error(units),
        step_held=interval_share(units),
        gain=interval_by_run(watched, error_terms, seed=seed, others=units) if watched else None,
    )
