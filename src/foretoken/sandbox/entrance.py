"""Lead a slot's helper into the room.

Arguments: a socket, the most threads of a submission, and the descriptors of the room.

Run by Python outside; it joins the namespaces in which the room lies, makes the slot's own, and
becomes the Python inside, which runs the helper. Nothing of the machine is mapped from there on.
"""

import fcntl
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from socket import socket

from foretoken.sandbox import kernel, room
from foretoken.sandbox.policy import RESULT

_ENVIRONMENT = {"PYTHONHASHSEED": "0", "LD_BIND_NOW": "1"}


def go_first() -> None:
    """Where memory runs out, submissions end before anything else of this machine does."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def join(mounts: int, users: int | None = None) -> None:
    """Go to where the room is.

    Args:
        mounts: Descriptor of its mount namespace.
        users: Descriptor of its user namespace, where it has one.
    """
    if users is not None:
        kernel.setns(users, kernel.CLONE_NEWUSER, "user namespace of the room")
    kernel.setns(mounts, kernel.CLONE_NEWNS, "mount namespace of the room")


def _enter(handles: list[int]) -> None:
    """Go to where the room is, and make everything else our own."""
    process = os.open("/proc/self", os.O_PATH | os.O_DIRECTORY)
    go_first()
    join(*handles)
    for handle in handles:
        os.set_inheritable(handle, False)
    if len(handles) > 1:
        room.enter_user_namespace(process)
    for flag, step in (
        (kernel.CLONE_NEWNS, "mount namespace"),
        (kernel.CLONE_NEWPID, "process namespace"),
        (kernel.CLONE_NEWNET, "network namespace"),
        (kernel.CLONE_NEWIPC, "ipc namespace"),
        (kernel.CLONE_NEWUTS, "host name namespace"),
    ):
        kernel.unshare(flag, step)


def _become_helper(control: int, threads: int, *, ordinary: bool) -> None:
    """As process 1 of the slot, start Python anew inside the room."""
    kernel.die_with_parent()
    most_threads = room.bound_processes(threads) if ordinary else threads
    machine = os.open(room.HOST + "/proc", os.O_PATH | os.O_DIRECTORY)
    outside = room.move_in()
    helper = outside + str(Path(__file__).resolve().with_name("launch.py"))
    kernel.lay_out_alike()
    if ordinary:
        kernel.keep_capabilities()
    # Not where the helper keeps the places of a submission's pipes.
    machine = fcntl.fcntl(machine, fcntl.F_DUPFD, RESULT + 1)
    os.set_inheritable(control, True)
    told = ["zygote", *map(str, (control, int(ordinary), most_threads, machine))]
    os.execve(sys.executable, [sys.executable, "-S", "-s", "-B", helper, *told], _ENVIRONMENT)


def main() -> None:
    """Enter the room, or say which step was refused."""
    control, threads, *handles = map(int, sys.argv[1:])
    try:
        _enter(handles)
        pid = os.fork()
        if pid == 0:
            _become_helper(control, threads, ordinary=len(handles) > 1)
    except kernel.RefusedError as refused:
        said = {"step": refused.step, "errno": refused.errno}
    except OSError as error:
        said = {"step": "start of a sandbox helper", "errno": error.errno or 0}
    else:
        os.closerange(3, 1 << 16)
        _, status = os.waitpid(pid, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    with suppress(OSError):
        socket(fileno=control).send(json.dumps(said).encode())
    os._exit(1)
