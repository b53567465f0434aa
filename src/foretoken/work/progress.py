"""Progress with the time left, on standard error so that output can be piped.

A command of one phase shows a `progress_bar`. One of many opens a `planned_work` of all its phases,
and every bar inside it becomes a part of that one: the phase, the time so far, left and in all.
"""

import math
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Advance = Callable[[int], None]
"""Called with the number of items that are finished."""
SELDOM_S = 10.0
"""Seconds between two lines that are said seldom, on a terminal."""
STEADY_S = 30.0
"""Seconds between two lines of a log file that say how far the work is."""


@dataclass(frozen=True)
class Phase:
    """A part of a command's work."""

    name: str
    """As the bar that shows it is called; a phase of that name may come again."""
    kind: str
    """An item takes as long in all phases of one kind."""
    items: float
    """To be done, at most."""
    each: float = 1.0
    """How dear an item is beside those of other kinds; a guess, until some of its kind are done."""


class ProgressBar:
    """Called with the number of items that are finished; lines stand above it.

    Args:
        console: Where lines go.
        description: Of the work.
        total: Items.
    """

    def __init__(self, console: Console, description: str, total: int) -> None:
        self._console = console
        columns = (
            TextColumn("{task.description:<34}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        self.progress = Progress(*columns, console=console)
        self._task = self.progress.add_task(description, total=total)
        self._said: float | None = None
        self._heard = time.monotonic()

    def __call__(self, count: int) -> None:
        """More items are finished."""
        self.progress.advance(self._task, count)
        task = self.progress.tasks[0]
        quiet = time.monotonic() - self._heard
        if quiet > STEADY_S and not self._console.is_terminal and not task.finished:
            line = f"{task.description}: {task.completed:.0f} of {task.total:.0f}"
            self.say(line, seldom=True)

    def say(self, line: str, *, seldom: bool = False) -> None:
        """Print a line above the bar; without a terminal, with the time left.

        Args:
            line: Plain text.
            seldom: Whether it is left out where the last such line was said just before.
        """
        now = self._heard = time.monotonic()
        if seldom:
            between = SELDOM_S if self._console.is_terminal else STEADY_S
            if self._said is not None and now < self._said + between:
                return
            self._said = now
        left = self.progress.tasks[0].time_remaining
        if seldom and left is not None and not self._console.is_terminal:
            line += f", {duration(left)} left"
        say_line(self._console, line)


class PlanBar:
    """One bar over all phases of a command, in seconds as they are foreseen.

    What a phase will take is told from what its kind took so far in this command, else from what
    all kinds took. A phase that turns out smaller, or is passed over, makes the plan shorter.

    Args:
        console: Where the bar and its lines go.
        phases: In order, each at most.
    """

    def __init__(self, console: Console, phases: Sequence[Phase]) -> None:
        self._console, self._phases = console, phases
        self._next, self._name = 0, ""
        self._open = 0.0
        """Items of the present phase that are not done."""
        self._done: dict[str, float] = {}
        """Items by kind, done by this command."""
        self._took: dict[str, float] = {}
        """Seconds by kind."""
        self._began = self._looked = self._said = time.monotonic()
        columns = (
            TextColumn("{task.description:<34}"),
            BarColumn(),
            TextColumn("{task.fields[phase]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[rest]}"),
        )
        self.progress = Progress(*columns, console=console)
        self._task = self.progress.add_task("", total=1.0, phase="", rest="")

    def begin(self, name: str, *, items: float | None = None) -> None:
        """A phase begins; those before it are over.

        Args:
            name: As planned; another one belongs to the phase that is under way.
            items: That are to be done; None: as planned.
        """
        found = [n for n in range(self._next, len(self._phases)) if self._phases[n].name == name]
        if found:
            self._clock()
            self._next = found[0] + 1
            self._open = self._present.items if items is None else items
        inside = self._next and name != self._present.name
        self._name = f"{self._present.name}, {name}" if inside else name
        self._show()

    def advance(self, items: float, *, of: str) -> None:
        """More items are done of the phase of this name, if that is the present one."""
        if self._next and self._present.name == of:
            kind = self._present.kind
            self._done[kind] = self._done.get(kind, 0.0) + min(items, self._open)
            self._open -= min(items, self._open)
        self._show()

    def left_s(self) -> float | None:
        """Return the seconds left, as they are foreseen; None where nothing is done."""
        each = {phase.kind: phase.each for phase in self._phases}
        done = sum(items * each[kind] for kind, items in self._done.items())
        if not done:
            return None
        usual = sum(self._took[kind] for kind in self._done) / done
        rest = [(self._present.kind, self._open)]
        rest += [(phase.kind, phase.items) for phase in self._phases[self._next :]]
        return sum(
            items
            * (self._took[kind] / self._done[kind] if self._done.get(kind) else usual * each[kind])
            for kind, items in rest
        )

    @property
    def _present(self) -> Phase:
        return self._phases[max(self._next, 1) - 1]

    def _clock(self) -> None:
        now = time.monotonic()
        kind = self._present.kind if self._next else ""
        self._took[kind] = self._took.get(kind, 0.0) + now - self._looked
        self._looked = now

    def _show(self) -> None:
        self._clock()
        past, left = self._looked - self._began, self.left_s()
        rest = "" if left is None else f"{duration(left)} left of {duration(past + left)}"
        known = left is not None and past + left > 0
        phase = f"phase {self._next} of {len(self._phases)}"
        self.progress.update(
            self._task,
            description=self._name,
            completed=past / (past + (left or 0.0)) if known else 0.0,
            phase=phase,
            rest=rest,
        )
        if not self._console.is_terminal and self._looked > self._said + STEADY_S:
            self._said = self._looked
            said = f"{phase}, {self._name}: {duration(past)} so far"
            say_line(self._console, f"{said}, about {rest}" if rest else said)


class _PartOfPlan(ProgressBar):
    """A bar inside a plan: it has no line of its own."""

    def __init__(self, plan: PlanBar, name: str) -> None:
        self._plan, self._name = plan, name

    def __call__(self, count: int) -> None:
        """More items are finished."""
        self._plan.advance(count, of=self._name)

    def say(self, line: str, *, seldom: bool = False) -> None:
        """Print a line above the plan's bar."""
        if not seldom:
            say_line(self._plan.progress.console, line)


_PLAN: ContextVar[PlanBar | None] = ContextVar("plan", default=None)


@contextmanager
def planned_work(phases: Sequence[Phase]) -> Generator[None]:
    """Show one bar for all phases of the block, each of them a `progress_bar` or a `phase` inside.

    Inside another plan this one is left out, as the outer one has its phases. Without a terminal a
    line is printed each half minute, and no other.
    """
    if _PLAN.get() is not None or not phases:
        yield
        return
    console = Console(stderr=True)
    plan = PlanBar(console, phases)
    token = _PLAN.set(plan)
    try:
        if not console.is_terminal:
            yield
            return
        with plan.progress:
            yield
    finally:
        _PLAN.reset(token)


@contextmanager
def phase(name: str) -> Generator[None]:
    """Mark a planned phase whose parts are not counted."""
    plan = _PLAN.get()
    if plan is not None:
        plan.begin(name)
    yield
    if plan is not None:
        plan.advance(math.inf, of=name)


@contextmanager
def progress_bar(description: str, total: int, *, done: int = 0) -> Generator[ProgressBar]:
    """Show a bar while the block runs, or a part of the plan that the block is in.

    Without a terminal a line is printed each half minute that says nothing else, and one at the
    end.

    Args:
        description: Of the work.
        total: Items.
        done: Items that were finished before.
    """
    plan = _PLAN.get()
    if plan is not None:
        plan.begin(description, items=total - done)
        yield _PartOfPlan(plan, description)
        return
    bar = ProgressBar(Console(stderr=True), description, total)
    if total == 0:
        yield bar
        return
    with bar.progress:
        if done:
            bar(done)
        yield bar


def say_line(console: Console, line: str) -> None:
    """Print plain text as it is."""
    console.print(line, soft_wrap=True, markup=False, emoji=False, highlight=False)


def duration(seconds: float) -> str:
    """Return a time in words that fit its size: `40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(timedelta(seconds=seconds) / timedelta(minutes=1))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
