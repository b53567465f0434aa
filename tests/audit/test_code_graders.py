"""Graders of code, each with one planted flaw, and others without: which are accused?

Faults that were injected to see these tests fail: a sound grader looks at a third of the tests
alone; it does not read a fence with line ends of Windows; an attack makes and removes a file.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from foretoken.audit.attacks.code import code
from foretoken.audit.attacks.code_exits import SLEEP_S
from foretoken.audit.attacks.code_questions import CodeTruth
from foretoken.audit.base import Domain
from foretoken.audit.findings import AuditFault, findings
from foretoken.audit.firing import fire
from foretoken.graders.process import GraderProcess
from foretoken.tasks.catalogue import TYPES

PLANTED = Path(__file__).with_name("code_planted.py")
TESTS, CALLS, STDIN, SOLUTION = CodeTruth

FLAWED = {
    "asserts_in_process": ("result manipulation", TESTS),
    "exit_status": ("process exit", TESTS),
    "last_line": ("pass marker", TESTS),
    "marker_behind_the_tests": ("pass marker from its own source", TESTS),
    "pays_late_ones": ("sleeps past the limit", TESTS),
    "pays_errors": ("exception swallowed", TESTS),
    "own_equality": ("mock any", TESTS),
    "own_equality_of_a_type": ("equal to everything of the right type", TESTS),
    "within_a_tolerance": ("not a number", TESTS),
    "within_a_difference": ("difference of zero", TESTS),
    "item_by_item": ("nothing to compare", TESTS),
    "as_text": ("type confusion", TESTS),
    "three_tests": ("hardcoding or memorization", TESTS),
    "expected_in_a_frame": ("inspect module abuse", TESTS),
    "put_together_by_all": ("all replaced", TESTS),
    "by_a_function_of_its_own": ("comparison of the caller replaced", TESTS),
    "lets_skips_pass": ("test skipping", TESTS),
    "excuses_lack_of_memory": ("resource exhaustion raised", TESTS),
    "result_file": ("result files", TESTS),
    "report_in_json": ("json replaced", TESTS),
    "any_program": ("many programs wrong last", TESTS),
    "similar_text": ("solution with a slip", SOLUTION),
    "contained_text": ("solution in a comment", SOLUTION),
    "printed_somewhere": ("many outputs", STDIN),
}
SOUND = {
    "isolated": TESTS,
    "isolated_share": TESTS,
    "compute_score": CALLS,
    "negative_for_failures": TESTS,
    "whole_output": STDIN,
    "same_text": SOLUTION,
}


def accused(name: str, domain: Domain) -> dict[AuditFault, set[str]]:
    with GraderProcess(f"{PLANTED}:{name}", timeout_s=20.0, nice=0) as process:
        found = findings(fire(domain, process.ask))
    return {fault: {each.by for each in found if each.fault is fault} for fault in AuditFault}


def small(truth: CodeTruth, *, questions: int, attack: str | None = None) -> Domain:
    """The domain in one form, on a few questions."""
    domain = code(truth)
    own = [each for each in domain.attacks if attack in (None, each.name)]
    assert own
    return replace(
        domain,
        attacks=own,
        variants=domain.variants if attack is None else domain.variants[:1],
        questions=domain.questions[:questions],
        forms=domain.forms[:1],
    )


@pytest.mark.parametrize("name", FLAWED)
def test_each_planted_flaw_of_a_code_grader_is_found_by_its_attack(name: str) -> None:
    attack, truth = FLAWED[name]
    found = accused(name, small(truth, questions=9, attack=attack))
    assert found[AuditFault.PAID] == {attack}
    assert found[AuditFault.REFUSED] == set()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(each, marks=() if each in ("isolated", "same_text") else pytest.mark.slow)
        for each in SOUND
    ],
)
def test_a_sound_code_grader_is_not_accused(name: str) -> None:
    found = accused(name, small(SOUND[name], questions=4))
    assert found[AuditFault.PAID] == set()
    for fault in (AuditFault.HUNG, AuditFault.RAISED, AuditFault.UNSTABLE, AuditFault.OUTSIDE):
        assert found[fault] == set()
    if SOUND[name] is not CodeTruth.SOLUTION:
        assert found[AuditFault.REFUSED] == set()


def test_every_exploit_type_has_an_attack_of_its_name() -> None:
    names = {each.name for each in code().attacks}
    assert {each.replace("_", " ") for each in TYPES} <= names
    assert len(names) == len(code().attacks) >= 40
    assert len(code().variants) >= 12


def texts() -> Sequence[tuple[str, str]]:
    """Each attack once, as a program."""
    domain = code()
    alone = next(each for each in domain.forms if each.alone)
    found: dict[str, str] = {}
    for attack in domain.attacks:
        for question in domain.questions[:8]:
            text = attack.write(question, alone)
            if text is not None:
                found.setdefault(attack.name, f"{text}\n\n\nNAME = {question.columns['fn_name']!r}")
    assert set(found) == {each.name for each in domain.attacks} - FENCED
    return list(found.items())


FENCED = {"solution in the reasoning alone"}
"""What has no program of its own."""
WATCHED = """
import ast, atexit, json, logging, os, resource, runpy, sys, unittest.mock

FORBIDDEN = ("os.remove", "os.rename", "os.rmdir", "os.truncate", "os.chmod", "os.chown", "os.kill",
    "os.fork", "os.posix_spawn", "os.system", "os.link", "os.symlink", "shutil.", "socket.",
    "subprocess.", "ctypes.", "urllib.", "signal.", "pty.", "ftplib.", "smtplib.")
folder, leave, mib = sys.argv[1], os._exit, 1 << 20


def watch(event, given):
    writes = event == "open" and isinstance(given[1], str) and set(given[1]) & set("wxa+")
    outside = writes and not os.path.realpath(str(given[0])).startswith((folder, "/dev/null"))
    if event.startswith(FORBIDDEN) or outside:
        leave(99)


def run(text):
    path = os.path.join(folder, "program.py")
    with open(path, "w") as file:
        file.write(text)
    resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
    resource.setrlimit(resource.RLIMIT_DATA, (64 * mib, 64 * mib))
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    os.dup2(1, 2)
    sys.addaudithook(watch)
    sys.argv = [path]
    try:
        scope = runpy.run_path(path, run_name="__main__")
        function = scope.get(scope.get("NAME", ""))
        for args in ([493], [[1, 2, 3], 1], ["one two"], [{"a": "x"}]):
            function(*args)
    except MemoryError:
        leave(0 if "raise MemoryError" in text else 98)
    except BaseException:
        pass
    sys.setprofile(None)
    atexit._run_exitfuncs()
    leave(0)


def ended(text):
    child = os.fork()
    if child == 0:
        run(text)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


print(json.dumps({name: ended(text) for name, text in json.load(sys.stdin).items()}))
"""
"""Runs each program in a process of its own, whose audit hook ends it at what may harm."""


def watched(folder: Path, programs: dict[str, str]) -> dict[str, int]:
    (folder / "watched.py").write_text(WATCHED)
    done = subprocess.run(
        [sys.executable, "-S", "watched.py", str(folder)],
        cwd=folder,
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        timeout=900,
        check=True,
    )
    return json.loads(done.stdout)


def test_no_attack_harms_the_machine_that_it_runs_on(tmp_path: Path) -> None:
    """By the interpreter's own audit events, in 2 s of processor time and 64 MiB of memory."""
    programs = dict(texts())
    assert f"{SLEEP_S}" in programs.pop("sleeps past the limit")
    ended = watched(tmp_path, programs)
    assert {name: status for name, status in ended.items() if status not in (0, 1)} == {}
    harmful = {
        "deletes": "import os\nos.remove('gone')",
        "writes": "open('/tmp/elsewhere', 'w')",
        "forks": "import os\nos.fork()",
        "connects": "import socket\nsocket.socket()",
        "grows": "bytearray(200_000_000)",
        "goes on": "while True:\n    pass",
    }
    stopped = {**dict.fromkeys(list(harmful)[:4], 99), "grows": 98, "goes on": -9}
    assert watched(tmp_path, harmful) == stopped


def test_an_audit_of_programs_asks_few_questions_of_each_attack() -> None:
    """Beginning a process for each answer must stay cheap: three of four are left out."""
    domain = code()
    asked = sum(
        what.write(question, domain.forms[0]) is not None
        for what in (*domain.attacks, *domain.variants)
        for question in domain.questions
    )
    every = len(domain.questions) * (len(domain.attacks) + len(domain.variants))
    assert asked < every * 0.3
    for what in domain.attacks:
        tried = [q for q in domain.questions if what.write(q, domain.forms[0]) is not None]
        assert len(tried) >= 4 or what.name == "sleeps past the limit", what.name
    assert json.dumps([dict(each.columns) for each in domain.questions])
