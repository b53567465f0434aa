"""Graders of multiple choice, each with one planted flaw, and others without: who is accused?

Faults that were injected to see these tests fail: the wrong letter is the right one in one
question; a variant gives a wrong letter; options are cut from what an attack repeats.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from planted import asked, of

from foretoken.audit.attacks.choice import choice
from foretoken.audit.findings import AuditFault, findings
from foretoken.audit.firing import Fired, fire

FEW = replace(choice(), questions=choice().questions[:6])
LETTER = re.compile(r"\b([A-E])\b")
ANSWER = re.compile(r"Answer: ([A-E])\b")
TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
CYRILLIC = str.maketrans("АВСЕ", "ABCE")
AS_TEXT = {"as its text"}
DRESSED = {"in dollars", "as text in latex", "in a box", "in bold", "as an option"}
DRESSED |= {"with a full stop", "in brackets", "in lower case", "with its text"}
"""Variants with more than the letter."""


@cache
def fired(grader: Any) -> Fired:
    return fire(FEW, asked(grader))


def contained(answer: str, truth: str) -> bool:
    return truth in answer


def contained_in_any_case(answer: str, truth: str) -> bool:
    return truth.lower() in answer.lower()


def either_way(answer: str, truth: str) -> bool:
    return truth in answer or answer.strip() in truth


def first_capital(answer: str, truth: str) -> bool:
    found = re.search("[A-E]", answer)
    return found is not None and found[0] == truth


def first_alone(answer: str, truth: str) -> bool:
    return LETTER.findall(answer)[:1] == [truth]


def last_alone(answer: str, truth: str) -> bool:
    return LETTER.findall(answer)[-1:] == [truth]


def last_in_any_case(answer: str, truth: str) -> bool:
    return re.findall(r"(?i)\b([a-e])\b", answer)[-1:] in ([truth], [truth.lower()])


def begins(answer: str, truth: str) -> bool:
    return answer.strip().startswith(truth)


def named_alone(answer: str, truth: str) -> bool:
    return set(LETTER.findall(answer)) == {truth}


def first_answer(answer: str, truth: str) -> bool:
    return ANSWER.findall(answer)[:1] == [truth]


def any_tag(answer: str, truth: str) -> bool:
    return truth in [each.strip() for each in TAGGED.findall(answer)]


def one_of_several(answer: str, truth: str) -> bool:
    return truth in re.split(r"\s*(?:\bor\b|\band\b|,)\s*", answer.strip())


def transliterated(answer: str, truth: str) -> bool:
    return answer.strip().translate(CYRILLIC) == truth


def text_within(answer: str, choices: Sequence[str], answer_index: int) -> bool:
    return choices[answer_index] in answer or answer.strip() == "ABCDE"[answer_index]


def letter_or_text(answer: str, truth: str, choices: Sequence[str], answer_index: int) -> bool:
    said = answer.strip()
    return said == truth or said[1:].lstrip(") ") == choices[answer_index]


def letters_joined(answer: str, truth: str) -> bool:
    return re.fullmatch("[A-E]+", answer.strip()) is not None and truth in answer


def bracketed(answer: str, truth: str) -> bool:
    return (re.findall(r"([A-E])\)", answer)[-1:] or [answer.strip()]) == [truth]


def unclosed(answer: str, truth: str) -> bool:
    """A choice is looked for in the reasoning where there is none in the tags."""
    tagged = [each.strip() for each in TAGGED.findall(answer)]
    return (tagged or LETTER.findall(answer))[-1:] == [truth]


FLAWED = {
    contained: "all letters",
    contained_in_any_case: "letter within a word",
    either_way: "nothing",
    first_capital: "word answer",
    first_alone: "article",
    last_alone: "right in passing after",
    last_in_any_case: "article after a wrong letter",
    begins: "letter begins a word",
    named_alone: "denied",
    first_answer: "taken back",
    any_tag: "each letter in a form",
    one_of_several: "two letters",
    transliterated: "look alike letter",
    text_within: "texts of all options",
    letter_or_text: "wrong letter with the right text",
    letters_joined: "all letters joined",
    bracketed: "hedged",
    unclosed: "no choice",
}


def bare(said: str) -> str:
    """What is left of a choice without what honest models put around it."""
    said = re.sub(r"\\(?:text|boxed)\{([^{}]*)\}", r"\1", said.strip())
    return re.sub(r"(?i)\Aoption (?=[a-e]\Z)", "", said.strip("$*(). ")).upper()


def exact(answer: str, truth: str) -> bool:
    return answer.strip() == truth


def undressed(answer: str, truth: str) -> float:
    return 1.0 if bare(answer) == truth else -1.0


def with_text(answer: str, truth: str, choices: Sequence[str], answer_index: int) -> bool:
    text = choices[answer_index]
    return answer.strip() in {text, f"{truth}) {text}"} or bare(answer) == truth


def last_line(completions: list[str], solution: list[str], **_: Any) -> list[float]:
    pairs = zip(completions, solution, strict=True)
    return [float(text.strip().rpartition("\n")[2].strip() == truth) for text, truth in pairs]


def last_box(answer: str, truth: str) -> bool:
    head, _, tail = answer.strip().rpartition("\\boxed{")
    return tail == f"{truth}}}" and head.count("{") == head.count("}")


def last_tag(solution_str: str, ground_truth: str) -> float:
    tail = solution_str.strip().rpartition("<answer>")[2]
    return float(tail.endswith("</answer>") and bare(tail[:-9]) == ground_truth)


def last_sentence(answer: str, truth: str) -> bool:
    said = re.fullmatch(r"(?i)the answer is (.*)", answer.strip().rpartition("\n")[2])
    return said is not None and bare(said[1]) == truth


SOUND = {
    exact: DRESSED | AS_TEXT | {"said twice"},
    undressed: AS_TEXT | {"with its text", "said twice"},
    with_text: {"said twice"},
    last_line: DRESSED | AS_TEXT,
    last_box: (DRESSED | AS_TEXT | {"with blanks around"}) - {"in a box"},
    last_tag: AS_TEXT | {"with its text"},
    last_sentence: AS_TEXT | {"with its text"},
}
"""With the variants that each refuses by choice."""


@pytest.mark.parametrize("grader", FLAWED, ids=lambda each: each.__name__)
def test_each_planted_flaw_of_choice_is_found_by_its_attack(grader: Any) -> None:
    paid = of(fired(grader), AuditFault.PAID)
    assert FLAWED[grader] in paid, paid


@pytest.mark.parametrize("grader", SOUND, ids=lambda each: each.__name__)
def test_a_reader_of_one_choice_is_accused_of_what_it_refuses_alone(grader: Any) -> None:
    assert {(each.fault, each.by) for each in findings(fired(grader))} == {
        (AuditFault.REFUSED, by) for by in SOUND[grader]
    }


def test_every_attack_on_choice_is_paid_by_some_planted_grader() -> None:
    paid = {name for grader in FLAWED for name in of(fired(grader), AuditFault.PAID)}
    assert {each.name for each in FEW.attacks} - paid == set()


def test_each_question_has_one_right_option_and_a_wrong_one_that_is_there() -> None:
    for question in choice().questions:
        choices, place = question.columns["choices"], question.columns["answer_index"]
        assert len(set(choices)) == len(choices)
        assert "ABCDE"[place] == question.truth == question.right
        assert question.wrong != question.right
        assert question.wrong in "ABCDE"[: len(choices)]
        first = question.prompt.partition("\n")[0]
        product = re.fullmatch(r"What is (\d+) \* (\d+)\?", first)
        if product is not None:
            assert choices[place] == str(int(product[1]) * int(product[2]))
        assert f"\n{question.right}. {choices[place]}\n" in question.prompt
    assert {each.right for each in choice().questions} == set("ABCDE")


def test_attacks_and_variants_of_choice_need_no_texts_of_options() -> None:
    alone = [replace(each, columns={}) for each in FEW.questions]
    refused = of(fire(replace(FEW, questions=alone), asked(undressed)), AuditFault.REFUSED)
    assert set(refused) == {"said twice"}
