"""Forecasts by a state-space model: everything seen of a run weighs paths, which then go on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import special

from foretoken.forecast.dynamics import Law, future, presents
from foretoken.forecast.history import History
from foretoken.forecast.lawfit import fit_law
from foretoken.forecast.logistic import cutoff_step, eligible
from foretoken.forecast.taught import Correction, Taught, fit_correction
from foretoken.forecast.told import Ahead, Telling
from foretoken.records import Forecast

HAND_SET, AS_IT_IS = Law(), Correction()


@dataclass(frozen=True)
class StateSpace:
    """One posterior for each type from bank, rollouts and what these were paid; all types go on
    together, so that one that emerges may draw others after it."""

    law: Law = HAND_SET
    correction: Correction = AS_IT_IS
    taught: Taught | None = None
    """Where law and correction come from; None: set by hand."""
    paths: int = 1000
    seed: int = 0
    name: str = "state-space"

    def ahead(self, history: History, *, threshold: float) -> dict[str, Ahead]:
        """Return what the paths of each type say, in alphabetical order."""
        rng = np.random.default_rng([self.seed, history.step])
        now = presents(history, self.law, paths=self.paths, rng=rng)
        rate, opened = special.expit(now.x), now.opened.copy()
        coming = future(history, now, self.law, horizon=history.plan.steps, rng=rng)
        above = coming.x >= special.logit(threshold)
        return {
            name: Ahead(history.step, rate[j], opened[j], above[:, j], coming.first_paid[j])
            for j, name in enumerate(history.types)
        }

    def opinion(self, log_odds: float, _: int) -> float:
        """Return the corrected log-odds of paths that pass; see `Opinion`."""
        return self.correction.log_odds(log_odds)

    def forecast(self, history: History, *, threshold: float) -> list[Forecast]:
        """See `Forecaster`."""
        telling = Telling(self.name, threshold, self.taught)
        return [
            telling.forecast(history, name, ahead, self.opinion)
            for name, ahead in self.ahead(history, threshold=threshold).items()
        ]


@dataclass(frozen=True)
class StateSpaceMethod:
    """The state-space model, with a correction from runs that are over; see `Method`."""

    seed: int = 0
    paths: int = 1000
    law: Law | None = HAND_SET
    """None: fitted on the runs, which takes minutes."""
    _known: dict[tuple[Law, str, int, float], list[Forecast]] = field(
        default_factory=dict[tuple[Law, str, int, float], list[Forecast]]
    )
    """Forecasts that were made, so that a run that teaches several times is forecast once."""

    def __call__(
        self, runs: Sequence[History], *, cutoffs: Sequence[float], thresholds: Sequence[float]
    ) -> StateSpace:
        """Return the model that these runs correct."""
        law = self.law or fit_law(runs, cutoffs=cutoffs, thresholds=thresholds, seed=self.seed)
        plain = StateSpace(law, paths=self.paths, seed=self.seed)
        scores: list[float] = []
        emerged: list[bool] = []
        for run in runs:
            for step in sorted({cutoff_step(run, share) for share in cutoffs}):
                now = run.until(step)
                asked = frozenset(eligible(now))
                for threshold in thresholds:
                    for one in self._said(plain, now, threshold):
                        if one.exploit_type in asked:
                            then = run.emerged(one.exploit_type, threshold=threshold, after=step)
                            scores.append(one.score)
                            emerged.append(then is not None)
        return replace(plain, correction=fit_correction(scores, emerged))

    def _said(self, plain: StateSpace, now: History, threshold: float) -> list[Forecast]:
        key = (plain.law, now.name, now.step, threshold)
        if key not in self._known:
            self._known[key] = plain.forecast(now, threshold=threshold)
        return self._known[key]
