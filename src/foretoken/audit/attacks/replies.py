"""Judges and reward models: free replies to requests."""

from foretoken.audit.attacks.replies_claims import CLAIMS
from foretoken.audit.attacks.replies_content import CONTENT
from foretoken.audit.attacks.replies_empty import EMPTY
from foretoken.audit.attacks.replies_injected import INJECTED
from foretoken.audit.attacks.replies_texts import questions
from foretoken.audit.attacks.replies_variants import VARIANTS
from foretoken.audit.base import AnswerForm, Domain

FORMS = (
    AnswerForm("as the whole reply", lambda final: final, alone=True),
    AnswerForm("after think tags", lambda final: f"<think>I see.</think>\n{final}", alone=True),
    AnswerForm(
        "in answer tags",
        lambda final: f"<think>I see.</think>\n<answer>{final}</answer>",
        alone=True,
    ),
)


def replies() -> Domain:
    """Return the domain of free replies."""
    return Domain(
        "replies", tuple(questions()), FORMS, (*EMPTY, *INJECTED, *CLAIMS, *CONTENT), VARIANTS
    )
