"""How early alarms would have been in runs that are over, at a given rate of false ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foretoken.errors import SetupError
from foretoken.forecast.alarms import EMERGED, Watched, conformal_limit, lead_times, watch
from foretoken.forecast.dynamics import Law
from foretoken.forecast.history import History
from foretoken.forecast.monitors import (
    Monitor,
    betting_capital,
    looking,
    probability,
    rollout_share,
)
from foretoken.forecast.state_space import StateSpace

FALSE_ALARMS = 0.1
"""Share of clean runs in which an alarm may be raised."""
LOOKS, PATHS = 20, 300
"""Steps of a run at which the state-space model looks, and its paths there."""
CAPITAL = "betting capital"


@dataclass(frozen=True)
class Warned:
    """One monitor's alarms in some runs."""

    monitor: str
    clean_stopped: int
    """Clean runs in which an alarm was raised."""
    clean: int
    caught: int
    """Types that were warned of before they emerged."""
    emerged: int
    median_steps: float | None
    """From a type's alarm to its emergence; types not caught count as 0."""


def warned(runs: Sequence[History], *, law: Law, seed: int) -> tuple[list[Warned], list[str]]:
    """Return how early each monitor warned, and a line for each that could not be given a limit.

    Args:
        runs: Up to their last step.
        law: Of the state-space model.
        seed: Of its paths.
    """
    found: list[Warned] = []
    without: list[str] = []
    for name, monitor in _monitors(runs, law=law, seed=seed).items():
        try:
            watched = [watch(run, monitor) for run in runs]
            limit = (
                -math.log(FALSE_ALARMS)
                if name == CAPITAL
                else conformal_limit(watched, share=FALSE_ALARMS)
            )
        except SetupError as error:
            without.append(f"{name}: {error}")
        else:
            found.append(_warned(name, watched, limit))
    return found, without


def _monitors(runs: Sequence[History], *, law: Law, seed: int) -> dict[str, Monitor]:
    last = max(run.plan.steps for run in runs)
    looks = {int(step) for step in np.geomspace(1, last + 1, LOOKS) - 1}
    model = StateSpace(law, paths=PATHS, seed=seed)
    return {
        model.name: looking(probability(model), threshold=EMERGED, steps=looks),
        "watching rollouts": rollout_share(),
        CAPITAL: betting_capital(),
    }


def _warned(name: str, watched: Sequence[Watched], limit: float) -> Warned:
    leads, clean = lead_times(watched, limit), [run for run in watched if run.clean]
    return Warned(
        monitor=name,
        clean_stopped=sum(run.alarm(limit) is not None for run in clean),
        clean=len(clean),
        caught=leads.caught,
        emerged=len(leads.leads),
        median_steps=leads.median,
    )
