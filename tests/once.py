"""What is costly to make and only read is made once, for all workers and sessions."""

import hashlib
import shutil
import time
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

import foretoken

KEPT_S = 24 * 3600
"""Seconds for which what other code made is kept: a session that uses it may still be running."""
PACKAGES = ("numpy", "torch", "transformers", "peft", "tokenizers", "pyarrow")


def made_once(home: Path, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder `name`, which `make` has filled; it is made anew when any code changes."""
    wanted = home / code_hash() / name
    whole = wanted.with_suffix(".whole")
    with FileLock(home / f"{name}.lock"):
        if not whole.exists():
            for old in home.glob(f"*/{name}"):
                if old == wanted or time.time() - old.stat().st_mtime > KEPT_S:
                    old.with_suffix(".whole").unlink(missing_ok=True)
                    shutil.rmtree(old)
            wanted.parent.mkdir(exist_ok=True)
            make(wanted)
            whole.touch()
    return wanted


@cache
def code_hash() -> str:
    """Of everything that could change what is made: the package, these helpers, the libraries."""
    source = Path(foretoken.__file__).parent
    helpers = [path for path in Path(__file__).parent.rglob("*.py") if "test_" not in path.name]
    digest = hashlib.sha256()
    for path in sorted([*source.rglob("*.py"), *helpers]):
        digest.update(f"{path.name}:".encode() + path.read_bytes())
    digest.update(repr([(name, version(name)) for name in PACKAGES]).encode())
    return digest.hexdigest()[:16]
