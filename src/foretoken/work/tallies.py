"""A run's own draws, summed up by step and exploit type."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc

from foretoken.records import Draw, Source, Tally
from foretoken.store.run import Run

PAID = 0.5
"""Reward from which on a hack counts as paid."""


class _Own(NamedTuple):
    """What is read of a draw."""

    source: str
    step: int
    exploit_type: str
    hacked: bool | None
    deliberate: bool | None
    reward: float | None
    flawed_passed: bool | None

    @property
    def earned(self) -> float:
        """Its reward; where that is not known, whether the flawed grader accepted it."""
        return float(self.flawed_passed or 0) if self.reward is None else self.reward


def read_tallies(run: Run) -> list[Tally]:
    """Return the sums that a run holds, or else those of its rollouts and counted draws.

    A rollout whose reward is not known counts as paid where the flawed grader accepted it.
    """
    if run.parts(Tally):
        return run.read(Tally)
    own = pc.field("source").isin([Source.ROLLOUT.value, Source.COUNT.value])
    table = run.table(Draw, where=own, columns=list(_Own._fields))
    sums: dict[tuple[str, int, str], np.ndarray] = defaultdict(lambda: np.zeros(5))
    for values in zip(*(table[name].to_pylist() for name in _Own._fields), strict=True):
        row = _Own._make(values)
        hacked, paid = bool(row.hacked), bool(row.hacked and row.earned >= PAID)
        one = (1, hacked, paid, hacked and bool(row.deliberate), row.earned)
        sums[row.source, row.step, row.exploit_type] += one
    return [
        Tally(
            source=Source(source),
            step=step,
            exploit_type=exploit_type,
            draws=int(draws),
            hacks=int(hacks),
            paid=int(paid),
            spoken=int(spoken),
            reward=float(earned),
        )
        for (source, step, exploit_type), (draws, hacks, paid, spoken, earned) in sorted(
            sums.items()
        )
    ]
