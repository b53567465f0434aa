"""The three lines that reproduce a finding, and what they give when they are run."""

import json
import re
import selectors
import subprocess
from typing import Any

from environments import HERE, environ, python_of
from field_grader import FieldGrader

from foretoken.audit.domains import DOMAINS, AuditDomain

REPRODUCED = ("paid", "refused", "raised", "hung", "outside")
"""Faults that one call shows."""
LIMIT_S = 60.0
"""Longest that a script may take, once what it imports is there."""
START_S = 600.0
REPEATED = re.compile(r"(.{1,60}?)\1{9,}", re.DOTALL)
NUMBER = re.compile(r"-?(?:inf|nan|[\d.]+(?:e[+-]?\d+)?)$")


def script(grader: FieldGrader, finding: dict[str, Any]) -> str:
    """Return three lines that show a finding."""
    (truth,) = (
        each.truth
        for each in DOMAINS[AuditDomain(grader.domain)]().questions
        if each.key == finding["question"]
    )
    imported, value = grader.reproduce
    said = written(finding["sent"])
    return f"{imported}\nsaid, truth = {said}, {truth!r}\nprint({value})"


def written(text: str) -> str:
    """Return an expression for a text, with long repetitions as products."""
    parts: list[str] = []
    end = 0
    for found in REPEATED.finditer(text):
        unit = found[1]
        parts += [repr(text[end : found.start()])] if found.start() > end else []
        parts.append(f"{unit!r} * {len(found[0]) // len(unit)}")
        end = found.end()
    parts += [repr(text[end:])] if end < len(text) or not parts else []
    return " + ".join(parts)


def reproduced(grader: FieldGrader, result: dict[str, Any]) -> dict[str, str]:
    """Run the script of each finding, and return what it gave, by fault and name.

    A value that is not the audit's says so.
    """
    said: dict[str, str] = {}
    process = None
    for each in result.get("findings", []):
        if each["fault"] not in REPRODUCED:
            continue
        process = process or _begun(grader)
        gave = _gave(process, script(grader, each), LIMIT_S)
        if gave is None:
            process.kill()
            process.wait()
            process, gave = None, f"no answer within {LIMIT_S:g} s"
        agreed = agree(each["got"], gave)
        said[f"{each['fault']}: {each['by']}"] = gave if agreed else f"DIFFERS: {gave}"
    if process is not None:
        process.kill()
        process.wait()
    return said


def agree(audit: str, gave: str) -> bool:
    """Whether what a script gave is what the audit said."""
    if NUMBER.match(audit):
        return bool(NUMBER.match(gave)) and f"{float(gave):g}" == f"{float(audit):g}"
    if audit.startswith("raised "):
        return gave.split(":", maxsplit=1)[0] == audit.removeprefix("raised ").split(":")[0]
    if audit.startswith("gave no answer"):
        return gave.startswith("no answer")
    return audit in (gave, f"gave {gave}")


def _begun(grader: FieldGrader) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [str(python_of(grader.family)), "execute.py"],
        cwd=HERE,
        env=environ(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    _gave(process, f"{grader.reproduce[0]}\nprint(0)", START_S)
    return process


def _gave(process: subprocess.Popen[str], source: str, limit_s: float) -> str | None:
    assert process.stdin is not None
    assert process.stdout is not None
    print(json.dumps(source), file=process.stdin, flush=True)
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        if not waiting.select(limit_s):
            return None
    line = process.stdout.readline()
    return json.loads(line) if line else "its process ended"
