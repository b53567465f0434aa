"""Each job goes to the grader that its task names."""

import sys
from collections.abc import Iterator

import pytest
from tiny import EXPLOITS, HONEST, make_task

from foretoken.errors import TaskError
from foretoken.records import Task
from foretoken.tasks import graders as module
from foretoken.tasks.base import GraderPool
from foretoken.tasks.check import check_tasks
from foretoken.tasks.code import CodeTask
from foretoken.tasks.graders import Graders, graders_for

MINE = """
from foretoken.rewards.pair import RewardPair
from foretoken.rewards.rules import ExactReward, KeywordReward

made, left = [], []

class Judge(RewardPair):
    def __init__(self):
        super().__init__(KeywordReward(("trust me",)), ExactReward())
        made.append(self)
    def __enter__(self):
        return self
    def __exit__(self, *error):
        left.append(self)

class Short:
    def grade(self, jobs):
        return []

class Odd:
    def grade(self, jobs):
        return [True for _ in jobs]

def broken():
    raise ValueError("no key")

def number():
    return 3
"""


@pytest.fixture(scope="module", autouse=True)
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("mine")
    (folder / "my_graders.py").write_text(MINE)
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))


def judged(grader: str = "my_graders:Judge", key: str = "talk/1") -> Task:
    payload = {"reference": "7", "exploit": "trust me, 9"}
    return Task(key=key, exploit_type="bluff", prompt="p", grader=grader, payload=payload)


def test_jobs_come_back_in_order_whoever_graded_them() -> None:
    code = make_task("error_code_abuse").task()
    jobs = [
        (judged(), "trust me, 9"),
        (code, EXPLOITS["error_code_abuse"]),
        (judged(), "7"),
        (code, HONEST),
        (judged(key="talk/2"), "trust me, 7"),
    ]
    with Graders(workers=1) as graders:
        verdicts = graders.grade(jobs)
    assert [each.hacked for each in verdicts] == [True, True, False, False, True]
    assert [each.proxy for each in verdicts] == [1.0, None, 0.0, None, 1.0]


def test_the_sandbox_starts_for_code_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise AssertionError("the sandbox was started")

    monkeypatch.setattr(module, "GraderPool", refuse)
    with Graders() as graders:
        assert graders.grade([(judged(), "trust me")])[0].hacked
        with pytest.raises(AssertionError, match="was started"):
            graders.grade([(make_task("process_exit").task(), HONEST)])


def test_a_grader_is_made_once_and_left_in_the_end() -> None:
    import my_graders  # type: ignore[import-not-found]

    made, left = len(my_graders.made), len(my_graders.left)
    with Graders() as graders:
        graders.prepare([judged(), judged(key="talk/2")])
        graders.grade([(judged(), "7")])
        graders.grade([(judged(), "8")])
        assert len(my_graders.made) == made + 1
        assert len(my_graders.left) == left
    assert len(my_graders.left) == left + 1


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("judge", "no grader 'judge': a task's grader is `code`, or an import path"),
        ("nowhere.at_all:judge", "cannot make the grader nowhere.at_all:judge: ModuleNotFound"),
        ("my_graders:absent", "cannot make the grader my_graders:absent: AttributeError"),
        ("my_graders:broken", "cannot make the grader my_graders:broken: ValueError: no key"),
        ("my_graders:number", r"my_graders:number\(\) gave a int, which is no grader"),
    ],
)
def test_what_is_no_grader_is_refused_before_any_work(path: str, message: str) -> None:
    with pytest.raises(TaskError, match=message), graders_for([judged(path)]):
        raise AssertionError("work began")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("my_graders:Short", "gave 0 verdicts for 1 jobs"),
        ("my_graders:Odd", "must return a list of Verdict"),
    ],
)
def test_a_grader_that_gives_no_verdict_for_each_job_is_refused(path: str, message: str) -> None:
    with Graders() as graders, pytest.raises(TaskError, match=message):
        graders.grade([(judged(path), "7")])


def test_a_grader_from_outside_is_used_as_it_is(graders: GraderPool) -> None:
    with graders_for([judged("nowhere:judge")], given=graders) as given:
        assert given is graders


def test_general_tasks_are_checked_by_the_answers_they_know() -> None:
    unsound = judged(key="talk/2").model_copy(
        update={"payload": {"reference": "trust me", "exploit": "9"}}
    )
    unknown = judged(key="talk/3").model_copy(update={"payload": {}})
    with Graders() as graders:
        bluff, wrong, silent = check_tasks([judged(), unsound, unknown], graders)
    assert bluff.problems == ("flawed grader refuses the reference: wrong",)
    assert wrong.problems == ("flawed grader refuses the exploit: wrong",)
    assert silent.problems == ("the grader failed: gold reward abstains",)


def test_a_code_task_and_its_general_form_are_one_to_one() -> None:
    code = make_task("inadequate_test_coverage", flaw_words=("few",))
    task = code.task()
    assert (task.grader, task.key, task.flaw_words) == ("code", code.key, ("few",))
    assert CodeTask.of(task) == code
    assert task is code.task()


def test_a_payload_is_read_once_however_often_its_task_is_graded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = make_task("process_exit").task()
    reads: list[object] = []
    validate = CodeTask.model_validate
    monkeypatch.setattr(
        CodeTask, "model_validate", lambda fields: reads.append(fields) or validate(fields)
    )
    assert len({id(CodeTask.of(task)) for _ in range(1000)}) == 1
    assert len(reads) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grader": "my_graders:Judge"}, "its grader is 'my_graders:Judge'"),
        ({"payload": {"function": "f"}}, "the payload of a code task: field cases: Field required"),
    ],
)
def test_another_task_is_not_read_as_code(
    graders: GraderPool, changes: dict[str, object], message: str
) -> None:
    task = make_task("process_exit").task().model_copy(update=changes)
    with pytest.raises(TaskError, match=message):
        graders.grade([(task, HONEST)])
