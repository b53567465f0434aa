"""Progress bars with the time left, on standard error so that output can be piped."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

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


@contextmanager
def progress_bar(description: str, total: int) -> Generator[Advance]:
    """Show a bar while the block runs; nothing is shown where standard error is no terminal.

    Without a terminal one line per bar is printed at its end, so that logs stay short.
    """
    console = Console(stderr=True)
    if total == 0:
        yield lambda _: None
        return
    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(description, total=total)
        yield lambda count: progress.advance(task, count)
