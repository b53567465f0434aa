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


def _watch(pid: int, control: socket.socket, limits: dict[str, Any]) -> bytes:
    """Wait for the submission's process, and end it when it is over a limit."""
    clock = (~pid << 3) | 2
    deadline = time.monotonic() + limits["wall_s"]
    descriptor = os.pidfd_open(pid)
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    poller.register(control.fileno(), select.POLLIN)
    reason = ENDED
    while True:
        ready = {number for number, _ in poller.poll(_TICK_MS)}
        if descriptor in ready:
            break
        if control.fileno() in ready:
            reason = KILLED
            if not control.recv(1):
                os._exit(0)
        elif time.monotonic() > deadline:
            reason = WALL_LIMIT
        else:
            with suppress(OSError):
                if time.clock_gettime(clock) > limits["cpu_s"]:
                    reason = CPU_LIMIT
        if reason != ENDED:
            os.kill(pid, 9)
            break
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
    sys.path[:] = [
        path for path in sys.path if "python" in Path(path).name or "lib-dynload" in path
    ]
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
