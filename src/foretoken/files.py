"""Files that somebody hands us: regular ones alone, so that no read can wait for ever."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def read_bytes(path: Path, *, most_bytes: int | None = None) -> bytes:
    """The content of a regular file.

    Raises:
        OSError: It cannot be read, is a folder, a pipe or a device, or is longer than `most_bytes`;
            its `strerror` says which.
    """

    def without_waiting(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NONBLOCK)

    with open(path, "rb", opener=without_waiting) as file:
        kind = stat.S_IFMT(os.fstat(file.fileno()).st_mode)
        if kind != stat.S_IFREG:
            raise OSError(errno.EINVAL, f"it is {_KINDS.get(kind, 'something else')}, not a file")
        raw = file.read() if most_bytes is None else file.read(most_bytes + 1)
    if most_bytes is not None and len(raw) > most_bytes:
        raise OSError(errno.EFBIG, f"it is longer than {most_bytes} bytes")
    return raw


def read_text(path: Path, *, most_bytes: int | None = None) -> str:
    """The text of a regular file in UTF-8, without a byte order mark; its line ends are kept.

    Raises:
        OSError: As for `read_bytes`, or it is not UTF-8; its `strerror` says which.
    """
    raw = read_bytes(path, most_bytes=most_bytes)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte, line = raw[error.start], raw.count(b"\n", 0, error.start) + 1
        reason = f"line {line} is not UTF-8 (byte 0x{byte:02x})"
        raise OSError(errno.EILSEQ, reason) from error


class FileMark(NamedTuple):
    """What changes whenever a file does."""

    written_ns: int
    size: int
    node: int


def mark_of(path: Path) -> FileMark:
    """Return the mark of a file.

    Raises:
        OSError: There is none.
    """
    said = path.stat()
    return FileMark(said.st_mtime_ns, said.st_size, said.st_ino)


class Kept(Generic[T]):
    """What was made of files, made again only of those that changed.

    Args:
        make: Makes it of one file.
    """

    def __init__(self, make: Callable[[Path], T]) -> None:
        self._make = make
        self._known: dict[Path, tuple[FileMark, T]] = {}

    def of(self, path: Path) -> T:
        """Return what is made of a file.

        Raises:
            OSError: There is no such file.
        """
        mark = mark_of(path)
        known = self._known.get(path)
        if known is None or known[0] != mark:
            known = self._known[path] = (mark, self._make(path))
        return known[1]
