"""Where a run lives: a folder on a local disk, or an address in an object store (fsspec).

Local places are plain `pathlib.Path`s, written to a temporary file, flushed and renamed. In an
object store one put is whole or absent, and there is nothing to rename.
"""

import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias
from urllib.request import url2pathname

import pyarrow.fs as pafs
from upath import UPath

from foretoken.errors import RunError, SetupError, StoreError

Place: TypeAlias = Path | UPath
"""A folder or file of a run."""

TEMPORARY_SUFFIX = ".tmp"
TRIES = 100
"""At a file whose folder others tidy away."""
LEFTOVER_S = 3600.0
"""Seconds after which a temporary file is one that a killed writer left."""

_LOCAL = pafs.LocalFileSystem()
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):(//)?(/?[^/].*)", re.DOTALL)


def place(address: "str | Place") -> Place:
    """Read an address: a local path, or `protocol://...` of any installed fsspec file system.

    A `Path` made of an address, which keeps one of its two slashes, is read as that address.

    Raises:
        SetupError: The protocol is not known, or its package is not installed.
    """
    if isinstance(address, UPath) and not isinstance(address, Path):
        return address
    found = _ADDRESS.match(str(address))
    if found is None:
        return Path(address)
    if found.group(1) in ("file", "local"):
        return Path(url2pathname(found.group(3)))
    try:
        remote = UPath(f"{found.group(1)}://{found.group(3).lstrip('/')}", use_listings_cache=False)
        _ = remote.fs
    except (ValueError, ImportError) as error:
        raise SetupError(f"{address} cannot be opened: {error}") from error
    return remote


def local(where: Place, *, what: str) -> Path:
    """A folder that must be on a local disk, because other programs open it by its path.

    Raises:
        RunError: It is in an object store.
    """
    if isinstance(where, Path):
        return where
    raise RunError(
        f"{where} is not on a local disk, but {what} must be: copy the run to a local folder, or "
        "give another one"
    )


def arrow_file(path: Place) -> tuple[str, pafs.FileSystem]:
    """A file's path and file system, as pyarrow takes them."""
    if isinstance(path, Path):
        return str(path), _LOCAL
    return path.path, pafs.PyFileSystem(pafs.FSSpecHandler(path.fs))


def files(folder: Place, *, suffix: str, depth: int) -> list[Place]:
    """Files whose names end with `suffix`, `depth` folders below; none where there is no folder.

    One request to an object store lists them all.
    """
    if isinstance(folder, Path):
        return sorted(folder.glob("*/" * depth + f"*{suffix}"))
    root = folder.path.rstrip("/")
    below = [name[len(root) + 1 :] for name in folder.fs.find(root)]
    return [
        folder / name
        for name in sorted(below, key=lambda name: name.split("/"))
        if name.count("/") == depth and name.endswith(suffix)
    ]


def read_bytes(path: Place) -> bytes | None:
    """What a file holds; None where there is none."""
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return None


def write_atomically(path: Place, content: bytes) -> None:
    """Write a file so that it is whole or absent, whatever happens meanwhile.

    Raises:
        StoreError: The disk or store refuses (full, read-only, no permission); nothing is left.
    """
    path = place(path)
    if not isinstance(path, Path):
        try:
            path.fs.pipe_file(path.path, content)
        except OSError as error:
            raise _not_written(path, error) from error
        return
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _not_written(path, error) from error


def create_exclusively(path: Place, content: bytes) -> bool:
    """Write a small file unless there is one already; say whether this call wrote it.

    Stores without an exclusive create decide by looking first, which two writers can do at once.

    Raises:
        StoreError: The disk or store refuses.
    """
    try:
        if not isinstance(path, Path):
            return _put_if_absent(path, content)
        _create(path, content)
    except FileExistsError:
        return False
    except OSError as error:
        raise _not_written(path, error) from error
    return True


def _create(path: Path, content: bytes) -> None:
    """Write a new file; another process may tidy its empty folder away before it is in there."""
    for last in (False,) * (TRIES - 1) + (True,):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(content)
        except FileNotFoundError:
            if last:
                raise
        else:
            return


def remove(path: Place) -> None:
    """Delete a file; nothing happens where there is none."""
    if isinstance(path, Path):
        path.unlink(missing_ok=True)
        return
    with suppress(FileNotFoundError):
        path.fs.rm_file(path.path)


def sweep(folder: Path) -> None:
    """Delete what writers that were killed more than an hour ago left half-written."""
    for each in [*folder.glob(f"*/*{TEMPORARY_SUFFIX}"), *folder.glob(f"*/*/*{TEMPORARY_SUFFIX}")]:
        with suppress(OSError):
            if each.is_file() and time.time() - each.stat().st_mtime > LEFTOVER_S:
                each.unlink()


def _put_if_absent(path: UPath, content: bytes) -> bool:
    try:
        path.fs.pipe_file(path.path, content, mode="create")
    except (TypeError, ValueError, NotImplementedError):
        if path.fs.exists(path.path):
            return False
        path.fs.pipe_file(path.path, content)
    return True


def _not_written(path: Place, error: OSError) -> StoreError:
    return StoreError(
        f"{path} could not be written ({error.strerror or error}): free space or choose another "
        "place, then run the same command again; what was finished is kept"
    )
