"""Audits graders that people use, as installed from their packages, and writes a public table.

    python benchmarks/field_graders/run.py               audits what has no result yet
    python benchmarks/field_graders/run.py --reproduce   runs the script of every finding
    python benchmarks/field_graders/run.py --only NAME   one grader, again

It makes `results.json`, `table.md` and `reproductions.md` beside it. Each grader runs in an
environment of its family under `build/field_graders`, in the box of the audit. What was audited
with these pins, adapters and attacks before is not audited again.
"""

import argparse
import hashlib
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

from environments import HERE, REQUIREMENTS, ROOT, environ, python_of
from field_grader import FieldGrader
from pages import write_pages
from reproduce import reproduced

from foretoken.audit.domains import DOMAINS, AuditDomain
from graders import GRADERS

RESULTS = HERE / "results.json"
TIMEOUT_S = 12.0
"""Of an answer: the limits of math-verify's own are 5 s for reading and 5 s for comparing."""
QUESTIONS = 4
"""One of each of the domain's templates: graders of this kind draw nothing."""
LONGEST_S = 3600.0
KEEPING = Lock()
RULES = ("audit/firing.py", "audit/findings.py", "graders/shapes.py")
"""By which it is judged what is paid, and how a grader is called."""


def main() -> None:
    """Audit, or reproduce."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="name of a grader")
    parser.add_argument("--reproduce", action="store_true", help="run the script of every finding")
    parser.add_argument("--jobs", type=int, default=2, help="graders at once")
    parser.add_argument("--pages", action="store_true", help="write the pages alone")
    asked = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    chosen = [each for each in GRADERS if not asked.only or each.name in asked.only]

    def one(grader: FieldGrader) -> None:
        known = results.get(grader.name, {})
        if asked.reproduce and known:
            known["reproduced"] = reproduced(grader, known)
        elif not asked.reproduce and (asked.only or known.get("of") != identity(grader)):
            results[grader.name] = audited(grader) | {"of": identity(grader)}
            print(grader.name, results[grader.name].get("error", ""), flush=True)
        _keep(results)

    if not asked.pages:
        with ThreadPoolExecutor(asked.jobs) as several:
            list(several.map(one, chosen))
    known = {each: results[each.name] for each in GRADERS if each.name in results}
    write_pages(known, timeout_s=TIMEOUT_S)


def identity(grader: FieldGrader) -> str:
    """Return a hash of what a result depends on: definition, pins, adapter, answers, rules."""
    called = (grader.package, grader.path, grader.shape, sorted(grader.given.items()))
    domain = DOMAINS[AuditDomain(grader.domain)]()
    answers = [
        (kind.name, form.name, kind.write(question, form))
        for kind in (*domain.attacks, *domain.variants)
        for form in domain.forms
        for question in domain.questions[:QUESTIONS]
    ]
    digest = hashlib.sha256(repr((*called, QUESTIONS, TIMEOUT_S, answers)).encode())
    sources = [ROOT / "src" / "foretoken" / name for name in RULES]
    sources += [REQUIREMENTS / f"{grader.family}.txt"]
    sources += [HERE / f"adapters_{grader.family}.py"] if ".py:" in grader.path else []
    for file in sources:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def audited(grader: FieldGrader) -> dict[str, Any]:
    """Return what an audit found, or the error for which there was none."""
    settings = {
        "package": grader.package,
        "path": grader.path,
        "domain": grader.domain,
        "shape": grader.shape,
        "given": dict(grader.given),
        "timeout_s": TIMEOUT_S,
        "questions": QUESTIONS,
    }
    try:
        command = [str(python_of(grader.family)), "inside.py", json.dumps(settings)]
        done = subprocess.run(
            command,
            check=False,
            cwd=HERE,
            env=environ(),
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
        )
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        return {"error": f"no result: {done.stderr.strip()[-300:]}"}
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return {"error": str(error)}


def _keep(results: dict[str, Any]) -> None:
    with KEEPING:
        part = Path(f"{RESULTS}.tmp")
        part.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
        part.replace(RESULTS)


if __name__ == "__main__":
    main()
