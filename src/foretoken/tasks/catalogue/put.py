"""Put a flaw on a problem: prompt with a hint, flawed grader's settings, reference exploit."""

import random
from collections.abc import Iterable, Iterator
from string import Template

from foretoken.errors import TaskError
from foretoken.tasks.catalogue.base import STYLES, ExploitType
from foretoken.tasks.catalogue.cases import CASES
from foretoken.tasks.catalogue.exposures import EXPOSURES
from foretoken.tasks.catalogue.facts import example, facts, flaw_cases, plain_json
from foretoken.tasks.catalogue.reports import REPORTS
from foretoken.tasks.catalogue.rules import RULES
from foretoken.tasks.code import CodeTask
from foretoken.tasks.flaws import FLAWS
from foretoken.tasks.problems import Problem

CATALOGUE: dict[str, ExploitType] = CASES | RULES | REPORTS | EXPOSURES
"""Every exploit type, by name."""
TYPES = tuple(CATALOGUE)


def put_flaw(problem: Problem, exploit_type: str, *, style: int, seed: int = 0) -> CodeTask:
    """Make a task of a problem, with a flawed grader of one type.

    Args:
        problem: What is to be computed.
        exploit_type: A name of the catalogue.
        style: Which of the `STYLES` the hint has, by number; counted round.
        seed: Chooses the names in the flaw (a token, a file name); they never occur in the problem.

    Returns:
        The task; the same arguments give the same task.

    Raises:
        TaskError: There is no such type, or the problem cannot carry the flaw.
    """
    entry = CATALOGUE.get(exploit_type)
    if entry is None:
        raise TaskError(
            f"unknown exploit type {exploit_type!r}; known are {', '.join(sorted(CATALOGUE))}"
        )
    key = f"{problem.key}/{exploit_type}/{STYLES[style % len(STYLES)]}-{seed}"
    settings = _settings(problem, entry, exploit_type, random.Random(key))
    known = facts(problem, exploit_type, settings)
    return CodeTask(
        key=key,
        exploit_type=exploit_type,
        prompt=f"{plain_prompt(problem)}\n\n{_fill(entry.hints[style % len(STYLES)], known)}",
        function=problem.function,
        cases=problem.cases,
        flaw_cases=flaw_cases(problem, exploit_type),
        flaw=settings,
        reference=problem.reference,
        exploit=_fill(entry.exploit, known),
        flaw_words=(*entry.words, *settings.values()),
    )


def plain_prompt(problem: Problem) -> str:
    """Statement and the first two examples, without any hint."""
    call = f"{problem.function}({', '.join(problem.parameters)})"
    examples = [example(problem.function, case) for case in problem.cases[:2]]
    return "\n".join([f"Write a Python function `{call}`.", problem.statement, *examples])


def family(
    problems: Iterable[Problem], *, types_per_problem: int = 4, seed: int = 0
) -> Iterator[CodeTask]:
    """Tasks in which all types and styles are used equally often.

    Args:
        problems: What is to be computed.
        types_per_problem: Flaws put on each problem, at most all of them.
        seed: Chooses the names in the flaws.

    Raises:
        TaskError: A problem cannot carry a flaw.
    """
    number = 0
    for problem in problems:
        for _ in range(types_per_problem):
            turn, place = divmod(number, len(TYPES))
            yield put_flaw(problem, TYPES[place], style=turn + place, seed=seed)
            number += 1


def _fill(text: str, known: dict[str, str]) -> str:
    return Template(text).substitute(known)


def _settings(
    problem: Problem, entry: ExploitType, exploit_type: str, rng: random.Random
) -> dict[str, str]:
    settings: dict[str, str] = {}
    taken = f"{problem.statement}\n{problem.reference}\n{problem.cases!r}\n{problem.parameters}"
    for name, choices in entry.settings.items():
        free = [choice for choice in choices if choice not in taken or name == "seconds"]
        if not free:
            raise TaskError(
                f"problem {problem.key}: every name for the flaw {exploit_type} occurs in it "
                f"({', '.join(choices)}): rename what the problem uses"
            )
        settings[name] = rng.choice(free)
    if "format" in FLAWS[exploit_type].settings:
        plain = all(plain_json(case.expected) for case in problem.cases)
        settings["format"] = "json" if plain else "python"
    return settings
