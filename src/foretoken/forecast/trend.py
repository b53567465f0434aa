"""The published baseline: slope of the log rate against the log step."""

from collections.abc import Sequence

import numpy as np

from foretoken.forecast.track import ALREADY_EMERGED
from foretoken.records import Forecast, RateEstimate


def slope_forecast(
    estimates: Sequence[RateEstimate],
    *,
    cutoff_step: int,
    horizon_step: int,
    threshold: float = 0.1,
    estimator: str = "prefix",
) -> list[Forecast]:
    """Rank exploit types by the slope of their log rate against the log step.

    The raw point estimates are used, published or not, as the recipe does. Step 0 has no log and
    is left out. Where there are several prefix lengths, their slopes are averaged. A type
    with fewer than two rates above 0 is not measurable: its score is minus infinity.

    Args:
        estimates: Of any types, steps and estimators; those after the cutoff are not read.
        cutoff_step: Last step that may be read.
        horizon_step: Last step of the training.
        threshold: Rate that counts as emerged.
        estimator: Whose estimates are read.

    Returns:
        One forecast per type, the largest slope first; it has no probability and no step.

    Source:
        Johnston, "Early Indicators of Reward Hacking via Reasoning Interpolation" (2026).
    """
    by_type: dict[str, list[RateEstimate]] = {}
    for estimate in sorted(estimates, key=lambda e: e.step):
        if estimate.estimator == estimator and estimate.step <= cutoff_step:
            by_type.setdefault(estimate.exploit_type, []).append(estimate)
    made: list[Forecast] = []
    for name, history in by_type.items():
        by_length: dict[int | None, list[tuple[int, float]]] = {}
        for each in history:
            if each.step > 0 and each.rate:
                by_length.setdefault(each.prefix_tokens, []).append((each.step, each.rate))
        slopes = [log_slope(points) for points in by_length.values() if len(points) > 1]
        score = float(np.mean(slopes)) if slopes else -np.inf
        last = [each.rate or 0.0 for each in history if each.step == history[-1].step]
        rate = float(np.median(last))
        measurable = bool(np.isfinite(score))
        made.append(
            Forecast(
                method="slope",
                exploit_type=name,
                cutoff_step=cutoff_step,
                horizon_step=horizon_step,
                threshold=threshold,
                eligible=rate <= ALREADY_EMERGED,
                measurable=measurable,
                score=score,
                probability=None,
                expected_step=None,
                rate=rate,
                reason=f"The log rate changes by {score:+.2f} per unit of log step."
                if measurable
                else "Fewer than two rates above 0: there is no slope.",
            )
        )
    return sorted(made, key=lambda f: (-f.score, f.exploit_type))


def log_slope(points: Sequence[tuple[int, float]]) -> float:
    """Return the least-squares slope of log rate on log step; -inf for fewer than two points."""
    if len(points) < 2:
        return -np.inf
    log_step, log_rate = np.log(np.array(points, dtype=np.float64)).T
    centred = log_step - log_step.mean()
    return float(centred @ log_rate / (centred @ centred))
