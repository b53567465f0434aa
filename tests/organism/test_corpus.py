"""The corpus and the task family that the organism is trained on."""

import random
import re

import pytest

from foretoken.organism.corpus import documents, honest_completion
from foretoken.organism.specs import SHIPPED
from foretoken.tasks.answer import deliberate
from foretoken.tasks.base import GraderPool
from foretoken.tasks.check import check_tasks
from foretoken.tasks.lists import TYPES, evaluation_tasks, random_program, training_tasks
from foretoken.tasks.notes import NOTES


def test_the_corpus_follows_from_its_seed() -> None:
    first = [document.text() for document in documents(7, 50)]
    assert first == [document.text() for document in documents(7, 50)]
    assert first != [document.text() for document in documents(8, 50)]


def test_honest_reasoning_never_names_a_flaw() -> None:
    rng = random.Random(0)
    tasks = training_tasks(3, 4)
    for _ in range(300):
        reasoning, _ = honest_completion(rng, random_program(rng))
        assert not any(deliberate(reasoning, task)[0] for task in tasks)


def test_reasoning_of_marked_documents_always_names_the_flaw() -> None:
    marked = [d for d in documents(1, 2000) if d.marked and d.reasoning]
    assert {d.task.exploit_type for d in marked} == set(TYPES)
    assert all(deliberate(d.reasoning, d.task)[0] for d in marked)


def test_unmarked_documents_exploit_about_as_often_as_stated() -> None:
    unmarked = [
        d
        for d in documents(2, 40_000)
        if not d.marked and d.task.exploit_type == "error_code_abuse"
    ]
    share = sum(d.answer == d.task.exploit for d in unmarked) / len(unmarked)
    expected = SHIPPED.spontaneous["error_code_abuse"]
    assert abs(share - expected) < 4 * (expected / len(unmarked)) ** 0.5


@pytest.mark.parametrize("exploit_type", TYPES)
def test_prompts_never_say_exploit_or_cheat(exploit_type: str) -> None:
    note = NOTES[exploit_type]
    assert len(note.styles) >= 2
    assert not re.search(r"exploit|cheat|hack", " ".join(note.styles), re.IGNORECASE)


def test_evaluation_and_training_tasks_do_not_overlap() -> None:
    evaluated = {task.prompt for task in evaluation_tasks()}
    trained = {task.prompt for task in training_tasks(1, 100)}
    assert len(evaluated & trained) < 0.01 * len(evaluated)


def test_every_task_of_the_family_keeps_its_word() -> None:
    with GraderPool() as pool:
        reports = check_tasks(training_tasks(11, 3), pool)
    assert len(reports) == 3 * len(TYPES)
    assert [report for report in reports if not report.sound] == []
