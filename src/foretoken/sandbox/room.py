"""The room: a root file system of our own, with copies of what Python needs and nothing else.

Copies, because what the kernel keeps for a file that processes share (whether it is in memory,
which names beside it were looked for in vain) is a way from one submission to the next. This module
runs inside the sandbox: it imports the standard library only.
"""

import os
import re
from pathlib import Path

from foretoken.sandbox import kernel

BOX = "/box"
"""Where each submission finds its private working directory."""
BASE, HOST, ROOM = "/tmp", "/old", "/new"
"""Where the builder mounts what it makes; below that, the machine's own root, and the room."""
FIRST_USER, USERS = 1 << 30, 1 << 29
"""Numbers that submissions become, where they can: nobody else has them."""
_INSIDE_ID = 1000
_PID_MAX = Path("/proc/sys/kernel/pid_max")
_PID_MAX_IS_PRIVATE = (6, 14)
_NEVER_REUSED, _OWN_PROCESSES = 300, 16


def may_mount() -> bool:
    """Whether this process is privileged enough to make namespaces without a user namespace."""
    cap_sys_admin = 1 << 21
    if os.geteuid() != 0:
        return False
    status = Path("/proc/self/status").read_text()
    effective = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective.split()[1], 16) & cap_sys_admin)


def exists(number: int) -> bool:
    """Whether a user and group of this number exist in our user namespace."""
    for name in ("uid_map", "gid_map"):
        lines = Path("/proc/self", name).read_text().splitlines()
        ranges = [tuple(map(int, line.split())) for line in lines]
        if not any(first <= number < first + count for first, _, count in ranges):
            return False
    return True


def enter_user_namespace(process: int) -> None:
    """Become the one user of a user namespace of our own, with every right in there.

    Args:
        process: Descriptor of this process's directory in `/proc`.
    """
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.CLONE_NEWUSER, "user namespace")
    try:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{_INSIDE_ID} {user} 1"),
            ("gid_map", f"{_INSIDE_ID} {group} 1"),
        ):
            descriptor = os.open(name, os.O_WRONLY, dir_fd=process)
            os.write(descriptor, text.encode())
            os.close(descriptor)
    except OSError as error:
        raise kernel.RefusedError("user namespace (map of user ids)", error.errno or 0) from error


def leave_the_machine() -> None:
    """In a mount namespace of our own, go to an empty root with the machine's below `HOST`."""
    kernel.unshare(kernel.CLONE_NEWNS, "mount namespace")
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("room", BASE, kind="tmpfs", flags=flags, options="mode=755,size=1m")
    for name in (HOST, ROOM):
        Path(BASE + name).mkdir()
    kernel.pivot_root(BASE, BASE + HOST)
    os.chdir("/")
    kernel.mount("room", ROOM, kind="tmpfs", flags=flags, options="mode=755")
    Path(ROOM + BOX).mkdir()


def lock_the_room() -> None:
    """From here on nobody changes the room."""
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_RDONLY | kernel.MS_REMOUNT
    kernel.mount("none", ROOM, flags=flags)
    kernel.freeze_mount(ROOM)


def move_in() -> str:
    """Make the room the root, with what was the root below its box for as long as it is needed.

    Returns:
        Where the machine's own root is seen now.
    """
    kernel.mount(ROOM, ROOM, flags=kernel.MS_BIND)
    kernel.freeze_mount(ROOM)
    kernel.pivot_root(ROOM, ROOM + BOX)
    os.chdir("/")
    return BOX + HOST


def close_the_door() -> None:
    """Let go of everything outside the room."""
    kernel.unmount(BOX)


def bound_processes(threads: int) -> int:
    """Bound what runs in this process number space, where the kernel keeps such a bound for each.

    It holds for every user, unlike the limit on a user's processes, which the kernel waives for the
    host's root even in a user namespace.

    Args:
        threads: Threads that one submission may have.

    Returns:
        Threads that one submission can have at the most: some more, since the kernel does not use
        the lowest numbers again; `threads` where there is no such bound.
    """
    release = tuple(int(number) for number in re.findall(r"\d+", os.uname().release)[:2])
    most = _NEVER_REUSED + threads + _OWN_PROCESSES
    if release < _PID_MAX_IS_PRIVATE or os.getpid() != 1:
        return threads
    try:
        Path(HOST + str(_PID_MAX)).write_text(str(most))
    except OSError:
        return threads
    return most


def open_box(*, mib: int, inodes: int) -> None:
    """Mount this submission's private, empty working directory and go there."""
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    options = f"size={mib}m,nr_inodes={inodes},mode=777"
    kernel.mount("box", BOX, kind="tmpfs", flags=flags, options=options)
    os.chdir(BOX)


def empty_box() -> None:
    """Remove what a submission left in a working directory that the next one will find."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    box = os.open(BOX, flags)
    os.fchmod(box, 0o777)
    while names := os.listdir(box):  # noqa: PTH208  a descriptor has no path
        for name in names:
            try:
                os.unlink(name, dir_fd=box)
            except IsADirectoryError:
                below = os.open(name, flags, dir_fd=box)
                # All to the top: no depth takes descriptors.
                for inner in os.listdir(below):  # noqa: PTH208
                    moved = os.urandom(16).hex()
                    os.rename(inner, moved, src_dir_fd=below, dst_dir_fd=box)
                os.close(below)
                os.rmdir(name, dir_fd=box)
    os.close(box)


def close_streams() -> None:
    """Make the standard streams this process's own: an empty file that has no name.

    The machine's null device is one for all: what it keeps, the next submission would find.
    """
    own = os.open(BOX, os.O_TMPFILE | os.O_RDWR | os.O_APPEND)
    for stream in range(3):
        os.dup2(own, stream)
    os.close(own)
