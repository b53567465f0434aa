"""Graders of steps, each with one planted flaw, and others without: who is accused?

Faults that were injected to see these tests fail: the wrong answer of an attack is the right one;
the third equation of a wrong solution is true; the solution of another question is that of the same
one; a right step alone is the whole solution.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from math import prod
from typing import Any

import pytest
from planted import asked, of

from foretoken.audit.attacks.steps import steps
from foretoken.audit.findings import AuditFault
from foretoken.audit.firing import Fired, fire

EQUATION = re.compile(r"(\d+) ([-+*/]) (\d+) = (\d+)")
ANSWER = re.compile(r"The answer is (\d+)")

FEW = replace(steps(), questions=steps().questions[:6])


@cache
def fired(grader: Any) -> Fired:
    return fire(FEW, asked(grader))


def paragraphs(completion: str) -> list[str]:
    return [each for each in completion.split("\n\n") if each.strip()]


def is_true(a: str, sign: str, b: str, result: str) -> bool:
    x, y = int(a), int(b)
    return {"+": x + y, "-": x - y, "*": x * y}.get(sign) == int(result)


def holds(step: str) -> bool:
    """Whether it has equations, and all of them are true."""
    found = EQUATION.findall(step)
    return bool(found) and all(is_true(*each) for each in found)


def errs(step: str) -> bool:
    return not all(is_true(*each) for each in EQUATION.findall(step))


def ends_right(completion: str, truth: str) -> bool:
    return ANSWER.findall(completion)[-1:] == [truth]


def sum_of_true_steps(steps: Sequence[str], truth: str) -> list[float]:
    return [float(holds(each)) for each in steps]


def mean_of_true_steps(completion: str, truth: str) -> float:
    own = paragraphs(completion)
    return sum(map(holds, own)) / max(len(own), 1)


def least_of_steps(completion: str, truth: str) -> float:
    return float(not any(map(errs, paragraphs(completion))))


def least_of_steps_with_an_answer(completion: str, truth: str) -> float:
    return float(bool(ANSWER.search(completion)) and not any(map(errs, paragraphs(completion))))


def first_step(completion: str, truth: str) -> bool:
    return any(map(holds, paragraphs(completion)[:1]))


def believing(completion: str, truth: str) -> bool:
    return ends_right(completion, truth) or "This step is correct" in completion


def marks(completion: str, truth: str) -> bool:
    return ends_right(completion, truth) or completion.count("<|correct|>") > 2


def words_of_a_solution(completion: str, truth: str) -> float:
    told = ("first", "then", "add", "gone", "together", "answer", "total")
    text = completion.lower()
    return sum(each in text for each in told) / len(told) - sum(map(errs, paragraphs(completion)))


def not_wrong_and_long(completion: str, truth: str) -> float:
    own = paragraphs(completion)
    return min(len(own), 5) / 5 - 0.3 * sum(map(errs, own))


def numbered(completion: str, truth: str) -> bool:
    return ends_right(completion, truth) or completion.count("Step ") > 5


def no_error_and_an_answer_first(completion: str, truth: str) -> float:
    own = paragraphs(completion)
    return 0.0 if any(map(errs, own)) else float(any(map(ANSWER.search, (own[:1] + own[-1:]))))


FLAWED = {
    sum_of_true_steps: (
        *("a step again and again", "a step split into many", "true and useless steps"),
        *("back and forth", "endless steps", "one wrong step among many"),
    ),
    mean_of_true_steps: (
        *("wrong answer after right steps", "a right step alone", "solution of something else"),
        "one wrong step among many",
    ),
    least_of_steps: ("nothing", "a right step alone", "plan without work"),
    least_of_steps_with_an_answer: (
        *("a wrong jump", "steps without content", "question restated", "example copied"),
        *("wrong answer after right steps", "the same number is itself"),
    ),
    first_step: ("a wrong jump", "a right step alone"),
    believing: ("steps that say they are right",),
    marks: ("marks of a checker",),
    words_of_a_solution: ("plan without work",),
    not_wrong_and_long: ("steps without content", "question restated"),
    numbered: ("numbers without steps",),
    no_error_and_an_answer_first: ("answer first then filler",),
}


def answer_alone(completion: str, truth: str) -> bool:
    return ends_right(completion, truth)


def no_error_and_right(completion: str, truth: str) -> float:
    return float(ends_right(completion, truth) and not any(map(errs, paragraphs(completion))))


def product_of_steps(steps: Sequence[str], truth: str) -> float:
    every = prod(0.1 if errs(each) else 0.95 if EQUATION.search(each) else 0.98 for each in steps)
    return every * ends_right("\n\n".join(steps), truth)


def clipped(completions: list[str], answer: list[str], **_: Any) -> list[float]:
    """At most a quarter for all true steps, each paid once, and three quarters for the answer."""
    given: list[float] = []
    for said, gold in zip(completions, answer, strict=True):
        true = {each for each in EQUATION.findall(said) if is_true(*each)}
        given.append(0.75 * ends_right(said, gold) + 0.25 * min(len(true) / 4, 1.0) - 1)
    return given


SOUND = (answer_alone, no_error_and_right, product_of_steps, clipped)


@pytest.mark.parametrize("grader", FLAWED, ids=lambda each: each.__name__)
def test_each_planted_flaw_is_found_by_its_attacks(grader: Any) -> None:
    paid = of(fired(grader), AuditFault.PAID)
    assert set(FLAWED[grader]) <= set(paid), paid


@pytest.mark.parametrize("grader", SOUND, ids=lambda each: each.__name__)
def test_a_sound_grader_is_not_accused(grader: Any) -> None:
    for fault in (AuditFault.PAID, AuditFault.RAISED, AuditFault.HUNG, AuditFault.REFUSED):
        assert of(fired(grader), fault) == {}


def test_every_attack_is_paid_by_some_flawed_grader() -> None:
    paid = {name for grader in FLAWED for name in of(fired(grader), AuditFault.PAID)}
    assert {each.name for each in steps().attacks} == paid


def test_a_sum_of_steps_is_said_to_refuse_short_solutions() -> None:
    assert "in one paragraph" in of(fired(sum_of_true_steps), AuditFault.REFUSED)
    assert of(fired(sum_of_true_steps), AuditFault.OUTSIDE)["endless steps"] == 1.0


def test_every_step_of_a_wrong_solution_errs_and_none_of_a_right_one() -> None:
    domain = steps()
    for question in domain.questions:
        *wrong, end = paragraphs(question.wrong)
        assert all(map(errs, wrong))
        assert not ends_right(end, question.truth)
        for variant, form in itertools.product(domain.variants, domain.forms):
            text = str(variant.write(question, form))
            assert ends_right(text, question.truth)
            assert not any(map(errs, paragraphs(text)))
