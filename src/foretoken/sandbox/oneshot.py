"""A box for one whole Python program: a fresh interpreter in bubblewrap, and gone when it ends.

For programs that cannot be a function of a warm child: a grader that somebody else wrote, which
wants its own main program, files, or helper processes. It costs a start of Python (about ten times
a child of the pool). The program sees its own files and the standard library, and nothing else: no
network, no environment, no `/proc`, no other process.
"""

import json
import os
import random
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from foretoken.errors import IsolationError
from foretoken.sandbox import oneshot_root
from foretoken.sandbox.base import Ending, Limits
from foretoken.sandbox.oneshot_policy import program_policy
from foretoken.sandbox.room import FIRST_USER, USERS
from foretoken.sandbox.rooms import command, first_python, room_for
from foretoken.sandbox.zygote import PATIENCE

_TMP = "/tmp"
_BOX = f"{_TMP}/box"
_READY = b"ready\n"
_START_S, _GRACE_S = 60.0, 5.0
_TICK_S, _PROGRESS_S, _PAUSE_S = 0.05, 1e-4, 0.5

_HOW_TO_ALLOW = (
    "Whole programs of others are run in bubblewrap only. Install it (`apt install bubblewrap`: "
    "0.8.0 of Debian 12 or later) and allow user namespaces: `sysctl "
    "user.max_user_namespaces=10000`; on Ubuntu `sysctl "
    "kernel.apparmor_restrict_unprivileged_userns=0`; in a container --security-opt "
    "seccomp=unconfined --security-opt apparmor=unconfined"
)

_INNER = f"""
import json, os, resource, runpy, sys
with open(0, "rb", closefd=False) as stream:
    request = json.load(stream)
os.closerange(3, 1024)
null = os.open({_BOX!r}, os.O_TMPFILE | os.O_RDWR | os.O_APPEND)
os.dup2(null, 0)
os.close(null)
for name, text in request["files"].items():
    with open(name, "x", encoding="utf-8", errors="surrogatepass") as file:
        file.write(text)
for name, most in request["limits"].items():
    resource.setrlimit(getattr(resource, "RLIMIT_" + name), (most, most))
sys.argv[:] = ["main.py"]
sys.path[0] = {_BOX!r}
os.write(1, {_READY!r})
del request, name, most, text, null, stream, file
runpy.run_path("main.py", run_name="__main__")
"""
"""What the box's Python does first: take the request from its standard input, write the files, set
the limits, say that it stands, and become the program."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What one program did. Everything but `ending` and `cpu_s` is the program's own claim."""

    ending: Ending
    """`COMPLETED`: it ended with status 0; `EXIT`: with another one."""
    exit_status: int | None
    """Of a program that ended by itself. Statuses above 128 are signals, as in a shell."""
    stdout: bytes = b""
    stderr: bytes = b""
    cpu_s: float
    """Processor seconds of the program and all its processes, start of Python included."""
    infra: str | None = None
    """Why our own part failed (with `INFRA_ERROR`)."""


def run_program(
    code: str,
    *,
    files: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    processes: int = 0,
) -> Finished:
    """Run a Python program as `main.py` of an empty working directory that only it sees.

    Args:
        code: Text of the program. Its standard input is empty.
        files: Text files beside it, by plain name.
        limits: What it may use. `cpu_s` and `memory_mib` bound each of its processes, `wall_s` and
            `answer_bytes` (standard output and error together) the whole, `code_bytes` all texts.
        processes: Helper processes that it may have at a time; 0: it cannot make any, and threads
            are bounded by `limits.threads`.

    Raises:
        IsolationError: bubblewrap is missing, or the machine refuses a part of the isolation.
        ValueError: A file's name is not plain, or is `main.py`.
    """
    limits = limits or Limits()
    files = dict(files or {})
    if any("/" in name or name in ("", ".", "..", "main.py") or "\0" in name for name in files):
        raise ValueError(f"files of a program need plain names, not {sorted(files)}")
    texts = (code, *files.values())
    if sum(len(text.encode(errors="surrogatepass")) for text in texts) > limits.code_bytes:
        return Finished(ending=Ending.OUTPUT_LIMIT, exit_status=None, cpu_s=0.0)
    rlimits = {
        "AS": limits.memory_mib << 20,
        "CPU": int(limits.cpu_s) + 2,
        "FSIZE": limits.file_mib << 20,
        "NOFILE": limits.descriptors,
        "NPROC": processes + 1 if processes else limits.threads,
        "CORE": 0,
        "MEMLOCK": 0,
        "MSGQUEUE": 0,
    }
    request = json.dumps({"files": {**files, "main.py": code}, "limits": rlimits}).encode()
    with ExitStack() as stack:
        return _start(stack, request, limits=limits, processes=processes).run()


def _command(bwrap: str, *, limits: Limits) -> tuple[list[str], tuple[int, ...]]:
    """The command line up to the policy, and the descriptors that it names."""
    room = room_for(exposing=True)
    user = FIRST_USER + random.SystemRandom().randrange(USERS) if room.users is None else -1
    told = [os.getpid(), user, len(room.handles), *room.handles]
    box = [*command(oneshot_root.__name__.rpartition(".")[2], *told), bwrap]
    box += ["--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv"]
    box += ["--hostname", "box", "--uid", "1000", "--gid", "1000", oneshot_root.ROOM]
    for device in ("/dev/null", "/dev/random", "/dev/urandom"):
        box += ["--dev-bind", device, device]
    box += ["--size", str(limits.tmpfs_mib << 20), "--tmpfs", _TMP]
    box += ["--dir", _BOX, "--chdir", _BOX]
    return [*box, "--remount-ro", "/"], room.handles


def _start(stack: ExitStack, request: bytes, *, limits: Limits, processes: int) -> "_Flight":
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise IsolationError(f"there is no bubblewrap (`bwrap`) on this machine. {_HOW_TO_ALLOW}.")

    def keep(descriptor: int) -> int:
        stack.callback(os.close, descriptor)
        return descriptor

    def in_memory(name: str, content: bytes) -> int:
        descriptor = keep(os.memfd_create(name))
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor

    policy = in_memory("policy", program_policy(processes=processes > 0))
    info, info_end = os.pipe()
    stack.callback(os.close, info)
    box, handles = _command(bwrap, limits=limits)
    box += ["--seccomp", str(policy), "--info-fd", str(info_end)]
    box += ["--", first_python(), "-s", "-E", "-B", "-c", _INNER]
    try:
        process: subprocess.Popen[bytes] = subprocess.Popen(
            box,
            stdin=in_memory("request", request),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},
            cwd="/",
            pass_fds=(policy, info_end, *handles),
        )
    finally:
        os.close(info_end)
    stack.enter_context(process)
    stack.callback(process.kill)
    return _Flight(process, info=info, ended=keep(os.pidfd_open(process.pid)), limits=limits)


class _Flight:
    """One program under way."""

    def __init__(
        self, process: subprocess.Popen[bytes], *, info: int, ended: int, limits: Limits
    ) -> None:
        self._process = process
        self._info = info
        self._ended = ended
        self._limits = limits
        self._about_box = b""
        self._box: int | None = None
        self._box_pid = 0
        self._said = {"stdout": bytearray(), "stderr": bytearray()}
        self._ready = False
        self._reason: Ending | None = None
        self._used_s = self._waited_s = 0.0
        self._last_tick = self._still_since = time.monotonic()
        self._deadline = self._last_tick + _START_S

    def run(self) -> Finished:
        """Read what the program says until it ends, and end it where it is over a limit."""
        try:
            self._watch()
        finally:
            if self._box is not None:
                os.close(self._box)
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return self._finished(self._process.returncode, cpu_s=usage.ru_utime + usage.ru_stime)

    def _watch(self) -> None:
        """Until bubblewrap, and with it all that ran in the box, is gone."""
        stdout, stderr = self._process.stdout, self._process.stderr
        assert stdout is not None
        assert stderr is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._ended, selectors.EVENT_READ)
            selector.register(self._info, selectors.EVENT_READ)
            for stream in (stdout, stderr):
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ)
            ready: set[int] = set()
            while self._ended not in ready:
                ready = {key.fd for key, _ in selector.select(_TICK_S)}
                if self._info in ready and self._meet():
                    selector.unregister(self._info)
                for name, stream in (("stdout", stdout), ("stderr", stderr)):
                    if stream.fileno() in ready and self._read(name, stream.fileno()):
                        selector.unregister(stream)
                self._tick()
        for name, stream in (("stdout", stdout), ("stderr", stderr)):
            self._read(name, stream.fileno())

    def _meet(self) -> bool:
        """Take hold of the program's own process, which bubblewrap has just made.

        Returns:
            Whether bubblewrap has said all that it says of it.
        """
        part = os.read(self._info, 4096)
        self._about_box += part
        if not part and self._about_box:
            self._box_pid = json.loads(self._about_box)["child-pid"]
            with suppress(ProcessLookupError):
                self._box = os.pidfd_open(self._box_pid)
        return not part

    def _read(self, name: str, descriptor: int) -> bool:
        """Read what there is of one stream.

        Returns:
            Whether all writers are gone.
        """
        most = self._limits.answer_bytes + len(_READY)
        with suppress(BlockingIOError):
            while part := os.read(descriptor, 1 << 16):
                room = most - sum(map(len, self._said.values()))
                self._said[name] += part[:room]
                if not self._ready and self._said["stdout"].startswith(_READY):
                    self._ready = True
                    self._deadline = time.monotonic() + PATIENCE * self._limits.wall_s
                if len(part) > room and self._reason is None:
                    self._end(Ending.OUTPUT_LIMIT)
            return True
        return False

    def _tick(self) -> None:
        """Judge the use of time; wall time counts in pauses only, lest a busy machine decide."""
        now, used_s = time.monotonic(), self._used_s
        if self._box is not None:
            with suppress(OSError):
                used_s = time.clock_gettime((~self._box_pid << 3) | 2)
        if not self._ready or used_s - self._used_s > _PROGRESS_S:
            self._still_since = now
        elif now - self._still_since > _PAUSE_S:
            self._waited_s += now - self._last_tick
        self._used_s, self._last_tick = used_s, now
        if now > self._deadline:
            self._end(Ending.WALL_LIMIT)
        elif self._reason is None and used_s > self._limits.cpu_s:
            self._end(Ending.CPU_LIMIT)
        elif self._reason is None and self._waited_s > self._limits.wall_s:
            self._end(Ending.WALL_LIMIT)

    def _end(self, reason: Ending) -> None:
        """End the program; where that has been tried, end bubblewrap, which ends the program."""
        if self._reason is None and self._box is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._box, signal.SIGKILL)
        else:
            self._process.kill()
        self._reason = self._reason or reason
        self._deadline = time.monotonic() + _GRACE_S

    def _finished(self, code: int, *, cpu_s: float) -> Finished:
        stderr = bytes(self._said["stderr"])
        if not self._ready:
            text = stderr.decode(errors="replace").strip().splitlines()
            raise IsolationError(
                f"bubblewrap did not set up its box: {text[-1] if text else 'it said nothing'}. "
                f"{_HOW_TO_ALLOW}."
            )
        infra = None
        if self._reason is not None:
            ending = self._reason
        elif code < 0:
            ending, infra = Ending.INFRA_ERROR, f"bubblewrap was ended by signal {-code}"
        elif cpu_s > self._limits.cpu_s:
            ending = Ending.CPU_LIMIT
        elif code > 128:
            ending = Ending.SIGNAL
        else:
            ending = Ending.EXIT if code else Ending.COMPLETED
        return Finished(
            ending=ending,
            exit_status=code if self._reason is None and code >= 0 else None,
            stdout=bytes(self._said["stdout"][len(_READY) :]),
            stderr=stderr,
            cpu_s=cpu_s,
            infra=infra,
        )
