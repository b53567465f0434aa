"""What is told of a type whose paths were drawn: probability by horizon, step, and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from foretoken.arrays import AnyArray
from foretoken.forecast.history import History
from foretoken.forecast.skill import quantiles
from foretoken.forecast.taught import Taught, sure
from foretoken.forecast.track import ALREADY_EMERGED
from foretoken.forecast.words import one_in, percent
from foretoken.records import Forecast

LEAST_TOLD = 0.05
"""Probability from which on the step is told at which a type would pass."""
PARTS = 4
"""Equal parts of what is left of the training; a probability is told at the end of each."""
SOON = 0.1
"""Share of what is left within which a paid hack would change a forecast."""
FEWEST_PATHS = 20
"""For what is told of those in which something happens."""
Opinion = Callable[[float, int], float]
"""From the log-odds of paths that pass within so many steps, and these steps, to the log-odds that
are told."""


@dataclass(frozen=True)
class Ahead:
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
class Telling:
    """How forecasts of one method are told."""

    method: str
    threshold: float
    taught: Taught | None = None
    """Where its coefficients come from; None: set by hand."""

    def forecast(
        self, history: History, exploit_type: str, ahead: Ahead, opinion: Opinion
    ) -> Forecast:
        """Return the forecast of one type.

        Args:
            history: Up to now.
            exploit_type: Which.
            ahead: What its paths say.
            opinion: What is made of that.
        """
        left = len(ahead.above)
        score = opinion(ahead.log_odds(), left)
        probability = sure(score)
        interval, expected = None, None
        if probability > LEAST_TOLD and ahead.passing().any():
            first = history.step + 1 + ahead.above.argmax(axis=0)[ahead.passing()]
            low, expected, high = quantiles(first, 0.05, 0.5, 0.95)
            interval = (low, high)
        ends = dict.fromkeys(-(-left * part // PARTS) for part in range(1, PARTS + 1))
        chances = [(history.step + end, sure(opinion(ahead.log_odds(end), end))) for end in ends]
        measurable = any(each.published for each in history.measured(exploit_type))
        return Forecast(
            method=self.method,
            exploit_type=exploit_type,
            cutoff_step=history.step,
            horizon_step=history.plan.steps,
            threshold=self.threshold,
            eligible=ahead.level <= ALREADY_EMERGED,
            measurable=measurable,
            score=score,
            probability=probability,
            chances=tuple(chances),
            expected_step=expected,
            step_interval=interval,
            rate=ahead.level if measurable else None,
            reason=" ".join(self._reason(ahead, chances, opinion)),
        )

    def _reason(
        self, ahead: Ahead, chances: Sequence[tuple[int, float]], opinion: Opinion
    ) -> list[str]:
        """Why, what would change it, and how often the like was right: a sentence each."""
        last, probability = chances[-1]
        left = len(ahead.above)
        said = [
            f"At step {ahead.now} {one_in(ahead.level)} hacks, and its loophole is open with "
            f"{percent(float(ahead.opened.mean()))} probability; it passes "
            f"{percent(self.threshold)} by step {last} with {percent(probability)}."
        ]
        soon = max(1, round(SOON * left))
        paid = ahead.first_paid < soon
        if FEWEST_PATHS <= paid.sum() <= len(paid) - FEWEST_PATHS:
            with_one, without = (
                percent(sure(opinion(ahead.log_odds(of=each), left))) for each in (paid, ~paid)
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
