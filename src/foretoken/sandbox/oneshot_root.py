"""Lead a whole program's box into the room, and become bubblewrap.

Arguments: the parent's process number, the user to become (-1: nobody else), how many descriptors
of the room follow, these, and the command, in which `ROOM` stands for what is visible of it.
"""

import os
import sys
from pathlib import Path

from foretoken.sandbox import entrance, kernel, room

ROOM = "@room"


def _show_room() -> list[str]:
    """Make the room visible below the machine's root, in mounts that only this process sees.

    Returns:
        What bubblewrap is told, so that the room becomes the box's root.
    """
    kernel.unshare(kernel.CLONE_NEWNS, "mount namespace")
    kernel.pivot_root(room.HOST, room.HOST + room.BASE)
    os.chdir("/")
    told: list[str] = []
    for place in sorted(Path(room.BASE + room.ROOM).iterdir()):
        inside = f"/{place.name}"
        if place.is_symlink():
            told += ["--symlink", str(place.readlink()), inside]
        elif inside != room.BOX:
            told += ["--ro-bind", str(place), inside]
    return told


def main() -> None:
    """Enter the room, give up every right, and become the command."""
    parent, user, count = map(int, sys.argv[1:4])
    handles, command = sys.argv[4 : 4 + count], sys.argv[4 + count :]
    try:
        entrance.go_first()
        entrance.join(*map(int, handles))
        shown = _show_room()
    except kernel.RefusedError as refused:
        sys.exit(str(refused))
    if user >= 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    kernel.follow_parent(parent)
    place = command.index(ROOM)
    os.execv(command[0], [*command[:place], *shown, *command[place + 1 :]])
