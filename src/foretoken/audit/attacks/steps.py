"""Process rewards: solutions in steps, with an empty line after each."""

from foretoken.audit.attacks.steps_attacks import ATTACKS
from foretoken.audit.attacks.steps_texts import questions
from foretoken.audit.attacks.steps_variants import VARIANTS
from foretoken.audit.base import AnswerForm, Domain

FORMS = (
    AnswerForm("in paragraphs", lambda final: final, alone=True),
    AnswerForm("in think tags", lambda final: f"<think>\n{final}\n</think>", alone=True),
    AnswerForm(
        "in step tags",
        lambda final: "\n\n".join(
            f"<step>{each}</step>" for each in final.split("\n\n") if each.strip()
        ),
        alone=True,
    ),
)


def steps() -> Domain:
    """Return the domain of process rewards."""
    return Domain("steps", tuple(questions()), FORMS, ATTACKS, VARIANTS)
