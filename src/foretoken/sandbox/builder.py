"""Build the room that many slots share, and hand it over. Argument: a socket.

Over the socket go the descriptors of the mount namespace (and of the user namespace, where there
is one) in which the room lies: whoever holds them holds the room, and when the last one is closed
it is gone, without a file or a mount on the machine. Runs on the standard library only.
"""

import ctypes
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from socket import send_fds, socket

from foretoken.sandbox import kernel, room

_LEFT_OUT = (
    "site-packages",
    "dist-packages",
    "test",
    "tests",
    "idlelib",
    "turtledemo",
    "ensurepip",
)
_MOST_LINKS = 40


class _Loaded(ctypes.Structure):
    _fields_ = (("address", ctypes.c_void_p), ("name", ctypes.c_char_p))


def _loaded_libraries() -> list[str]:
    """Paths of the shared libraries in this process, as the loader knows them."""
    found: list[str] = []

    def take(entry: int, size: int, nothing: int) -> int:
        del size, nothing
        name = _Loaded.from_address(entry).name.decode(errors="surrogateescape")
        if name.startswith("/"):
            found.append(os.path.normpath(name))
        return 0

    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    ctypes.CDLL(None).dl_iterate_phdr(kind(take), None)
    return found


def _needed_libraries() -> list[str]:
    """Every shared library that Python or a module of its library loads.

    A process of its own loads them all: the loader itself says what they need and where it is.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            for module in _extension_modules():
                with suppress(OSError):  # what cannot be loaded here cannot be imported here
                    ctypes.CDLL(module)
            os.write(writer, "\n".join(_loaded_libraries()).encode(errors="surrogateescape"))
        finally:
            os._exit(0)
    os.close(writer)
    said = b""
    while part := os.read(reader, 1 << 16):
        said += part
    os.close(reader)
    os.waitpid(pid, 0)
    found = said.decode(errors="surrogateescape").split("\n")
    return [path for path in found if path]


def _extension_modules() -> Iterator[str]:
    for place in sys.path:
        if place.endswith("lib-dynload"):
            yield from (str(path) for path in Path(place).glob("*.so") if _wanted(path.name))


def _wanted(name: str) -> bool:
    """Whether a file of the standard library is of use to a submission."""
    return (
        not name.startswith(("_test", "_tkinter", "_ctypes_test", "_xxtest"))
        and ".opt-" not in name
    )


def _standard_library() -> Iterator[str]:
    top = str(Path(os.__file__).parent)
    for folder, below, files in os.walk(room.HOST + top):
        below[:] = [one for one in below if one not in _LEFT_OUT and not one.startswith("config-")]
        yield from (f"{folder[len(room.HOST) :]}/{name}" for name in files if _wanted(name))


def _copy(source: Path, target: Path) -> None:
    """Copy a file and its time, by which Python knows whether a compiled module is fresh."""
    about = source.stat()
    mode = 0o755 if about.st_mode & 0o111 else 0o644
    with source.open("rb", buffering=0) as old:
        new = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        while os.sendfile(new, old.fileno(), None, 1 << 24):
            pass
    os.utime(new, ns=(about.st_mtime_ns, about.st_mtime_ns))
    os.close(new)


def _place(path: str) -> None:
    """Copy a file of the machine to the same path of the room, links on the way included."""
    parts, here, links = list(Path(path).parts[1:]), "", 0
    while parts:
        step = os.path.normpath(f"{here}/{parts.pop(0)}")
        old, new = Path(room.HOST + step), Path(room.ROOM + step)
        if old.is_symlink():
            links += 1
            if links > _MOST_LINKS:
                return
            aim = old.readlink()
            if not os.path.lexists(new):
                new.symlink_to(aim)
            parts[:0] = aim.parts[1:] if aim.is_absolute() else aim.parts
            here = "" if aim.is_absolute() else here
            continue
        if parts:
            new.mkdir(exist_ok=True)
        elif old.is_file() and not new.exists():
            _copy(old, new)
        here = step


def _furnish(libraries: Iterable[str]) -> None:
    kept = os.umask(0o022)
    for path in (*libraries, sys.executable, "/etc/ld.so.cache", *_standard_library()):
        with suppress(PermissionError, FileNotFoundError):  # what we may not read, nobody needs
            _place(path)
    os.umask(kept)


def _build() -> list[int]:
    privileged = room.may_mount() and room.exists(room.FIRST_USER)
    process = os.open("/proc/self", os.O_PATH | os.O_DIRECTORY)
    libraries = _needed_libraries()
    if not privileged:
        room.enter_user_namespace(process)
    room.leave_the_machine()
    _furnish(libraries)
    room.lock_the_room()
    names = ("ns/mnt",) if privileged else ("ns/mnt", "ns/user")
    return [os.open(name, os.O_RDONLY, dir_fd=process) for name in names]


def main() -> None:
    """Build, and say so, or say which step was refused."""
    control = socket(fileno=int(sys.argv[1]))
    said: dict[str, str | int] = {}
    handles: list[int] = []
    try:
        handles = _build()
    except kernel.RefusedError as refused:
        said = {"step": refused.step, "errno": refused.errno}
    except OSError as error:
        said = {
            "step": f"copy of Python's own files ({error.filename or 'to memory'})",
            "errno": error.errno or 0,
        }
    send_fds(control, [json.dumps(said).encode()], handles)
