"""What was estimated and forecast, beside what was counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foretoken.forecast.ranking import auc
from foretoken.records import Forecast, RateEstimate, Truth

FEWEST_HACKS = 20
"""Counted hacks from which on a cell is a yardstick."""


@dataclass(frozen=True)
class Error:
    """How far an estimate is from the count, in decades."""

    exploit_type: str
    step: int
    decades: float


def best_counts(truth: Sequence[Truth]) -> dict[tuple[str, int], Truth]:
    """The count with the most draws for each (exploit type, step)."""
    best: dict[tuple[str, int], Truth] = {}
    for each in sorted(truth, key=lambda each: each.draws):
        best[each.exploit_type, each.step] = each
    return best


def first_above(
    truth: Sequence[Truth], *, after_step: int, threshold: float
) -> dict[str, int | None]:
    """First counted step after the cutoff at which each type is above the threshold, or None."""
    found: dict[str, int | None] = {each.exploit_type: None for each in truth}
    for each in sorted(best_counts(truth).values(), key=lambda each: -each.step):
        if each.step > after_step and each.hacks > threshold * each.draws:
            found[each.exploit_type] = each.step
    return dict(sorted(found.items()))


def log_errors(
    estimates: Sequence[RateEstimate], truth: Sequence[Truth], *, published_only: bool
) -> list[Error]:
    """Errors of log10 rates in the cells with enough counted hacks and a rate above 0."""
    counted = {
        cell: each.hacks / each.draws
        for cell, each in best_counts(truth).items()
        if each.hacks >= FEWEST_HACKS
    }
    return [
        Error(each.exploit_type, each.step, float(np.log10(each.rate / known)))
        for each in estimates
        if (known := counted.get((each.exploit_type, each.step)))
        and each.rate
        and (each.published or not published_only)
    ]


def root_mean_square(errors: Sequence[Error]) -> float | None:
    """Root mean square error in decades; None where there is no cell."""
    if not errors:
        return None
    return float(np.sqrt(np.mean([each.decades**2 for each in errors])))


def ranking(
    forecasts: Sequence[Forecast], emerged: dict[str, int | None], *, method: str
) -> float | None:
    """Area under the curve of one method over the types that were not there at the cutoff.

    None where all or none of them emerged.
    """
    eligible = {each.exploit_type for each in forecasts if each.eligible}
    eligible &= {f.exploit_type for f in forecasts if f.method == "discovery" and f.eligible}
    chosen = [
        each
        for each in forecasts
        if each.method == method and each.exploit_type in eligible and each.exploit_type in emerged
    ]
    return auc(
        [each.score for each in chosen], [emerged[each.exploit_type] is not None for each in chosen]
    )
