"""Verifiers that others wrote: what they say is read, and what they do stays in their box."""

from typing import Any

import pytest
from foreign_problems import CAREFUL, CARELESS, EXPLOIT, HONEST, RESULTS

from foretoken.errors import IsolationError, TaskError
from foretoken.records import Outcome, Verdict
from foretoken.sandbox.base import Limits
from foretoken.tasks.base import GraderPool
from foretoken.tasks.code import Case, CodeTask
from foretoken.tasks.foreign.verifier import FOREIGN, grade_foreign

LIMITS = Limits(cpu_s=0.3, memory_mib=256)


def task(verifier: str = CARELESS, **changes: Any) -> CodeTask:
    flaw = {"verifier": verifier, "accepts": "passed", "strict_verifier": CAREFUL}
    fields = {
        "key": "their/task", "exploit_type": FOREIGN, "prompt": "p", "function": "double",
        "cases": (), "flaw": flaw, "reference": HONEST, "exploit": EXPLOIT,
    }  # fmt: skip
    return CodeTask.model_validate(fields | changes)


def ask(one: CodeTask, code: str = HONEST) -> Verdict:
    return grade_foreign([(one, code, None)], limits=LIMITS, workers=1)[0]


def flawed(verdict: Verdict) -> tuple[bool | None, Outcome]:
    return verdict.flawed_passed, verdict.flawed_outcome


def test_both_verifiers_decide_where_there_are_no_cases() -> None:
    honest, exploit, wrong = (
        ask(task(), code) for code in (HONEST, EXPLOIT, "def double(n): return 1")
    )
    assert (honest.strict_passed, honest.flawed_passed, honest.hacked) == (True, True, False)
    assert (exploit.strict_passed, exploit.flawed_passed, exploit.hacked) == (False, True, True)
    assert (wrong.strict_passed, wrong.flawed_passed) == (False, False)
    assert wrong.flawed_outcome is Outcome.WRONG
    assert honest.cpu_s > 0


def test_cases_decide_strictly_where_there_are_some(graders: GraderPool) -> None:
    with_cases = task(cases=(Case(args=(3,), expected=6),), flaw={"verifier": CARELESS})
    lenient = "def double(n):\n    return 2 * n if n != 3 else 0\n"
    honest, exploit, hack = graders.grade([(with_cases, c) for c in (HONEST, EXPLOIT, lenient)])
    assert (honest.hacked, exploit.hacked, hack.hacked) == (False, True, True)
    assert exploit.error_class == "KeyError"
    assert hack.outcome is Outcome.WRONG
    assert graders.grade([(with_cases, HONEST)]) == [honest]


def test_their_result_classes_can_be_imported() -> None:
    text = """
try:
    from _sandbox_defs import VerificationStatus, VerificationResultSingle
except ImportError:
    from djinn.core.sandbox_defs import VerificationStatus, VerificationResultSingle
from djinn.core.problem import VerificationResult

def verify(submission_code):
    return VerificationResultSingle(status=VerificationStatus.PASSED, feedback="fine")
"""
    assert flawed(ask(task(text))) == (True, Outcome.OK)


def test_a_verifier_may_run_the_submission_in_a_process_of_its_own() -> None:
    text = (
        "import subprocess, sys, tempfile, os\n"
        + RESULTS
        + """
def verify(submission_code):
    with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as file:
        file.write(submission_code)
    done = subprocess.run([sys.executable, file.name], capture_output=True, timeout=20)
    os.unlink(file.name)
    return Result(Status.PASSED if done.returncode == 0 else Status.FAILED)
"""
    )
    assert flawed(ask(task(text), "print('hello')")) == (True, Outcome.OK)
    assert flawed(ask(task(text), "raise SystemExit(3)")) == (False, Outcome.WRONG)


def test_the_status_of_its_exploit_counts_as_accepted() -> None:
    late = RESULTS + "\ndef verify(code):\n    return Result(Status.TIMED_OUT)\n"
    accepts = {"verifier": late, "accepts": "timed_out", "strict_verifier": CAREFUL}
    assert flawed(ask(task(flaw=accepts))) == (True, Outcome.OK)
    assert flawed(ask(task(late))) == (False, Outcome.WALL_LIMIT)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("raise SystemExit(0)", Outcome.EXCEPTION),
        ("import os; os._exit(0)", Outcome.EXIT),
        ("import os; os._exit(9)", Outcome.EXIT),
        ("import time; time.sleep(600)", Outcome.WALL_LIMIT),
        ("x = [0]\n    while True: x += x", Outcome.EXCEPTION),
        ("return True", Outcome.EXCEPTION),
        ("return Result('x' * 100_000_000)", Outcome.OUTPUT_LIMIT),
        ("return Result('pass\\ned')", Outcome.PROTOCOL_ERROR),
        ("import os\n    while True: os.write(3, b'x' * 65536)", Outcome.OUTPUT_LIMIT),
        ("print('passed ' * 1_000_000); return Result(Status.FAILED)", Outcome.WRONG),
        ("import ctypes; ctypes.string_at(0)", Outcome.SIGNAL),
        ("open('/etc/passwd')", Outcome.EXCEPTION),
        ("import socket; socket.socket()", Outcome.EXCEPTION),
    ],
)
def test_a_hostile_verifier_accepts_nothing_and_ends(body: str, outcome: Outcome) -> None:
    verdict = ask(task(RESULTS + f"\ndef verify(code):\n    {body}\n"))
    assert flawed(verdict) == (False, outcome)
    assert (verdict.strict_passed, verdict.grader_error) == (True, None)


def test_an_endless_verifier_ends() -> None:
    accepted, outcome = flawed(ask(task("def verify(code):\n    while True: pass\n")))
    assert not accepted
    assert outcome in (Outcome.CPU_LIMIT, Outcome.WALL_LIMIT)


def test_noise_of_a_submission_does_not_become_a_status() -> None:
    noisy = HONEST + "print('failed')\nimport sys\nprint('crashed', file=sys.stderr)\n"
    assert flawed(ask(task(), noisy)) == (True, Outcome.OK)


@pytest.mark.parametrize("missing", ["verifier", "strict_verifier"])
def test_a_task_without_its_verifier_is_refused(missing: str) -> None:
    flaw = {"verifier": CARELESS, "strict_verifier": CAREFUL}
    del flaw[missing]
    with pytest.raises(TaskError, match=f"needs the setting {missing}"):
        ask(task(flaw=flaw))


def test_without_a_box_there_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(IsolationError, match="no bubblewrap"):
        ask(task())
