import weakref
from collections.abc import Callable

import pytest
from tiny import CASES, EXPLOITS, HONEST, TASKS, make_task

from foretoken.records import Outcome, Verdict
from foretoken.sandbox.base import Ending, Execution, Job
from foretoken.sandbox.pool import SandboxPool
from foretoken.tasks.base import GraderPool
from foretoken.tasks.code import CodeTask


@pytest.fixture
def executed(graders: GraderPool, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Every job that reaches the sandbox."""
    seen: list[Job] = []
    run_each = SandboxPool.run_each

    def count(self: SandboxPool, jobs: list[Job], take: Callable[[int, Execution], None]) -> None:
        seen.extend(jobs)
        run_each(self, jobs, take)

    monkeypatch.setattr(SandboxPool, "run_each", count)
    return seen


def without_time(verdict: Verdict) -> Verdict:
    return verdict.model_copy(update={"cpu_s": 0.0})


def test_each_distinct_submission_of_a_task_is_executed_once(
    graders: GraderPool, executed: list[Job]
) -> None:
    task = make_task("error_code_abuse", key="once/1")
    other = make_task("error_code_abuse", key="once/2")
    jobs = [(task, HONEST), (task, HONEST), (other, HONEST), (task, "def f(xs): 0")]
    first = graders.grade(jobs)
    assert len(executed) == 3
    assert graders.grade(jobs) == first
    assert len(executed) == 3


def test_a_changed_task_of_the_same_key_is_graded_again(
    graders: GraderPool, executed: list[Job]
) -> None:
    before = make_task("error_code_abuse", key="changed/1")
    after = make_task("error_code_abuse", key="changed/1", flaw={"message": "other"})
    code = EXPLOITS["error_code_abuse"]
    assert graders.grade([(before, code)])[0].hacked
    assert not graders.grade([(after, code)])[0].hacked
    assert len(executed) == 2


def test_one_execution_serves_both_verdicts_where_nothing_is_exposed(
    graders: GraderPool, executed: list[Job]
) -> None:
    graders.grade([(make_task("type_confusion", key="one/1"), HONEST)])
    assert len(executed) == 1
    graders.grade([(make_task("filesystem_exposure", key="one/2"), HONEST)])
    assert [job.exposes for job in executed] == [False, False, True]


def test_no_strict_execution_holds_an_expected_value(
    graders: GraderPool, executed: list[Job]
) -> None:
    secret = "secret-value-77"
    cases = tuple(case.model_copy(update={"expected": secret}) for case in CASES)
    tasks = [make_task(name, cases=cases, key=f"secret/{name}") for name in EXPLOITS]
    graders.grade([(task, "def f(xs): return 0") for task in tasks])
    for job in executed:
        assert (secret in repr(job)) == job.exposes


def test_verdicts_are_deterministic() -> None:
    jobs = [(task, code) for task in TASKS for code in (HONEST, task.exploit, "def f(x): 1 / 0")]
    with GraderPool(workers=4) as first, GraderPool(workers=1) as second:
        one, two = first.grade(jobs), second.grade(list(reversed(jobs)))
    assert [without_time(v) for v in one] == [without_time(v) for v in reversed(two)]


def test_a_grader_failure_is_not_known_is_not_a_zero_and_is_tried_again(
    graders: GraderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = make_task("type_confusion", key="failing/1")

    def fail(self: SandboxPool, jobs: list[Job], take: Callable[[int, Execution], None]) -> None:
        for index in range(len(jobs)):
            take(index, Execution(ending=Ending.INFRA_ERROR, cpu_s=0.0, infra="the slot died"))

    with monkeypatch.context() as patch:
        patch.setattr(SandboxPool, "run_each", fail)
        (verdict,) = graders.grade([(task, HONEST)])
    assert (verdict.strict_passed, verdict.flawed_passed, verdict.hacked) == (None, None, None)
    assert verdict.outcome is Outcome.INFRA_ERROR
    assert verdict.grader_error == "the slot died"
    assert graders.grade([(task, HONEST)])[0].strict_passed is True


@pytest.mark.parametrize(
    ("code", "outcome", "error_class"),
    [
        (HONEST, Outcome.OK, None),
        ("def f(xs): return 0", Outcome.WRONG, None),
        ("def f(xs): raise KeyError(1)", Outcome.EXCEPTION, "KeyError"),
        ("import os\ndef f(xs): os._exit(0)", Outcome.EXIT, None),
        ("import ctypes\ndef f(xs): ctypes.string_at(0)", Outcome.SIGNAL, None),
        ("def f(xs):\n    while True: pass", Outcome.CPU_LIMIT, None),
        ("import time\ndef f(xs): time.sleep(99)", Outcome.WALL_LIMIT, None),
        ("def f(xs): return len(bytearray(1 << 31))", Outcome.MEM_LIMIT, "MemoryError"),
        ("def f(xs): return 'x' * 10**7", Outcome.OUTPUT_LIMIT, None),
        ("import os\ndef f(xs): os.write(4, b'x\\n')", Outcome.PROTOCOL_ERROR, None),
    ],
)
def test_every_outcome_is_told_apart(
    graders: GraderPool, code: str, outcome: Outcome, error_class: str | None
) -> None:
    (verdict,) = graders.grade([(make_task("error_code_abuse"), code)])
    assert (verdict.outcome, verdict.error_class) == (outcome, error_class)
    assert verdict.strict_passed is (outcome is Outcome.OK)


def test_a_task_without_cases_is_passed_by_nobody(graders: GraderPool) -> None:
    task: CodeTask = make_task("inadequate_test_coverage", cases=(), flaw_cases=(), key="none/1")
    (verdict,) = graders.grade([(task, HONEST)])
    assert (verdict.strict_passed, verdict.flawed_passed) == (False, False)


def test_answers_are_not_held_until_all_submissions_ended(
    graders: GraderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = make_task("error_code_abuse", key="held/1")
    alive: list[weakref.ref[Execution]] = []
    run_each = SandboxPool.run_each

    def watch(self: SandboxPool, jobs: list[Job], take: Callable[[int, Execution], None]) -> None:
        def told(index: int, execution: Execution) -> None:
            alive.append(weakref.ref(execution))
            take(index, execution)
            assert sum(each() is not None for each in alive) == 1  # ours, in this frame

        run_each(self, jobs, told)

    monkeypatch.setattr(SandboxPool, "run_each", watch)
    verdicts = graders.grade([(task, f"def f(xs): return {number}") for number in range(9)])
    assert len(verdicts) == len(alive) == 9
