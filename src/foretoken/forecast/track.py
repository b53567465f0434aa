"""What is known of one exploit type up to the cutoff: its level, its growth, its past draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from foretoken.errors import SetupError
from foretoken.estimate.bootstrap import JointLogRates, Slope
from foretoken.estimate.bounds import clopper_pearson_lower, clopper_pearson_upper
from foretoken.records import RateEstimate

ALREADY_EMERGED = 0.02
"""A type above this rate at the cutoff is no forecast any more."""
RECENT = 0.2
"""Growth is read from the checkpoints after this share of the steps so far: old growth, e.g. a
burst that came from another type, says little about what is still to come."""
FEWEST_EFFECTIVE_HITS = 10.0
"""Checkpoints with fewer are left out of the slope."""


@dataclass(frozen=True)
class Track:
    """One exploit type, as the checkpoints up to the cutoff show it."""

    exploit_type: str
    step: int
    """Checkpoint that the level is from: the last one with a point, else the last."""
    rate: float
    """Point there, or the lower bound where no checkpoint has one. Once the run's own draws refuted
    the bank, points are counts of these draws."""
    measurable: bool
    """Whether any checkpoint up to the cutoff has a point."""
    growth: Slope | None
    """Growth of the log rate per step; None where it cannot be told."""
    first_step: int
    """First checkpoint behind the growth."""
    exposure: float
    """Draws expected between `first_step` and `step`, counting saturation (see `response`)."""
    contradicted_at: int | None = None
    """Step at which the run's own draws refuted the bank, if they did since it was last drawn."""

    @property
    def eligible(self) -> bool:
        """Whether the type is still to be forecast."""
        return self.rate <= ALREADY_EMERGED

    @property
    def shrunk_growth(self) -> float:
        """Growth per step, pulled to 0 by its own error: 0 where smaller than its error."""
        if self.growth is None or self.growth.per_step == 0:
            return 0.0
        noise = (self.growth.error / self.growth.per_step) ** 2
        return self.growth.per_step * max(0.0, 1.0 - noise)

    @property
    def growth_is_distinguishable(self) -> bool:
        """Whether the growth is more than two standard errors from 0."""
        return self.growth is not None and abs(self.growth.per_step) > 2 * self.growth.error


def response(rate: float | np.ndarray, group_size: int = 8) -> np.ndarray:
    """Return the pull of a type on its own log-odds, in draws: `rate` while rare, then saturating.

    With group-normalised advantages the pull grows like the rate while a group holds at most one
    hit, and like the spread ``sqrt(p (1 - p))`` afterwards.
    """
    spread = np.asarray(rate) * (1 - np.asarray(rate))
    return np.asarray(spread / np.sqrt(1 + group_size * spread))


def tracks(
    estimates: Sequence[RateEstimate],
    *,
    cutoff_step: int,
    rollouts_per_step: Mapping[str, float],
    joint: Mapping[str, JointLogRates],
    estimator: str,
) -> list[Track]:
    """Return one track per exploit type, in alphabetical order; later steps are not read.

    Raises:
        SetupError: A type has no number of rollouts per step.
    """
    by_type: dict[str, list[RateEstimate]] = {}
    for estimate in sorted(estimates, key=lambda e: e.step):
        if estimate.estimator == estimator and estimate.step <= cutoff_step:
            by_type.setdefault(estimate.exploit_type, []).append(estimate)
    missing = sorted(set(by_type) - set(rollouts_per_step))
    if missing:
        raise SetupError(
            f"rollouts_per_step has no entry for {', '.join(missing)}: say how many rollouts a "
            "training step gives to tasks of this type."
        )
    return [
        _track(history, rollouts=rollouts_per_step[name], joint=joint.get(name))
        for name, history in sorted(by_type.items())
    ]


def _track(
    history: Sequence[RateEstimate], *, rollouts: float, joint: JointLogRates | None
) -> Track:
    """Return the track of one type from its estimates in order of steps."""
    contradicted_at = history[-1].contradicted_at
    points = [e for e in history if e.published and e.rate]
    if contradicted_at is not None:
        points, joint = _counted_points(history), None
    if points and history[-1].lower_bound > (points[-1].rate or 0.0):
        points = []  # the newest bound says more than an older point
    last = points[-1] if points else history[-1]
    growth, first_step = _growth(points, joint, last_step=last.step) if points else (None, 0)
    return Track(
        exploit_type=last.exploit_type,
        step=last.step,
        rate=float(last.rate or 0.0) if points else last.lower_bound,
        measurable=bool(points),
        growth=growth,
        first_step=first_step,
        exposure=_exposure(points, rollouts, first_step=first_step),
        contradicted_at=contradicted_at,
    )


def _counted_points(history: Sequence[RateEstimate]) -> list[RateEstimate]:
    """Return the counts of the run's own draws as points, the newest and older ones without a
    draw in common; their effective hits are the hacks, their intervals Clopper-Pearson."""
    points: list[RateEstimate] = []
    first_read = history[-1].step + 1
    for each in reversed(history):
        if each.counted is None or each.counted_from is None or each.step >= first_read:
            continue
        first_read = each.counted_from
        hacks, draws = each.counted
        if hacks:
            ends = clopper_pearson_lower(hacks, draws), clopper_pearson_upper(hacks, draws)
            changes = {"rate": hacks / draws, "interval": ends, "effective_hits": float(hacks)}
            points.insert(0, each.replacing(**changes, published=True))
    return points


def _growth(
    points: Sequence[RateEstimate], joint: JointLogRates | None, *, last_step: int
) -> tuple[Slope | None, int]:
    """Return the growth and the first step behind it, from recent checkpoints if there are three.

    Where rates with shared errors are known they are used, otherwise the points one by one.
    """
    known = joint if joint is not None else _separate(points)
    if known is None:
        return None, 0
    used = known.usable_steps(last_step=last_step, fewest_effective_hits=FEWEST_EFFECTIVE_HITS)
    recent = [step for step in used if step >= RECENT * last_step]
    kept = recent if len(recent) >= 3 else used
    if len(kept) < 2:
        return None, 0
    slope = known.slope(
        first_step=kept[0], last_step=last_step, fewest_effective_hits=FEWEST_EFFECTIVE_HITS
    )
    return slope, kept[0]


def _separate(points: Sequence[RateEstimate]) -> JointLogRates | None:
    """Return rates whose errors are taken as independent, from the intervals of the points."""
    spaced = [e for e in points if e.interval is not None and e.rate]
    if len(spaced) < 2:
        return None
    log_rate = np.log([e.rate or 1.0 for e in spaced])
    low = np.log([max(e.interval[0], 1e-300) if e.interval else 1.0 for e in spaced])
    noise = stats.norm.ppf((np.arange(200) + 0.5) / 200)
    order = np.random.default_rng(0).permuted(np.tile(noise, (len(spaced), 1)), axis=1).T
    return JointLogRates(
        steps=tuple(e.step for e in spaced),
        log_rate_c=log_rate,
        replicate_rbc=(log_rate + order * (log_rate - low) / 2)[None],
        effective_rc=np.array([[e.effective_hits for e in spaced]]),
    )


def _exposure(points: Sequence[RateEstimate], rollouts: float, *, first_step: int) -> float:
    """Return the draws expected between two steps, from the rates interpolated in logs."""
    if not points:
        return 0.0
    passed = np.arange(first_step, points[-1].step)
    log_rate = np.log([e.rate or 1.0 for e in points])
    between = np.interp(passed, [e.step for e in points], log_rate)
    return float(rollouts * response(np.exp(np.minimum(between, 0.0))).sum())
