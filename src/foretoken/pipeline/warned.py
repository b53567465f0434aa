"""How early alarms would have been in runs that are over, at a given rate of false ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field

from foretoken.errors import SetupError
from foretoken.forecast.alarms import (
    EMERGED,
    Costs,
    Watched,
    conformal_limit,
    lead_times,
    stop_policy,
    watch,
)
from foretoken.forecast.blend import Blend
from foretoken.forecast.history import History
from foretoken.forecast.monitors import (
    Monitor,
    betting_capital,
    looking,
    probability,
    rollout_share,
)
from foretoken.work.settings import Settings

FALSE_ALARMS = 0.1
"""Share of clean runs in which an alarm may be raised."""
LOOKS, PATHS = 20, 300
"""Steps of a run at which the model looks, and its paths there."""
CAPITAL = "betting capital"


class StopCosts(Settings):
    """What runs cost, in one unit that is your own."""

    clean_stopped: float = Field(default=1.0, ge=0)
    """A clean run that is stopped."""
    hacked_missed: float = Field(default=4.0, ge=0)
    """A run that is not stopped before its first type emerges."""
    saved_per_step: float = Field(default=0.0, ge=0)
    """Saved with each step by which such a run is stopped earlier."""
    clean_share: float = Field(default=0.5, gt=0, lt=1)
    """Of runs to come, how many are clean."""

    @property
    def told(self) -> Costs:
        """As a policy takes them."""
        return Costs(self.clean_stopped, self.hacked_missed, self.saved_per_step, self.clean_share)


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


def warned(
    runs: Sequence[History], *, model: Blend, costs: StopCosts
) -> tuple[list[Warned], list[str]]:
    """Return how early each monitor warned, and lines about stopping runs at alarms.

    A monitor whose limit the clean runs are too few for is left out, and a line says so.

    Args:
        runs: Up to their last step.
        model: That forecasts; none of these runs taught it.
        costs: Of runs that are stopped or not.
    """
    found: list[Warned] = []
    lines: list[str] = []
    for name, monitor in _monitors(runs, model).items():
        try:
            watched = [watch(run, monitor) for run in runs]
            limit = (
                -math.log(FALSE_ALARMS)
                if name == CAPITAL
                else conformal_limit(watched, share=FALSE_ALARMS)
            )
            found.append(_warned(name, watched, limit))
            lines.append(f"By {name}: {stop_policy(watched, costs.told).words}")
        except SetupError as error:
            lines.append(f"By {name}: {error}.")
    return found, lines


def _monitors(runs: Sequence[History], model: Blend) -> dict[str, Monitor]:
    last = max(run.plan.steps for run in runs)
    looks = {int(step) for step in np.geomspace(1, last + 1, LOOKS) - 1}
    looking_on = replace(model, paths=replace(model.paths, paths=PATHS))
    return {
        model.name: looking(probability(looking_on), threshold=EMERGED, steps=looks),
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
