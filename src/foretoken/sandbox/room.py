"""The room: a root file system of our own, with the standard library read-only and nothing else.

This module runs inside the sandbox: it imports the standard library only.
"""

import os
import re
import sys
from pathlib import Path

from foretoken.sandbox import kernel

BASE = "/tmp"
BOX = "/box"
"""Where each submission finds its private working directory."""
_HIDDEN = ("site-packages", "dist-packages")
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


def _exists(number: int) -> bool:
    """Whether a user and group of this number exist in our user namespace."""
    for name in ("uid_map", "gid_map"):
        lines = Path("/proc/self", name).read_text().splitlines()
        ranges = [tuple(map(int, line.split())) for line in lines]
        if not any(first <= number < first + count for first, _, count in ranges):
            return False
    return True


def enter_namespaces(user: int) -> bool:
    """Move into new namespaces; the next child is process 1 of its own number space.

    Args:
        user: Number of the user that submissions should become.

    Returns:
        Whether they can become it: this process is root, and not of a user namespace that lacks it.
    """
    privileged = may_mount() and _exists(user)
    if not privileged:
        _enter_user_namespace()
    for flag, step in (
        (kernel.CLONE_NEWNS, "mount namespace"),
        (kernel.CLONE_NEWPID, "process namespace"),
        (kernel.CLONE_NEWNET, "network namespace"),
        (kernel.CLONE_NEWIPC, "ipc namespace"),
        (kernel.CLONE_NEWUTS, "host name namespace"),
    ):
        kernel.unshare(flag, step)
    return privileged


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
        _PID_MAX.write_text(str(most))
    except OSError:
        return threads
    return most


def _enter_user_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.CLONE_NEWUSER, "user namespace")
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{_INSIDE_ID} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{_INSIDE_ID} {group} 1")
    except OSError as error:
        raise kernel.RefusedError("user namespace (map of user ids)", error.errno or 0) from error


def _needed_paths() -> list[str]:
    """What Python needs to run: its standard library and the system's shared libraries."""
    stdlib = str(Path(os.__file__).parent)
    library = Path(sys.base_prefix) / "lib"
    shared = [str(path) for path in library.glob("libpython*.so*") if not path.is_symlink()]
    system = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache"]
    paths: list[str] = []
    for path in [*system, stdlib, *shared]:
        covered = any(path.startswith(other + "/") for other in paths)
        if os.path.lexists(path) and not covered:
            paths.append(path)
    return paths


def _place(path: str) -> None:
    """Make `path` of the old root visible, read-only, at the same place in the new one."""
    source, target = Path("/old" + path), Path("/new" + path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    if source.is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    kernel.mount(str(source), str(target), flags=kernel.MS_BIND | kernel.MS_REC)
    kernel.freeze_mount(str(target))


def _hide_installed_packages(paths: list[str]) -> None:
    """Cover every place where third-party packages (and this one) could be imported from."""
    for path in paths:
        top = Path("/new" + path)
        if top.is_symlink() or not top.is_dir():
            continue
        for name in _HIDDEN:
            for place in [top / name, *top.glob(f"*/{name}")]:
                if place.is_dir() and not place.is_symlink():
                    flags = kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
                    kernel.mount("none", str(place), kind="tmpfs", flags=flags)


def build() -> None:
    """Replace the root of this mount namespace by the room."""
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("room", BASE, kind="tmpfs", flags=kernel.MS_NOSUID | kernel.MS_NODEV)
    for name in ("new", "old"):
        Path(BASE, name).mkdir()
    paths = _needed_paths()
    kernel.pivot_root(BASE, f"{BASE}/old")
    os.chdir("/")
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("room", "/new", kind="tmpfs", flags=flags, options="mode=755,size=1m")
    for path in paths:
        _place(path)
    _hide_installed_packages(paths)
    Path("/new" + BOX).mkdir()
    Path("/new/rest").mkdir()
    kernel.pivot_root("/new", "/new/rest")
    os.chdir("/")
    kernel.unmount("/rest")
    Path("/rest").rmdir()
    flags |= kernel.MS_REMOUNT | kernel.MS_RDONLY | kernel.MS_BIND
    kernel.mount("none", "/", flags=flags)


def open_box(*, mib: int, inodes: int) -> None:
    """Mount this submission's private, empty working directory and go there."""
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    options = f"size={mib}m,nr_inodes={inodes},mode=777"
    kernel.mount("box", BOX, kind="tmpfs", flags=flags, options=options)
    os.chdir(BOX)
