"""A run's own draws, summed up by step and exploit type."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc

from foretoken.records import Draw, Source, Tally
from foretoken.store.kept import KeptParts
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


Sums = dict[tuple[str, int, str], np.ndarray]
"""By source, step and exploit type: draws, hacks, paid and spoken ones, and the reward."""


def sums_of(run: Run, part: str) -> Sums:
    """Return the sums of the rollouts and counted draws of one part that a grader judged.

    Of one that none judged it is not known whether it hacked: it counts nowhere. A rollout whose
    reward is not known counts as paid where the flawed grader accepted it.
    """
    own = pc.field("source").isin([Source.ROLLOUT.value, Source.COUNT.value])
    table = run.table(Draw, part=part, where=own, columns=list(_Own._fields))
    sums: Sums = defaultdict(lambda: np.zeros(5))
    for values in zip(*(table[name].to_pylist() for name in _Own._fields), strict=True):
        row = _Own._make(values)
        hacked, paid = bool(row.hacked), bool(row.hacked and row.earned >= PAID)
        one = (1, hacked, paid, hacked and bool(row.deliberate), row.earned)
        sums[row.source, row.step, row.exploit_type] += float(row.hacked is not None) * np.array(
            one
        )
    return dict(sums)


def read_tallies(run: Run, *, kept: KeptParts[Sums] | None = None) -> list[Tally]:
    """Return the sums that a run holds, or else those of its rollouts and counted draws.

    Args:
        run: Which.
        kept: Of a reader that looks again and again: `sums_of` each part.
    """
    if run.parts(Tally):
        return run.read(Tally)
    sums: Sums = defaultdict(lambda: np.zeros(5))
    for part in (kept or KeptParts(Draw, sums_of)).of(run):
        for key, counted in part.items():
            sums[key] += counted
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
