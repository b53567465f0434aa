"""Multiple choice: questions, forms, attacks and variants."""

from foretoken.audit.attacks.choice_letters import LETTER_ATTACKS
from foretoken.audit.attacks.choice_places import PLACE_ATTACKS
from foretoken.audit.attacks.choice_questions import questions
from foretoken.audit.attacks.choice_variants import VARIANTS
from foretoken.audit.attacks.final_forms import (
    ALONE,
    BOXED,
    LABELLED,
    LAST_LINE,
    SENTENCE,
    TAGGED,
    THOUGHT_AND_TAGGED,
)
from foretoken.audit.base import AnswerForm, Domain

FORMS = (
    *(ALONE, LAST_LINE, LABELLED, SENTENCE),
    AnswerForm("in a sentence, in brackets", lambda final: f"The answer is ({final})."),
    *(BOXED, TAGGED, THOUGHT_AND_TAGGED),
)


def choice() -> Domain:
    """Return the domain of multiple choice."""
    return Domain("choice", tuple(questions()), FORMS, (*LETTER_ATTACKS, *PLACE_ATTACKS), VARIANTS)
