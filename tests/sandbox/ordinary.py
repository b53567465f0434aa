"""Run tests as an ordinary user: `python ordinary.py <uid> <arguments of pytest>`.

The checkout, the interpreter and the environment may lie where that user cannot go, and nothing
of them may be changed. So the tests run in mounts of their own in which the way there is open: a
directory that is closed to others is covered by an empty one that holds the same path again.
"""

import os
import sys
from pathlib import Path

import pytest

from foretoken.sandbox import kernel


def closed_ancestor(path: Path) -> Path | None:
    """The highest directory above a path that an ordinary user cannot pass."""
    return next((one for one in reversed(path.parents) if not one.stat().st_mode & 1), None)


def open_the_ways(paths: list[Path]) -> None:
    """Let everybody reach the paths, in this process's own mounts."""
    held = {path: os.open(path, os.O_PATH) for path in paths if closed_ancestor(path)}
    for path, descriptor in held.items():
        closed = closed_ancestor(path)
        if closed is not None:
            kernel.mount("none", str(closed), kind="tmpfs", options="mode=755")
        path.mkdir(parents=True, exist_ok=True)
        source = f"/proc/self/fd/{descriptor}"
        kernel.mount(source, str(path), flags=kernel.MS_BIND | kernel.MS_REC)
        os.close(descriptor)


def become(user: int, reachable: list[Path]) -> None:
    """Give up every right of root, for good, keeping the paths reachable."""
    kernel.unshare(kernel.CLONE_NEWNS, "mounts of the tests")
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    open_the_ways(reachable)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def main() -> int:
    """Become the user and run pytest."""
    user, *arguments = sys.argv[1:]
    root = Path(__file__).resolve().parents[2]
    become(int(user), [root, Path(sys.base_prefix), Path(sys.prefix)])
    os.environ["HOME"] = "/nonexistent"
    os.chdir(root)
    status = Path("/proc/self/status").read_text()
    assert os.getuid() == os.geteuid() == int(user)
    assert "CapEff:\t0000000000000000" in status
    print(f"user {os.getuid()}")
    here = str(Path(__file__).parent)
    plain = ["-p", "no:cacheprovider", "-p", "no:xdist", "--confcutdir", here]
    return int(pytest.main([*plain, *arguments]))


if __name__ == "__main__":
    sys.exit(main())
