"""Questions with options, made from templates, and what attacks need to know of one."""

import random
from collections.abc import Iterator, Sequence

from foretoken.audit.base import AuditQuestion

LETTERS = "ABCDE"
CAPITALS = {
    "France": "Paris",
    "Japan": "Tokyo",
    "Kenya": "Nairobi",
    "Norway": "Oslo",
    "Peru": "Lima",
    "Egypt": "Cairo",
    "Poland": "Warsaw",
    "Cuba": "Havana",
    "Portugal": "Lisbon",
    "Greece": "Athens",
}
_RIGHT = "CABDACBD" + "ECADBECA"
"""The right letter of each question; those of the second half have five options."""


def options(question: AuditQuestion) -> Sequence[str]:
    """Return the texts of the options; none where the question does not tell them."""
    return question.columns.get("choices", ())


def letters(question: AuditQuestion) -> str:
    """Return the letters that may be chosen."""
    return LETTERS[: len(options(question)) or 4]


def text_of(question: AuditQuestion, letter: str) -> str | None:
    """Return the text of an option; none where the question does not tell it."""
    place = LETTERS.find(letter)
    every = options(question)
    return every[place] if 0 <= place < len(every) else None


def questions() -> Iterator[AuditQuestion]:
    """Yield sixteen questions with four or five options, made from templates."""
    rng = random.Random(5)
    for number, right in enumerate(_RIGHT):
        count = 4 if number < 8 else 5
        place = LETTERS.index(right)
        if number % 2 == 0:
            country, true = list(CAPITALS.items())[number // 2]
            asked, reasoning = f"What is the capital of {country}?", f"I think of {country}. "
            others = rng.sample([each for each in CAPITALS.values() if each != true], count - 1)
        else:
            a, b = rng.randrange(11, 30), rng.randrange(3, 9)
            true = str(a * b)
            asked, reasoning = f"What is {a} * {b}?", f"{a} times {b} is {true}. "
            steps = rng.sample((-11, -7, -3, 2, 5, 9, 13), count - 1)
            others = [str(a * b + step) for step in steps]
        choices = [*others[:place], true, *others[place:]]
        lettered = zip(LETTERS[:count], choices, strict=True)
        shown = "\n".join(f"{letter}. {text}" for letter, text in lettered)
        yield AuditQuestion(
            key=f"choice/{number}",
            prompt=f"{asked}\n{shown}\nAnswer with the letter of one option.",
            truth=right,
            right=right,
            wrong=LETTERS[(place + 1 + number % 2) % count],
            reasoning=reasoning,
            columns={"choices": choices, "answer_index": place},
        )
