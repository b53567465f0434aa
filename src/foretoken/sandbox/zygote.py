"""The helper of one slot: a warm Python in a room of its own that forks once per submission.

Started as a fresh program with an empty environment. Over its control socket it gets the limits
once, and then, per submission, two pipe ends that it passes on unread. It answers with how the
submission's process ended: reason, wait status and processor time.
"""

import fcntl
import gc
import importlib
import json
import os
import select
import socket
import struct
import sys
import time
import types
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

if __name__ == "__main__":
    # The package's own start-up imports much that has no place in here: name it without running it.
    for _name, _level in (("foretoken", 2), ("foretoken.sandbox", 1)):
        _package = types.ModuleType(_name)
        _package.__path__ = [str(Path(__file__).resolve().parents[_level - 1])]
        sys.modules[_name] = _package

from foretoken.sandbox import child, kernel, room, seccomp

ENDED, CPU_LIMIT, WALL_LIMIT, KILLED = range(4)
REPORT = struct.Struct("<BiQ")
"""Reason, wait status, processor time in microseconds."""

WARM = """
abc array ast base64 bisect calendar cmath collections collections.abc contextlib copy dataclasses
datetime decimal enum fractions functools hashlib heapq inspect io itertools json logging math
numbers operator pprint random re statistics string struct textwrap threading time tokenize
traceback types typing unittest warnings weakref
""".split()  # noqa: SIM905  a list of 40 quoted names reads worse
_TICK_MS = 50
_PROGRESS_S = 1e-4
PATIENCE = 4
"""The most wall time that anything gets, in multiples of the wall limit."""


class _Clock:
    """Judges a submission's use of time, once per tick.

    Processor time decides. Wall time counts only while the process makes no progress, so that a
    busy machine does not turn one verdict into another; a multiple of it is the last resort.
    """

    def __init__(self, pid: int, limits: dict[str, Any]) -> None:
        self._clock = (~pid << 3) | 2
        self._limits = limits
        self._started = self._last_tick = time.monotonic()
        self._used = self._waited = 0.0

    def tick(self) -> int:
        """ENDED while all is well, else the limit that is passed."""
        used = self._used
        with suppress(OSError):
            used = time.clock_gettime(self._clock)
        now = time.monotonic()
        if used - self._used < _PROGRESS_S:
            self._waited += now - self._last_tick
        self._used, self._last_tick = used, now
        if used > self._limits["cpu_s"]:
            return CPU_LIMIT
        wall_s = self._limits["wall_s"]
        late = self._waited > wall_s or now - self._started > PATIENCE * wall_s
        return WALL_LIMIT if late else ENDED


def _watch(pid: int, control: socket.socket, limits: dict[str, Any]) -> bytes:
    """Wait for the submission's process, and end it when it is over a limit."""
    clock = _Clock(pid, limits)
    descriptor = os.pidfd_open(pid)
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    poller.register(control.fileno(), select.POLLIN)
    reason = ENDED
    while reason == ENDED:
        ready = {number for number, _ in poller.poll(_TICK_MS)}
        if descriptor in ready:
            break
        if control.fileno() in ready:
            reason = KILLED
            if not control.recv(1):
                os._exit(0)
        else:
            reason = clock.tick()
    if reason != ENDED:
        os.kill(pid, 9)
    os.close(descriptor)
    _, status, usage = os.wait4(pid, 0)
    return REPORT.pack(reason, status, int((usage.ru_utime + usage.ru_stime) * 1e6))


def _enter_child(descriptors: list[int], config: dict[str, Any], program: bytes) -> NoReturn:
    try:
        request, result = (fcntl.fcntl(one, fcntl.F_DUPFD, 64) for one in descriptors)
        os.dup2(request, child.REQUEST)
        os.dup2(result, child.RESULT)
        os.closerange(child.RESULT + 1, 1 << 16)
        child.lock_in(config["limits"], program, user=config["user"])
    except BaseException:  # noqa: BLE001  not locked in: the submission must not run
        os._exit(71)
    child.serve()


def _serve(control: socket.socket, config: dict[str, Any]) -> NoReturn:
    program = seccomp.compile_policy(kernel.machine())
    own = os.pidfd_open(os.getpid())
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if message == b"k":  # meant for a submission that had just ended
            continue
        if not message or len(descriptors) != 2:
            os._exit(0)
        kernel.setns(own, kernel.CLONE_NEWPID, "process namespace")
        kernel.unshare(kernel.CLONE_NEWPID, "process namespace of a submission")
        pid = os.fork()
        if pid == 0:
            _enter_child(descriptors, config, program)
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(_watch(pid, control, config["limits"]))


def _forget_ourselves() -> None:
    """Leave no name by which a submission could import the sandbox."""
    for name in [name for name in sys.modules if name.split(".")[0] == "foretoken"]:
        del sys.modules[name]
    here = str(Path(__file__).parent)
    sys.path[:] = [path for path in sys.path if path != here and Path(path).is_dir()]
    sys.argv[:] = ["submission"]
    gc.collect()


def _start(control: socket.socket) -> None:
    config = json.loads(control.recv(1 << 16))
    privileged = room.enter_namespaces()
    if not privileged:
        config["user"] = None
    pid = os.fork()
    if pid:
        control.close()
        _, status = os.waitpid(pid, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    kernel.die_with_parent()
    room.build()
    kernel.drop_bounding_set()
    for name in WARM:
        importlib.import_module(name)
    _forget_ourselves()
    child.prepare()
    control.send(b'{"ready": true}')
    os.dup2(0, 2)
    _serve(control, config)


def main() -> None:
    """Set up the room, say so (or say which step was refused), and serve."""
    control = socket.socket(fileno=int(sys.argv[1]))
    try:
        _start(control)
    except kernel.RefusedError as refused:
        control.send(json.dumps({"step": refused.step, "errno": refused.errno}).encode())
    except seccomp.UnknownMachineError as unknown:
        control.send(json.dumps({"step": f"no policy for {unknown}", "errno": 0}).encode())


if __name__ == "__main__":
    main()
