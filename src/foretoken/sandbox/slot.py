"""One slot as the supervisor sees it: a zygote's process, its socket, and at most one job."""

import errno
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from foretoken.errors import IsolationError
from foretoken.sandbox import zygote
from foretoken.sandbox.base import Limits

_START_S = 60.0
_ANSWER_SLACK = 1 << 16
_GRACE_S = 5.0
_STDERR_BYTES = 4000

_HOW_TO_ALLOW = (
    "Untrusted code is not run without isolation. Allow it: as root in a container, start the "
    "container with --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt "
    "apparmor=unconfined; as an ordinary user, `sysctl user.max_user_namespaces=10000` and, on "
    "Ubuntu, `sysctl kernel.apparmor_restrict_unprivileged_userns=0`"
)


def refusal(step: str, number: int) -> IsolationError:
    """The error for a step that the kernel refused."""
    reason = os.strerror(number) if number else "not supported"
    return IsolationError(f"this machine refuses the {step} ({reason}). {_HOW_TO_ALLOW}.")


def _first_python() -> str:
    """The interpreter itself, not a virtual environment's link to it."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


class Slot:
    """A zygote and the job that it runs.

    The caller dispatches a job, watches `readable` descriptors, and collects the report.
    """

    def __init__(self, limits: Limits, user: int) -> None:
        self._limits = limits
        self.jobs = 0
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control = ours
        with theirs:
            self._process = subprocess.Popen(
                [
                    _first_python(),
                    "-S",
                    "-s",
                    "-B",
                    str(Path(zygote.__file__)),
                    str(theirs.fileno()),
                ],
                env={"PYTHONHASHSEED": "0"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd="/",
                start_new_session=True,
                pass_fds=(theirs.fileno(),),
            )
        fields: dict[str, Any] = limits.model_dump() | {"wall_s": limits.wall_s}
        with suppress(OSError):  # a helper that is gone already is told by `wait_ready`
            ours.send(json.dumps({"limits": fields, "user": user}).encode())

    def wait_ready(self) -> None:
        """Block until the zygote stands.

        Raises:
            IsolationError: The machine refuses a step of the isolation, or the zygote failed.
        """
        self.control.settimeout(_START_S)
        try:
            answer = self.control.recv(1 << 16)
        except OSError:
            answer = b""
        self.control.settimeout(None)
        if not answer:
            self._process.kill()
            assert self._process.stderr is not None
            text = self._process.stderr.read(_STDERR_BYTES).decode(errors="replace").strip()
            last = text.splitlines()[-1] if text else "it ended without a word"
            self.close()
            raise IsolationError(f"the sandbox helper did not start: {last}. {_HOW_TO_ALLOW}.")
        said = json.loads(answer)
        if "step" in said:
            self.close()
            raise refusal(said["step"], said["errno"])
        assert self._process.stderr is not None
        self._process.stderr.close()

    @property
    def process_id(self) -> int:
        """Number of the zygote's outer process."""
        return self._process.pid

    def close(self) -> None:
        """End the zygote, and with it everything that runs in it."""
        self.control.close()
        self._process.kill()
        self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()


class Flight:
    """One job under way in one slot."""

    def __init__(self, slot: Slot, request: bytes, limits: Limits) -> None:
        self.slot = slot
        self.output = bytearray()
        self.report: bytes | None = None
        self.too_much = False
        self._cap = limits.answer_bytes + _ANSWER_SLACK
        self.deadline = time.monotonic() + zygote.PATIENCE * limits.wall_s + _GRACE_S
        request_end, write_end = os.pipe()
        self.answer, result_end = os.pipe()
        self.write_end: int | None = write_end
        self._rest = memoryview(request)
        os.set_blocking(write_end, False)
        os.set_blocking(self.answer, False)
        try:
            socket.send_fds(slot.control, [b"j"], [request_end, result_end])
        finally:
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
        os.close(self.write_end)
        self.write_end = None

    def read(self) -> bool:
        """Read what there is.

        Returns:
            Whether all writers are gone.
        """
        while True:
            try:
                part = os.read(self.answer, 1 << 16)
            except BlockingIOError:
                return False
            if not part:
                return True
            if len(self.output) < self._cap:
                self.output += part
            elif not self.too_much:
                self.too_much = True
                self.kill()

    def kill(self) -> None:
        """Ask the zygote to end the submission's process."""
        try:
            self.slot.control.send(b"k")
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise

    def land(self) -> None:
        """Close what is open."""
        if self.write_end is not None:
            os.close(self.write_end)
            self.write_end = None
        os.close(self.answer)
