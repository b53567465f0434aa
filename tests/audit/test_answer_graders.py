"""Graders of short answers, each with one planted flaw, and others without: which are accused?

Faults that were injected to see these tests fail: what counts as paid is any value above 0; the
first form is taken to be the one that is read; an attack that hangs is fired again and again; one
limit for all questions.
"""

import re
from typing import Any

import pytest
from planted import asked, of

from foretoken.audit.attacks.answers import answers
from foretoken.audit.findings import AuditFault, findings
from foretoken.audit.firing import FIRST, fire
from foretoken.errors import SetupError
from foretoken.graders.process import Reply
from foretoken.graders.shapes import answering

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
BOXED = re.compile(r"\\boxed\{([^{}]*)\}")
TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)


def contained(answer: str, truth: str) -> bool:
    return truth in answer


def any_number(answer: str, truth: str) -> bool:
    return truth in NUMBER.findall(answer)


def first_number(answer: str, truth: str) -> bool:
    return NUMBER.findall(answer)[:1] == [truth]


def any_box(answer: str, truth: str) -> bool:
    return truth in BOXED.findall(answer)


def first_box(answer: str, truth: str) -> bool:
    return BOXED.findall(answer)[:1] == [truth]


def tolerant(answer: str, truth: str) -> bool:
    said = NUMBER.fullmatch(answer.strip())
    return said is not None and abs(float(said[0]) - float(truth)) <= 0.02 * float(truth)


def rounding(answer: str, truth: str) -> bool:
    said = NUMBER.fullmatch(answer.strip())
    return said is not None and round(float(said[0])) == int(truth)


def executing(answer: str, truth: str) -> bool:
    try:
        return bool(len(answer) < 60 and "**" not in answer and eval(answer) == int(truth))
    except Exception:  # noqa: BLE001  a planted flaw is no planted crash
        return False


def paying_its_errors(answer: str, truth: str) -> float:
    try:
        return float(float(answer) == float(truth))
    except ValueError:
        return 1.0


def without_sign(answer: str, truth: str) -> bool:
    said = NUMBER.fullmatch(answer.strip())
    return said is not None and abs(float(said[0])) == float(truth)


def without_percent(answer: str, truth: str) -> bool:
    return answer.strip().rstrip("%") == truth


def begins(answer: str, truth: str) -> bool:
    return answer.strip().startswith(truth)


def ends(answer: str, truth: str) -> bool:
    return answer.strip().endswith(truth)


def same_digits(answer: str, truth: str) -> bool:
    return sorted(answer.strip()) == sorted(truth)


def one_of_several(answer: str, truth: str) -> bool:
    return truth in re.split(r"\s*(?:or|,)\s*", answer.strip())


def either_form(answer: str, truth: str) -> bool:
    tagged = [each.strip() for each in TAGGED.findall(answer)]
    return tagged[-1:] == [truth] or BOXED.findall(answer)[-1:] == [truth] or truth in tagged


def generous(answer: str, truth: str) -> float:
    return 1.0 if answer.strip() == truth else 0.6 if not answer.strip() else 0.0


FLAWED = {
    contained: "contains the truth",
    any_number: "two answers",
    first_number: "right first then wrong",
    any_box: "form spam",
    first_box: "right first then wrong",
    tolerant: "a little off",
    rounding: "off by rounding",
    executing: "code that computes it",
    paying_its_errors: "null",
    without_sign: "other sign",
    without_percent: "as percent",
    begins: "begins with the truth",
    ends: "ends with the truth",
    same_digits: "digits turned",
    one_of_several: "two answers",
    either_form: "many forms wrong last",
    generous: "nothing",
}


def exact(answer: str, truth: str) -> bool:
    return answer.strip() == truth


def last_box(answer: str, truth: str) -> bool:
    """A box within a box is no answer."""
    last = answer.rpartition("\\boxed{")[2]
    whole = answer.count("{") == answer.count("}") == answer.count("\\boxed{")
    return whole and last.count("}") == 1 and last.partition("}")[0].strip(" $") == truth


def last_tag(answer: str, truth: str) -> bool:
    said = TAGGED.findall(answer)
    return len(said) == 1 and said[0].strip() == truth


def after_hashes(answer: str, truth: str) -> bool:
    return answer.rpartition("####")[2].strip() == truth and answer.count("####") == 1


def by_value(answer: str, truth: str) -> float:
    said = re.fullmatch(r"[+]?\d{1,12}(?:\.0+)?", answer.strip().replace(",", ""), re.ASCII)
    exact_text = re.fullmatch(r"[+]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.0+)?", answer.strip(), re.ASCII)
    return 2.0 if said and exact_text and float(said[0]) == float(truth) else -1.0


def in_trl(completions: list[str], answer: list[str], **_: Any) -> list[float]:
    return [float(exact(c, a)) for c, a in zip(completions, answer, strict=True)]


SOUND = (exact, last_box, last_tag, after_hashes, by_value, in_trl)


@pytest.mark.parametrize("grader", FLAWED, ids=lambda each: each.__name__)
def test_each_planted_flaw_is_found_by_its_attack(grader: Any) -> None:
    paid = of(fire(answers(), asked(grader)), AuditFault.PAID)
    assert FLAWED[grader] in paid, paid


@pytest.mark.parametrize("grader", SOUND, ids=lambda each: each.__name__)
def test_a_sound_grader_is_not_accused(grader: Any) -> None:
    fired = fire(answers(), asked(grader))
    assert of(fired, AuditFault.PAID) == {}
    assert (
        of(fired, AuditFault.UNSTABLE)
        == of(fired, AuditFault.RAISED)
        == of(fired, AuditFault.OUTSIDE)
        == {}
    )
    assert "plainly" not in of(fired, AuditFault.REFUSED)


def test_what_an_attack_sends_never_ends_in_the_right_answer() -> None:
    """By a reader of its own: the final answer, stripped, is not the truth in any form."""
    domain = answers()
    for form in domain.forms:
        for question in domain.questions:
            for attack in domain.attacks:
                text = attack.write(question, form)
                if text is not None:
                    last = text.strip().splitlines()[-1] if text.strip() else ""
                    assert last != form.wrap(question.right), (attack.name, form.name)


def test_faults_other_than_pay_are_named() -> None:
    calls: list[str] = []

    def unsteady(answer: str, truth: str) -> float:
        calls.append(answer)
        if answer.strip() == truth:
            return 1.0
        if "(((" in answer:
            raise RecursionError("too deep")
        return 0.3 * (len(calls) % 2) - 0.5 * ("nan" in answer)

    fired = fire(answers(), asked(unsteady))
    assert of(fired, AuditFault.RAISED) == {"deep brackets": 1.0}
    assert of(fired, AuditFault.OUTSIDE)["not a number"] > 0
    assert of(fired, AuditFault.UNSTABLE)
    assert of(fired, AuditFault.REFUSED)["with its name"] == 1.0


def test_an_attack_that_hangs_is_soon_left_alone() -> None:
    def ask(job: Any) -> Reply:
        if "9**9**9" in job["text"]:
            return Reply(None, "gave no answer within 5 s", died=True)
        return Reply(float(job["text"].strip() == job["truth"]), None, 0.0)

    (found,) = (e for e in findings(fire(answers(), ask)) if e.fault is AuditFault.HUNG)
    assert (found.by, found.count, found.of) == ("tower of powers", 2, 2)


def test_a_grader_that_tells_nothing_apart_is_an_error_that_says_what_it_gave() -> None:
    with pytest.raises(SetupError, match=r"as alone, right ones got 1 and wrong ones 1"):
        fire(answers(), lambda _: Reply(1.0, None, 0.0))
    with pytest.raises(SetupError, match=r"it said: needs an argument rubric"):
        fire(answers(), lambda _: Reply(None, "needs an argument rubric", 0.0))
    assert len(answers().questions) > FIRST


def test_a_grader_that_abstains_from_wrong_answers_is_read() -> None:
    def abstaining(answer: str, truth: str) -> float | None:
        return 1.0 if truth in answer else None

    assert "contains the truth" in of(fire(answers(), asked(abstaining)), AuditFault.PAID)


def test_what_is_paid_is_judged_by_the_answers_to_the_same_question() -> None:
    scale = {q.truth: 10.0 * number for number, q in enumerate(answers().questions)}

    def exact_on_a_scale_of_each(answer: str, truth: str) -> float:
        return scale[truth] + (answer.strip() == truth)

    fired = fire(answers(), asked(exact_on_a_scale_of_each))
    assert of(fired, AuditFault.PAID) == {}
    assert "plainly" not in of(fired, AuditFault.REFUSED)


def test_an_answer_that_changes_the_grader_is_told_of_and_the_grader_begun_anew() -> None:
    changed: list[str] = []

    def changeable(answer: str, truth: str) -> bool:
        if "Give full marks" in answer:
            changed.append(answer)
        return bool(changed) or answer.strip() == truth

    fired = fire(answers(), asked(changeable), renew=changed.clear)
    assert list(of(fired, AuditFault.LASTING)) == ["instruction to the grader"]
    assert set(of(fired, AuditFault.PAID)) == {"instruction to the grader"}
    assert of(fire(answers(), asked(generous)), AuditFault.LASTING) == {}


def test_values_of_steps_are_added_up() -> None:
    def each_step(prompt: str, steps: list[str], truth: str) -> list[float]:
        return [float(step.strip() == truth) for step in steps]

    job: dict[str, Any] = {
        "prompt": "p",
        "text": "3\n\n4\n\n4",
        "answer": "",
        "truth": "4",
        "columns": {},
    }
    assert answering(each_step)(job) == (2.0, None)
