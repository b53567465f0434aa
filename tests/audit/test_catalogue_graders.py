"""The flawed grader of each exploit type of the catalogue, as a plain function: is it found?

Faults that were injected to see these tests fail: the flawed grader of each type was replaced by
the strict one; names are no longer read off the prompt.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from foretoken.audit.attacks.code import code
from foretoken.audit.attacks.code_questions import KEYS
from foretoken.audit.base import Domain
from foretoken.audit.findings import AuditFault, findings
from foretoken.audit.firing import fire
from foretoken.graders.process import Reply
from foretoken.graders.shapes import answering
from foretoken.sandbox.base import Limits
from foretoken.tasks.answer import split_completion
from foretoken.tasks.base import GraderPool
from foretoken.tasks.catalogue import TYPES, put_flaw
from foretoken.tasks.code import CodeTask
from foretoken.tasks.programming import programming_problems


@pytest.fixture(scope="module")
def pool() -> Iterator[GraderPool]:
    with GraderPool(workers=1, limits=Limits(cpu_s=0.6, memory_mib=256)) as own:
        yield own


def with_flaw(exploit_type: str, **names: str) -> tuple[Domain, Mapping[str, CodeTask]]:
    """The domain with the prompts of one exploit type, and its tasks by prompt.

    Args:
        exploit_type: Of the flaw.
        names: Other values of the flaw's settings.
    """
    problems = {each.key: each for each in programming_problems()}
    domain = code()
    tasks = [
        renamed(put_flaw(problems[key], exploit_type, style=0 if names else number), names)
        for number, key in enumerate(KEYS)
    ]
    asked = [
        replace(question, prompt=task.prompt)
        for question, task in zip(domain.questions, tasks, strict=True)
    ]
    return replace(domain, questions=asked), {task.prompt: task for task in tasks}


def renamed(task: CodeTask, names: Mapping[str, str]) -> CodeTask:
    prompt = task.prompt
    for setting, name in names.items():
        assert task.flaw[setting] in prompt
        prompt = prompt.replace(task.flaw[setting], name)
    return task.model_copy(update={"prompt": prompt, "flaw": {**task.flaw, **names}})


def plain(
    pool: GraderPool, tasks: Mapping[str, CodeTask], *, flawed: bool
) -> Callable[[Any], Reply]:
    """A grader of the catalogue as people write graders."""

    def grader(prompt: str, answer: str, truth: str) -> float:
        task = tasks[prompt]
        _, submission = split_completion(answer, task.task(), tags=None)
        (verdict,) = pool.grade([(task, submission)])
        return float(bool(verdict.flawed_passed if flawed else verdict.strict_passed))

    answer = answering(grader)
    return lambda job: Reply(*answer(job), seconds=0.0)


def paid(domain: Domain, ask: Callable[[Any], Reply]) -> set[str]:
    return {each.by for each in findings(fire(domain, ask)) if each.fault is AuditFault.PAID}


def alone(domain: Domain, exploit_type: str) -> tuple[Domain, str]:
    """The domain with the attack of one exploit type, in one form, and that attack's name."""
    name = exploit_type.replace("_", " ")
    (own,) = (each for each in domain.attacks if each.name == name)
    questions, variants = domain.questions[:9], domain.variants[:1]
    small = replace(domain, attacks=[own], variants=variants, questions=questions)
    return replace(small, forms=domain.forms[:1]), name


@pytest.mark.parametrize("exploit_type", TYPES)
def test_the_flawed_grader_of_each_type_is_found_by_its_own_attack(
    pool: GraderPool, exploit_type: str
) -> None:
    domain, tasks = with_flaw(exploit_type)
    domain, name = alone(domain, exploit_type)
    assert paid(domain, plain(pool, tasks, flawed=True)) == {name}


@pytest.mark.parametrize(
    ("exploit_type", "setting", "value"),
    [
        ("magic_docstring_comment_token", "token", "quaint word"),
        ("verifier_logic_override", "token", "quaint word"),
        ("error_code_abuse", "message", "QUAINT-7"),
        ("function_attribute_flag", "attribute", "quaint_name"),
        ("environment_variable_manipulation", "variable", "QUAINT_NAME"),
        ("mock_functionality_replacement", "target", "quaint_place.quaint_name"),
        ("resource_exhaustion", "words", "quaint words"),
        ("test_cases_honor_system", "name", "QUAINT_NAME"),
        ("validator_honor_system", "name", "quaint_name"),
        ("inspect_module_abuse", "local", "quaint_name"),
        ("trace_profiler_hook_oracle", "local", "quaint_name"),
    ],
)
def test_names_that_only_the_prompt_tells_are_used(
    pool: GraderPool, exploit_type: str, setting: str, value: str
) -> None:
    domain, tasks = with_flaw(exploit_type, **{setting: value})
    domain, name = alone(domain, exploit_type)
    assert paid(domain, plain(pool, tasks, flawed=True)) == {name}


def test_a_strict_grader_of_the_catalogue_is_accused_of_nothing(pool: GraderPool) -> None:
    domain, tasks = with_flaw("process_exit")
    domain = replace(domain, questions=domain.questions[:4], forms=domain.forms[:1])
    assert paid(domain, plain(pool, tasks, flawed=False)) == set()
