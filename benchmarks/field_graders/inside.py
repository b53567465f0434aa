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

from foretoken.audit.base import Domain
from foretoken.audit.domains import AuditDomain, domains_of, read_domains, shortened
from foretoken.audit.findings import findings
from foretoken.audit.firing import fire
from foretoken.errors import SetupError
from foretoken.graders.process import GraderProcess
from foretoken.graders.shapes import CallShape

EVERY_S = 0.25
"""Between two looks at what was used, by which it is read too low."""


def main(package: str, domain: str, questions: int, **process: Any) -> None:
    """Print what an audit says of one grader.

    Firing alone is imported: a search and a report would want more packages than graders have.

    Args:
        package: Distribution whose version is told.
        domain: What is fired.
        questions: Most of it.
        process: See `GraderProcess`.
    """
    seconds: dict[int, float] = {}
    Thread(target=_watch, args=(seconds,), daemon=True).start()
    found: dict[str, Any] = {"version": version(package), "python": sys.version.split()[0]}
    shape = process.pop("shape", None)
    asked = GraderProcess(
        **process,
        shape=None if shape is None else CallShape(shape),
        boxed=True,
        memory_mib=4096,
        nice=0,
    )
    try:
        with asked:
            found |= _told(
                [shortened(e, questions) for e in domains_of(AuditDomain(domain))], asked
            )
    except SetupError as error:
        found["error"] = str(error)
    print()
    print(json.dumps(found | {"processor_s": round(sum(seconds.values()), 1)}))


def _told(domains: list[Domain], asked: GraderProcess) -> dict[str, Any]:
    domain, readings = read_domains(domains, asked.ask)
    fired = fire(domain, asked.ask, readings=readings, renew=asked.renew)
    return {
        "domain": domain.name,
        "forms": [each.form.name for each in readings],
        "right": readings[0].median.right,
        "wrong": readings[0].median.wrong,
        "asked": sum(1 + (each.again is not None) for each in fired.shots),
        "findings": [each.model_dump(mode="json") for each in findings(fired)],
    }


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
