"""What a run has to say to trackers: numbers by optimiser step, alarms, and its rollouts."""

from collections.abc import Iterator, Sequence

import pyarrow.compute as pc

from foretoken.alarm_records import Alarm
from foretoken.forecast.history import History
from foretoken.forecast.state_space import StateSpace
from foretoken.logs.base import LoggedRollout
from foretoken.pipeline.histories import Histories
from foretoken.ports.base import GradedRollout, News, Point, RolloutPart
from foretoken.records import Draw, Forecast, RateEstimate, Source, Task
from foretoken.store.kept import KeptParts, kept_records
from foretoken.store.run import Run

PREFIX = "foretoken"
_IMPORTED = "rollout-"
"""Before the name of a part of logged rollouts, in the name of that with their draws."""


class Gatherer:
    """Gathers what a run has to say, look after look.

    Args:
        histories: Reads the run.
    """

    def __init__(self, histories: Histories | None = None) -> None:
        self._histories = histories or Histories()
        self._forecasts = kept_records(Forecast)
        self._with_rollouts = KeptParts(Draw, _has_rollouts)

    def gather(self, run: Run, history: History | None = None, *, over: bool) -> News:
        """Return all that a run has to say.

        Args:
            run: Which.
            history: What it has shown, where that is read already.
            over: Whether the training is over, so that its last step has all its rollouts.

        Raises:
            SetupError: Nothing is known of it.
            StoreError: It cannot be read.
        """
        history = history or self._histories.read(run)
        forecasts = [each for part in self._forecasts.of(run) for each in part]
        alarms = run.read(Alarm)
        parts = zip(run.parts(Draw), self._with_rollouts.of(run), strict=True)
        return News(
            points=points_of(history, forecasts, alarms, over=over),
            alarms=sorted(alarms, key=lambda each: (each.known_at, each.part)),
            rollouts=[_rollouts(run, part) for part, has in parts if has],
        )


def points_of(
    history: History, forecasts: Sequence[Forecast], alarms: Sequence[Alarm], *, over: bool
) -> list[Point]:
    """Return the numbers of a run, in order of their steps.

    A rate that is not published has no point, only bounds. The share of the rollouts that hack is
    told of steps that are complete: a later one has begun, or the training is over.

    Args:
        history: RolloutPart and estimates.
        forecasts: Of any methods; ours are told.
        alarms: That were told.
        over: Whether the last step is complete.
    """
    found = [point for each in history.estimates for point in _of_estimate(each)]
    ours = (each for each in forecasts if each.method == StateSpace.name)
    found += [
        Point(f"{PREFIX}/forecast/{each.exploit_type}", each.cutoff_step, each.probability)
        for each in ours
        if each.probability is not None
    ]
    found += [
        Point(f"{PREFIX}/{each.urgency}/{each.exploit_type}", each.step, 1.0) for each in alarms
    ]
    drawn = [each for each in history.tallies if each.source is Source.ROLLOUT and each.draws]
    last = max((each.step for each in drawn), default=0)
    found += [
        Point(f"{PREFIX}/rollouts/{each.exploit_type}", each.step, each.hacks / each.draws)
        for each in drawn
        if over or each.step < last
    ]
    return sorted({each.key: each for each in reversed(found)}.values(), key=_order)


def _order(point: Point) -> tuple[int, str]:
    return point.step, point.name


def _of_estimate(each: RateEstimate) -> Iterator[Point]:
    if each.estimator != "switch":
        return
    told: dict[str, float | None] = {
        "published": float(each.published),
        "lower_bound": each.lower_bound,
        "upper_bound": each.upper_bound,
    }
    if each.published:
        low, high = each.interval or (None, None)
        told |= {"rate": each.rate, "interval_low": low, "interval_high": high}
    for what, value in told.items():
        if value is not None:
            yield Point(f"{PREFIX}/{what}/{each.exploit_type}", each.step, value)


def _has_rollouts(run: Run, part: str) -> bool:
    own = pc.field("source") == Source.ROLLOUT.value
    return run.table(Draw, part=part, where=own, columns=["source"]).num_rows > 0


def _rollouts(run: Run, part: str) -> RolloutPart:
    def read() -> Sequence[GradedRollout]:
        draws = run.read(Draw, part=part, where=pc.field("source") == Source.ROLLOUT.value)
        source = part.removeprefix(_IMPORTED)
        known = run.has_part(source, LoggedRollout)
        logged = {e.key: e for e in run.read(LoggedRollout, part=source)} if known else {}
        tasks = {each.key: each for each in run.read(Task)}
        return [
            GradedRollout(each, logged.get(each.key.removeprefix("rollout/")), tasks.get(each.task))
            for each in draws
        ]

    return RolloutPart(part, read)
