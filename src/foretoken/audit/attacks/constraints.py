"""Constraints of an instruction that a program can check: questions, attacks and variants.

A right answer is an honest reply that meets the constraint; a wrong one is honest and misses it.
"""

from foretoken.audit.attacks.constraint_letters import LETTER_REPLIES
from foretoken.audit.attacks.constraint_questions import questions
from foretoken.audit.attacks.constraint_replies import REPLIES
from foretoken.audit.attacks.constraint_variants import VARIANTS
from foretoken.audit.base import AnswerForm, Domain

FORMS = (
    AnswerForm("alone", lambda final: final, alone=True),
    AnswerForm("after think tags", lambda final: final, opens="<think>", closes="</think>"),
)


def constraints() -> Domain:
    """Return the domain of constraints."""
    return Domain("constraints", tuple(questions()), FORMS, (*REPLIES, *LETTER_REPLIES), VARIANTS)
