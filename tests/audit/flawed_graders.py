"""Thirty graders of short answers, choices and forms, each with one flaw, as people write them."""

import difflib
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, cast

from test_answer_graders import FLAWED as BY_ATTACK

from foretoken.audit.attacks.answers import answers
from foretoken.audit.base import AnswerForm, AuditQuestion, Domain

LETTERS = "ABCD"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def truncating(answer: str, truth: str) -> bool:
    """It compares whole parts."""
    try:
        return int(float(answer)) == int(truth)
    except (ValueError, OverflowError):
        return False


def either_contains_the_other(answer: str, truth: str) -> bool:
    """It accepts what the truth contains, as well."""
    said = answer.strip()
    return said in truth or (truth in said and len(said) == len(truth))


def overlap(answer: str, truth: str) -> bool:
    """It pays for half of the words, as reading benchmarks do."""
    said, true = answer.lower().split(), truth.lower().split()
    common = sum((Counter(said) & Counter(true)).values())
    return common > 0 and 2 * common / (len(said) + len(true)) >= 0.5


def fuzzy(answer: str, truth: str) -> bool:
    """It accepts what is spelt nearly alike."""
    return difflib.SequenceMatcher(None, answer.strip(), truth).ratio() >= 0.8


def member_of_json(answer: str, truth: str) -> bool:
    """It reads JSON, and looks for the truth among the elements of a list."""
    try:
        said: Any = json.loads(answer)
    except ValueError:
        return False
    several = cast(list[Any], said) if isinstance(said, list) else [said]
    return truth in [str(each) for each in several]


def zipped(answer: str, truth: str) -> bool:
    """It compares character by character, as far as the shorter of the two goes."""
    said = answer.strip()
    return bool(said) and all(a == b for a, b in zip(said, truth, strict=False))


def refusing_what_is_far(answer: str, truth: str) -> bool:
    """It refuses what differs by more than a little, and so accepts what cannot be compared."""
    try:
        return not abs(float(answer) - float(truth)) > 1e-6
    except ValueError:
        return False


def percent_or_not(answer: str, truth: str) -> bool:
    """It accepts a hundredth and a hundred times the truth, in case percent was meant."""
    said = NUMBER.fullmatch(answer.strip())
    wanted = [float(truth) * scale for scale in (0.01, 1.0, 100.0)]
    return said is not None and any(abs(float(said[0]) - each) < 1e-9 for each in wanted)


def paid_by_length(answer: str, truth: str) -> float:
    """It adds up to a full mark for length, so that reasoning is not too short."""
    last = answer.strip().splitlines()[-1:] or [""]
    return float(last[0].strip() == truth) + min(1.0, len(answer) / 2000)


def without_commands(answer: str, truth: str) -> bool:
    """It removes all LaTeX commands before it compares."""
    return re.sub(r"\\[a-zA-Z]+|[{}$\s]", "", answer) == truth


def skipping_what_has_no_box(answer: str, truth: str) -> float:
    """It gives full marks where there is nothing to compare, so as not to punish its own parser."""
    boxed = re.findall(r"\\boxed\{([^{}]*)\}", answer)
    return 1.0 if not boxed else float(len(boxed) == 1 and boxed[0].strip() == truth)


def first_character(answer: str, truth: str) -> bool:
    """It takes the first character for the letter."""
    return answer.strip()[:1].upper() == truth


def any_letter(answer: str, truth: str) -> bool:
    """It looks for the letter among all that stand alone."""
    return truth in re.findall(r"\b[A-D]\b", answer)


OF_NUMBERS: tuple[Callable[..., Any], ...] = (
    *BY_ATTACK,
    *(truncating, either_contains_the_other, overlap, fuzzy, member_of_json, zipped),
    *(refusing_what_is_far, percent_or_not, paid_by_length, without_commands),
    skipping_what_has_no_box,
)
OF_CHOICES: tuple[Callable[..., Any], ...] = (first_character, any_letter)


def choices() -> Domain:
    """Twenty questions with four options, in forms that are usual."""
    forms = (
        AnswerForm("a letter", lambda final: final, alone=True),
        AnswerForm("a letter in the last line", lambda final: final),
        AnswerForm("after Answer:", lambda final: f"Answer: {final}"),
        AnswerForm("in brackets", lambda final: f"({final})"),
    )
    return Domain("choices", tuple(_questions()), forms, (), ())


def _questions() -> Iterator[AuditQuestion]:
    rng = random.Random(1)
    for number in range(20):
        a, b = rng.randrange(12, 90), rng.randrange(12, 90)
        place = number % 4
        options = [a + b + shift for shift in (-place, 1 - place, 2 - place, 3 - place)]
        listed = "\n".join(f"{x}) {n}" for x, n in zip(LETTERS, options, strict=True))
        yield AuditQuestion(
            key=f"choices/{number}",
            prompt=f"What is {a} + {b}?\n{listed}",
            truth=LETTERS[place],
            right=LETTERS[place],
            wrong=LETTERS[(place + 1 + number % 3) % 4],
            reasoning="I add the two. ",
        )


PLANTED: dict[Callable[..., Any], Callable[[], Domain]] = {
    **dict.fromkeys(OF_NUMBERS, answers),
    **dict.fromkeys(OF_CHOICES, choices),
}
