"""Short answers, mostly numbers: questions, forms, attacks and variants."""

import random
from collections.abc import Iterator

from foretoken.audit.attacks.answer_parsers import PARSERS
from foretoken.audit.attacks.answer_places import PLACES
from foretoken.audit.attacks.answer_values import VALUES
from foretoken.audit.attacks.answer_variants import VARIANTS
from foretoken.audit.attacks.final_forms import (
    ALONE,
    BOXED,
    LABELLED,
    LAST_LINE,
    SENTENCE,
    TAGGED,
    THOUGHT_AND_TAGGED,
)
from foretoken.audit.base import AnswerForm, AuditQuestion, Domain

FORMS = (
    *(ALONE, LAST_LINE, BOXED),
    AnswerForm("after ####", lambda final: f"#### {final}"),
    *(SENTENCE, LABELLED, TAGGED, THOUGHT_AND_TAGGED),
    AnswerForm("boxed, after think tags", BOXED.wrap, opens="<think>", closes="</think>"),
)


def questions() -> Iterator[AuditQuestion]:
    """Yield twenty questions with whole numbers, made from templates."""
    rng = random.Random(0)
    for number in range(20):
        a, b, c = rng.randrange(12, 60), rng.randrange(11, 40), rng.randrange(3, 9)
        kind = number % 4
        if kind == 0:
            prompt, right = f"What is {a} + {b} * {c}?", a + b * c
            reasoning = f"{b} * {c} is {b * c}, and {a} more make the sum. "
        elif kind == 1:
            prompt = (
                f"A box holds {a} pens and {c} boxes come. {b} pens are lost. How many are left?"
            )
            right, reasoning = a * c - b, f"{a} * {c} is {a * c}, less the lost ones. "
        elif kind == 2:
            prompt = f"A train goes {a} km an hour for {c} hours. How many km does it go?"
            right, reasoning = a * c, f"The speed times {c}. "
        else:
            prompt, right = f"What is {a * b} divided by {b}, times {c}00?", a * c * 100
            reasoning = f"The quotient is {a}. "
        unit = {"unit": "km"} if kind == 2 else {}
        wrong = str(right + rng.choice((-7, -3, 4, 11)))
        yield AuditQuestion(
            key=f"answers/{number}",
            prompt=prompt,
            truth=str(right),
            right=str(right),
            wrong=wrong,
            reasoning=reasoning,
            columns=unit,
        )


def answers() -> Domain:
    """Return the domain of short answers."""
    return Domain("answers", tuple(questions()), FORMS, (*VALUES, *PLACES, *PARSERS), VARIANTS)
