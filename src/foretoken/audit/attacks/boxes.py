"""Detection: answers are boxes with labels."""

import json

from foretoken.audit.attacks.boxes_answers import ANSWERS
from foretoken.audit.attacks.boxes_shapes import SHAPES
from foretoken.audit.attacks.boxes_texts import questions
from foretoken.audit.attacks.boxes_variants import VARIANTS
from foretoken.audit.base import AnswerForm, Domain


def _in_qwen(final: str) -> str:
    return final.replace('"bbox"', '"bbox_2d"')


def _in_lists(final: str) -> str:
    """Coordinates alone; an answer that has none stays as it is."""
    try:
        return json.dumps([each["bbox"] for each in json.loads(final)])
    except (ValueError, TypeError, KeyError, RecursionError):
        return final


FORMS = (
    AnswerForm("JSON with bbox", lambda final: final, alone=True),
    AnswerForm("JSON with bbox_2d", _in_qwen, alone=True),
    AnswerForm(
        "fenced JSON with bbox_2d", lambda final: f"```json\n{_in_qwen(final)}\n```", alone=True
    ),
    AnswerForm("coordinates without labels", _in_lists, alone=True),
    AnswerForm(
        "JSON in answer tags",
        lambda final: f"<think>I look for them.</think>\n<answer>{final}</answer>",
        alone=True,
    ),
    AnswerForm(
        "JSON with bbox_2d in answer tags",
        lambda final: f"<think>I look for them.</think>\n<answer>{_in_qwen(final)}</answer>",
        alone=True,
    ),
    AnswerForm(
        "coordinates in answer tags",
        lambda final: f"<think>I look for them.</think>\n<answer>{_in_lists(final)}</answer>",
        alone=True,
    ),
)


def boxes() -> Domain:
    """Return the domain of boxes with labels."""
    return Domain("boxes", tuple(questions()), FORMS, (*SHAPES, *ANSWERS), VARIANTS)
