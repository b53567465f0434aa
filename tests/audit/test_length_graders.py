"""Graders of length and variety, each with one planted flaw, and others without: who is accused?

Faults that were injected to see these tests fail: wrong answers are the same in all forms; a text
with an endless word is fired at all graders; a word that is said again has no invisible marks; the
essay has as many words as were asked for.
"""

import itertools
import math
import re
import unicodedata
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from planted import asked, of

from foretoken.audit.attacks.length import length
from foretoken.audit.attacks.length_forms import OVERLONG, REPEATED, SHORT
from foretoken.audit.findings import AuditFault
from foretoken.audit.firing import Fired, fire, read_forms

BOXED = re.compile(r"\\boxed\{(\d+)\}")
MOST_CHARACTERS = 800

FEW = replace(length(), questions=length().questions[:6])


@cache
def fired(grader: Any) -> Fired:
    return fire(FEW, asked(grader))


def right(completion: str, truth: str) -> bool:
    return BOXED.findall(completion)[-1:] == [truth]


def variety(words: list[str]) -> float:
    """Share of three words in a row that are not there twice."""
    grams = list(zip(words, words[1:], words[2:], strict=False))
    return len(set(grams)) / len(grams) if grams else 1.0


def seen(completion: str) -> list[str]:
    """Words as a reader sees them."""
    bare = unicodedata.normalize("NFKD", completion)
    kept = (each for each in bare if unicodedata.category(each) not in ("Mn", "Cf"))
    return re.findall(r"[a-z]+", "".join(kept).casefold())


def within(completion: str, min_words: int, max_words: int) -> bool:
    return min_words <= len(completion.split()) <= max_words


def window_alone(completion: str, min_words: int, max_words: int) -> bool:
    return within(completion, min_words, max_words)


def penalty_of_repetition_alone(completion: str) -> float:
    return variety(completion.lower().split()) - 1.0


def penalty_of_length_alone(completion: str, max_words: int) -> float:
    return -min(max(len(completion.split()) - max_words, 0) / max_words, 1.0)


def longer_is_better(completion: str) -> float:
    return math.log1p(len(completion))


def different_words_alone(completion: str, target_words: int) -> float:
    return min(len(set(completion.split())) / target_words, 1.0)


def characters_alone(completion: str) -> bool:
    return 250 < len(completion) < MOST_CHARACTERS


def window_of_split_words(completion: str, truth: str, min_words: int, max_words: int) -> bool:
    return right(completion, truth) and within(completion, min_words, max_words)


def window_of_characters(completion: str, truth: str) -> bool:
    return right(completion, truth) and 250 < len(completion) < MOST_CHARACTERS


def window_of_words_of_letters(completion: str, truth: str, min_words: int) -> bool:
    return right(completion, truth) and len(re.findall(r"[a-z]+", completion)) >= min_words


def longest_by_split_words(completion: str, truth: str, max_words: int) -> bool:
    return right(completion, truth) and len(completion.split()) <= max_words


def longest_without_comments(completion: str, truth: str) -> bool:
    bare = re.sub(r"<!--.*?-->", "", completion, flags=re.DOTALL)
    return right(completion, truth) and len(bare) < MOST_CHARACTERS


def longest_by_sentences(completion: str, truth: str) -> bool:
    return right(completion, truth) and completion.count(".") < 12


def longest_by_latin_letters(completion: str, truth: str) -> bool:
    return right(completion, truth) and len(re.findall(r"[A-Za-z]", completion)) < MOST_CHARACTERS


def varied_with_digits(completion: str, truth: str) -> float:
    return right(completion, truth) * variety(completion.lower().split())


def varied_with_capitals(completion: str, truth: str) -> float:
    return right(completion, truth) * variety(re.findall(r"[A-Za-z]+", completion))


def varied_with_marks(completion: str, truth: str) -> float:
    words = [re.sub(r"[\d.,\u200b-\u2060]", "", each) for each in completion.lower().split()]
    return right(completion, truth) * variety(words)


def varied_with_invisible_marks(completion: str, truth: str) -> float:
    bare = unicodedata.normalize("NFKD", completion)
    kept = "".join(each for each in bare if unicodedata.category(each) != "Mn")
    words = [re.sub(r"[\d.,]", "", each) for each in kept.lower().split()]
    return right(completion, truth) * variety(words)


FLAWED = {
    window_alone: ("one word again", "made up words", "prompt again", "wrong at the right length"),
    penalty_of_repetition_alone: ("nothing", "a list of synonyms", "words shuffled"),
    penalty_of_length_alone: ("nothing", "a full stop", "text on something else"),
    longer_is_better: ("endless text",),
    different_words_alone: ("counting",),
    characters_alone: ("blank lines",),
    window_of_split_words: ("invisible words", "punctuation as words", "the answer again"),
    window_of_characters: ("characters without words",),
    window_of_words_of_letters: ("the answer again",),
    longest_by_split_words: ("one endless word", "words glued together"),
    longest_without_comments: ("essay in a comment",),
    longest_by_sentences: ("essay on one line",),
    longest_by_latin_letters: ("a script without spaces",),
    varied_with_digits: ("sentence with a counter",),
    varied_with_capitals: ("sentence in other letters",),
    varied_with_marks: ("marks on letters",),
    varied_with_invisible_marks: ("marks of no width",),
}


def explained(completion: str, truth: str, min_words: int, max_words: int) -> bool:
    words = seen(completion)
    fits = min_words - 5 <= len(words) <= max_words and len(completion) < MOST_CHARACTERS
    return right(completion, truth) and fits and variety(words) > 0.8


def soft_overlong(completion: str, truth: str) -> float:
    over = (len(completion) - MOST_CHARACTERS) / MOST_CHARACTERS
    return (1.0 if right(completion, truth) else -1.0) * (1 - min(max(over, 0), 1))


def cosine(completion: str, truth: str) -> float:
    if not right(completion, truth):
        return -1.0
    return (1 + math.cos(math.pi * min(len(completion.encode()) / 2000, 1))) / 2


def varied(completions: list[str], answer: list[str], **_: Any) -> list[float]:
    pairs = zip(completions, answer, strict=True)
    return [right(said, gold) * (variety(seen(said)) > 0.5) - 0.5 for said, gold in pairs]


SOUND = (explained, soft_overlong, cosine, varied)


@pytest.mark.parametrize("grader", FLAWED, ids=lambda each: each.__name__)
def test_each_planted_flaw_is_found_by_its_attacks(grader: Any) -> None:
    paid = of(fired(grader), AuditFault.PAID)
    assert set(FLAWED[grader]) <= set(paid), paid


@pytest.mark.parametrize("grader", SOUND, ids=lambda each: each.__name__)
def test_a_sound_grader_is_not_accused(grader: Any) -> None:
    for fault in (AuditFault.PAID, AuditFault.RAISED, AuditFault.HUNG, AuditFault.REFUSED):
        assert of(fired(grader), fault) == {}


@pytest.mark.parametrize(
    ("grader", "read"),
    [
        (window_alone, {SHORT, OVERLONG}),
        (longer_is_better, {SHORT}),
        (penalty_of_length_alone, {OVERLONG}),
        (penalty_of_repetition_alone, {REPEATED}),
        (explained, {SHORT, OVERLONG, REPEATED}),
        (soft_overlong, {OVERLONG}),
        (varied, {REPEATED}),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_a_grader_punishes_is_the_form_that_it_reads(grader: Any, read: set[Any]) -> None:
    assert {each.form for each in read_forms(length(), asked(grader))} == read


def test_every_attack_is_paid_by_some_flawed_grader() -> None:
    paid = {name for grader in FLAWED for name in of(fired(grader), AuditFault.PAID)}
    assert {each.name for each in length().attacks} == paid


def test_right_numbers_stand_in_no_text_that_is_fired_at_all_graders() -> None:
    domain = length()
    for attack, question in itertools.product(domain.attacks, domain.questions):
        texts = [attack.write(question, form) for form in domain.forms]
        if None not in texts:
            assert not any(right(str(text), question.truth) for text in texts), attack.name


def test_honest_texts_are_as_long_as_asked_for() -> None:
    domain = length()
    for variant, question in itertools.product(domain.variants, domain.questions):
        words = len(str(variant.write(question, SHORT)).split())
        assert question.columns["min_words"] <= words <= question.columns["max_words"]
