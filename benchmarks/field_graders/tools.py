"""Runs the small tools of the field on our planted graders, beside `foretoken audit`.

    python benchmarks/field_graders/tools.py

The graders, flawed and sound, are those of `tests/audit/test_answer_graders.py`. It writes
`tools.json` and `tools.md` beside it; what stands there is not run again.
"""

import ast
import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from environments import BUILT, HERE, ROOT, environ, python_of

PLANTED = ROOT / "tests" / "audit" / "test_answer_graders.py"
FOLDER = BUILT / "planted"
KEPT = HERE / "tools.json"
LIMIT_S = 600.0
QUESTIONS = 6
"""Of those tools that want some."""

FORMS = {
    "box": "Put the final answer in \\boxed{}.",
    "tag": "Reply with the number in <answer></answer> tags.",
    "either": "Reply with the number in <answer></answer> tags.",
    "hashes": "End with the number after ####, as in #### 42.",
    "": "Reply with the number alone.",
}
"""What a prompt asks for, by a part of a grader's name: some tools read it there."""

Accused = Callable[[str], str]
"""What a tool accuses a planted grader of, by its name; empty: nothing."""


@dataclass(frozen=True)
class FieldTool:
    """One tool."""

    name: str
    does: str
    takes: str
    accused: Accused | None = None
    not_run: str = ""
    """Why it was not; empty: it was."""


def main() -> None:
    """Run all tools, and write the page."""
    flawed, sound = planted()
    kept: dict[str, dict[str, str]] = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    for tool in TOOLS:
        said = kept.setdefault(tool.name, {})
        for grader in (*flawed, *sound) if tool.accused else ():
            if grader not in said:
                said[grader] = _safely(tool.accused, grader)
                KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
        print(tool.name, flush=True)
    (HERE / "tools.md").write_text(_page(kept, flawed, sound))


def planted() -> tuple[list[str], list[str]]:
    """Write the planted graders into a module of their own, and return their names.

    Returns:
        Flawed ones, and sound ones.
    """
    tree = ast.parse(PLANTED.read_text())
    named: dict[str, list[str]] = {}
    kept: list[ast.stmt] = []
    for each in tree.body:
        if isinstance(each, ast.FunctionDef) and not each.name.startswith(("test_", "of", "asked")):
            kept.append(each)
        elif isinstance(each, ast.Assign):
            name = ast.unparse(each.targets[0])
            if isinstance(each.value, ast.Dict):
                named[name] = [ast.unparse(key) for key in each.value.keys if key]
            elif isinstance(each.value, ast.Tuple):
                named[name] = [ast.unparse(one) for one in each.value.elts]
            else:
                kept.append(each)
    FOLDER.mkdir(parents=True, exist_ok=True)
    source = "\n\n\n".join(map(ast.unparse, kept))
    (FOLDER / "planted.py").write_text(f"import re\nfrom typing import Any\n\n{source}\n")
    (FOLDER / "targets.py").write_text(_TARGETS)
    for name in (*named["FLAWED"], *named["SOUND"]):
        asked = next((form for part, form in FORMS.items() if part in name), FORMS[""])
        lines = [
            json.dumps({"prompt": f"What is {n + 3} + 17? {asked}", "answer": str(n + 20)})
            for n in range(QUESTIONS)
        ]
        (FOLDER / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    return named["FLAWED"], named["SOUND"]


_TARGETS = """\
import json
from pathlib import Path

import planted
from envdoctor import Case
from envdoctor.targets import FunctionTarget


def __getattr__(name):
    grader = getattr(planted, name)
    lines = Path(f"{name}.jsonl").read_text().splitlines()
    tasks = map(json.loads, lines)
    cases = [Case(id=str(n), prompt=t["prompt"], answer=t["answer"]) for n, t in enumerate(tasks)]

    def called(completion, answer):
        in_lists = name == "in_trl"
        return grader([completion], [answer])[0] if in_lists else grader(completion, answer)

    return lambda: FunctionTarget(called, cases)
"""


def _safely(accused: Accused, grader: str) -> str:
    try:
        return accused(grader)
    except (RuntimeError, ValueError, KeyError, subprocess.SubprocessError) as error:
        return f"ERROR: {str(error)[:200]}"


def _json(family: str, *command: str) -> Any:
    """What a command of a tool's environment prints, from its first brace to its last."""
    said = _printed(family, *command)
    if "{" not in said:
        raise RuntimeError(said.strip()[-150:])
    return json.loads(said[said.index("{") : said.rindex("}") + 1], strict=False)


def _printed(family: str, *command: str) -> str:
    folder = python_of(family).parent
    variables = environ(str(FOLDER))
    done = subprocess.run(
        [str(folder / command[0]), *command[1:]],
        check=False,
        cwd=FOLDER,
        env=variables | {"PATH": f"{folder}{os.pathsep}{variables['PATH']}"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    return done.stdout if done.stdout.strip() else f"exit {done.returncode}: {done.stderr}"


def _reward_doctor(family: str, command: str) -> Accused:
    def accused(grader: str) -> str:
        target = f"planted.py:{grader}"
        said = _json(family, command, "audit", target, "-f", "json", "--fail-on", "never")
        wrong = [e["id"] for e in said["failures"] if e["mode"] == "false positive"]
        return ", ".join([*said["attacks_that_work"], *wrong])

    return accused


def _rewardprobe(grader: str) -> str:
    target, told = f"planted::{grader}", FOLDER / f"{grader}.report.json"
    command = ("rewardprobe", "test", target, "-d", f"{grader}.jsonl", "--json", "-o", str(told))
    _json("tool_rewardprobe", *command)
    families = json.loads(told.read_text())["families"]
    found = [each for family in families for each in family["findings"]]
    return ", ".join(each["attack"] for each in found if each["severity"] == "critical")


def _envdoctor(grader: str) -> str:
    command = ("envdoctor", "scan", f"targets::{grader}", "--format", "json")
    said = _json("tool_rl_envdoctor", *command)
    return ", ".join(
        dict.fromkeys(
            each["check"]
            for each in said["findings"]
            if each["severity"] in ("critical", "high") and each["check"] != "baseline_sanity"
        )
    )


def _falsepass(grader: str) -> str:
    source = (FOLDER / "planted.py").read_text()
    if grader == "in_trl":
        name = grader
    else:
        name = f"{grader}_reward"
        source += _IN_TRL.format(name=name, grader=grader)
    (FOLDER / f"{name}.py").write_text(source)
    told = ("--dataset", f"{grader}.jsonl", "--func", name, "--name", grader, "--force", "--json")
    _json("tool_falsepass", "falsepass", "init", f"{name}.py", *told)
    _printed("tool_falsepass", "falsepass", "audit", grader)
    said = _json("tool_falsepass", "falsepass", "results", grader, "--json")
    paid = [
        f"{each['name']}/{each['variant']}"
        for each in said["failing"]
        if each["expected"] == "zero"
    ]
    validity = said["meta"]["adapter"]["validity"]
    return ", ".join(paid) or (validity[:120] if validity != "ok" else "")


_IN_TRL = """

def {name}(completions, answer, **_):
    return [float({grader}(c, a)) for c, a in zip(completions, answer, strict=True)]
"""


def _foretoken(grader: str) -> str:
    settings = {
        "package": "foretoken",
        "path": f"planted.py:{grader}",
        "domain": "answers",
        "questions": 20,
        "timeout_s": 10.0,
    }
    said = _json("", "python", str(HERE / "inside.py"), json.dumps(settings))
    return ", ".join(each["by"] for each in said["findings"] if each["fault"] == "paid")


TOOLS = (
    FieldTool(
        "foretoken audit", "fires known cheats at it, and right answers", "a function", _foretoken
    ),
    FieldTool(
        "reward-doctor",
        "83 completions with known verdicts to questions of its own",
        "a function of a completion and a reference",
        _reward_doctor("tool_reward_doctor", "reward-doctor"),
    ),
    FieldTool(
        "rewardlint",
        "the same under its first name",
        "the same",
        _reward_doctor("tool_rewardlint", "rewardlint"),
    ),
    FieldTool(
        "rewardprobe",
        "30 probes of parsers and forms; more with a model behind an interface",
        "a function, and tasks",
        _rewardprobe,
    ),
    FieldTool(
        "rl-envdoctor",
        "26 policies that never read the question, beside the right answer",
        "an environment of verifiers or Inspect, or a function and cases",
        _envdoctor,
    ),
    FieldTool(
        "falsepass",
        "probes of known verdict, on an environment's own rows",
        "an environment (verifiers, OpenEnv, Inspect, HUD), or TRL functions and rows; Python 3.12",
        _falsepass,
    ),
    FieldTool(
        "gradecheck",
        "empties and deletes files, and completes with nothing, echoes and flattery",
        "a tree of files with a command that grades it, or a verifiers environment",
        not_run="takes no function",
    ),
    FieldTool(
        "rlgate",
        "a deterministic audit of environments",
        "an environment",
        not_run="its release wants Python 3.12, and takes no function",
    ),
    FieldTool(
        "rubric-reward-lens",
        "stuffing, padding, order of criteria, stability",
        "a rubric, a model that grades by it, and answers",
        not_run="takes rubrics and judges, no function",
    ),
    FieldTool(
        "verifiers vf-validate",
        "that the reference solution is paid and the untouched task is not",
        "a taskset of verifiers v1 with a reference check",
        not_run="fires no answers",
    ),
    FieldTool(
        "RewardAudit",
        "",
        "",
        not_run="no package of that name",
    ),
)


def _page(kept: Mapping[str, Mapping[str, str]], flawed: list[str], sound: list[str]) -> str:
    lines = [
        "# Tools that try graders, on the same planted ones",
        "",
        "Made by `python benchmarks/field_graders/tools.py`. "
        f"{len(flawed)} graders with one planted flaw each and {len(sound)} sound ones, those of",
        "`tests/audit/test_answer_graders.py`. They were planted by us, and every flaw is one that "
        "we fire at: the first",
        "line says that our test passes, the others how much of the same ground a tool covers. "
        "*Found*: it accuses a",
        "flawed grader of paying for anything that it should not.",
        "",
        "| tool | does | takes | found | falsely accused | errors |",
        "|---|---|---|--:|--:|---|",
    ]
    for tool in TOOLS:
        said = kept.get(tool.name, {})
        if tool.accused is None:
            lines.append(
                f"| {tool.name} | {tool.does} | {tool.takes} | not run: {tool.not_run} | | |"
            )
            continue
        ran = {name: each for name, each in said.items() if not each.startswith("ERROR")}
        found = sum(bool(ran.get(name)) for name in flawed)
        false = [name for name in sound if ran.get(name)]
        errors = ", ".join(name for name in said if name not in ran) or "none"
        lines.append(
            f"| {tool.name} | {tool.does} | {tool.takes} | {found}/{len(flawed)} "
            f"| {len(false)}/{len(sound)} {', '.join(false)} | {errors} |"
        )
    lines += ["", "## Which", "", f"| grader | {' | '.join(_ran())} |"]
    lines += [f"|---|{'---|' * len(_ran())}"]
    for name in (*flawed, *sound):
        cells = [_seen(kept[tool][name]) for tool in _ran()]
        lines.append(f"| {name}{'' if name in flawed else ' (sound)'} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _seen(said: str) -> str:
    return "error" if said.startswith("ERROR") else "accused" if said else ""


def _ran() -> list[str]:
    return [each.name for each in TOOLS if each.accused]


if __name__ == "__main__":
    main()
