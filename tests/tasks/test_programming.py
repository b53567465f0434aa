"""The programming problems: what they are, and that their references and cases are right."""

import copy
import hashlib
import os
import re
import subprocess
import sys
import time
from collections import Counter
from itertools import islice
from typing import Any

import pytest

from foretoken.errors import TaskError
from foretoken.sandbox.wire import encode
from foretoken.tasks.base import GraderPool
from foretoken.tasks.code import Case, CodeTask
from foretoken.tasks.compare import canonical
from foretoken.tasks.problems import Problem
from foretoken.tasks.programming import declared_problems, programming_problems
from foretoken.tasks.programming.declare import Declared, Topic

PROBLEMS = {problem.key: problem for problem in programming_problems()}
DECLARED = {declared.key: declared for declared in declared_problems()}
TOPICS = {
    "numbers",
    "strings",
    "lists",
    "dictionaries",
    "graphs",
    "dates",
    "parsing",
    "dynamic_programming",
}

each_problem = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
each_declared = pytest.mark.parametrize("declared", DECLARED.values(), ids=DECLARED)


def text(value: Any) -> str:
    return canonical(encode(value))


def define(source: str, name: str) -> Any:
    namespace: dict[str, Any] = {}
    exec(compile(source, name, "exec"), namespace)
    return namespace[name]


def test_there_are_over_150_problems_over_eight_topics_at_every_level() -> None:
    topics = Counter(problem.topic for problem in PROBLEMS.values())
    assert len(PROBLEMS) >= 180
    assert set(topics) == TOPICS
    assert min(topics.values()) >= 20
    levels = {(problem.topic, problem.level) for problem in PROBLEMS.values()}
    assert levels == {(topic, level) for topic in TOPICS for level in range(1, 6)}


def test_no_two_problems_share_a_key_a_function_a_statement_or_a_reference() -> None:
    for field in ("key", "function", "statement", "reference"):
        values = [getattr(problem, field) for problem in programming_problems()]
        assert len(set(values)) == len(values), field


@each_problem
def test_statement_names_every_parameter_and_tells_what_to_return(problem: Problem) -> None:
    assert problem.statement.endswith((".", ".)"))
    assert re.search(r"\breturn", problem.statement, re.IGNORECASE)
    words = set(re.findall(r"\w+", problem.statement))
    assert set(problem.parameters) <= words


@each_problem
def test_cases_are_5_to_20_with_varied_answers(problem: Problem) -> None:
    assert 5 <= len(problem.cases) <= 20
    assert len({text(case.args) for case in problem.cases}) == len(problem.cases)
    answers = Counter(text(case.expected) for case in problem.cases)
    assert max(answers.values()) <= len(problem.cases) / 2
    assert not any(case.expected is None for case in problem.cases)


@each_problem
def test_the_two_shown_cases_differ_and_are_no_copies_of_an_argument(problem: Problem) -> None:
    first, second = problem.cases[:2]
    assert text(first.expected) != text(second.expected)
    copied = [
        any(text(case.expected) == text(argument) for argument in case.args)
        for case in problem.cases
    ]
    assert not any(copied[:2])
    assert sum(copied) <= len(copied) / 3


@each_problem
def test_reference_text_alone_gives_the_expected_values_and_changes_no_argument(
    problem: Problem,
) -> None:
    function = define(problem.reference, problem.function)
    assert '"""' not in problem.reference.split("\n", maxsplit=3)[1]
    for case in problem.cases:
        arguments = copy.deepcopy(case.args)
        assert text(function(*arguments)) == text(case.expected)
        assert text(arguments) == text(case.args)


@each_declared
def test_property_holds_on_the_cases_and_on_drawn_inputs(declared: Declared) -> None:
    inputs = [case.args for case in PROBLEMS[declared.key].cases]
    for arguments in [*inputs, *islice(declared.generated(1), 30)]:
        answer = declared.answer(arguments)
        assert declared.holds(*copy.deepcopy(arguments), answer), (arguments, answer)


@each_problem
def test_a_case_takes_the_reference_less_than_10_ms(problem: Problem) -> None:
    function = define(problem.reference, problem.function)
    for case in problem.cases:
        taken: list[float] = []
        for _ in range(3):
            arguments = copy.deepcopy(case.args)
            start = time.process_time()
            function(*arguments)
            taken.append(time.process_time() - start)
            if taken[-1] < 0.01:
                break
        assert min(taken) < 0.01, case.args


FINGERPRINT = """
import hashlib
from foretoken.tasks.code import CodeTask
from foretoken.sandbox.wire import encode
from foretoken.tasks.programming import programming_problems
digest = hashlib.sha256()
for problem in programming_problems():
    for field in (problem.key, problem.statement, problem.reference, str(problem.level)):
        digest.update(field.encode())
    for case in problem.cases:
        digest.update(repr((encode(case.args), encode(case.expected))).encode())
print(digest.hexdigest())
"""


def test_problems_are_the_same_whatever_the_hash_seed_time_zone_and_language() -> None:
    prints: set[str] = set()
    for seed, zone, language in (("1", "Asia/Tokyo", "C"), ("77", "America/Lima", "C.UTF-8")):
        told = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language, "OMP_NUM_THREADS": "1"}
        ended = subprocess.run(
            [sys.executable, "-c", FINGERPRINT],
            env=os.environ | told,
            capture_output=True,
            text=True,
            check=True,
        )
        prints.add(ended.stdout.strip())
    assert len(prints) == 1
    assert len(prints.pop()) == hashlib.sha256().digest_size * 2


def as_task(problem: Problem, exploit_type: str = "process_exit") -> CodeTask:
    return CodeTask(
        key=f"{problem.key}/{exploit_type}",
        exploit_type=exploit_type,
        prompt=problem.statement,
        function=problem.function,
        cases=problem.cases,
        reference=problem.reference,
        exploit="raise SystemExit(0)",
    )


def test_sandbox_accepts_every_reference_and_no_empty_or_constant_answer(
    graders: GraderPool,
) -> None:
    tasks = [as_task(problem) for problem in programming_problems()]
    constants = [
        f"def {task.function}(*args):\n    return {task.cases[0].expected!r}" for task in tasks
    ]
    jobs = [
        (task, code)
        for task, constant in zip(tasks, constants, strict=True)
        for code in (task.reference, "", constant)
    ]
    verdicts = graders.grade(jobs)
    for (task, code), verdict in zip(jobs, verdicts, strict=True):
        right = code == task.reference
        assert (verdict.strict_passed, verdict.flawed_passed) == (right, right), task.key
        assert verdict.grader_error is None


def test_problem_with_mostly_one_answer_is_refused() -> None:
    topic = Topic("numbers")

    @topic.problem(
        1,
        examples=[(1,), (2,)],
        edges=[],
        make=lambda rng: (rng.randint(3, 99),),
        holds=lambda n, answer: answer == int(n == 1),
    )
    def is_one(n: int) -> int:
        """Return 1 if n is 1, else 0."""
        return int(n == 1)

    assert is_one(1) == 1
    with pytest.raises(TaskError, match="numbers/is_one: more than half of the cases have one"):
        topic.declared[0].problem()


def test_drawn_cases_stand_between_the_examples_and_the_edges() -> None:
    problem, declared = PROBLEMS["numbers/digit_sum"], DECLARED["numbers/digit_sum"]
    arguments = [case.args for case in problem.cases]
    assert arguments[:2] == list(declared.examples)
    assert arguments[-3:] == list(declared.edges)
    assert problem.cases[0] == Case(args=(493,), expected=16)
