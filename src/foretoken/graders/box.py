"""A box for somebody else's grader: it sees this machine, but changes nothing on it.

All files are there to be read, so that a grader finds its packages and data; it can write temporary
files alone, which are gone with it, has no network, and sees no other process.
"""

import os
import shutil
import sys
from pathlib import Path

from foretoken.errors import IsolationError

TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")
_HOW = (
    "Install it (`apt install bubblewrap`) and allow user namespaces, or ask without a box "
    "(`--no-box`), where answers that a grader executes can harm this machine"
)


def box(path: str, *, network: bool = False) -> list[str]:
    """Return the command that what runs in the box is appended to.

    Args:
        path: Import path of the grader.
        network: Whether it may use the network, as a grader that is elsewhere must.

    Raises:
        IsolationError: There is no bubblewrap.
    """
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise IsolationError(f"there is no bubblewrap (`bwrap`) on this machine. {_HOW}.")
    command = [bwrap, "--unshare-all", "--die-with-parent", "--new-session"]
    command += ["--share-net"] if network else []
    command += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    for folder in TEMPORARY:
        command += ["--tmpfs", folder] if Path(folder).is_dir() else []
    for folder in sorted(_needed(path)):
        if any(Path(folder).is_relative_to(each) for each in TEMPORARY):
            command += ["--ro-bind", folder, folder]
    return [*command, "--chdir", str(Path.cwd()), "--"]


def _needed(path: str) -> set[str]:
    """Folders of a grader and of what it is imported from."""
    file = path.rpartition(":")[0]
    own = [file] if file.endswith(".py") else path.split()
    places = [Path(each).resolve() for each in own]
    folders = {str(each if each.is_dir() else each.parent) for each in places if each.exists()}
    named = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    every = {str(Path.cwd()), sys.prefix, sys.base_prefix, *folders, *named, *sys.path}
    return {str(Path(each).resolve()) for each in every if each and Path(each).is_dir()}
