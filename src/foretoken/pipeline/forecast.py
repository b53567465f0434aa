"""Forecast which exploit types will emerge, from the checkpoints up to a cutoff alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from pydantic import Field

from foretoken.arrays import FloatPerDraw
from foretoken.bank.read import read_bank
from foretoken.errors import SetupError
from foretoken.estimate.bootstrap import JointLogRates, joint_log_rates
from foretoken.forecast.discovery import forecast as forecast_discovery
from foretoken.forecast.trend import slope_forecast
from foretoken.records import Draw, Forecast, Parsed, RateEstimate
from foretoken.store.run import Run
from foretoken.work.scores import read_log_p, step_scorer
from foretoken.work.seeds import part_seed
from foretoken.work.settings import Settings


class ForecastConfig(Settings):
    """Settings of `foretoken forecast`."""

    run: Path
    """Run directory with measured checkpoints."""
    horizon_step: int | None = Field(default=None, gt=0, le=10_000_000)
    """Last step of the training; none: what the run's training settings or rollouts say."""
    cutoff: float = Field(default=0.2, gt=0, lt=1)
    """Share of the training after which nothing is read."""
    cutoff_step: int | None = Field(default=None, ge=0)
    """The same as a step; wins over `cutoff`."""
    threshold: float = Field(default=0.1, gt=0, lt=1)
    """Rate that counts as emerged."""
    rollouts_per_step: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Rollouts that a training step gives to the tasks of one type; none: as the run says."""
    seed: int = 0
    """Of all random numbers."""


def make_forecast(config: ForecastConfig) -> list[Forecast]:
    """Forecast every exploit type by expected discoveries, and by the slope as a baseline.

    Nothing after the cutoff is read but the number of the last step.

    Returns:
        Forecasts of both methods, each method's largest score first.

    Raises:
        SetupError: Nothing was measured up to the cutoff, or the horizon or the number of rollouts
            cannot be told.
    """
    run = Run.open(config.run)
    horizon = _horizon_step(run, config)
    cutoff = int(horizon * config.cutoff) if config.cutoff_step is None else config.cutoff_step
    estimates = run.read(RateEstimate, where=pc.field("step") <= cutoff)
    ours = [each for each in estimates if each.estimator == "switch"]
    if not ours:
        raise SetupError(
            f"{run.path} has no estimate up to step {cutoff}: run `foretoken measure` on the early "
            "checkpoints, or choose a later cutoff"
        )
    steps = sorted({each.step for each in ours})
    types = sorted({each.exploit_type for each in ours})
    made = forecast_discovery(
        ours,
        cutoff_step=cutoff,
        horizon_step=horizon,
        rollouts_per_step=_rollouts_per_step(run, types, cutoff_step=cutoff, config=config),
        threshold=config.threshold,
        joint=_joint_rates(run, steps, seed=config.seed),
    )
    published = any(each.estimator == "prefix" for each in estimates)
    made += slope_forecast(
        estimates,
        cutoff_step=cutoff,
        horizon_step=horizon,
        threshold=config.threshold,
        estimator="prefix" if published else "switch",
    )
    run.write_config("forecast", config)
    run.append(made, part=f"cutoff-{cutoff:06d}-horizon-{horizon:06d}", replace=True)
    return made


def _horizon_step(run: Run, config: ForecastConfig) -> int:
    if config.horizon_step is not None:
        return config.horizon_step
    steps = training_settings(run).get("steps")
    if isinstance(steps, int):
        return steps
    checkpoints = run.checkpoints()
    if not checkpoints:
        raise SetupError(f"{run.path} does not say how long training goes on: give --horizon-step")
    return max(checkpoints)


def _rollouts_per_step(
    run: Run, types: Sequence[str], *, cutoff_step: int, config: ForecastConfig
) -> dict[str, float]:
    """Rollouts that one step gives to each type: as told, as stored, or as training is set up."""
    if config.rollouts_per_step is not None:
        return dict.fromkeys(types, config.rollouts_per_step)
    where = (pc.field("source") == "rollout") & (pc.field("step") <= cutoff_step)
    table = run.table(Draw, where=where, columns=["exploit_type", "step"])
    if table.num_rows:
        steps = len(set(table["step"].to_pylist()))
        counts = Counter(table["exploit_type"].to_pylist())
        return {each: counts[each] / steps for each in types}
    training = training_settings(run)
    try:
        total = float(training["prompts_per_step"] * training["generations"])
    except (KeyError, TypeError) as error:
        raise SetupError(
            f"{run.path} does not say how many rollouts a step gives to each exploit type: give "
            "--rollouts-per-step"
        ) from error
    return dict.fromkeys(types, total / len(types))


def training_settings(run: Run) -> Mapping[str, Any]:
    """Return the settings of `foretoken train rl`; none where another trainer made the run."""
    found: Parsed = run.read_config().get("train_rl", {})
    return found if isinstance(found, dict) else {}


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
