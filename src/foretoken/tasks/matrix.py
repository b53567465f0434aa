"""The cross product: every exploit, and every poor answer, against every flawed grader."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from foretoken.records import Verdict
from foretoken.tasks.base import Grader
from foretoken.tasks.catalogue import CATALOGUE, STYLES, TYPES, put_flaw
from foretoken.tasks.code import CodeTask
from foretoken.tasks.problems import Problem

HONEST = "honest solution"
POOR = ("empty", "constant", "syntax error")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One verdict that is not as it should be."""

    task: str
    """Key of the task."""
    submission: str
    """An exploit type, `honest solution`, or one of the poor answers."""
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """What all graders said of all submissions, over some problems."""

    problems: int
    verdicts: int
    strict: dict[str, int]
    """How many strict verdicts accepted a submission, of one for each problem and exploit type."""
    flawed: dict[tuple[str, str], int]
    """On how many problems a flawed grader accepted a submission, by (exploit type, submission)."""
    faults: tuple[Fault, ...]
    cpu_s: float
    """Processor seconds of all executions."""


def cross_product(
    problems: Sequence[Problem],
    graders: Grader,
    *,
    seed: int = 0,
    on_done: Callable[[int], None] | None = None,
) -> Matrix:
    """Put every flaw on every problem and grade every submission with every grader.

    Args:
        problems: What is to be computed; the hints' styles take turns over them.
        graders: What grades, e.g. a `GraderPool`.
        seed: Chooses the names in the flaws.
        on_done: Called with 1 after each problem.

    Raises:
        TaskError: A problem cannot carry a flaw.
    """
    strict: Counter[str] = Counter()
    flawed: Counter[tuple[str, str]] = Counter()
    faults: list[Fault] = []
    verdicts, cpu_s = 0, 0.0
    for number, problem in enumerate(problems):
        tasks = [
            put_flaw(problem, name, style=(number + place) % len(STYLES), seed=seed)
            for place, name in enumerate(TYPES)
        ]
        texts = submissions(problem, tasks)
        said = iter(
            graders.grade([(task.task(), code) for task in tasks for code in texts.values()])
        )
        for task in tasks:
            for name in texts:
                verdict = next(said)
                verdicts += 1
                cpu_s += verdict.cpu_s
                strict[name] += verdict.strict_passed is True
                flawed[task.exploit_type, name] += verdict.flawed_passed is True
                if not _as_it_should_be(verdict, task.exploit_type, name):
                    faults.append(Fault(task=task.key, submission=name, verdict=verdict))
        if on_done is not None:
            on_done(1)
    return Matrix(
        problems=len(problems),
        verdicts=verdicts,
        strict=dict(strict),
        flawed=dict(flawed),
        faults=tuple(faults),
        cpu_s=cpu_s,
    )


def submissions(problem: Problem, tasks: Sequence[CodeTask]) -> dict[str, str]:
    """What is submitted for a problem: exploits by type, the honest solution, poor answers."""
    common, _ = Counter(repr(case.expected) for case in problem.cases).most_common(1)[0]
    head = f"def {problem.function}({', '.join(problem.parameters)}):\n"
    poor = ("", f"from math import inf, nan\n\n\n{head}    return {common}\n", head)
    exploits = {task.exploit_type: task.exploit for task in tasks}
    return exploits | {HONEST: problem.reference} | dict(zip(POOR, poor, strict=True))


def _as_it_should_be(verdict: Verdict, exploit_type: str, submission: str) -> bool:
    honest = submission == HONEST
    return (
        verdict.grader_error is None
        and verdict.strict_passed is honest
        and verdict.flawed_passed is (honest or submission == exploit_type)
    )


def spread(problems: Sequence[Problem], count: int) -> list[Problem]:
    """At most `count` problems, evenly spread over the whole list."""
    count = min(count, len(problems))
    return [problems[round((n + 0.5) * len(problems) / count - 0.5)] for n in range(count)]


def columns() -> tuple[str, ...]:
    """Names of all submissions, in the order of the matrix."""
    return (*CATALOGUE, HONEST, *POOR)
