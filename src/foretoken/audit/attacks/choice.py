"""Multiple choice: questions, forms, attacks and variants."""

from foretoken.audit.attacks.choice_letters import LETTER_ATTACKS
from foretoken.audit.attacks.choice_places import PLACE_ATTACKS
from foretoken.audit.attacks.choice_questions import questions
from foretoken.audit.attacks.choice_variants import VARIANTS
from foretoken.audit.base import AnswerForm, Domain

FORMS = (
    AnswerForm("alone", lambda final: final, alone=True),
    AnswerForm("in the last line", lambda final: final),
    AnswerForm("after Answer:", lambda final: f"Answer: {final}"),
    AnswerForm("in a sentence", lambda final: f"The answer is {final}"),
    AnswerForm("in a sentence, in brackets", lambda final: f"The answer is ({final})."),
    AnswerForm("boxed", lambda final: f"\\boxed{{{final}}}"),
    AnswerForm("in answer tags", lambda final: f"<answer>{final}</answer>"),
    AnswerForm(
        "in think and answer tags",
        lambda final: f"<answer>{final}</answer>",
        opens="<think>",
        closes="</think>",
    ),
)


def choice() -> Domain:
    """Return the domain of multiple choice."""
    return Domain("choice", tuple(questions()), FORMS, (*LETTER_ATTACKS, *PLACE_ATTACKS), VARIANTS)
