"""One look at a training after the other: what is new is read, measured, forecast and told.

All that is known lies in the run directory, so a watcher that is killed goes on where it was, and
one that starts late catches up. Two of them on one run take turns.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from foretoken.bank.config import SECTION as BANK
from foretoken.errors import ForetokenError, SetupError, StoreError
from foretoken.forecast.blend import Blend
from foretoken.forecast.history import History
from foretoken.forecast.taught import shipped
from foretoken.grader_records import Grade
from foretoken.integrations.recorder import STOP_FILE
from foretoken.logs import hooks
from foretoken.logs.hooks import INBOX
from foretoken.pipeline.attribute import AttributeConfig, attribute
from foretoken.pipeline.forecast import ForecastConfig, make_forecast
from foretoken.pipeline.histories import Histories, training_settings
from foretoken.pipeline.logged_parts import LogPart
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.ports.exporter import Exporter
from foretoken.ports.news import Gatherer
from foretoken.records import Draw, Forecast, RateEstimate
from foretoken.report.page import write_report
from foretoken.store.layout import REPORT_FILE
from foretoken.store.run import Run
from foretoken.watch.alarms import (
    Alarm,
    Delivery,
    Urgency,
    WarningLimit,
    alarms_of,
    warnings_of,
)
from foretoken.watch.checkpoints import SWITCH_ON, candidates, found_checkpoints
from foretoken.watch.config import WatchConfig
from foretoken.watch.discoveries import Discoveries
from foretoken.watch.pace import WatchPace
from foretoken.watch.ready import Ready
from foretoken.watch.rollouts import RolloutWatch
from foretoken.watch.sinks import Sink

Say = Callable[[str], None]
FORECASTS = 50
"""Of a whole training, beside one after each checkpoint."""


@dataclass
class Seen:
    """What a look found, for the live page and for the end."""

    step: int | None = None
    """Newest step of which anything is known; None: nothing is."""
    steps: int | None = None
    """Last step of the training; None: not known."""
    measured: int = 0
    """Checkpoints."""
    alarms: tuple[Alarm, ...] = ()
    """All that were told so far."""
    chances: Mapping[str, float] = field(default_factory=dict[str, float])
    """Of each exploit type that has not emerged, that it does, by the newest forecast."""
    notes: tuple[str, ...] = ()
    """What could not be done, and why."""
    doing: str = "waiting for a training"
    version: int = 0
    """Of the report."""
    over: bool = False
    """Whether the training has ended and all of it is known."""

    @property
    def alarmed(self) -> bool:
        """Whether there was an alarm, which a warning is not."""
        return any(each.urgency is Urgency.ALARM for each in self.alarms)


@dataclass
class Watcher:
    """Looks at one training.

    Args:
        config: What to watch.
        sinks: Where alarms go.
        show: Called with what is seen, whenever that changes.
        exporter: To trackers that follow.
    """

    config: WatchConfig
    sinks: Sequence[Sink]
    show: Callable[[Seen], None] = lambda _: None
    exporter: Exporter | None = None
    seen: Seen = field(default_factory=Seen)
    _rollouts: RolloutWatch = field(init=False)
    _histories: Histories = field(default_factory=Histories)
    _gatherer: Gatherer | None = None
    _discoveries: Discoveries = field(init=False)
    _pace: WatchPace = field(default_factory=WatchPace)
    """Of the report."""
    _ready: Ready | None = None
    _known: object = None
    """How much was known at the last look."""
    _new_at: float = 0.0
    """When anything was new."""
    _chances: Mapping[str, float] = field(default_factory=dict[str, float])
    _forecast_from: tuple[int, int] = (-1_000_000, 0)
    """Step of the last forecast, and how many estimates it read."""
    _failed: dict[Path, tuple[float, str]] = field(default_factory=dict[Path, tuple[float, str]])
    """Checkpoints that could not be measured: when they were written, and why."""

    def __post_init__(self) -> None:
        """Begin with nothing read."""
        self._rollouts = RolloutWatch(self.config)
        self._discoveries = Discoveries(self.config)

    def close(self) -> None:
        """End what was begun for grading."""
        self._rollouts.close()

    def look(self) -> Seen:
        """Read, measure, forecast and tell what is new; return what is seen.

        Raises:
            StoreError: The run cannot be read or written.
        """
        run = Run.create(self.config.run)
        self._doing("reading rollouts")
        notes = self._rollouts.look()
        done = {each.step for each in self._histories.estimates(run)}
        if BANK in run.read_config():
            notes += self._make_ready(run, done)
        found, unused = found_checkpoints(
            run,
            self.config.checkpoints,
            settle_s=self.config.settle_s,
            known=done,
            merges=self.config.merge_with is not None,
        )
        notes += unused
        if BANK in run.read_config():
            new_ones = {step: path for step, path in found.items() if step not in done}
            self._measure(new_ones, notes, known=len(done))
            notes += [] if found else self._switched_off(run)
        elif found:
            notes.append("there is no bank: rollouts are counted, and no checkpoint is measured")
        history = self._history(run)
        if history is None:
            version = self._reported(new=self._rollouts.fresh) if run.parts(Grade) else 0
            doing = "waiting for rollouts and checkpoints"
            return self._shown(notes=tuple(notes), doing=doing, version=version)
        alarms, new = self._tell(run, history, notes)
        over = self._is_over(run, history, found)
        notes += self._discoveries.look(new=new, at_once=over or self.config.once)
        told = len(alarms) > len(self.seen.alarms) or not {*notes} <= {*self.seen.notes}
        at_once = told or over or self.config.once
        version = self._reported(new=new or self._rollouts.fresh, at_once=at_once)
        self._export(run, history, notes, last=over or self.config.once)
        return self._shown(
            step=history.step,
            steps=history.plan.steps if self._horizon(run) else None,
            measured=len({each.step for each in history.estimates}),
            alarms=tuple(alarms),
            chances=self._chances,
            notes=tuple(notes),
            doing="waiting for what is new",
            version=version,
            over=over,
        )

    def _reported(self, *, new: bool, at_once: bool = False) -> int:
        """Version of the report, which is written again where there is something new."""
        version = self.seen.version
        if not self._pace.is_due(new=new, at_once=at_once or not version):
            return version
        with self._pace.timed():
            write_report(self.config.run, self.config.run / REPORT_FILE)
        return version + 1

    def _doing(self, what: str) -> None:
        self._shown(doing=what)

    def _shown(self, **changes: object) -> Seen:
        new = replace(self.seen, **changes)  # type: ignore[arg-type]
        if new != self.seen:
            self.seen = new
            self.show(new)
        return new

    def _make_ready(self, run: Run, done: set[int]) -> list[str]:
        """Keep and merge checkpoints that are not yet measured."""
        if self._ready is None:
            self._ready = Ready(
                self.config.run,
                subject=Path(run.read_config()[BANK]["subject"]),
                merge_with=self.config.merge_with,
                most=self.config.most_kept,
                settle_s=self.config.settle_s,
            )
        return self._ready.make(candidates(run, self.config.checkpoints), done=done)

    def _switched_off(self, run: Run) -> list[str]:
        """How the trainer of these rollouts saves checkpoints, where none is seen."""
        layouts = dict.fromkeys(part.layout for part in run.read(LogPart))
        hooked = hooks.training(self.config.run / INBOX).get("by")
        known = [SWITCH_ON[name] for name in (*layouts, hooked) if name in SWITCH_ON]
        return [f"no checkpoint is seen: {how}" for how in dict.fromkeys(known)]

    def _measure(self, new: Mapping[int, Path], notes: list[str], *, known: int) -> None:
        """Measure checkpoints, one after the other; so many others are known."""
        measured = 0
        for step, path in new.items():
            written = path.stat().st_mtime
            if self._failed.get(path, (None, ""))[0] == written:
                continue
            self._doing(f"measuring the checkpoint of step {step}")
            try:
                measure(
                    MeasureConfig(
                        run=self.config.run,
                        checkpoints=(path,),
                        device=self.config.device,
                        seed=self.config.seed,
                    )
                )
                measured += 1
            except StoreError:
                raise
            except ForetokenError as error:
                self._failed[path] = (written, f"step {step} is not measured: {error}")
        if measured and known + measured > 1:
            self._attribute(notes)
        notes += [why for _, why in self._failed.values()]

    def _attribute(self, notes: list[str]) -> None:
        """Say anew which tasks and updates rates moved with."""
        try:
            attribute(AttributeConfig(run=self.config.run, budget=self.config.budget))
        except StoreError:
            raise
        except ForetokenError as error:
            notes.append(f"no attribution: {error}")

    def _horizon(self, run: Run) -> int | None:
        """Last step of the training, where that is known."""
        said = training_settings(run).get("steps")
        return self.config.horizon_step or (int(said) if said else None)

    def _history(self, run: Run) -> History | None:
        if not run.parts(Draw) and not run.parts(RateEstimate):
            return None
        try:
            history = self._histories.read(run)
        except SetupError:
            return None
        horizon = self._horizon(run)
        if horizon is None:
            return history
        return replace(history, plan=replace(history.plan, steps=horizon))

    def _tell(self, run: Run, history: History, notes: list[str]) -> tuple[Sequence[Alarm], bool]:
        """Forecast, and tell what is new; return all alarms so far, and whether anything is new."""
        drawn = sum(each.draws for each in history.tallies)
        known = (history.step, len(history.estimates), drawn)
        new = known != self._known
        if self._horizon(run) is None:
            notes.append(
                "no alarms and no forecast: how long the training goes on is not known. Give "
                "--horizon-step"
            )
            self._known = known
            return run.read(Alarm), new
        self._new_at = time.monotonic() if new else self._new_at
        forecasts: list[Forecast] = []
        if new and self._is_due(history):
            self._doing(f"forecasting from step {history.step}")
            try:
                forecasts = make_forecast(
                    ForecastConfig(
                        run=self.config.run,
                        horizon_step=history.plan.steps,
                        cutoff_step=history.step,
                        threshold=self.config.threshold,
                        rollouts_per_step=self.config.rollouts_per_step,
                        closed=self.config.closed,
                        seed=self.config.seed,
                    ),
                    histories=self._histories,
                )
            except SetupError as error:
                notes.append(f"no forecast: {error}")
            ours = (each for each in forecasts if each.method == Blend.name and each.eligible)
            self._chances = {each.exploit_type: each.probability or 0.0 for each in ours}
        if new:
            config = self.config
            told = alarms_of(history, budget=config.budget, false_alarms=config.false_alarms)
            limit = WarningLimit.of(
                shipped(audited=config.closed is not None),
                chosen=config.warn_from,
                steps=history.plan.steps,
                threshold=config.threshold,
            )
            told += warnings_of(forecasts, history, limit)
            stored = set(run.parts(Alarm))
            for each in told:
                if each.part not in stored:
                    run.append([each], part=each.part, keep=True)
        self._known = known
        alarms = sorted(run.read(Alarm), key=lambda each: (each.known_at, each.part))
        self._deliver(run, alarms, notes)
        if self.config.stop and any(each.urgency is Urgency.ALARM for each in alarms):
            (self.config.run / STOP_FILE).touch()
        return alarms, new

    def _is_due(self, history: History) -> bool:
        """Whether to forecast again: a checkpoint was measured, or some steps have passed."""
        last = self._forecast_from
        passed = history.step - last[0] >= history.plan.steps / FORECASTS
        if history.step >= history.plan.steps or not (passed or len(history.estimates) > last[1]):
            return False
        self._forecast_from = (history.step, len(history.estimates))
        return True

    def _deliver(self, run: Run, alarms: Sequence[Alarm], notes: list[str]) -> None:
        """Send each alarm to each sink that has not taken it yet."""
        delivered = {(each.alarm, each.sink) for each in run.read(Delivery)}
        for alarm in alarms:
            for sink in self.sinks:
                if (alarm.part, sink.name) in delivered:
                    continue
                try:
                    sink.send(alarm)
                except OSError as error:
                    notes.append(f"{error}; it is sent again")
                    continue
                done = Delivery(alarm=alarm.part, sink=sink.name)
                run.append([done], part=f"{alarm.part}-{sink.name}", replace=True)

    def _export(self, run: Run, history: History, notes: list[str], *, last: bool) -> None:
        """Hand what is known to the trackers that follow."""
        if self.exporter is None or not self.config.export.to:
            return
        self._gatherer = self._gatherer or Gatherer(self._histories)
        horizon = self._horizon(run)
        drawn = horizon is not None and history.step >= horizon - 1
        news = self._gatherer.gather(run, history, over=drawn)
        notes += self.exporter.finish(news) if last else self.exporter.offer(news)

    def _is_over(self, run: Run, history: History, found: Mapping[int, Path]) -> bool:
        horizon = self._horizon(run)
        if horizon is None or history.step < horizon - 1 or self._rollouts.behind:
            return False
        if BANK not in run.read_config():
            return True
        failed = set(self._failed)
        open_ones = {step for step, path in found.items() if path not in failed}
        if not open_ones <= {each.step for each in history.estimates}:
            return False
        is_last = max(found, default=-1) >= horizon
        return is_last or time.monotonic() - self._new_at >= self.config.linger_s


def watch(watcher: Watcher, *, say: Say) -> Seen:
    """Look until the training is over, or once.

    Args:
        watcher: Of one run.
        say: Called with lines for a person.
    """
    told: tuple[str, ...] = ()
    try:
        while True:
            seen = watcher.look()
            for note in seen.notes:
                if note not in told:
                    say(note)
            told = seen.notes
            if seen.over or watcher.config.once:
                return seen
            time.sleep(watcher.config.every_s)
    finally:
        watcher.close()
