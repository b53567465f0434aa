"""Thin names for the kernel calls that the sandbox is made of.

This module runs inside the sandbox: it imports the standard library only.
"""

import ctypes
import os
import platform
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_MOUNT_SETATTR = 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_PR_CAPBSET_DROP, _PR_SET_THP_DISABLE, _PR_CAP_AMBIENT = 24, 41, 47
_PR_CAP_AMBIENT_RAISE, _PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
_CAP_VERSION_3 = 0x20080522
_ADDR_NO_RANDOMIZE = 0x0040000

_libc = ctypes.CDLL(None, use_errno=True)
_fork = ctypes.PyDLL(None).fork


class RefusedError(Exception):
    """The kernel refused one step of the isolation.

    Attributes:
        step: What was being set up, e.g. "mount namespace".
        errno: The kernel's error number.
    """

    def __init__(self, step: str, errno: int) -> None:
        super().__init__(f"{step}: {os.strerror(errno)}")
        self.step = step
        self.errno = errno


def _check(status: int, step: str) -> None:
    if status != 0:
        raise RefusedError(step, ctypes.get_errno())


def machine() -> str:
    """Name of the processor architecture, as the kernel says it."""
    return platform.machine()


def unshare(flags: int, step: str) -> None:
    """Move this process (or its future children, for process numbers) into new namespaces."""
    _check(_libc.unshare(flags), step)


def setns(descriptor: int, flags: int, step: str) -> None:
    """Join the namespaces behind a descriptor."""
    _check(_libc.setns(descriptor, flags), step)


def mount(
    source: str, target: str, *, kind: str | None = None, flags: int = 0, options: str | None = None
) -> None:
    """Mount a file system, or bind a directory."""
    _check(
        _libc.mount(
            source.encode(),
            target.encode(),
            kind.encode() if kind else None,
            ctypes.c_ulong(flags),
            options.encode() if options else None,
        ),
        f"mount of {kind or source} on {target}",
    )


def freeze_mount(target: str) -> None:
    """Make a mount and all below it read-only, without devices and without set-user-id files."""
    attributes = struct.pack("QQQQ", _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV, 0, 0, 0)
    status = _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_int(_AT_FDCWD),
        target.encode(),
        ctypes.c_uint(_AT_RECURSIVE),
        attributes,
        ctypes.c_size_t(len(attributes)),
    )
    _check(status, f"read-only mount of {target} (needs Linux 5.12)")


def pivot_root(new_root: str, put_old: str) -> None:
    """Exchange the root of this mount namespace."""
    number = ctypes.c_long(_PIVOT_ROOT[machine()])
    _check(_libc.syscall(number, new_root.encode(), put_old.encode()), "change of the root")


def unmount(target: str) -> None:
    """Detach a mount."""
    _check(_libc.umount2(target.encode(), MNT_DETACH), f"unmount of {target}")


def follow_parent(parent: int) -> None:
    """Have this process killed when its parent ends; end at once where it has ended already.

    Args:
        parent: Its process number.
    """
    die_with_parent()
    if os.getppid() != parent:
        os._exit(1)


def die_with_parent() -> None:
    """Have this process killed when its parent ends."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0), "death signal")


def use_small_pages() -> None:
    """No huge pages: whether there is one left tells how others used the machine's memory."""
    _libc.prctl(_PR_SET_THP_DISABLE, 1, 0, 0, 0)


def drop_bounding_set() -> None:
    """Give up every capability for programs executed from here on."""
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break


def keep_capabilities() -> None:
    """Let the next program have every capability that this process has, whoever its user is."""
    header = struct.pack("Ii", _CAP_VERSION_3, 0)
    held = ctypes.create_string_buffer(24)
    _check(_libc.capget(header, held), "reading capabilities")
    effective, permitted, _, *upper = struct.unpack("6I", held.raw)
    high_effective, high_permitted, _ = upper
    kept = (effective, permitted, permitted, high_effective, high_permitted, high_permitted)
    _check(_libc.capset(header, struct.pack("6I", *kept)), "keeping capabilities")
    for capability in range(64):
        if (permitted | high_permitted << 32) >> capability & 1:
            status = _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)
            _check(status, "keeping capabilities")


def drop_capabilities() -> None:
    """Give up every capability of this process, for good."""
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = struct.pack("Ii", _CAP_VERSION_3, 0)
    _check(_libc.capset(header, bytes(24)), "giving up capabilities")


def lay_out_alike() -> None:
    """Have the next program's memory laid out as it was the last time, where this is allowed.

    Objects are hashed by where they lie: a set of them has one order then, in every slot.
    """
    _libc.personality(ctypes.c_ulong(_ADDR_NO_RANDOMIZE))


def forbid_new_privileges() -> None:
    """No program started from here, and no process forked from here, can gain privileges."""
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def forbid_dumps() -> None:
    """Nobody may trace this process or read its memory; a change of user undoes it."""
    _check(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "no dumps")


class Filter:
    """A seccomp filter, laid out for the kernel once for all processes that install it."""

    def __init__(self, program: bytes) -> None:
        """Lay out an array of BPF instructions."""
        self._buffer = ctypes.create_string_buffer(program, len(program))
        header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(self._buffer))
        number = ctypes.c_long(_SECCOMP[machine()])
        mode_filter = ctypes.c_uint(1)
        self._arguments = (number, mode_filter, ctypes.c_uint(0), header)

    def install(self) -> None:
        """Install it for this process, for good."""
        _check(_libc.syscall(*self._arguments), "seccomp filter")


def fork() -> int:
    """Fork a process that has a single thread, without what Python does in the new one.

    It would seed `random` and make locks anew, which costs more page faults than all else that a
    submission's process does before it has its request.
    """
    return int(_fork())
