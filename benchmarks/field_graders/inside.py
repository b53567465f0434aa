"""Audits one grader in the environment of its package: `python inside.py SETTINGS`.

The last line of what it prints is what it found, as JSON.
"""

import json
import os
import sys
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any

from foretoken.audit.audit import audit
from foretoken.audit.config import AuditConfig
from foretoken.errors import SetupError

EVERY_S = 0.25
"""Between two looks at what was used, by which it is read too low."""


def main(package: str, **settings: Any) -> None:
    """Print what an audit says of one grader.

    Args:
        package: Distribution whose version is told.
        settings: See `AuditConfig`.
    """
    seconds: dict[int, float] = {}
    Thread(target=_watch, args=(seconds,), daemon=True).start()
    found: dict[str, Any] = {"version": version(package), "python": sys.version.split()[0]}
    try:
        record = audit(AuditConfig(**settings))
        kept = {"domain", "forms", "right", "wrong", "asked", "seconds", "findings"}
        found |= record.model_dump(mode="json", include=kept)
    except SetupError as error:
        found["error"] = str(error)
    print()
    print(json.dumps(found | {"processor_s": round(sum(seconds.values()), 1)}))


def _watch(seconds: dict[int, float]) -> None:
    """Keep the processor seconds of every process that descends from this one."""
    tick = os.sysconf("SC_CLK_TCK")
    while True:
        parents: dict[int, int] = {}
        used: dict[int, float] = {}
        for file in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                said = file.read_text().rpartition(")")[2].split()
                parents[int(file.parent.name)] = int(said[1])
                used[int(file.parent.name)] = (int(said[11]) + int(said[12])) / tick
        for pid, above in parents.items():
            while above not in (0, os.getpid()):
                above = parents.get(above, 0)  # noqa: PLW2901
            if above:
                seconds[pid] = used[pid]
        time.sleep(EVERY_S)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
