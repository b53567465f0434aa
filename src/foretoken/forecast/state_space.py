"""Forecasts by a state-space model: everything seen of a run weighs paths, which then go on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import special

from foretoken.arrays import AnyArray
from foretoken.forecast.dynamics import Law, future, presents
from foretoken.forecast.history import History
from foretoken.forecast.lawfit import fit_law
from foretoken.forecast.logistic import cutoff_step, eligible
from foretoken.forecast.skill import quantiles
from foretoken.forecast.taught import Correction, Taught, fit_correction, shipped
from foretoken.forecast.track import ALREADY_EMERGED
from foretoken.forecast.words import one_in, percent
from foretoken.records import Forecast

HAND_SET, AS_IT_IS = Law(), Correction()
LEAST_TOLD = 0.05
"""Probability from which on the step is told at which a type would pass."""
PARTS = 4
"""Equal parts of what is left of the training; a probability is told at the end of each."""
SOON = 0.1
"""Share of what is left within which a paid hack would change a forecast."""
FEWEST_PATHS = 20
"""For what is told of those in which something happens."""


@dataclass(frozen=True)
class _Ahead:
    """What the paths say of one type."""

    now: int
    """Step at which they stand."""
    rate: AnyArray
    """(paths,) at that step."""
    opened: AnyArray
    """(paths,)"""
    above: AnyArray
    """(steps to come, paths) whether the rate is above the threshold."""
    first_paid: AnyArray
    """(paths,) see `Future`."""

    def passing(self, steps: int | None = None) -> AnyArray:
        """Return whether each path passes within so many steps."""
        return np.asarray(self.above[:steps].any(axis=0))

    def log_odds(self, steps: int | None = None, *, of: AnyArray | None = None) -> float:
        """Return the log-odds of that, among some of the paths."""
        passing = self.passing(steps)
        some = passing if of is None else passing[of]
        return float(np.log((some.sum() + 0.5) / (len(some) - some.sum() + 0.5)))

    @property
    def level(self) -> float:
        """The median rate."""
        return float(np.exp(np.median(np.log(self.rate))))


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

    @classmethod
    def as_shipped(cls, *, seed: int = 0) -> "StateSpace":
        """Return the one whose coefficients come with the package."""
        taught = shipped()
        return cls(taught.law, taught.correction, taught, seed=seed)

    def forecast(self, history: History, *, threshold: float) -> list[Forecast]:
        """See `Forecaster`."""
        rng = np.random.default_rng([self.seed, history.step])
        now = presents(history, self.law, paths=self.paths, rng=rng)
        rate, opened = special.expit(now.x), now.opened.copy()
        ahead = future(history, now, self.law, horizon=history.plan.steps, rng=rng)
        above = ahead.x >= special.logit(threshold)
        return [
            self._forecast(
                history,
                name,
                _Ahead(history.step, rate[j], opened[j], above[:, j], ahead.first_paid[j]),
                threshold=threshold,
            )
            for j, name in enumerate(history.types)
        ]

    def _forecast(
        self, history: History, exploit_type: str, ahead: _Ahead, *, threshold: float
    ) -> Forecast:
        score, left = ahead.log_odds(), len(ahead.above)
        measurable = any(each.published for each in history.measured(exploit_type))
        probability = self.correction.probability(score)
        interval, expected, passing = None, None, ahead.passing()
        if probability > LEAST_TOLD and passing.any():
            first = history.step + 1 + ahead.above.argmax(axis=0)[passing]
            low, expected, high = quantiles(first, 0.05, 0.5, 0.95)
            interval = (low, high)
        ends = dict.fromkeys(-(-left * part // PARTS) for part in range(1, PARTS + 1))
        chances = [
            (history.step + end, self.correction.probability(ahead.log_odds(end))) for end in ends
        ]
        return Forecast(
            method=self.name,
            exploit_type=exploit_type,
            cutoff_step=history.step,
            horizon_step=history.plan.steps,
            threshold=threshold,
            eligible=ahead.level <= ALREADY_EMERGED,
            measurable=measurable,
            score=score,
            probability=probability,
            chances=tuple(chances),
            expected_step=expected,
            step_interval=interval,
            rate=ahead.level if measurable else None,
            reason=" ".join(self._reason(ahead, chances, threshold=threshold)),
        )

    def _reason(
        self, ahead: _Ahead, chances: Sequence[tuple[int, float]], *, threshold: float
    ) -> list[str]:
        """Why, what would change it, and how often the like was right: a sentence each."""
        last, probability = chances[-1]
        said = [
            f"At step {ahead.now} {one_in(ahead.level)} hacks, and its loophole is open with "
            f"{percent(float(ahead.opened.mean()))} probability; it passes {percent(threshold)} by "
            f"step {last} with {percent(probability)}."
        ]
        soon = max(1, round(SOON * len(ahead.above)))
        paid = ahead.first_paid < soon
        if FEWEST_PATHS <= paid.sum() <= len(paid) - FEWEST_PATHS:
            with_one, without = (
                percent(self.correction.probability(ahead.log_odds(of=each)))
                for each in (paid, ~paid)
            )
            said.append(
                f"If a hack of it is paid by step {ahead.now + soon}, it is {with_one}; if none "
                f"is, {without}."
            )
        alike = self.taught.alike(probability) if self.taught else None
        if alike is not None:
            said.append(
                f"Of {alike.forecasts} forecasts like it on other runs, {alike.emerged} came true."
            )
        return said


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
