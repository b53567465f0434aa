"""Forecast which exploit types will emerge, from what is known up to a cutoff alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import Field

from foretoken.arrays import FloatPerDraw
from foretoken.audit_records import read_audit
from foretoken.bank.read import read_bank
from foretoken.errors import SetupError
from foretoken.estimate.bootstrap import JointLogRates, joint_log_rates
from foretoken.forecast.base import Forecaster
from foretoken.forecast.blend import Blend
from foretoken.forecast.discovery import forecast as forecast_discovery
from foretoken.forecast.history import History
from foretoken.forecast.trend import slope_forecast
from foretoken.pipeline.histories import Histories, training_settings
from foretoken.records import Forecast
from foretoken.store.run import Run
from foretoken.work.scores import read_log_p, step_scorer
from foretoken.work.seeds import part_seed
from foretoken.work.settings import Settings

CUTOFF_OF_FINISHED = 0.2
"""Share of a training that is over that is read, where no cutoff is named."""


class ForecastConfig(Settings):
    """Settings of `foretoken forecast`."""

    section = "forecast"

    run: Path
    """Run directory with measured checkpoints."""
    horizon_step: int | None = Field(default=None, gt=0, le=10_000_000)
    """Last step of the training; none: what the run's training settings or rollouts say."""
    cutoff: float | None = Field(default=None, gt=0, lt=1)
    """Share of the training after which nothing is read; none: where the run stands, or 0.2 of a
    training that is over."""
    cutoff_step: int | None = Field(default=None, ge=0)
    """The same as a step; wins over `cutoff`."""
    threshold: float = Field(default=0.1, gt=0, lt=1)
    """Rate that counts as emerged."""
    rollouts_per_step: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Rollouts that a training step gives to the tasks of one type; none: as the run says."""
    closed: tuple[str, ...] | None = None
    """Exploit types that the run's own grader does not pay, where it was audited: all others are
    taken to be paid; none: what hacks earned in the run tells."""
    audit: Path | None = None
    """Audit of the run's own grader, whose exploit types that it tried and that were not paid are
    closed as well."""
    seed: int = 0
    """Of all random numbers."""


def make_forecast(config: ForecastConfig, *, histories: Histories | None = None) -> list[Forecast]:
    """Forecast every exploit type from all evidence, and by two simpler methods beside it.

    Nothing after the cutoff is read but the number of the last step and the size of a step.

    Args:
        config: Of which run, and when.
        histories: Of whoever has read the run before.

    Returns:
        Forecasts from all evidence, by expected discoveries and by the slope; each method's
        largest score first.

    Raises:
        SetupError: Nothing is known up to the cutoff, or the horizon or the number of rollouts
            cannot be told.
    """
    run = Run.open(config.run)
    history = seen_history(run, config, histories)
    made = _forecasts(run, history, config)
    run.write_config("forecast", config)
    part = f"cutoff-{history.step:06d}-horizon-{history.plan.steps:06d}"
    run.append(made, part=part, replace=True)
    return made


def forecast_words(config: ForecastConfig) -> str:
    """Say what `make_forecast` would do; nothing is written.

    Raises:
        SetupError: As there.
    """
    history = seen_history(Run.open(config.run), config)
    return (
        f"{len(history.types)} exploit types are forecast at step {history.step} of "
        f"{history.plan.steps}, from {len(history.estimates):,} estimates and "
        f"{sum(each.draws for each in history.tallies):,} draws of the run itself. No draws, no "
        "tokens, no model: seconds to a few minutes of one core."
    )


def seen_history(run: Run, config: ForecastConfig, histories: Histories | None = None) -> History:
    """Return what a forecast may see, and how long the training is.

    Raises:
        SetupError: Nothing is known up to the cutoff, or the horizon or the number of rollouts
            cannot be told.
    """
    whole = (histories or Histories()).read(run)
    horizon = _horizon_step(run, whole, config)
    cutoff = _cutoff_step(whole, horizon, config)
    known = whole.until(cutoff)
    if not known.tallies and not any(each.estimator == "switch" for each in known.estimates):
        raise SetupError(
            f"{run.path} has no estimate up to step {cutoff}, and no rollouts: run `foretoken "
            "measure` on the early checkpoints, or choose a later cutoff"
        )
    plan = replace(
        whole.plan,
        steps=horizon,
        rollouts=_rollouts_per_step(run, whole, config),
        closed=_closed(whole, config),
    )
    return replace(known, step=cutoff, plan=plan)


def _forecasts(run: Run, history: History, config: ForecastConfig) -> list[Forecast]:
    """By every method that has something to go by."""
    audited = history.plan.closed is not None
    ours: Forecaster = Blend.as_shipped(audited=audited, seed=config.seed)
    found = ours.forecast(history, threshold=config.threshold)
    made = sorted(found, key=lambda each: (-each.score, each.exploit_type))
    measured = [each for each in history.estimates if each.estimator == "switch"]
    if not measured:
        return made
    made += forecast_discovery(
        measured,
        cutoff_step=history.step,
        horizon_step=history.plan.steps,
        rollouts_per_step=history.plan.rollouts,
        threshold=config.threshold,
        joint=_joint_rates(run, sorted({each.step for each in measured}), seed=config.seed),
    )
    published = any(each.estimator == "prefix" for each in history.estimates)
    made += slope_forecast(
        history.estimates,
        cutoff_step=history.step,
        horizon_step=history.plan.steps,
        threshold=config.threshold,
        estimator="prefix" if published else "switch",
    )
    return made


def _horizon_step(run: Run, whole: History, config: ForecastConfig) -> int:
    if config.horizon_step is not None:
        return config.horizon_step
    if "steps" in training_settings(run):
        return whole.plan.steps
    checkpoints = run.checkpoints()
    if not checkpoints:
        raise SetupError(f"{run.path} does not say how long training goes on: give --horizon-step")
    return max(checkpoints)


def _cutoff_step(whole: History, horizon: int, config: ForecastConfig) -> int:
    """The step at which is forecast: as told, or where the run stands, if it goes on."""
    cutoff = config.cutoff_step
    if cutoff is None and config.cutoff is not None:
        cutoff = int(horizon * config.cutoff)
    if cutoff is None:
        cutoff = whole.step if whole.step < horizon else int(horizon * CUTOFF_OF_FINISHED)
    if cutoff >= horizon:
        raise SetupError(
            f"the horizon (step {horizon}) is not after the cutoff (step {cutoff}): name the last "
            "step of the training with --horizon-step"
        )
    return cutoff


def _rollouts_per_step(run: Run, whole: History, config: ForecastConfig) -> dict[str, float]:
    """Rollouts that one step gives to each type: as told, as drawn, or as training is set up."""
    if config.rollouts_per_step is not None:
        return dict.fromkeys(whole.types, config.rollouts_per_step)
    if not any(whole.plan.rollouts.values()):
        raise SetupError(
            f"{run.path} does not say how many rollouts a step gives to each exploit type: give "
            "--rollouts-per-step"
        )
    return dict(whole.plan.rollouts)


def _closed(whole: History, config: ForecastConfig) -> dict[str, bool] | None:
    """Which loopholes are closed, where that is told."""
    if config.closed is None and config.audit is None:
        return None
    told = {*(config.closed or ()), *_audited_closed(whole, config.audit)}
    unknown = sorted(told - {*whole.types})
    if unknown:
        raise SetupError(
            f"closed names types that the run does not have: {', '.join(unknown)}; it has "
            f"{', '.join(whole.types)}"
        )
    return {name: name in told for name in whole.types}


def _audited_closed(whole: History, path: Path | None) -> set[str]:
    """Types of the run that an audit tried and that were never paid."""
    if path is None:
        return set()
    audit = read_audit(path)
    tried = {each.exploit_type for each in audit.attacks if each.fired} & {*whole.types}
    if not tried:
        raise SetupError(
            f"the audit {path} tried none of the run's exploit types ({', '.join(whole.types)}): "
            "audit its grader with --domain code, or name closed ones with --closed"
        )
    return tried & {*audit.closed()}


def _joint_rates(run: Run, steps: Sequence[int], *, seed: int) -> dict[str, JointLogRates]:
    """Rates of each type at all early checkpoints, with errors that are shared between them.

    The hits of the round that the first of them used: each of these checkpoints has scored them.
    """
    bank = read_bank(run, last=steps[0])
    log_p_c: dict[str, list[FloatPerDraw]] = {each.exploit_type: [] for each in bank.types}
    for step in steps:
        scores = read_log_p(run, step_scorer(step))
        for each in bank.types:
            log_p_c[each.exploit_type].append(scores.of(each.keys)[0])
    return {
        each.exploit_type: joint_log_rates(
            each.log_w(np.array(log_p_c[each.exploit_type])),
            each.task,
            steps=tuple(steps),
            tasks=len(each.draws_per_task),
            rng=np.random.default_rng(part_seed(seed, f"joint-{each.exploit_type}")),
        )
        for each in bank.types
        if each.hits
    }
