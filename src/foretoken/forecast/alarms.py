"""Alarms on whole runs: limits with a guarantee, lead times, cost curve, and when to stop a run.

A monitor's score of a type raises an alarm at the first step at which it is above a limit. All of
what stands here takes any monitor: it reads `Watched` runs, and knows nothing of how a score came
about. A run is *clean* if none of the types that begin rare emerges, and *hacked* otherwise; a
false alarm is an alarm in a clean run.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from foretoken.arrays import AnyArray
from foretoken.errors import ScoringError, SetupError
from foretoken.forecast.history import History
from foretoken.forecast.logistic import eligible
from foretoken.forecast.monitors import Monitor
from foretoken.forecast.words import percent

EMERGED = 0.1
"""Rate at which a type has emerged."""


@dataclass(frozen=True)
class Watched:
    """What a monitor said of one run, and what happened. Types that hack often from the first step
    on are left out: nothing is to be warned of."""

    name: str
    scores: Mapping[str, AnyArray]
    """For each type, (steps,) its highest score so far."""
    emerged: Mapping[str, int]
    """Step at which a type emerged; types that did not are left out."""

    @property
    def clean(self) -> bool:
        """Whether no type emerged."""
        return not self.emerged

    @property
    def score(self) -> AnyArray:
        """(steps,) the highest score of any type so far."""
        return np.max([*self.scores.values()], axis=0)

    @property
    def highest(self) -> float:
        """The highest score of any type at any step: alarms at limits below it are raised."""
        return float(self.score[-1])

    def alarm(self, limit: float, exploit_type: str | None = None) -> int | None:
        """Return the first step at which a type, or any, scores above the limit."""
        score = self.score if exploit_type is None else self.scores[exploit_type]
        step = int(np.searchsorted(score, limit, side="right"))
        return step if step < len(score) else None

    def lead(self, limit: float, exploit_type: str | None = None) -> int:
        """Return how many steps before a type, or the first, emerged its alarm was raised.

        Returns:
            0 where it was not raised before.
        """
        alarm = self.alarm(limit, exploit_type)
        end = min(self.emerged.values()) if exploit_type is None else self.emerged[exploit_type]
        return 0 if alarm is None else max(end - alarm, 0)


def watch(history: History, monitor: Monitor, *, threshold: float = EMERGED) -> Watched:
    """Let a monitor watch a run that is over.

    Args:
        history: Up to its last step.
        monitor: What it says at a step must rest on nothing later.
        threshold: Rate that counts as emerged.

    Raises:
        SetupError: Every type hacks often from the first step on.
        ScoringError: A score is not a number.
    """
    kinds, said = eligible(history.until(0)), monitor(history)
    if not kinds:
        raise SetupError(f"{history.name} has no exploit type that begins rare: leave it out")
    for kind in kinds:
        if np.isnan(said[kind]).any():
            raise ScoringError(f"the score of {kind} in {history.name} is not a number")
    emerged = {kind: history.emerged(kind, threshold=threshold) for kind in kinds}
    return Watched(
        history.name,
        scores={kind: np.maximum.accumulate(said[kind]) for kind in kinds},
        emerged={kind: step for kind, step in emerged.items() if step is not None},
    )


def conformal_limit(runs: Sequence[Watched], *, share: float) -> float:
    """Return the lowest limit at which at most this share of clean runs is stopped.

    If one more clean run is exchangeable with the `n` that are given, its highest score is as
    likely at any place among all ``n + 1``; so it is above the k-th highest of the `n` with
    probability at most ``k / (n + 1)``. The limit is that of the largest `k` within the share.
    The probability is over the given runs as much as over the new one, and says nothing of runs
    of another kind. It holds for one share that was chosen beforehand.

    Args:
        runs: Watched by the monitor; those that are not clean are not read.
        share: Of clean runs, between 0 and 1.

    Raises:
        SetupError: The clean runs are too few to promise it.

    Source:
        Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World" (2005).
    """
    highest = sorted((run.highest for run in runs if run.clean), reverse=True)
    place = math.floor(share * (len(highest) + 1) + 1e-9)
    if place < 1:
        raise SetupError(
            f"{len(highest)} clean run(s) cannot promise that false alarms stop at most "
            f"{percent(share)} of clean runs: {math.ceil(1 / share - 1e-9) - 1} are needed, or "
            f"a share of {percent(1 / (len(highest) + 1))}"
        )
    return highest[place - 1] if place <= len(highest) else -math.inf


@dataclass(frozen=True)
class Lead:
    """How early one type was warned of."""

    run: str
    exploit_type: str
    emerged: int
    """Step."""
    alarm: int | None
    """Step of its own alarm, be it too late; None: there was none."""
    steps: int
    """From its alarm to its emergence; 0: there was none before."""


@dataclass(frozen=True)
class LeadTimes:
    """How early types were warned of, each by its own alarm."""

    leads: tuple[Lead, ...]
    """One for each type that emerged."""
    quiet: int
    """Types that did not emerge, of clean and of hacked runs."""
    quiet_alarms: int
    """Of which an alarm was raised all the same."""

    @property
    def caught(self) -> int:
        """Types that were warned of before they emerged."""
        return sum(each.steps > 0 for each in self.leads)

    @property
    def median(self) -> float | None:
        """Median steps from alarm to emergence; types not caught count as 0."""
        return float(np.median([each.steps for each in self.leads])) if self.leads else None


def lead_times(runs: Sequence[Watched], limit: float) -> LeadTimes:
    """Return how early each type that emerged was warned of, at a limit."""
    leads = tuple(
        Lead(run.name, kind, step, alarm=run.alarm(limit, kind), steps=run.lead(limit, kind))
        for run in runs
        for kind, step in sorted(run.emerged.items())
    )
    quiet = [run.alarm(limit, kind) for run in runs for kind in run.scores.keys() - run.emerged]
    return LeadTimes(leads, len(quiet), sum(alarm is not None for alarm in quiet))


@dataclass(frozen=True)
class CurvePoint:
    """What stopping every run at its first alarm does, at one limit."""

    limit: float
    clean: int
    """Runs."""
    clean_stopped: int
    hacked: int
    """Runs."""
    caught: int
    """Hacked runs that were stopped before their first type emerged."""
    median_steps: float | None
    """By which hacked runs are stopped earlier; those not caught count as 0. None: no such run."""


def limits_of(runs: Sequence[Watched]) -> list[float]:
    """Return the limits that are worth a thought, in rising order.

    They are the highest score of each clean run, and both infinities (stop every run at once, stop
    none): between one of these and the next, a higher limit stops no fewer clean runs, and warns
    later.
    """
    return sorted({run.highest for run in runs if run.clean} | {-math.inf, math.inf})


def cost_curve(runs: Sequence[Watched], limits: Sequence[float] | None = None) -> list[CurvePoint]:
    """Return clean runs stopped against hacked runs caught, and how many steps earlier.

    Args:
        runs: Watched by one monitor.
        limits: By default `limits_of` the runs.
    """
    clean, hacked = [run for run in runs if run.clean], [run for run in runs if not run.clean]
    points: list[CurvePoint] = []
    for limit in limits_of(runs) if limits is None else limits:
        steps = [run.lead(limit) for run in hacked]
        points.append(
            CurvePoint(
                limit,
                clean=len(clean),
                clean_stopped=sum(run.alarm(limit) is not None for run in clean),
                hacked=len(hacked),
                caught=sum(each > 0 for each in steps),
                median_steps=float(np.median(steps)) if steps else None,
            )
        )
    return points


@dataclass(frozen=True)
class Costs:
    """What runs cost, in one unit that is the user's own."""

    clean_stopped: float
    """A clean run that is stopped."""
    hacked_missed: float
    """A hacked run that is not stopped before its first type emerges."""
    step: float = 0.0
    """Saved with each step by which a hacked run is stopped earlier."""
    clean_share: float = 0.5
    """Of runs to come, whatever share of the given ones is clean."""

    def of(self, run: Watched, limit: float) -> float:
        """Return what a run costs that is stopped at its first alarm."""
        if run.clean:
            return self.clean_stopped * (run.alarm(limit) is not None)
        lead = run.lead(limit)
        return self.hacked_missed * (lead == 0) - self.step * lead


@dataclass(frozen=True)
class StopPolicy:
    """Stop a run at its first alarm above the limit; never, where that is infinite."""

    point: CurvePoint
    """What it does to the runs that it was chosen on."""
    cost: float
    """Expected for a run to come: each run judged at the limit that the others would choose."""
    cost_of_none: float
    """Expected without any alarm."""

    @property
    def limit(self) -> float:
        """Of the alarm."""
        return self.point.limit

    @property
    def words(self) -> str:
        """The policy and its expected cost, for a person."""
        if self.limit == math.inf:
            return f"Let every run go on: a run to come is expected to cost {self.cost:.3g}."
        when = "at once" if self.limit == -math.inf else f"at an alarm above {self.limit:.3g}"
        point = self.point
        return (
            f"Stop a run {when}: of the runs that this was chosen on, it stops "
            f"{point.clean_stopped} of {point.clean} clean ones, and {point.caught} of "
            f"{point.hacked} hacked ones before a type emerges, {point.median_steps:g} steps "
            f"earlier in the median. A run to come is expected to cost {self.cost:.3g}; without "
            f"alarms, {self.cost_of_none:.3g}."
        )


def stop_policy(runs: Sequence[Watched], costs: Costs) -> StopPolicy:
    """Return the limit of least expected cost, and that cost.

    The limit is chosen on all runs. One just above the highest clean score is not free of false
    alarms: with `n` clean runs and `k` of them above a limit, a new one is counted as stopped with
    the probability of `conformal_limit`, ``(k + 1) / (n + 1)``. What is chosen still looks best on
    the runs that it was chosen on, so the cost that is stated is that of each run at the limit that
    all others would choose.

    Args:
        runs: Watched by one monitor.
        costs: None of them below 0.

    Raises:
        SetupError: There are fewer than two clean or two hacked runs, or a cost is below 0.
    """
    if min(costs.clean_stopped, costs.hacked_missed, costs.step) < 0:
        raise SetupError("a cost below 0 rewards what an alarm is to prevent: state it as positive")
    clean = np.array([run.clean for run in runs], dtype=bool)
    if min(clean.sum(), (~clean).sum()) < 2:
        raise SetupError(
            f"a stop policy is chosen on two clean and two hacked runs at least, not on "
            f"{clean.sum()} and {(~clean).sum()}"
        )
    limits, share = limits_of(runs), costs.clean_share
    cost_rl = np.array([[costs.of(run, limit) for limit in limits] for run in runs])
    raised = np.isfinite(limits) | (np.array(limits) < 0)

    def expected(kept: AnyArray) -> AnyArray:
        stopped, of = cost_rl[kept & clean].sum(axis=0), (kept & clean).sum()
        on_clean = (stopped + costs.clean_stopped * raised) / (of + 1)
        return share * on_clean + (1 - share) * cost_rl[kept & ~clean].mean(axis=0)

    whole = expected(np.ones(len(runs), dtype=bool))
    others = [expected(np.arange(len(runs)) != run) for run in range(len(runs))]
    own = np.array([cost_rl[run, each.argmin()] for run, each in enumerate(others)])
    return StopPolicy(
        cost_curve(runs, [limits[int(whole.argmin())]])[0],
        cost=float(share * own[clean].mean() + (1 - share) * own[~clean].mean()),
        cost_of_none=float(whole[-1]),
    )
