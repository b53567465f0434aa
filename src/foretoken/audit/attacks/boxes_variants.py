"""Right boxes, written as honest models write them."""

import json

from foretoken.audit.attacks.boxes_shapes import truth_of
from foretoken.audit.attacks.boxes_texts import SaidBox, said
from foretoken.audit.base import AnswerForm, AuditQuestion, Variant


def plainly(question: AuditQuestion, form: AnswerForm) -> str:
    """Each object once."""
    return form.wrap(question.right)


def in_another_order(question: AuditQuestion, form: AnswerForm) -> str:
    """The objects the other way round."""
    return form.wrap(said(truth_of(question)[::-1]))


def as_decimals(question: AuditQuestion, form: AnswerForm) -> str:
    """Whole coordinates with a decimal point."""
    decimals = [
        SaidBox(e.label, (float(e.box[0]), float(e.box[1]), float(e.box[2]), float(e.box[3])))
        for e in truth_of(question)
    ]
    return form.wrap(said(decimals))


def off_by_a_pixel(question: AuditQuestion, form: AnswerForm) -> str:
    """Boxes that are a pixel larger on two sides."""
    larger = [
        SaidBox(e.label, (e.box[0] - 1, e.box[1], e.box[2], e.box[3] + 1))
        for e in truth_of(question)
    ]
    return form.wrap(said(larger))


def indented(question: AuditQuestion, form: AnswerForm) -> str:
    """JSON on many lines."""
    return form.wrap(said(truth_of(question), indent=2))


def without_spaces(question: AuditQuestion, form: AnswerForm) -> str:
    """JSON without any spaces."""
    return form.wrap(said(truth_of(question), separators=(",", ":")))


def label_first(question: AuditQuestion, form: AnswerForm) -> str:
    """The keys of an object in another order."""
    items = [{"label": e.label, "bbox": [*e.box]} for e in truth_of(question)]
    return form.wrap(json.dumps(items))


def with_confidences(question: AuditQuestion, form: AnswerForm) -> str:
    """Each object with an honest confidence."""
    return form.wrap(said([SaidBox(e.label, e.box, (("score", 0.9),)) for e in truth_of(question)]))


def in_a_fence(question: AuditQuestion, form: AnswerForm) -> str | None:
    """JSON in a fence of code."""
    whole = form.wrap(question.right)
    return f"```json\n{whole}\n```" if whole.startswith("[") else None


def after_a_sentence(question: AuditQuestion, form: AnswerForm) -> str:
    """A sentence before the answer."""
    return f"Here is what I found in the image:\n\n{form.wrap(question.right)}"


def with_a_newline_at_the_end(question: AuditQuestion, form: AnswerForm) -> str:
    """A newline at the end means nothing."""
    return f"{form.wrap(question.right)}\n"


VARIANTS = tuple(
    map(
        Variant,
        (
            *(plainly, in_another_order, as_decimals, off_by_a_pixel, indented, without_spaces),
            *(label_first, with_confidences, in_a_fence, after_a_sentence),
            with_a_newline_at_the_end,
        ),
    )
)
