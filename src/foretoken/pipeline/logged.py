"""Rollouts that another trainer logged become those of a run: read, matched with tasks, graded.

Each file is read once, as it grows. What was read of it is stored in parts, and after them a part
that says how far that goes, so that nothing is lost or read twice if this is killed.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from foretoken.errors import SetupError
from foretoken.files import FileMark, Kept, mark_of
from foretoken.grader_records import Grade
from foretoken.ledger.faults import FaultCounts
from foretoken.ledger.grades import GraderLimits, grades_of
from foretoken.ledger.shadow import ShadowSettings
from foretoken.ledger.sums import called, read_ledger, troubles
from foretoken.logs import hooks
from foretoken.logs.base import REWARD, LoggedRollout
from foretoken.logs.read import (
    Chunk,
    Found,
    LogFile,
    find_logs,
    folder_of_logs,
    looked_at,
    read_on,
)
from foretoken.logs.rows import first_line, grows
from foretoken.pipeline.logged_draws import LoggedDraws
from foretoken.pipeline.logged_parts import LogPart, counted, draw_part
from foretoken.pipeline.shadowed import Shadow, require_shadow
from foretoken.records import Draw, Record, Task
from foretoken.store.kept import kept_records
from foretoken.store.run import Run
from foretoken.tasks.base import Grader
from foretoken.tasks.graders import graders_for
from foretoken.tasks.load import load_tasks
from foretoken.work.progress import progress_bar

SECTION = "import"
MOST_ROWS = 2_000
"""Of one part."""
MOST_SHOWN = 5
"""Lines of one kind."""


class ImportConfig(GraderLimits, ShadowSettings):
    """Settings of `foretoken import`."""

    section = "import"
    must_exist = ("logs",)

    logs: Path | None = None
    """A trainer's log, or the folder of its logs; none: what hooks wrote into the run."""
    run: Path
    """Run directory that takes them; it is made where there is none."""
    root: Path | None = None
    """Folder that files of logs are named from; none: that of the first import."""
    tasks: str | None = None
    """Tasks that rollouts are matched with and graded by; none: those that the run holds."""
    label: str | None = None
    """Column, metric or reward function that says whether a rollout hacked; none: the tasks'
    graders decide."""
    exploit_type: str | None = None
    """Column that says the way of cheating, where no task does."""
    weights: dict[str, float] = Field(default_factory=dict[str, float])
    """Of reward functions, where the log tells several and no sum."""
    step: int | None = Field(default=None, ge=0)
    """Optimiser steps of the model that drew all of it, where the log does not say."""
    rollouts_per_step: int | None = Field(default=None, gt=0)
    """Rollouts of a training step, by which steps are counted off where the log has none."""
    steps: int | None = Field(default=None, gt=0)
    """Optimiser steps of the whole training; none: not known."""
    temperature: float | None = Field(default=None, gt=0)
    """Of the trainer's sampling; none: as hooks say, else 1."""
    tokenizer: str | None = None
    """Folder of the model whose token ids the log holds; none: texts are read."""
    workers: int | None = Field(default=None, gt=0)
    """Submissions graded at the same time; none: two per core."""


@dataclass
class Imported:
    """What was new in some logs, and what became of it."""

    run: Run
    ranges: Collection[str] = ()
    """Reward functions of which a range was said."""
    files: Counter[str] = field(default_factory=Counter[str])
    """By layout, known ones included."""
    counts: Counter[str] = field(default_factory=Counter[str])
    """Of rollouts and draws, by what became of them."""
    passed_over: Counter[str] = field(default_factory=Counter[str])
    """Rollouts of which no draw was made, by why."""
    steps: set[int] = field(default_factory=set[int])
    """Of rollouts that training learned from."""
    faults: list[str] = field(default_factory=list[str])
    advice: set[str] = field(default_factory=set[str])
    """What to set in the trainer where steps are missing."""
    graded: FaultCounts = field(default_factory=FaultCounts)
    """How calls of reward functions failed."""
    shadow: Shadow | None = None
    """What the second grader was asked."""
    unrecorded: list[str] = field(default_factory=list[str])
    """Lines about what hooks could not record."""

    def add(self, rollouts: Sequence[LoggedRollout], draws: Sequence[Draw]) -> None:
        """Count rollouts and the draws that were made of them."""
        self.counts["rollouts"] += len(rollouts)
        self.counts["failed"] += sum(each.error is not None for each in rollouts)
        self.counts["unscored"] += sum(
            each.error is None and each.reward is None for each in rollouts
        )
        self.steps |= {each.step for each in rollouts if each.training and each.step is not None}
        self.counts["draws"] += len(draws)
        self.counts["hacks"] += sum(bool(draw.hacked) for draw in draws)
        self.counts["paid hacks"] += sum(bool(d.hacked) and (d.reward or 0) >= 0.5 for d in draws)
        self.counts["grader errors"] += sum(draw.grader_error is not None for draw in draws)

    def lines(self) -> Iterator[str]:
        """Yield what a person should know."""
        kinds = ", ".join(f"{name} ({count})" for name, count in self.files.items())
        counts, steps = self.counts, self.steps
        span = f" of steps {min(steps)} to {max(steps)}" if steps else ""
        yield f"{counts['rollouts']:,} new rollouts{span} from {kinds}"
        for name, why in (
            ("failed", "failed in the environment or the grader: not scored"),
            ("unscored", "have no reward (of several parts: say their weights)"),
            ("grader errors", "could not be graded here"),
        ):
            if counts[name]:
                yield f"{counts[name]:,} {why}"
        for why, count in self.passed_over.items():
            yield f"{count:,} are {why}: they count for no exploit type"
        missing = sorted(set(range(min(steps), max(steps))) - steps) if steps else []
        if missing:
            said = ", ".join(map(str, missing[:MOST_SHOWN]))
            more = f" and {len(missing) - MOST_SHOWN} more" if len(missing) > MOST_SHOWN else ""
            yield f"no rollouts of step(s) {said}{more}. {'; '.join(sorted(self.advice))}".strip()
        yield from self.faults[:MOST_SHOWN]
        if len(self.faults) > MOST_SHOWN:
            yield f"and {len(self.faults) - MOST_SHOWN} more rows that cannot be read"
        totals = read_ledger(self.run).totals
        unknown = sorted(set(self.ranges) - {one.grader for one in totals})
        if unknown:
            there = ", ".join(one.grader for one in totals) or "none"
            yield f"grader_ranges names {', '.join(unknown)}, and there are {there}"
        for one in totals[:MOST_SHOWN]:
            found = troubles(one)
            if found and not (one.grader == REWARD and one.answers == one.no_value):
                yield f"{called(one.grader)}: {'; '.join(found)}"
        yield from () if self.shadow is None else self.shadow.lines()
        yield from self.unrecorded
        yield f"{counts['draws']:,} draws, {counts['hacks']:,} of them hacks"


class KnownLogs:
    """What one who imports again and again need not look at again: files that are the same."""

    def __init__(self) -> None:
        self.looks = Kept(looked_at)
        self.parts = kept_records(LogPart)
        self.read: dict[Path, FileMark] = {}
        """Of files that were read to their end."""

    def is_read(self, file: LogFile) -> bool:
        """Whether a file was read to its end, and has not changed."""
        return self.read.get(file.path) == mark_of(file.path)


def import_logs(
    config: ImportConfig,
    *,
    grader: Grader | None = None,
    shadow: Shadow | None = None,
    show: bool = True,
    known: KnownLogs | None = None,
) -> Imported:
    """Read what is new in a trainer's logs into a run.

    Args:
        config: Which logs, and what they mean.
        grader: Used in place of those that the tasks name.
        shadow: The second grader, where it is kept between imports.
        show: Whether a bar says how far it is.
        known: Of earlier imports of the same logs into the same run.

    Raises:
        LogError: There is no log of a known layout, or a file cannot be read.
        TaskError: The tasks cannot be used.
        SetupError: The second grader cannot be used; all else is stored.
    """
    require_shadow(config)
    inbox = config.run / hooks.INBOX
    logs = config.logs or inbox
    config = _as_hooked(config, inbox).replacing(root=_root(config, logs))
    known = known or KnownLogs()
    found = find_logs(logs, root=config.root, looks=known.looks)
    run = Run.create(config.run)
    nothing_new = all(known.is_read(file) for file in found.files) and run.parts(LogPart)
    if nothing_new and config.shadow is None:
        return Imported(run, config.grader_ranges)
    tasks = run.read(Task) if config.tasks is None else load_tasks(config.tasks)
    making = LoggedDraws(
        tasks,
        temperature=config.temperature or 1.0,
        model=config.tokenizer,
        label=config.label,
        exploit_type=config.exploit_type,
    )
    run.write_config(SECTION, config)
    if config.tasks is not None:
        run.append(tasks, part="import", replace=True)
    reader = _Reader(config, run, found, making, known=known)
    with (
        graders_for(tasks, given=grader, workers=config.workers) as grading,
        progress_bar("reading logs", len(found.files)) if show else nullcontext(_silent) as advance,
    ):
        for file in found.files:
            reader.read(file, grading)
            advance(1)
    if config.shadow is not None:
        with nullcontext(shadow) if shadow is not None else Shadow(config) as second:
            second.ask(run, reader.parts(), making)
            reader.imported.shadow = second
    reader.imported.unrecorded += hooks.faults(inbox)
    return reader.imported


def _root(config: ImportConfig, logs: Path) -> Path:
    """The folder that files are named from: the same as before, so that none is read twice under
    two names, and no two are taken for one.

    Raises:
        SetupError: These are the logs of another run.
    """
    here = folder_of_logs(logs)
    said = Run(config.run).read_config().get(SECTION, {}).get("root")
    before = config.root or (Path(said) if said else here)
    if not before.is_dir() or before == here:
        return here if not before.is_dir() else before
    if not (here.is_relative_to(before) or before.is_relative_to(here)):
        raise SetupError(
            f"{config.run} holds rollouts of the logs in {before}, and {here} is another folder: "
            "import it into a run directory of its own; if it is the same one in another place, "
            f'say so with root = "{here}" in a file for --config'
        )
    return before


def _silent(_: int) -> None:
    pass


def _as_hooked(config: ImportConfig, inbox: Path) -> ImportConfig:
    """Settings with what hooks say of the training, where they are not given."""
    said = hooks.training(inbox)
    missing = (name for name in ("steps", "temperature") if getattr(config, name) is None)
    return config.replacing(**{name: said[name] for name in missing if said.get(name)})


class _Reader:
    """Reads files on, and stores what they say."""

    def __init__(
        self,
        config: ImportConfig,
        run: Run,
        found: Found,
        making: LoggedDraws,
        *,
        known: KnownLogs,
    ) -> None:
        self.config, self.run, self.making, self.of_files = config, run, making, known
        self.imported = Imported(run, config.grader_ranges, passed_over=making.passed_over)
        self.known: dict[str, list[LogPart]] = {}
        for parts in known.parts.of(run):
            for part in parts:
                self.known.setdefault(part.file, []).append(part)
        self.files = Counter(file.layout.name for file in found.files)

    def read(self, file: LogFile, grader: Grader) -> None:
        """Read one file on from where it was left."""
        self.imported.files[file.layout.name] += 1
        self.imported.advice |= {file.layout.advice} - {""}
        seen = mark_of(file.path)
        if file.name in self.known and self.of_files.is_read(file):
            return
        mark, whole = _mark(file.path), not grows(file.path)
        place = self._place(file, mark)
        while place is not None:
            rows, end = place
            chunk = read_on(file, rows=rows, start=end, most=MOST_ROWS)
            more = chunk.rows - rows >= MOST_ROWS
            if whole or chunk.rows > rows:
                self._store(chunk, grader, begin=rows, mark=mark, complete=whole and not more)
            place = (chunk.rows, chunk.end) if more else None
        self.of_files.read[file.path] = seen

    def _place(self, file: LogFile, mark: str) -> tuple[int, int] | None:
        """Rows and bytes that are known; None where all are. What was read of a file that is
        another one now is forgotten."""
        parts = self.known.get(file.name, [])
        last = max(parts, key=lambda each: each.rows, default=None)
        if last is None:
            return 0, 0
        size = file.path.stat().st_size
        if last.mark != mark or (grows(file.path) and size < last.end):
            self.known[file.name] = []
            for part in parts:
                for kind, name in self._parts(part.name).items():
                    self.run.remove(kind, name)
            return 0, 0
        if last.complete or (grows(file.path) and size == last.end):
            return None
        return last.rows, last.end

    def _store(
        self, chunk: Chunk, grader: Grader, *, begin: int, mark: str, complete: bool
    ) -> None:
        counted_from = begin * self.files[chunk.file.layout.name]
        rollouts = [
            self._dated(each, counted_from + place * self.files[chunk.file.layout.name])
            for place, each in enumerate(chunk.rollouts)
        ]
        steps = counted(rollouts)
        part = LogPart(
            file=chunk.file.name,
            layout=chunk.file.layout.name,
            mark=mark,
            begin=begin,
            rows=chunk.rows,
            end=chunk.end,
            complete=complete,
            steps=tuple(steps),
            counts=tuple(steps.values()),
            faults=tuple(chunk.faults),
        )
        draws, grades = self.making.draws(rollouts, grader), grades_of(rollouts, self.config)
        stored: Sequence[Sequence[Record]] = (rollouts, draws, grades, [part])
        for (kind, name), records in zip(self._parts(part.name).items(), stored, strict=True):
            self.run.append(records, part=name, kind=kind, replace=True)
        self.known.setdefault(part.file, []).append(part)
        self.imported.faults += chunk.faults
        self.imported.graded.add(grades)
        self.imported.add(rollouts, draws)

    def _parts(self, name: str) -> dict[type[Record], str]:
        """Parts that hold what was read at once; the last one says that the others are whole."""
        return {LoggedRollout: name, Draw: draw_part(name), Grade: name, LogPart: name}

    def parts(self) -> list[LogPart]:
        """All that was read, now and before."""
        return [part for parts in self.known.values() for part in parts]

    def _dated(self, rollout: LoggedRollout, number: int) -> LoggedRollout:
        """A rollout with the step and the reward that the settings tell.

        Args:
            rollout: As it was logged.
            number: Of rollouts before it, where processes share them evenly.
        """
        changes: dict[str, Any] = {}
        if rollout.step is None and self.config.step is not None:
            changes["step"] = self.config.step
        elif rollout.step is None and rollout.training and self.config.rollouts_per_step:
            changes["step"] = number // self.config.rollouts_per_step
        if rollout.reward is None and rollout.error is None:
            weighed = ((rollout.parts.get(n), w) for n, w in self.config.weights.items())
            given = [value * weight for value, weight in weighed if value is not None]
            changes |= {"reward": sum(given)} if given else {}
        return rollout.replacing(**changes) if changes else rollout


def _mark(path: Path) -> str:
    """What tells a file from another one of its name: the first line of one that grows, or may
    have; of others, when it was written."""
    line = first_line(path)
    if line is not None:
        return hashlib.sha256(line).hexdigest()
    stat = path.stat()
    return f"{stat.st_size}-{stat.st_mtime_ns}"
