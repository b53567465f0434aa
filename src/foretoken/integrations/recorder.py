"""What hooks inside of a training write: lines that are appended, and never an error.

A hook runs in somebody else's training. So it hands over what it saw and returns; a thread of its
own encodes and appends it, to one file for each process. What goes wrong, and what had to be left
out because the disk was too slow, is counted, and written down once that is possible again.
"""

import json
import os
import queue
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from foretoken.logs.hooks import FAULTS, INBOX

P = ParamSpec("P")
R = TypeVar("R")

VERSION = 2
"""Of the lines' form."""
MARK = "foretoken"
"""Key under which each line has its version."""
STOP_FILE = "stop"
"""File of a run directory that asks for the end of the training."""
MOST_WAITING = 256
"""Lines that wait for the disk; more are left out."""
LONGEST_WAIT_S = 10.0
"""At the end of a training, for lines that still wait."""


class Recorder:
    """Appends lines to the inbox of a run.

    Args:
        run: Run directory; it is made with the first line.
        wait_s: Longest wait for the disk in `close`.
    """

    def __init__(self, run: str | os.PathLike[str], *, wait_s: float = LONGEST_WAIT_S) -> None:
        self.run = Path(run)
        self.wait_s = wait_s
        self.faults: Counter[str] = Counter()
        """What went wrong, and how often."""
        self._told: Counter[str] = Counter()
        """What of it is written down."""
        self._process = 0
        self._lines: queue.Queue[tuple[str, Callable[[], Any]]] = queue.Queue()
        self._ends: dict[Path, bytes] = {}

    def write(self, kind: str, line: Callable[[], Any]) -> bool:
        """Have a line appended, soon.

        Args:
            kind: Beginning of the file's name.
            line: Returns what JSON can hold; called in the recorder's thread.

        Returns:
            Whether it waits to be written; False: it is left out.
        """
        try:
            self.begin()
            self._lines.put_nowait((kind, line))
            return True
        except queue.Full:
            self.faults["left out, as the disk is too slow"] += 1
        except Exception as error:  # noqa: BLE001  somebody else's training goes on
            self.fault(error)
        return False

    def fault(self, error: BaseException) -> None:
        """Count an error that was caught."""
        self.faults[f"{type(error).__name__}: {str(error)[:200]}"] += 1

    def guarded(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
        """Return what a call returns; None where it raises, which is counted."""
        try:
            return call(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  somebody else's training goes on
            self.fault(error)
            return None

    def close(self) -> None:
        """Wait until all lines are on the disk, but no longer than `wait_s`."""
        end = time.monotonic() + self.wait_s
        while self._process == os.getpid() and self._lines.unfinished_tasks:
            if time.monotonic() > end:
                left = f"not written within {self.wait_s:g} s of the end"
                self.faults[left] = max(self.faults[left], self._lines.unfinished_tasks)
                return
            time.sleep(0.005)

    def end(self) -> None:
        """Wait as `close` does, and print what could not be recorded."""
        self.close()
        for fault, count in self.faults.items():
            print(f"Foretoken could not record all; training was not touched: {fault} ({count}x)")

    def begin(self) -> None:
        """Start the thread; once for each process, as a fork takes none along.

        `write` does so itself, but a process that ends can start none.
        """
        if self._process != os.getpid():
            self._process = os.getpid()
            self._lines = queue.Queue(MOST_WAITING)
            self._ends = {}
            threading.Thread(target=self._work, args=(self._lines,), daemon=True).start()

    def _work(self, lines: "queue.Queue[tuple[str, Callable[[], Any]]]") -> None:
        while True:
            kind, line = lines.get()
            self.guarded(self._append, kind, line)
            self._tell_faults()
            lines.task_done()

    def _tell_faults(self) -> None:
        """Write down what went wrong, for whoever reads the run; later if that fails, too."""
        faults = Counter(self.faults)
        if faults != self._told:
            with suppress(Exception):
                self._append(FAULTS, lambda: {"faults": faults})
                self._told = faults

    def _append(self, kind: str, line: Callable[[], Any]) -> None:
        said: Mapping[str, Any] = {MARK: VERSION, "at": time.time(), **line()}
        folder = self.run / INBOX
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{kind}-{socket.gethostname()}-{self._process}.jsonl"
        encoded = json.dumps(said, ensure_ascii=False, default=str).encode("utf-8", "replace")
        with path.open("ab", buffering=0) as file:
            if self._ends.get(path, b"\n") != b"\n":
                file.write(b"\n")  # ends a line that a full disk cut
            self._ends[path] = b""
            rest = memoryview(encoded + b"\n")
            while rest:
                rest = rest[file.write(rest) :]
        self._ends[path] = b"\n"
