"""Somebody else's grader in a process of its own, which may hang or die without harm."""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Any, cast

from foretoken.errors import SetupError
from foretoken.graders.box import box
from foretoken.graders.kinds import NEED_NETWORK, kind_of
from foretoken.graders.shapes import CallShape
from foretoken.store.codec import encode

START_S = 120.0
"""In which a grader's module has to be there."""
_NAMES = (
    "name package.module:function or file.py:function, a command, the address of a reward server, "
    "the file of a judge's prompt, or the folder of a reward model"
)
_CHUNK = 65_536
_TAIL = 300


@dataclass(frozen=True)
class Reply:
    """What a grader said to one answer."""

    value: float | None
    error: str | None
    """Why there is no value; both None: it abstained."""
    seconds: float | None = None
    """That it took; None: its process hung or died."""
    died: bool = False
    """Whether it gave no answer in time, or its process ended."""


@dataclass
class GraderProcess(AbstractContextManager["GraderProcess"]):
    """Somebody else's grader in a process of its own, asked one answer after the other.

    Use it as a context manager. A process that hangs or dies is begun anew at the next answer.

    Args:
        path: Import path; see `shapes.answering`.
        timeout_s: Longest that it may take for an answer.
        shape: In which it is called; None: recognised.
        given: Values of its arguments by name.
        boxed: Whether it can write nothing but temporary files, and has no network.
        memory_mib: Most memory that it may ask for; None: as much as there is.
        nice: By how much it is nicer than others.
    """

    path: str
    timeout_s: float
    shape: CallShape | None = None
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    boxed: bool = False
    memory_mib: int | None = None
    nice: int = 10
    name: str = "grader"
    """What it is called where it cannot be used."""
    failures: int = 0
    """How often in a row it hung or died."""
    _process: subprocess.Popen[bytes] | None = None
    _said: IO[bytes] = field(default_factory=tempfile.TemporaryFile)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End its process."""
        self._end()
        self._said.close()

    def ask(self, job: Mapping[str, Any]) -> Reply:
        """Return what it says to one answer.

        Args:
            job: See `shapes`.

        Raises:
            SetupError: It cannot be imported, or is no grader.
        """
        if self._process is None:
            self._start()
        line = encode(dict(job)).encode("utf-8", "surrogatepass") + b"\n"
        try:
            answer = self._exchange(line, seconds=self.timeout_s)
        except TimeoutError:
            return self._failed(f"gave no answer within {self.timeout_s:g} s")
        except (EOFError, BrokenPipeError):
            return self._failed("its process ended")
        except ValueError:
            return self._failed("its process wrote something else than an answer")
        self.failures = 0
        return Reply(answer["value"], answer["error"], answer["seconds"])

    def renew(self) -> None:
        """End its process, so that the next answer finds a new one."""
        self._end()

    def _start(self) -> None:
        self._said.seek(0)
        self._said.truncate()
        settings = {
            "path": self.path,
            "shape": self.shape,
            "given": dict(self.given),
            "nice": self.nice,
            "memory_mib": self.memory_mib,
        }
        command = [sys.executable, "-m", "foretoken.graders.child", json.dumps(settings)]
        self._process = subprocess.Popen(
            [*(self._box() if self.boxed else ()), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        try:
            fault = self._exchange(b"", seconds=START_S)["error"]
        except TimeoutError:
            fault = f"it is not there after {START_S:g} s"
        except EOFError:
            fault = f"its process ended{self._tail()}"
        except ValueError as error:
            fault = f"its process wrote {error}"
        if fault is not None:
            self._end()
            raise SetupError(f"the {self.name} {self.path} cannot be used ({fault}): {_NAMES}")

    def _box(self) -> list[str]:
        elsewhere = (self.shape or kind_of(self.path)) in NEED_NETWORK
        return box(self.path, network=elsewhere)

    def _failed(self, what: str) -> Reply:
        self.failures += 1
        self._end()
        return Reply(None, f"{what}{self._tail()}", died=True)

    def _tail(self) -> str:
        """The last line that its process wrote, if any."""
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1][-_TAIL:]}" if lines else ""

    def _end(self) -> None:
        """Kill the process with all that it began."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()

    def _exchange(self, line: bytes, *, seconds: float) -> Mapping[str, Any]:
        """Write a line, and return what is answered.

        Raises:
            TimeoutError: It takes too long.
            EOFError: The process ended.
            ValueError: It wrote something else.
        """
        assert self._process is not None
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        rest, got, end = memoryview(line), bytearray(), time.monotonic() + seconds
        with selectors.DefaultSelector() as waiting:
            waiting.register(back, selectors.EVENT_READ)
            if rest:
                waiting.register(to, selectors.EVENT_WRITE)
            while not got.endswith(b"\n"):
                ready = waiting.select(end - time.monotonic())
                if time.monotonic() >= end:
                    raise TimeoutError
                for key, _ in ready:
                    if key.fileobj is to:
                        rest = rest[os.write(to.fileno(), rest[:_CHUNK]) :]
                        if not rest:
                            waiting.unregister(to)
                    else:
                        got += os.read(back.fileno(), _CHUNK) or _ended()
        said = json.loads(got)
        if not isinstance(said, dict) or "error" not in said:
            raise ValueError(got[:_TAIL].decode(errors="replace"))
        return cast(Mapping[str, Any], said)


def _ended() -> bytes:
    raise EOFError
