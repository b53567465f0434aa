"""What happens in the one process that a submission gets: lock it in, run it, say what it did.

The process writes JSON lines to its result pipe: `["ready"]`, before the submission is read;
`["notes", texts]` where asked for; `["failed", class, false]` if there is nothing to call; per
call `["value", tree]`, `["raised", class, skip]` or `["oversize"]`, then, where asked for,
`["probed", nonce, marks, args]`; `["attribute", bool]`, `["flags", nonce, names]` and
`["claims", nonce, pairs]` where asked for; and `["end"]`, or `["too much"]` where an answer is
longer than an answer may be. After `ready` each line is no more than a claim of the submission's.

This module runs inside the sandbox: it imports the standard library only.
"""

import builtins
import gc
import json
import os
import resource
import sys
from typing import Any, NoReturn

from foretoken.sandbox import kernel, room
from foretoken.sandbox.policy import REQUEST, RESULT
from foretoken.sandbox.script import perform, steps

_BROKEN = 70
_MIB = 1 << 20
_WARMING_RUNS = 12
_MOST_PENDING_SIGNALS = 64

_encode = json.JSONEncoder(allow_nan=False).encode
_write = os.write
_exit = os._exit


def lock_in(
    limits: dict[str, Any], program: kernel.Filter, *, user: int | None, boxed: bool
) -> None:
    """Give up everything that a submission does not need. There is no way back.

    What the zygote can give up for all that it forks, it has given up in `prepare`.

    Args:
        limits: The fields of `Limits`.
        program: The seccomp filter.
        user: Number of the unprivileged user to become (None: already one).
        boxed: Whether the helper has opened the working directory.
    """
    os.setsid()  # a signal to "my process group" must not reach the zygote
    # No ipc namespace: it would take a device number, and what it keeps apart is refused.
    kernel.unshare(
        kernel.CLONE_NEWNS | kernel.CLONE_NEWUTS,
        "mount and host name namespaces of a submission",
    )
    if not boxed:
        room.open_box(mib=limits["tmpfs_mib"], inodes=limits["tmpfs_inodes"])
    room.close_streams()
    _set_rlimits(limits)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    kernel.drop_capabilities()
    kernel.forbid_dumps()
    program.install()


def _set_rlimits(limits: dict[str, Any]) -> None:
    cpu_s = int(limits["cpu_s"]) + 2
    for what, most in (
        (resource.RLIMIT_AS, limits["memory_mib"] * _MIB),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_NOFILE, limits["descriptors"]),
        (resource.RLIMIT_NPROC, limits["threads"]),
    ):
        resource.setrlimit(what, (most, most))


def _say(*line: Any) -> None:
    rest = memoryview(_encode(line).encode() + b"\n")
    while rest:
        rest = rest[_write(RESULT, rest) :]


def _read_request() -> dict[str, Any]:
    parts: list[bytes] = []
    while part := os.read(REQUEST, 1 << 16):
        parts.append(part)
    os.close(REQUEST)
    return json.loads(b"".join(parts))


def serve(answer_bytes: int) -> NoReturn:
    """Read one request, run it, and end the process, whatever happens.

    Args:
        answer_bytes: Most bytes of an answer.
    """
    try:
        _say("ready")
        perform(steps(_read_request(), say=_say, most_text=answer_bytes))
        _exit(0)
    except SystemExit as stop:
        _exit(_exit_status(stop.code))
    except BaseException:  # noqa: BLE001  the boundary: only the status leaves this process
        _exit(_BROKEN)


def _exit_status(code: object) -> int:
    if code is None:
        return 0
    return code & 0xFF if isinstance(code, int) else 1


def warm_up(request: str) -> None:
    """Run a request in the zygote, so that each submission's process finds its path warm.

    Python adapts code that it has run some times, and keeps what it looked up: done in every
    process anew, that writes to pages which are shared until then.
    """
    streams = sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__
    for _ in range(_WARMING_RUNS):
        perform(steps(json.loads(request), say=_say, most_text=_MIB))
    del sys.modules["submission"]
    # What stops the zygote from here on must still be told to its owner.
    sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__ = streams


def prepare(limits: dict[str, Any]) -> None:
    """Make the zygote ready to be forked: what each submission would otherwise do again."""
    for what, most in (
        (resource.RLIMIT_FSIZE, limits["file_mib"] * _MIB),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, _MOST_PENDING_SIGNALS),
    ):
        resource.setrlimit(what, (most, most))
    kernel.forbid_new_privileges()
    quitter: Any = __import__("_sitebuiltins").Quitter
    builtins.exit = quitter("exit", "Ctrl-D")
    builtins.quit = quitter("quit", "Ctrl-D")
    gc.collect()
    gc.freeze()
