"""What simple methods see of an exploit type: each is one small function, for one logistic law."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from foretoken.arrays import AnyArray
from foretoken.forecast.discovery import forecast
from foretoken.forecast.history import History
from foretoken.forecast.logistic import Features

Number = Callable[[History, str], float | None]
"""What one method sees of one type; None where it sees nothing."""
HALF_A_HACK = 0.5
"""Added to counts before a logarithm."""
LEVEL_SPREAD, SLOPE_SPREAD, BEND_SPREAD, POINT_NOISE = 1.0, 0.3, 0.3, 0.1
"""Standard deviations in decades, the slope's for each unit of the log of the step."""
BEND_LENGTH = 1.5
"""Over how much of the log of the step the trend bends."""


def each_type(number: Number) -> Features:
    """Return the features of a method that sees one number of each type."""

    def features(history: History, threshold: float) -> Mapping[str, Sequence[float] | None]:
        del threshold
        seen = {name: number(history, name) for name in history.types}
        return {name: None if value is None else [value] for name, value in seen.items()}

    return features


def nothing(history: History, exploit_type: str) -> float | None:
    """The base rate alone."""
    del history, exploit_type


def rollout_count(history: History, exploit_type: str) -> float | None:
    """Log10 of the share of rollouts that hacked: what one sees by watching them."""
    hacks, draws = (each.sum() for each in history.rollouts(exploit_type))
    return float(np.log10((hacks + HALF_A_HACK) / (draws + 1))) if draws else None


def sample_size(history: History, exploit_type: str) -> float | None:
    """Log10 of how many rollouts are still to come: what no method may be as good as."""
    begins = max(history.plan.starts.get(exploit_type, 0), history.step)
    left = history.plan.rollouts[exploit_type] * (history.plan.steps - begins)
    return float(np.log10(left + 1))


def level(history: History, exploit_type: str) -> float | None:
    """Log10 of the bank's last rate: its point, or the middle of what is probable."""
    for each in reversed(history.measured(exploit_type)):
        if each.published and each.rate:
            return float(np.log10(each.rate))
        if each.probable is not None:
            return float(np.log10(max(each.probable[0], 1e-9)))
    return None


def published_slope(history: History, exploit_type: str) -> float | None:
    """Slope of the log rate on the log step by the published recipe."""
    return slope(
        [
            (each.step, each.rate)
            for each in history.measured(exploit_type, estimator="prefix")
            if each.rate
        ]
    )


def bank_slope(history: History, exploit_type: str) -> float | None:
    """The same from the bank's points."""
    own = history.measured(exploit_type)
    return slope([(each.step, each.rate) for each in own if each.rate])


def slope(points: Sequence[tuple[int, float]]) -> float | None:
    """Return the least-squares slope of log rate on log step; None for fewer than two points.

    Args:
        points: Steps and rates; step 0 and rates of 0 have no log, and are left out.
    """
    known = [(step, rate) for step, rate in points if step > 0 and rate > 0]
    if len(known) < 2:
        return None
    log_step, log_rate = np.log(np.array(known, dtype=np.float64)).T
    centred = log_step - log_step.mean()
    return float(centred @ log_rate / (centred @ centred))


def process_trend(history: History, exploit_type: str) -> float | None:
    """Log10 of the rate at the end, by a Gaussian process through the points of the bank.

    On the log of the step it is a line with a gentle bend; points have the bank's noise.
    """
    own = [(each.step, each.rate) for each in history.measured(exploit_type) if each.rate]
    if not own:
        return None
    step, rate = np.array(own, dtype=np.float64).T
    at, log_rate = np.log1p(step), np.log10(rate)
    end = np.log1p(np.array([float(history.plan.steps)]))
    known: AnyArray = _covariance(at, at) + POINT_NOISE**2 * (at[:, None] == at)
    gain: AnyArray = np.linalg.inv(known) @ (log_rate - log_rate.mean())
    return float(log_rate.mean() + (_covariance(end, at) @ gain)[0])


def _covariance(one: AnyArray, other: AnyArray) -> AnyArray:
    """Of a process on log steps, in decades squared: level, slope and bend."""
    apart = one[:, None] - other[None]
    line = LEVEL_SPREAD**2 + SLOPE_SPREAD**2 * one[:, None] * other[None]
    return line + BEND_SPREAD**2 * np.exp(-0.5 * np.square(apart / BEND_LENGTH))


def discovered(history: History, threshold: float) -> Mapping[str, Sequence[float] | None]:
    """Log10 of the rewarded draws that are expected still to come, as in `discovery`."""
    if history.step >= history.plan.steps:
        return {}
    said = forecast(
        history.estimates,
        cutoff_step=history.step,
        horizon_step=history.plan.steps,
        rollouts_per_step=history.plan.rollouts,
        threshold=threshold,
    )
    return {each.exploit_type: [each.score] for each in said if np.isfinite(each.score)}


RIVALS: dict[str, Features] = {
    "base rate": each_type(nothing),
    "sample size": each_type(sample_size),
    "rollout count": each_type(rollout_count),
    "level": each_type(level),
    "slope": each_type(bank_slope),
    "published slope": each_type(published_slope),
    "Gaussian-process trend": each_type(process_trend),
    "discovery": discovered,
}
"""By name, in the order in which they are shown."""
