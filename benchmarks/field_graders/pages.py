"""Writes `table.md` and `reproductions.md` from the results."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from environments import HERE
from field_grader import FieldGrader
from reproduce import REPRODUCED, script

VERDICTS = ("fault", "arguable", "documented choice", "unclassified")
PAID = ("paid",)
REFUSED = ("refused",)
BROKEN = ("hung", "raised")
SHOWN = 70
"""Characters of an answer that a table shows."""

Finding = Mapping[str, Any]
Result = Mapping[str, Any]

_HEAD = """\
# Graders that people use, audited

Made by `python benchmarks/field_graders/run.py`, which installs each package from its pins
(`requirements/`), fires the answers of `foretoken audit` at its grader in the audit's box, and
writes this page. `run.py --reproduce` runs three lines for each finding that stands here
(`reproductions.md`); {reproduced}.

**How to read it.** A finding says what a grader pays, not that its authors erred. A lax extractor
for evaluating models that cooperate is another thing than the reward of a training run, in which
whatever is paid is learned. Each finding was therefore judged by hand, after reading the
documentation and the source (`verdicts.toml`):

* *fault*: against what its own documentation says, or nobody would want it;
* *arguable*: neither promised nor excluded, and learned where it is a reward;
* *documented choice*: said, or plain from what the grader is said to compare;
* *unclassified*: nobody has judged it yet.

Where a package's `__init__` asks for gigabytes, its modules are imported without it; their code is
the installed one. Answers were limited to {timeout:g} s; processor seconds are of the grader's
process with its start.
"""

_TRIAL = """\
{count} of the {all} results are of a trial on a loaded machine: the same answers and rules, fired
in one process without the box, 40 s an answer. The next run replaces them.
"""


def write_pages(results: Mapping[FieldGrader, Result], *, timeout_s: float) -> None:
    """Write both pages.

    Args:
        results: Of each grader that was audited, in the order of the page.
        timeout_s: Longest that an answer could take.
    """
    verdicts = read_verdicts()
    audited = {g: r for g, r in results.items() if "findings" in r}
    ran = [said for r in audited.values() for said in r.get("reproduced", {}).values()]
    differ = sum(said.startswith("DIFFERS") for said in ran)
    told = f"{len(ran)} ran, {differ} gave another value" if ran else "they have not been run yet"
    parts = [_HEAD.format(reproduced=told, timeout=timeout_s), _overview(audited, verdicts)]
    if trial := sum("of" not in result for result in audited.values()):
        parts.insert(1, _TRIAL.format(count=trial, all=len(audited)))
    failed = {g: r for g, r in results.items() if "error" in r}
    if failed:
        parts.append("## Could not be audited\n")
        parts += [
            f"* {g.name} {r.get('version', '')}: {_cell(r['error'])}" for g, r in failed.items()
        ]
        parts.append("")
    parts += [_section(g, r, verdicts) for g, r in audited.items()]
    (HERE / "table.md").write_text("\n".join(parts).rstrip() + "\n")
    (HERE / "reproductions.md").write_text(_reproductions(audited))


def read_verdicts() -> dict[tuple[str, str], tuple[str, str]]:
    """Return what was judged of each grader and kind of answers: a verdict, and why."""
    told = tomllib.loads((HERE / "verdicts.toml").read_text())["verdict"]
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for each in told:
        for grader in each["graders"]:
            for by in each["answers"]:
                if (grader, by) in found:
                    raise ValueError(f"{grader}, {by}: two verdicts")
                found[grader, by] = (each["is"], each["why"])
    return found


def _overview(results: Mapping[FieldGrader, Result], verdicts: Mapping[Any, Any]) -> str:
    lines = [
        "| grader | version | offered as | reads | calls | processor s | pays | refuses | breaks |",
        "|---|---|---|---|--:|--:|---|---|---|",
    ]
    for grader, result in results.items():
        counts = [
            _counted(grader, _of(result, faults), verdicts) for faults in (PAID, REFUSED, BROKEN)
        ]
        forms = result["forms"]
        reads = forms[0] + (f" and {len(forms) - 1} more" if len(forms) > 1 else "")
        cells = [grader.name, result["version"], grader.use, reads, result["asked"]]
        lines.append(f"| {' | '.join(map(str, [*cells, result['processor_s'], *counts]))} |")
    lines += ["", "Counts are of kinds of answers, by verdict in the order above.", ""]
    return "\n".join(lines)


def _counted(grader: FieldGrader, findings: Iterable[Finding], verdicts: Mapping[Any, Any]) -> str:
    """How many there are of each verdict, in words."""
    of = Counter(verdicts.get((grader.name, e["by"]), ("unclassified",))[0] for e in findings)
    return ", ".join(f"{of[each]} {each}" for each in VERDICTS if of[each]) or "none"


def _of(result: Result, faults: Iterable[str]) -> list[Finding]:
    return [each for each in result["findings"] if each["fault"] in faults]


def _section(grader: FieldGrader, result: Result, verdicts: Mapping[Any, Any]) -> str:
    lines = [
        f"## {grader.name}",
        "",
        f"{grader.package} {result['version']} ({grader.documentation}): {grader.says}.",
        f"Reads: {', '.join(result['forms'])}. Right answers get {result['right']:g}, wrong ones "
        f"{result['wrong']:g}.",
        "",
    ]
    found = _of(result, (*PAID, *BROKEN, *REFUSED))
    if not found:
        return "\n".join([*lines, "It pays for none of these answers, and refuses none.", ""])
    lines += [
        "| | answers | of | shortest | got | verdict | why |",
        "|---|---|--:|---|---|---|---|",
    ]
    for each in found:
        verdict, why = verdicts.get((grader.name, each["by"]), ("unclassified", ""))
        share = f"{each['count']}/{each['of']}"
        cells = [each["fault"], each["by"], share, _code(each["sent"]), _cell(each["got"])]
        lines.append(f"| {' | '.join([*cells, verdict, why])} |")
    return "\n".join([*lines, ""])


def _reproductions(results: Mapping[FieldGrader, Result]) -> str:
    lines = [
        "# Three lines for each finding",
        "",
        "Made and run by `python benchmarks/field_graders/run.py --reproduce`, each in the",
        "environment of its package and in this folder. The last line is what it prints.",
        "",
    ]
    for grader, result in results.items():
        lines += [f"## {grader.name}, {grader.package} {result['version']}", ""]
        for each in _of(result, REPRODUCED):
            gave = result.get("reproduced", {}).get(f"{each['fault']}: {each['by']}", "not run")
            lines += [f"{each['fault']}: {each['by']}", "", "```python", script(grader, each)]
            lines += [f"# {gave}", "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _code(text: str) -> str:
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    return f"`{_cell(repr(shown)[1:-1])}`" if text else "nothing"


def _cell(text: str) -> str:
    """A text in a cell of a table."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("`", "'")[:300]
