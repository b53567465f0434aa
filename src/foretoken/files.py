"""Files that somebody hands us: regular ones alone, so that no read can wait for ever."""

import errno
import os
import stat
from pathlib import Path

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
