"""The helper of one slot: a warm Python in a room of its own that forks once per submission.

Started inside the room (see `entrance.py`), as process 1 of its own number space, as a fresh
program with an empty environment. Over its control socket it gets the limits once, and then, per
submission, two pipe ends that it passes on unread. It answers with how the submission's process
ended: reason, wait status, processor time and memory.
"""

import errno
import fcntl
import gc
import importlib
import json
import os
import resource
import select
import signal
import struct
import sys
import time
from _socket import (
    AF_UNIX,
    CMSG_SPACE,
    SCM_RIGHTS,
    SOCK_SEQPACKET,
    SOL_SOCKET,
    socket,
    socketpair,
)  # not `socket`: every fork copies its names
from _thread import stack_size, start_new_thread
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from foretoken.sandbox import child, kernel, room, seccomp

ENDED, CPU_LIMIT, WALL_LIMIT, KILLED, REFUSED, MEM_LIMIT = range(6)
REPORT = struct.Struct("<BiQQ")
"""Reason, wait status (error number where the process was refused), processor time in microseconds,
and the most memory that was resident, in KiB."""

WARM = """
abc array ast base64 bisect cmath collections collections.abc contextlib copy dataclasses
datetime decimal enum fractions functools heapq inspect io itertools json logging math
numbers operator random re statistics string struct textwrap threading time tokenize
traceback types typing unittest warnings weakref
""".split()  # noqa: SIM905  a list of 37 quoted names reads worse
_DESCRIPTOR = struct.Struct("i")
_MOST_TABLES_KIB_PER_MIB = 64
_TICK_MS = 50
_MOST_TICK_S = 2e-3 * _TICK_MS
_PROGRESS_S = 1e-4
_PAUSE_S = 0.5
_STACK_BYTES = 1 << 23
_GROWTH = 2
_REHEARSALS = 5
_PYTHON_IGNORES = (signal.SIGPIPE, signal.SIGXFSZ)
PATIENCE = 4
"""The most wall time that anything gets, in multiples of the wall limit."""


class _Clock:
    """Judges a submission's use of time, once per tick.

    Processor time decides. Wall time counts only in pauses, half seconds and more in which the
    process makes no progress, so that a busy machine does not turn one verdict into another; a
    multiple of it is the last resort. No time counts while the process waits for the supervisor,
    and none in which this clock stood still itself.
    """

    def __init__(self, pid: int, ends: list[int], limits: dict[str, Any]) -> None:
        self._clock = (~pid << 3) | 2
        self._limits = limits
        self._last_tick = time.monotonic()
        self._used = self._waited = self._pause = self._lived = 0.0
        self._ends = select.poll()
        for end, event in zip(ends, (select.POLLIN, select.POLLOUT), strict=True):
            self._ends.register(end, event)

    def _waits_for_us(self) -> bool:
        """Whether the rest of the request is not there yet, or the answer is not being read."""
        return len(self._ends.poll(0)) < 2

    def tick(self) -> int:
        """ENDED while all is well, else the limit that is passed."""
        used = self._used
        with suppress(OSError):
            used = time.clock_gettime(self._clock)
        now = time.monotonic()
        step, self._last_tick = min(now - self._last_tick, _MOST_TICK_S), now
        if used > self._limits["cpu_s"]:
            return CPU_LIMIT
        if self._waits_for_us():
            return ENDED
        self._lived += step
        self._pause += step
        if used - self._used >= _PROGRESS_S:
            self._waited += self._pause if self._pause > _PAUSE_S else 0.0
            self._used, self._pause = used, 0.0
        waited = self._waited + (self._pause if self._pause > _PAUSE_S else 0.0)
        wall_s = self._limits["wall_s"]
        late = waited > wall_s or self._lived > PATIENCE * wall_s
        return WALL_LIMIT if late else ENDED


def _page_tables_kib(descriptor: int, machine: int) -> int:
    """What a process's page tables take: its limit on address space does not count them.

    Args:
        descriptor: Stands for the process.
        machine: The `/proc` outside, where it has another number.
    """
    with suppress(OSError, StopIteration):
        about = _lines(f"self/fdinfo/{descriptor}", machine)
        number = next(line.split()[1] for line in about if line.startswith("Pid:"))
        status = _lines(f"{number}/status", machine)
        return int(next(line.split()[1] for line in status if line.startswith("VmPTE:")))
    return 0


def _oom_kills(machine: int) -> int:
    """Processes that the kernel has ended for want of memory, in the whole machine."""
    with suppress(OSError, StopIteration):
        lines = _lines("vmstat", machine)
        return int(next(line.split()[1] for line in lines if line.startswith("oom_kill ")))
    return 0


def _lines(path: str, machine: int) -> list[str]:
    file = os.open(path, os.O_RDONLY, dir_fd=machine)
    try:
        return os.read(file, 1 << 14).decode().splitlines()
    finally:
        os.close(file)


def _watch(pid: int, ends: list[int], control: socket, config: dict[str, Any]) -> bytes:
    """Wait for the submission's process, and end it when it is over a limit."""
    limits = config["limits"]
    clock = None  # most end within a tick: what they do not need is not made
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
        elif clock is None:
            clock = _Clock(pid, ends, limits)
        else:
            reason = clock.tick()
            tables_kib = _page_tables_kib(descriptor, config["machine"])
            if tables_kib > _MOST_TABLES_KIB_PER_MIB * limits["memory_mib"]:
                reason = MEM_LIMIT
    if reason != ENDED:
        os.kill(pid, 9)
    os.close(descriptor)
    _, status, usage = os.wait4(pid, 0)
    if reason == ENDED and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        before, config["oom_kills"] = config["oom_kills"], _oom_kills(config["machine"])
        grew = usage.ru_maxrss > _GROWTH * config["own_kib"]
        if config["oom_kills"] > before and grew:
            reason = MEM_LIMIT
    cpu_us = int((usage.ru_utime + usage.ru_stime) * 1e6)
    return REPORT.pack(reason, status, cpu_us, usage.ru_maxrss)


def _enter_child(
    descriptors: list[int], config: dict[str, Any], program: kernel.Filter
) -> NoReturn:
    try:
        os.dup2(descriptors[0], child.REQUEST)
        os.dup2(descriptors[1], child.RESULT)
        os.closerange(child.RESULT + 1, 1 << 16)
        child.lock_in(config["limits"], program, user=config["user"], boxed=config["exposing"])
    except BaseException:  # noqa: BLE001  not locked in: the submission must not run
        os._exit(71)
    child.serve(config["limits"]["answer_bytes"])


def _fork(own: int) -> int:
    """Fork a process that is process 1 of a new number space."""
    kernel.setns(own, kernel.CLONE_NEWPID, "process namespace")
    kernel.unshare(kernel.CLONE_NEWPID, "process namespace of a submission")
    return kernel.fork()


def _rehearse(own: int, config: dict[str, Any], program: kernel.Filter) -> None:
    """Lock in a process that runs nothing: what this machine refuses is known before any job."""
    for _ in range(_REHEARSALS):
        said = _rehearse_once(own, config, program)
        if said:
            break
    else:
        raise RuntimeError("somebody ends the processes of the sandbox")
    refused = json.loads(said)
    if refused is not None:
        raise kernel.RefusedError(*refused)


def _rehearse_once(own: int, config: dict[str, Any], program: kernel.Filter) -> bytes:
    reader, writer = os.pipe()
    pid = _fork(own)
    if pid == 0:
        try:
            os.write(writer, json.dumps(_refusal_of_lock(config, program)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    said = os.read(reader, 1 << 12)
    os.close(reader)
    return said


def _refusal_of_lock(config: dict[str, Any], program: kernel.Filter) -> tuple[str, int] | None:
    """Lock this process in, and try the one limit that the kernel waives for some users."""
    try:
        child.lock_in(config["limits"], program, user=config["user"], boxed=config["exposing"])
        stack_size(1 << 16)
        for _ in range(config["most_threads"]):
            start_new_thread(time.sleep, (60,))
    except kernel.RefusedError as refused:
        return refused.step, refused.errno
    except RuntimeError:  # one thread too many: the limit holds
        return None
    except (OSError, ValueError) as error:
        return "limits and user number of a submission", getattr(error, "errno", errno.EPERM)
    return "limit on the number of threads for this user", 0


def _receive(control: socket) -> tuple[bytes, list[int]]:
    """One byte and the descriptors that came with it."""
    message, ancillary, _, _ = control.recvmsg(1, CMSG_SPACE(2 * _DESCRIPTOR.size))
    descriptors: list[int] = []
    for level, kind, data in ancillary:
        if (level, kind) == (SOL_SOCKET, SCM_RIGHTS):
            whole = len(data) - len(data) % _DESCRIPTOR.size
            descriptors += [number for (number,) in _DESCRIPTOR.iter_unpack(data[:whole])]
    return message, descriptors


def _serve_once(control: socket, own: int, config: dict[str, Any], program: kernel.Filter) -> None:
    message, descriptors = _receive(control)
    if message == b"k":  # meant for a submission that had just ended
        return
    if not message or len(descriptors) != 2:
        os._exit(0)
    try:
        pid = _fork(own)
    except (OSError, kernel.RefusedError) as error:
        report = REPORT.pack(REFUSED, error.errno or 0, 0, 0)
    else:
        if pid == 0:
            _enter_child(descriptors, config, program)
        report = _watch(pid, descriptors, control, config)
        if config["exposing"]:
            room.empty_box()
    for descriptor in descriptors:
        os.close(descriptor)
    control.send(report)


def _serve_ourselves(own: int, config: dict[str, Any], program: kernel.Filter) -> None:
    """Run one submission of our own: the first that comes finds memory as all later ones do."""
    ours, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
    reader, writer = os.pipe()
    answers, answers_end = os.pipe()
    os.write(writer, config["sample"].encode())
    os.close(writer)
    both = _DESCRIPTOR.pack(reader) + _DESCRIPTOR.pack(answers_end)
    ours.sendmsg([b"j"], [(SOL_SOCKET, SCM_RIGHTS, both)])
    os.close(reader)
    os.close(answers_end)
    _serve_once(theirs, own, config, program)
    os.close(answers)
    ours.close()
    theirs.close()


def _forget_caller() -> None:
    """Start from the same state whatever the caller's signals, limits and file modes are."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in signal.valid_signals():
        if signal.getsignal(number) is signal.SIG_IGN and number not in _PYTHON_IGNORES:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.umask(0o022)
    for what in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC):
        _, most = resource.getrlimit(what)
        resource.setrlimit(what, (most, most))
    _, most = resource.getrlimit(resource.RLIMIT_STACK)
    stack = _STACK_BYTES if most == resource.RLIM_INFINITY else min(_STACK_BYTES, most)
    resource.setrlimit(resource.RLIMIT_STACK, (stack, most))


def _forget_ourselves() -> None:
    """Leave no name by which a submission could import the sandbox."""
    for name in [name for name in sys.modules if name.split(".")[0] == "foretoken"]:
        del sys.modules[name]
    here = str(Path(__file__).parent)
    sys.path[:] = [path for path in sys.path if path != here and Path(path).is_dir()]
    sys.argv[:] = ["submission"]
    gc.collect()


def _start(control: socket) -> None:
    config = json.loads(control.recv(1 << 16))
    _forget_caller()
    ordinary, config["most_threads"], config["machine"] = map(int, sys.argv[2:])
    if ordinary:
        config["user"] = None
    room.close_the_door()
    kernel.drop_bounding_set()
    kernel.use_small_pages()
    for name in WARM:
        importlib.import_module(name)
    _forget_ourselves()
    child.warm_up(config["sample"])
    child.prepare(config["limits"])
    if config["exposing"]:
        # One for all: each mount takes a device number of the machine's, which others can see.
        limits = config["limits"]
        room.open_box(mib=limits["tmpfs_mib"], inodes=limits["tmpfs_inodes"])
    config["oom_kills"] = _oom_kills(config["machine"])
    config["own_kib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    own = os.pidfd_open(os.getpid())
    program = kernel.Filter(seccomp.compile_policy(kernel.machine()))
    _rehearse(own, config, program)
    _serve_ourselves(own, config, program)
    control.send(b'{"ready": true}')
    os.dup2(0, 2)
    while True:
        _serve_once(control, own, config, program)


def _keep_places_free(descriptor: int) -> int:
    """Fill the places of a submission's pipes with nothing; the descriptor, moved elsewhere."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, child.RESULT + 1)
    os.close(descriptor)
    for place in (child.REQUEST, child.RESULT):
        os.dup2(0, place)
    return moved


def main() -> None:
    """Set up the room, say so (or say which step was refused), and serve."""
    control = socket(fileno=_keep_places_free(int(sys.argv[1])))
    try:
        _start(control)
    except kernel.RefusedError as refused:
        said = {"step": refused.step, "errno": refused.errno}
    except seccomp.UnknownMachineError as unknown:
        said = {"step": f"no policy for {unknown}", "errno": 0}
    except OSError as error:
        said = {"step": "start of a sandbox helper", "errno": error.errno or 0}
    else:
        return
    with suppress(OSError):
        control.send(json.dumps(said).encode())
