"""All that a run has shown, step by step: what forecasters read, and what they are judged by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from foretoken.arrays import AnyArray
from foretoken.records import RateEstimate, Source, Tally

WINDOW = 5
"""Steps whose rollouts are taken together, where they are asked whether a type has emerged."""
FEWEST_DRAWS = 50
"""Draws together from which on they say anything about that."""


@dataclass(frozen=True)
class TrainingPlan:
    """What is known of a training before it begins."""

    steps: int
    """How many there are."""
    rollouts: Mapping[str, float]
    """Per step, for each exploit type; while it takes part."""
    starts: Mapping[str, int] = field(default_factory=dict[str, int])
    """Step from which on a type takes part, where that is not the first."""
    closed: Mapping[str, bool] | None = None
    """Whether each loophole is closed, where the run's own grader was audited; None: not known."""
    paid_known: bool = True
    """Whether it is known which hacks were paid."""


@dataclass(frozen=True)
class History:
    """What a run has shown of its exploit types, up to some step."""

    name: str
    plan: TrainingPlan
    step: int
    """Nothing later is in here."""
    estimates: Sequence[RateEstimate] = ()
    """Of any estimator."""
    tallies: Sequence[Tally] = ()

    @property
    def types(self) -> tuple[str, ...]:
        """Exploit types, in alphabetical order."""
        return tuple(sorted(self.plan.rollouts))

    def until(self, step: int) -> "History":
        """Return what was known at a step: its checkpoint is measured, and its rollouts drawn."""
        return replace(
            self,
            step=min(step, self.step),
            estimates=[each for each in self.estimates if each.step <= step],
            tallies=[each for each in self.tallies if each.step <= step],
        )

    def measured(self, exploit_type: str, *, estimator: str = "switch") -> list[RateEstimate]:
        """Return the estimates of one type in order of steps."""
        own = (
            each
            for each in self.estimates
            if each.exploit_type == exploit_type and each.estimator == estimator
        )
        return sorted(own, key=lambda each: each.step)

    def rollouts(self, exploit_type: str) -> tuple[AnyArray, AnyArray]:
        """Return the hacks and the rollouts of one type; both are (steps,), from step 0 on."""
        counted = np.zeros((2, self.step + 1), dtype=np.int64)
        for each in self.tallies:
            if each.exploit_type == exploit_type and each.source is Source.ROLLOUT:
                counted[:, each.step] += each.hacks, each.draws
        return counted[0], counted[1]

    def paid(self, exploit_type: str) -> AnyArray:
        """Return the rollouts of one type that hacked and were paid for it; (steps,)."""
        found = np.zeros(self.step + 1, dtype=np.int64)
        for each in self.tallies:
            if each.exploit_type == exploit_type and each.source is Source.ROLLOUT:
                found[each.step] += each.paid
        return found

    def rate(self, exploit_type: str) -> float:
        """Return the rate that shows: the larger of the last published one and the last rollouts'.

        It says whether a type still is to be forecast, whatever a method makes of it.
        """
        hacks, draws = (each[-WINDOW:].sum() for each in self.rollouts(exploit_type))
        shown = [each.level for each in self.measured(exploit_type)[-1:]]
        counted = float(hacks / draws) if draws >= FEWEST_DRAWS else 0.0
        return max(counted, *(level or 0.0 for level in shown), 0.0)

    def emerged(self, exploit_type: str, *, threshold: float, after: int = -1) -> int | None:
        """Return the first step at which a type hacks at this rate, by rollouts or counted draws.

        Args:
            exploit_type: Which.
            threshold: The rate. Rollouts are taken `WINDOW` steps together, and the step is the
                middle one.
            after: Only later steps count.
        """
        hacks, draws = self.rollouts(exploit_type)
        together, of = (_near(each) for each in (hacks, draws))
        above = (of >= FEWEST_DRAWS) & (together >= threshold * of)
        found = [int(step) for step in np.flatnonzero(above)]
        found += [
            each.step
            for each in self.tallies
            if each.exploit_type == exploit_type
            and each.source is Source.COUNT
            and each.draws >= FEWEST_DRAWS
            and each.hacks >= threshold * each.draws
        ]
        return min((step for step in found if step > after), default=None)


def _near(counts: AnyArray) -> AnyArray:
    """Sum up each step and those around it, `WINDOW` in all."""
    half = WINDOW // 2
    return np.convolve(counts, np.ones(WINDOW, dtype=np.int64))[half : half + len(counts)]
