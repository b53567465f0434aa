"""The rooms that this process's slots live in: made once each, and held by their namespaces."""

import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass

from foretoken.sandbox import launch
from foretoken.sandbox.refusals import death, refusal

_BUILD_S = 60.0
_MOST_SAID = 1 << 12


@dataclass(frozen=True)
class Room:
    """Copies of Python's own files, in memory, where nobody can change them.

    Attributes:
        mounts: Descriptor of the mount namespace that the room lies in.
        users: Descriptor of its user namespace; None: this process needs none.
        exposing: Whether it is for submissions that are shown expected values.
    """

    mounts: int
    users: int | None
    exposing: bool

    @property
    def handles(self) -> tuple[int, ...]:
        """All descriptors, in the order in which a helper is told them."""
        return (self.mounts,) if self.users is None else (self.mounts, self.users)


_rooms: dict[bool, Room] = {}
_lock = threading.Lock()


def first_python() -> str:
    """The interpreter itself, not a virtual environment's link to it."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def command(program: str, *arguments: object) -> list[str]:
    """How one of the sandbox's own programs is started."""
    return [first_python(), "-S", "-s", "-B", launch.__file__, program, *map(str, arguments)]


def room_for(*, exposing: bool) -> Room:
    """The room of this process for submissions of one kind; they share no page of memory.

    Args:
        exposing: Whether it is for submissions that are shown expected values.

    Raises:
        IsolationError: The machine refuses a step, or has no room for it.
    """
    with _lock:
        if exposing not in _rooms:
            _rooms[exposing] = _build(exposing=exposing)
        return _rooms[exposing]


def _forget() -> None:
    """In a forked process: hold nothing of the parent's."""
    global _lock  # noqa: PLW0603  the parent's other threads may have held it
    _lock = threading.Lock()
    for one in _rooms.values():
        for handle in one.handles:
            os.close(handle)
    _rooms.clear()


os.register_at_fork(after_in_child=_forget)


def _build(*, exposing: bool) -> Room:
    try:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, ours:
            process = _start(theirs.fileno())
            theirs.close()
            ours.settimeout(_BUILD_S)
            answer, handles = _receive(ours)
    except OSError as error:
        raise refusal("room of the sandbox", error.errno or 0) from error
    with process:
        if not answer:
            process.kill()
        assert process.stderr is not None
        text = process.stderr.read(_MOST_SAID).decode(errors="replace")
    if not answer:
        raise death("the builder of the sandbox's room", text)
    said = json.loads(answer)
    if "step" in said:
        raise refusal(said["step"], said["errno"])
    mounts, *users = handles
    return Room(mounts, users[0] if users else None, exposing=exposing)


def _start(control: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command("builder", control),
        env={},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd="/",
        start_new_session=True,
        pass_fds=(control,),
    )


def _receive(ours: socket.socket) -> tuple[bytes, list[int]]:
    try:
        answer, handles, _, _ = socket.recv_fds(ours, _MOST_SAID, 2)
    except TimeoutError:
        return b"", []
    for handle in handles:
        os.set_inheritable(handle, False)
    return answer, list(handles)
