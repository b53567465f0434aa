"""Progress bars with the time left, on standard error so that output can be piped."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
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
"""Seconds between two lines that are said seldom."""
STEADY_S = 60.0
"""Seconds without a line after which a log file is told how far the work is."""


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
            if self._said is not None and now < self._said + SELDOM_S:
                return
            self._said = now
        left = self.progress.tasks[0].time_remaining
        if seldom and left is not None and not self._console.is_terminal:
            line += f", {duration(left)} left"
        self._console.print(line, soft_wrap=True, markup=False, emoji=False, highlight=False)


@contextmanager
def progress_bar(description: str, total: int) -> Generator[ProgressBar]:
    """Show a bar while the block runs; nothing is shown where standard error is no terminal.

    Without a terminal a line is printed each minute that says nothing else, and one at the end.
    """
    bar = ProgressBar(Console(stderr=True), description, total)
    if total == 0:
        yield bar
        return
    with bar.progress:
        yield bar


def duration(seconds: float) -> str:
    """Return a time in words that fit its size: `40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(timedelta(seconds=seconds) / timedelta(minutes=1))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
