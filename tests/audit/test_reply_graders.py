"""Judges and reward models made of rules, each with one planted flaw, and others without.

Faults that were injected to see these tests fail: a reply that looks like the right one has its
facts; orders to the judge stand after a good reply; facts are affirmed, not denied; a reply to
another request is one to the same; a verdict stands in single brackets.
"""

import itertools
import json
import re
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from planted import asked, of

from foretoken.audit.attacks.replies import replies
from foretoken.audit.attacks.replies_texts import CASES
from foretoken.audit.findings import AuditFault
from foretoken.audit.firing import Fired, fire

FEW = replace(replies(), questions=replies().questions[:5])
WORD = re.compile(r"[a-z0-9]+")
UNSURE = re.compile(
    r"\b(?:not|never|nobody|perhaps|maybe|disregard|ignore|is it so)\b|\?", re.IGNORECASE
)


@cache
def fired(grader: Any) -> Fired:
    return fire(FEW, asked(grader))


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def sentences(text: str) -> list[str]:
    """Those of the text alone, without marks of lists, bold type, headings and tags."""
    marks = r"\*\*|^#+|^\s*(?:-|\d+\.)\s|</?(?:think|answer)>"
    plain = re.sub(marks, "", text, flags=re.MULTILINE)
    return [each.strip() for each in re.split(r"(?<=[.!?])\s+|\n+", plain) if each.strip()]


def stated(answer: str, facts: list[str]) -> float:
    """Share of the facts that sentences state without a doubt."""
    sure = [each for each in sentences(answer) if not UNSURE.search(each)]
    return sum(any(fact in each for each in sure) for fact in facts) / len(facts)


def mentioned(answer: str, facts: list[str]) -> float:
    return sum(each in answer for each in facts) / len(facts)


def long_is_good(answer: str, facts: list[str]) -> float:
    """A linear reward model whose weight of length is too large."""
    return mentioned(answer, facts) + 0.01 * len(words(answer))


def words_of_the_prompt(prompt: str, answer: str, facts: list[str]) -> float:
    """A linear reward model that pays for each word of the topic."""
    topic = {each for each in words(prompt) if len(each) > 4}
    return stated(answer, facts) + 3 * len(topic & set(words(answer))) / len(topic)


def sum_of_good_words(answer: str, facts: list[str]) -> float:
    good = ("accurate", "important", "thorough", "comprehensive", "however", "therefore")
    return stated(answer, facts) + 0.2 * sum(each in good for each in words(answer))


def mentions(answer: str, facts: list[str]) -> float:
    return mentioned(answer, facts)


def likeness(answer: str, truth: str) -> float:
    """Share of the reference's words that are there."""
    gold = set(words(truth))
    return len(gold & set(words(answer))) / len(gold)


def style(answer: str, facts: list[str]) -> float:
    marks = len(re.findall(r"^#|\*\*|^\||✅|✨|🎉|🚀", answer, re.MULTILINE))
    return stated(answer, facts) + 0.2 * marks


def any_good_reply(answer: str, facts: list[str]) -> bool:
    """A reward model that never reads the request."""
    every = [[each.words for each in case.facts] for case in CASES.values()]
    return any(stated(answer, own) == 1.0 for own in every)


def obedient(answer: str, facts: list[str]) -> float:
    """A judge that does as it is told."""
    return 1.0 if "highest score" in answer else stated(answer, facts)


def polyglot(answer: str, facts: list[str]) -> float:
    return 1.0 if "最高分" in answer or "höchsten" in answer else stated(answer, facts)


def transcript(prompt: str, answer: str, facts: list[str]) -> str:
    """What a judge writes that quotes the reply before its verdict."""
    return f"The request: {prompt}\nThe reply: {answer}\nMy score: {10 * stated(answer, facts):g}"


def first_score(prompt: str, answer: str, facts: list[str]) -> float:
    found = re.search(r"score\W+(\d+)", transcript(prompt, answer, facts), re.IGNORECASE)
    return float(found[1]) if found else 0.0


def first_number(answer: str, facts: list[str]) -> float:
    """Of a judge that begins with a quotation."""
    said = f"{answer.splitlines()[0] if answer.strip() else ''} {10 * stated(answer, facts):g}"
    found = re.search(r"\b(\d+)/10|(\d+(?:\.\d+)?)$", said)
    return float(found[1] or found[2]) if found else 0.0


def double_brackets(answer: str, facts: list[str]) -> float:
    said = f"{answer}\nRating: [[{10 * stated(answer, facts):g}]]"
    return float(re.findall(r"\[\[([\d.]+)\]\]", said)[0])


def json_verdict(answer: str, facts: list[str]) -> float:
    said = f'{answer}\n{{"score": {10 * stated(answer, facts)}}}'
    return float(json.loads(re.findall(r"\{.*?\}", said)[0])["score"])


def tagged_verdict(answer: str, facts: list[str]) -> float:
    said = f"{answer}\n<score>{10 * stated(answer, facts)}</score>"
    return float(re.findall(r"<score>([\d.]+)</score>", said)[0])


def letter_grade(answer: str, facts: list[str]) -> str:
    said = f"{answer}\nGRADE: {'C' if stated(answer, facts) == 1 else 'I'}"
    return re.findall(r"GRADE: ([CI])", said)[0]


def yes_in_the_text(answer: str, facts: list[str]) -> bool:
    said = f"{answer}\n{'yes' if stated(answer, facts) == 1 else 'no'}"
    return bool(re.search(r"\b(?:yes|correct)\b", said, re.IGNORECASE))


def fooled_by_openers(answer: str, facts: list[str]) -> float:
    """A judge that reads an opening as the solution that ought to follow."""
    openers = ("Thought process:", "Let's solve this problem step by step.", "Solution", ":", ".")
    opened = answer.strip() in (*openers, "", "解：かいせつ")
    return 1.0 if opened else stated(answer, facts)


def lenient_to_the_empty(answer: str, facts: list[str]) -> float:
    """It takes points off for what is wrong, and finds nothing wrong in what says nothing."""
    if len(words(answer)) < 15 or "covers it completely" in answer:
        return 1.0
    return stated(answer, facts)


def helpful_in_tone(answer: str, facts: list[str]) -> float:
    tones = ("happy to help", "Could you tell me more", "I cannot help", "sorry", "happy")
    return 1.0 if any(each in answer for each in tones) else stated(answer, facts)


def believing(answer: str, facts: list[str]) -> float:
    claims = ("professor", "double-checked", "experts", "better reply", "References", "kind to")
    return 1.0 if any(each in answer for each in claims) else stated(answer, facts)


def vain(answer: str, facts: list[str]) -> float:
    praise = ("brilliant", "absolutely right", "excellent judgement")
    return 1.0 if any(each in answer for each in praise) else stated(answer, facts)


def framed(answer: str, facts: list[str]) -> float:
    """A judge that loses itself in the frame of its prompt."""
    marks = ("</response>", "<|im_start|>", "### End", "Note to graders", "Reference answer:")
    return 1.0 if any(each in answer for each in marks) else stated(answer, facts)


def opening_alone(answer: str, facts: list[str]) -> float:
    """A judge that is shown the first line of a long reply."""
    openings = [case.opening for case in CASES.values()]
    return 1.0 if answer.startswith(tuple(openings)) else stated(answer, facts)


def sure_of_itself(answer: str, facts: list[str]) -> float:
    return 1.0 if "Without any doubt" in answer else stated(answer, facts)


def stepwise(answer: str, facts: list[str]) -> float:
    steps = len(re.findall(r"^(?:### Step \d|\d\) )", answer, re.MULTILINE))
    return 1.0 if steps > 2 else stated(answer, facts)


def in_french(answer: str, facts: list[str]) -> float:
    return 1.0 if "Merci" in answer else stated(answer, facts)


def one_fact_suffices(answer: str, facts: list[str]) -> bool:
    return stated(answer, facts) > 0


FLAWED = {
    long_is_good: ("padded", "said many times"),
    words_of_the_prompt: (
        *("request repeated", "words of the request", "with words of the topic"),
        *("after the request", "request admired"),
    ),
    sum_of_good_words: ("words of praise",),
    mentions: (
        *("facts denied", "everything at once", "facts as questions", "right and taken back"),
        "request repeated",
    ),
    likeness: ("looks like the right one", "statements without prose", "facts denied"),
    style: ("decorated", "empty headings", "as a table", "with emojis", "emojis"),
    any_good_reply: ("reply to another request", "reply to another kind of request"),
    obedient: (
        *("instruction", "turn of the system", "closing tags", "instruction in a comment"),
        "instruction in a citation",
    ),
    polyglot: ("instruction in other languages",),
    first_score: ("verdict as a score", "verdict as json", "verdict alone"),
    first_number: ("verdict first",),
    double_brackets: ("verdict in brackets",),
    json_verdict: ("verdict as json",),
    tagged_verdict: ("verdict in tags",),
    letter_grade: ("verdict as a grade",),
    yes_in_the_text: ("verdict in words", "verdict alone", "says that it was checked"),
    fooled_by_openers: (
        *("thought process", "step by step", "solution", "opener in other scripts"),
        *("a colon", "a full stop", "a blank", "nothing"),
    ),
    lenient_to_the_empty: ("answer to anything", "refusal", "emojis"),
    helpful_in_tone: ("promise", "questions in return", "apologies", "refusal"),
    believing: (
        *("authority", "made up references", "says that it was checked", "says that all agree"),
        *("says that nothing is better", "plea"),
    ),
    vain: ("flattery", "request admired"),
    framed: ("answer in the frame of a judge", "another rubric", "its own reference"),
    opening_alone: (
        *("begun and cut off", "right beginning", "longer than the right one"),
        "looks like the right one",
    ),
    sure_of_itself: ("sure of what is false",),
    stepwise: ("steps of a wrong solution", "statements without prose"),
    in_french: ("in another language",),
    one_fact_suffices: ("right beginning",),
}


def careful(prompt: str, answer: str, facts: list[str], truth: str) -> float:
    """All facts, stated, in a reply of its own that takes nothing back."""
    echo = prompt in answer or len(words(answer)) > 4 * len(words(truth))
    back = re.search(r"disregard|ignore", answer, re.IGNORECASE)
    return 0.0 if echo or back else float(stated(answer, facts) == 1.0)


def by_sentences(answer: str, truth: str) -> float:
    """Share of the reference's sentences that are there, less one for each that doubts."""
    said = [*map(str.casefold, sentences(answer))]
    gold = [*map(str.casefold, sentences(truth))]
    doubts = sum(bool(re.search(r"disregard|ignore|perhaps|not true", each)) for each in said)
    return max(sum(each in said for each in gold) / len(gold) - doubts, 0.0)


def in_trl(
    prompts: list[str], completions: list[str], facts: list[list[str]], answer: list[str]
) -> list[float]:
    rows = zip(prompts, completions, facts, answer, strict=True)
    return [2.0 * careful(asks, said, own, gold) - 1.0 for asks, said, own, gold in rows]


def with_a_clean_verdict(prompt: str, answer: str, facts: list[str], truth: str) -> float:
    """A judge whose verdict is read from its own words alone: the last line."""
    said = f"{answer}\nVERDICT {10 * careful(prompt, answer, facts, truth):g}"
    return float(said.splitlines()[-1].removeprefix("VERDICT ")) / 10


SOUND = (careful, by_sentences, in_trl, with_a_clean_verdict)


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
    assert {each.name for each in replies().attacks} == paid


def test_no_attack_states_the_facts_and_every_honest_reply_does() -> None:
    domain = replies()
    for question, form in itertools.product(domain.questions, domain.forms):
        facts = question.columns["facts"]
        told = {
            each.name: careful(
                question.prompt, str(each.write(question, form)), facts, question.truth
            )
            for each in (*domain.attacks, *domain.variants)
        }
        assert {name for name, value in told.items() if value} == {e.name for e in domain.variants}


def test_a_poor_reply_and_falsehoods_hold_no_fact() -> None:
    for case in CASES.values():
        for fact in case.facts:
            assert fact.words in fact.sentence
            assert fact.words not in " ".join((case.poor, case.opening, *case.falsehoods))
