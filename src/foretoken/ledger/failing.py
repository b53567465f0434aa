"""When a reward function begins to fail, and what is said of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scipy import stats

from foretoken.estimate.bounds import clopper_pearson_lower
from foretoken.ledger.faults import UNITS, FaultCounts
from foretoken.ledger.sums import called

KINDS = {
    "failed": ("failed", "failed"),
    "timed_out": ("timed out", "timed out"),
    "no_number": ("gave NaN or an infinite value to some answer", "got NaN or an infinite value"),
    "no_value": ("gave some answer no value", "got no value"),
}
"""Ways of failing, and what is said of calls and of answers."""
CALLS, ANSWERS = "calls", "answers"
RISK = 0.01
"""Of telling a rise of one kind of one reward function that there is none of, ever, where calls
fail independently."""
FEWEST, SMALLEST, TIMES = 3, 0.01, 3.0
"""Failures, their share, and how many times the share before that is: less is not told of."""
LARGE = 0.1
"""Share of failures from the start on that is told of."""


@dataclass(frozen=True)
class Rise:
    """Failures of one kind, in the newest steps and before."""

    grader: str
    kind: str
    first: int
    last: int
    """Newest steps."""
    faults: int
    units: int
    faults_before: int
    units_before: int
    """0: this is how it was from the start."""
    what: str
    """What was counted: `CALLS` or `ANSWERS`."""

    @property
    def words(self) -> str:
        """The counts, for a person."""
        span = f"step {self.last}" if self.first == self.last else f"steps {self.first}-{self.last}"
        how = KINDS[self.kind][self.what == ANSWERS]
        said = f"{self.faults:,} of {self.units:,} {self.what} {how} in {span}"
        before = f", {self.faults_before:,} of {self.units_before:,} before"
        return f"{called(self.grader)}: {said}{before if self.units_before else ''}"


def rises(counts: FaultCounts) -> Iterator[Rise]:
    """Yield what has risen, or is large from the start: one of each kind of a reward function."""
    for grader, steps in sorted(counts.by_step.items()):
        what = CALLS if counts.as_calls[grader] else ANSWERS
        for kind in KINDS:
            found = _rise(steps, kind)
            if found is not None:
                yield Rise(grader, kind, **found, what=what)


def _rise(steps: Mapping[int, Counter[str]], kind: str) -> dict[str, int] | None:
    ordered = sorted(steps)
    faults = [steps[step][kind] for step in ordered]
    units = [steps[step][UNITS] for step in ordered]
    spans = [2**power for power in range(len(ordered).bit_length()) if 2**power < len(ordered)]
    risk = RISK / (len(ordered) * (len(ordered) + 1)) / (len(spans) + 1)
    for span in spans:
        recent, before = slice(len(ordered) - span, None), slice(len(ordered) - span)
        now, then = (sum(faults[recent]), sum(units[recent])), _sums(faults, units, before)
        if _differ(now, then, risk=risk):
            return _said(ordered[recent], now, then)
    now = (sum(faults), sum(units))
    if kind != "no_value" and clopper_pearson_lower(*now, delta=risk) > LARGE:
        return _said(ordered, now, (0, 0))
    return None


def _differ(now: tuple[int, int], then: tuple[int, int], *, risk: float) -> bool:
    """Whether failures rose by as much as is told of, and not by chance (Fisher's exact test)."""
    if now[0] < FEWEST or now[0] / now[1] < max(SMALLEST, TIMES * then[0] / then[1]):
        return False
    faults, units = now[0] + then[0], now[1] + then[1]
    return float(stats.hypergeom.sf(now[0] - 1, units, faults, now[1])) < risk


def _sums(faults: Sequence[int], units: Sequence[int], where: slice) -> tuple[int, int]:
    return sum(faults[where]), sum(units[where])


def _said(steps: Sequence[int], now: tuple[int, int], then: tuple[int, int]) -> dict[str, int]:
    return {
        "first": steps[0],
        "last": steps[-1],
        "faults": now[0],
        "units": now[1],
        "faults_before": then[0],
        "units_before": then[1],
    }
