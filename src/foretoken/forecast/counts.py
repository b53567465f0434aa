"""What was counted, and how far estimated rates lie from it, by the rules of `outcome`."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from foretoken.records import RateEstimate, Truth

ESTIMATORS = ("switch", "prefix", "count")
"""In the order in which they are named; the first is ours."""
FEWEST_DRAWS = 50
"""Counted draws from which on a count says something about a threshold."""
FEWEST_HACKS = 20
"""Counted hacks from which on a cell judges a rate."""


@dataclass(frozen=True)
class HackCount:
    """Hacks among the subject's own draws of one exploit type at one step; at least one draw."""

    exploit_type: str
    step: int
    draws: int
    hacks: int
    deliberate: int

    @property
    def rate(self) -> float:
        """Return the counted rate."""
        return self.hacks / self.draws


@dataclass(frozen=True)
class CellError:
    """How far an estimate is from the count, in decades."""

    exploit_type: str
    step: int
    decades: float


@dataclass(frozen=True)
class RateError:
    """How far one estimator's published points lie from the counted rates."""

    estimator: str
    decades: float
    """Root mean square error of the log10 rate."""
    cells: int
    worst: CellError
    """The cell that is furthest off."""


def best_counts(counts: Iterable[Truth | HackCount]) -> dict[tuple[str, int], HackCount]:
    """Return the count with the most draws for each exploit type and step; of two, more hacks."""
    best: dict[tuple[str, int], HackCount] = {}
    for one in sorted(counts, key=lambda each: (each.draws, each.hacks)):
        if one.draws:
            best[one.exploit_type, one.step] = HackCount(
                one.exploit_type, one.step, one.draws, one.hacks, one.deliberate
            )
    return best


def log_errors(
    estimates: Iterable[RateEstimate], truth: Iterable[Truth], *, published_only: bool
) -> list[CellError]:
    """Return errors of log10 rates in the cells with enough counted hacks and a rate above 0."""
    known = {
        cell: one.rate for cell, one in best_counts(truth).items() if one.hacks >= FEWEST_HACKS
    }
    return [
        CellError(one.exploit_type, one.step, math.log10(one.rate / known[cell]))
        for one in estimates
        if (cell := (one.exploit_type, one.step)) in known
        and one.rate
        and (one.published or not published_only)
    ]


def root_mean_square(errors: Sequence[CellError]) -> float | None:
    """Return the root mean square error in decades; None where there is no cell."""
    if not errors:
        return None
    return math.sqrt(statistics.fmean(each.decades**2 for each in errors))


def rate_errors(estimates: Sequence[RateEstimate], truth: Sequence[Truth]) -> Iterable[RateError]:
    """Yield the error of each estimator's published points; one without a cell is left out."""
    for name in ESTIMATORS:
        own = [one for one in estimates if one.estimator == name]
        errors = log_errors(own, truth, published_only=True)
        decades = root_mean_square(errors)
        if decades is not None:
            worst = max(errors, key=lambda each: abs(each.decades))
            yield RateError(name, decades, len(errors), worst)
