"""How often something is made that grows with its run: the dearer, the more seldom."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

SHARE = 0.1
"""Of a watcher's time, at most, that it spends on one such thing."""


@dataclass
class WatchPace:
    """Says when to make something again that is dear."""

    stale: bool = False
    """Whether anything changed since it was made."""
    rest_until: float = 0.0

    def is_due(self, *, new: bool, at_once: bool) -> bool:
        """Whether to make it at this look.

        Args:
            new: Whether anything changed since the last look.
            at_once: Whether somebody waits for it: an alarm, or the end.
        """
        self.stale |= new
        rested = time.monotonic() >= self.rest_until
        return at_once or (self.stale and rested)

    @contextmanager
    def timed(self) -> Generator[None]:
        """Make it in this block."""
        begin = time.monotonic()
        yield
        end = time.monotonic()
        self.stale, self.rest_until = False, end + (end - begin) * (1.0 / SHARE - 1.0)
