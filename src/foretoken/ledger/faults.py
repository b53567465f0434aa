"""How calls of reward functions failed, by step.

A call counts once, however many answers it graded, since they fail together; where a log does not
tell calls, each answer counts.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from foretoken.grader_records import Grade
from foretoken.store.run import Run

UNITS = "units"
"""Calls or answers, beside the ways in which they failed."""


@dataclass
class FaultCounts:
    """Of each reward function and step, how many calls there were, and how they failed."""

    by_step: defaultdict[str, defaultdict[int, Counter[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter[str]))
    )
    as_calls: dict[str, bool] = field(default_factory=dict[str, bool])
    """Whether the log of a reward function tells calls."""

    def add(self, grades: Iterable[Grade]) -> None:
        """Count grades of training; those of one call come together."""
        seen: dict[tuple[str, int, str], set[str]] = {}
        for each in grades:
            if each.training and each.step is not None:
                self.as_calls[each.grader] = each.batch is not None
                unit = (each.grader, each.step, each.batch or each.key)
                seen.setdefault(unit, set()).update(_kinds(each))
        for (grader, step, _), kinds in seen.items():
            self.by_step[grader][step].update((UNITS, *kinds))

    def merge(self, other: "FaultCounts") -> None:
        """Add what was counted elsewhere."""
        self.as_calls |= other.as_calls
        for grader, steps in other.by_step.items():
            for step, counts in steps.items():
                self.by_step[grader][step].update(counts)


def read_fault_counts(run: Run) -> FaultCounts:
    """Return what a run's grades count.

    Raises:
        StoreError: A part is damaged.
    """
    counts = FaultCounts()
    for part in run.parts(Grade):
        counts.add(run.read(Grade, part=part))
    return counts


def _kinds(grade: Grade) -> Iterator[str]:
    if grade.timed_out:
        yield "timed_out"
    if grade.error is not None:
        yield "failed"
    elif grade.value is None:
        yield "no_value"
    elif not math.isfinite(grade.value):
        yield "no_number"
