"""How root starts a one-shot box: as a user without rights, who may not be able to go to Python.

Run as a program of its own, with the user's number, the parent's process number, how many paths
follow, the paths, and the command to become. In mounts that only this process sees, the path number
`n` is made visible as `/tmp/n`.
"""

import os
import sys
from pathlib import Path

from foretoken.sandbox import kernel

PLACE = "/tmp"


def show(paths: list[str]) -> None:
    """Bind every path into an empty directory that everybody can pass."""
    kernel.unshare(kernel.CLONE_NEWNS, "mount namespace")
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    held = [os.open(path, os.O_PATH) for path in paths]
    kernel.mount("none", PLACE, kind="tmpfs", options="mode=755")
    for number, (path, descriptor) in enumerate(zip(paths, held, strict=True)):
        target = Path(PLACE, str(number))
        target.mkdir() if Path(path).is_dir() else target.touch()
        source = f"/proc/self/fd/{descriptor}"
        kernel.mount(source, str(target), flags=kernel.MS_BIND | kernel.MS_REC)
        os.close(descriptor)


def main() -> None:
    """Show the paths, give up every right, and become the command."""
    user, parent, count = map(int, sys.argv[1:4])
    paths, command = sys.argv[4 : 4 + count], sys.argv[4 + count :]
    show(paths)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    kernel.follow_parent(parent)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
