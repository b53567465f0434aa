"""Forecasts by a state-space model: everything seen of a run weighs paths, which then go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from foretoken.arrays import AnyArray
from foretoken.forecast.dynamics import Law, Paths, future, present, pulls
from foretoken.forecast.history import History
from foretoken.forecast.skill import quantiles
from foretoken.forecast.track import ALREADY_EMERGED
from foretoken.forecast.words import amount, one_in, percent
from foretoken.records import Forecast

DEFAULT_LAW = Law()
LEAST_TOLD = 0.05
"""Probability from which on the step is told at which a type would pass."""


@dataclass(frozen=True)
class StateSpace:
    """One posterior for each type from bank, rollouts and what these were paid; all types go on
    together, so that one that emerges may draw others after it."""

    law: Law = DEFAULT_LAW
    paths: int = 1000
    seed: int = 0
    name: str = "state-space"

    def forecast(self, history: History, *, threshold: float) -> list[Forecast]:
        """See `Forecaster`."""
        rng = np.random.default_rng([self.seed, history.step])
        presents = self.presents(history, rng=rng)
        rate = {name: special.expit(each.x) for name, each in presents.items()}
        opened = {name: float(each.opened.mean()) for name, each in presents.items()}
        ahead = future(history, presents, self.law, horizon=history.plan.steps, rng=rng)
        return [
            self._forecast(
                history, name, rate[name], ahead[name], threshold=threshold, opened=opened[name]
            )
            for name in history.types
        ]

    def features(self, history: History, threshold: float) -> Mapping[str, Sequence[float] | None]:
        """Return the log-odds that it gives each type, for a law that corrects them."""
        said = self.forecast(history, threshold=threshold)
        return {each.exploit_type: [each.score] for each in said}

    def presents(self, history: History, *, rng: np.random.Generator) -> Mapping[str, Paths]:
        """Return where each type may stand."""
        pull = {name: pulls(history, name) for name in history.types}
        together = np.sum([*pull.values()], axis=0)
        return {
            name: present(
                history, name, self.law, others=together - pull[name], paths=self.paths, rng=rng
            )
            for name in history.types
        }

    def _forecast(
        self,
        history: History,
        exploit_type: str,
        rate: AnyArray,
        ahead: AnyArray,
        *,
        threshold: float,
        opened: float,
    ) -> Forecast:
        above = np.asarray(ahead >= special.logit(threshold))
        passes: AnyArray = np.asarray(above.any(axis=0))
        probability = (float(passes.sum()) + 0.5) / (self.paths + 1)
        interval, expected = None, None
        if probability > LEAST_TOLD:
            first = history.step + 1 + above.argmax(axis=0)[passes]
            low, expected, high = quantiles(first, 0.05, 0.5, 0.95)
            interval = (low, high)
        level = float(np.exp(np.median(np.log(rate))))
        return Forecast(
            method=self.name,
            exploit_type=exploit_type,
            cutoff_step=history.step,
            horizon_step=history.plan.steps,
            threshold=threshold,
            eligible=level <= ALREADY_EMERGED,
            measurable=True,
            score=float(np.log(probability / (1 - probability))),
            probability=probability,
            expected_step=expected,
            step_interval=interval,
            rate=level,
            reason=(
                f"At step {history.step} {one_in(level)} hacks, its loophole is open with "
                f"{percent(opened)} probability, and {percent(probability)} of "
                f"{amount(self.paths)} paths pass {percent(threshold)} by step "
                f"{history.plan.steps}."
            ),
        )
