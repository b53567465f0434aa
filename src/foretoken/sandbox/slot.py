"""One slot as the supervisor sees it: a zygote's process, its socket, and at most one job."""

import errno
import json
import os
import socket
import subprocess
import time
from contextlib import suppress
from typing import Any

from foretoken.errors import IsolationError
from foretoken.sandbox import zygote
from foretoken.sandbox.base import Limits
from foretoken.sandbox.refusals import death, refusal
from foretoken.sandbox.rooms import Room, command

_START_S = 60.0
_GOODBYE_S = 2.0
_ANSWER_SLACK = 1 << 16
_PART_BYTES = 1 << 16
_GRACE_S = 5.0
_STDERR_BYTES = 4000


class Slot:
    """A zygote and the job that it runs.

    The caller dispatches a job, watches `readable` descriptors, and collects the report.

    Args:
        limits: What one submission may use.
        user: Number of the user that submissions become, where there can be one.
        room: Where they live.
        sample: A request that the zygote warms up with.

    Raises:
        IsolationError: The machine has no room for another process.
    """

    def __init__(self, limits: Limits, user: int, *, room: Room, sample: bytes) -> None:
        self.user = user
        self._limits = limits
        self.stands = False
        self.attempt = 1
        self.deadline = time.monotonic() + _START_S
        self.jobs = 0
        self.flight: Flight | None = None
        try:
            self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = self._start(theirs.fileno(), room)
        except OSError as error:
            raise self._refusal("start of a sandbox helper", error.errno or 0) from error
        fields: dict[str, Any] = limits.model_dump() | {"wall_s": limits.wall_s}
        config = {"limits": fields, "user": user, "sample": sample.decode()}
        config["exposing"] = room.exposing
        with suppress(OSError):  # a helper that is gone already is told by `wait_ready`
            self.control.send(json.dumps(config).encode())

    def _refusal(self, step: str, number: int) -> IsolationError:
        return refusal(step, number, limits=self._limits)

    def _start(self, control: int, room: Room) -> subprocess.Popen[bytes]:
        told = [control, self._limits.threads, *room.handles]
        try:
            return subprocess.Popen(
                command("entrance", *told),
                env={},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd="/",
                start_new_session=True,
                pass_fds=(control, *room.handles),
            )
        except BaseException:  # an interrupt, too, must leave no socket open
            self.control.close()
            raise

    def wait_ready(self) -> None:
        """Block until the zygote stands.

        Raises:
            IsolationError: The machine refuses a step of the isolation.
            HelperDiedError: The zygote ended, by itself or killed from outside.
        """
        self.control.settimeout(max(self.deadline - time.monotonic(), 1e-3))
        try:
            answer = self.control.recv(1 << 16)
        except OSError:
            answer = b""
        self.control.settimeout(None)
        if not answer:
            self._process.kill()
            assert self._process.stderr is not None
            text = self._process.stderr.read(_STDERR_BYTES).decode(errors="replace")
            self.close()
            raise death("the sandbox helper", text, limits=self._limits)
        said = json.loads(answer)
        if "step" in said:
            self.close()
            raise self._refusal(said["step"], said["errno"])
        assert self._process.stderr is not None
        self._process.stderr.close()
        self.stands = True

    @property
    def process_id(self) -> int:
        """Number of the zygote's outer process."""
        return self._process.pid

    def hang_up(self) -> None:
        """Tell the zygote to end, and with it everything that runs in it."""
        self.control.close()

    def close(self) -> None:
        """End the zygote, and wait until it is gone.

        The outer process waits for the inner one, so that neither stays behind as a zombie of a
        caller which adopts orphans (process 1 of a container).
        """
        self.hang_up()
        try:
            self._process.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def leave(self) -> None:
        """Let go of everything, in a process that was forked from the owner.

        A copy of a pipe's end would keep the submission waiting for the rest of its request, and
        a copy of the socket would keep the zygote alive after the owner.
        """
        self.control.close()
        if self._process.stderr is not None:
            self._process.stderr.close()
        if self.flight is not None:
            self.flight.land()
        self._process.returncode = 0  # not ours: nothing to wait for, nothing to warn of


class Flight:
    """One job under way in one slot.

    Raises:
        ConnectionError: The slot is gone.
        OSError: There is no room for two more pipes.
    """

    def __init__(self, slot: Slot, request: bytes, limits: Limits) -> None:
        self.slot = slot
        self.output = bytearray()
        self.too_much = False
        self._cap = limits.answer_bytes + _ANSWER_SLACK
        self.deadline = time.monotonic() + 2 * zygote.PATIENCE * limits.wall_s + _GRACE_S
        self._rest = memoryview(request)
        ends: list[int] = []
        try:
            ends += os.pipe()
            ends += os.pipe()
            request_end, write_end, answer, result_end = ends
            os.set_blocking(write_end, False)
            os.set_blocking(answer, False)
            socket.send_fds(slot.control, [b"j"], [request_end, result_end])
        except BaseException:  # an interrupt, too, must leave no pipe open
            for end in ends:
                os.close(end)
            raise
        self.answer: int | None = answer
        self.write_end: int | None = write_end
        slot.flight = self
        os.close(request_end)
        os.close(result_end)
        slot.jobs += 1
        self.feed()

    def feed(self) -> None:
        """Write as much of the request as the pipe takes."""
        if self.write_end is None:
            return
        try:
            while self._rest:
                self._rest = self._rest[os.write(self.write_end, self._rest) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            pass
        self._rest = memoryview(b"")
        self._close_write_end()

    def read(self) -> int | None:
        """Read one part of what there is, so that no flood holds up the other slots.

        Returns:
            Bytes that were read; 0: all writers are gone; None: there is nothing now.
        """
        assert self.answer is not None
        try:
            part = os.read(self.answer, _PART_BYTES)
        except BlockingIOError:
            return None
        if not self.too_much:
            self.output += part
            if len(self.output) > self._cap:
                self.too_much = True
                self.kill()
        return len(part)

    def kill(self) -> None:
        """Ask the zygote to end the submission's process."""
        try:
            self.slot.control.send(b"k")
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise

    def _close_write_end(self) -> None:
        # The attribute goes first: a process forked in between must not close a stranger's number.
        if self.write_end is not None:
            end, self.write_end = self.write_end, None
            os.close(end)

    def land(self) -> None:
        """Close what is open."""
        self._close_write_end()
        if self.answer is not None:
            end, self.answer = self.answer, None
            os.close(end)
        self.slot.flight = None
