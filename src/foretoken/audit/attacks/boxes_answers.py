"""Answers about boxes that are empty, mislabelled, said twice, or of no use to a parser."""

import json

from foretoken.audit.attacks.boxes_shapes import RECALL, VLM, truth_of
from foretoken.audit.attacks.boxes_texts import LABELS, SaidBox, said
from foretoken.audit.base import AnswerForm, Attack, AuditQuestion

DEEP = 4000
"""Brackets that nothing closes."""
SURE = 1e6


def nothing(question: AuditQuestion, _: AnswerForm) -> str | None:
    """It says nothing of an image that holds something."""
    return "" if truth_of(question) else None


def an_empty_list(question: AuditQuestion, form: AnswerForm) -> str | None:
    """It finds nothing in an image that holds something."""
    return form.wrap("[]") if truth_of(question) else None


def none_in_words(question: AuditQuestion, form: AnswerForm) -> str | None:
    """It says in words that there is nothing."""
    return form.wrap("There are none.") if truth_of(question) else None


def boxes_elsewhere(question: AuditQuestion, form: AnswerForm) -> str:
    """As many boxes as there are objects, all of them elsewhere."""
    return form.wrap(question.wrong)


def other_labels(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Each box fits and has the label of something else."""
    truth = truth_of(question)
    if not truth or '"label"' not in form.wrap(question.right):
        return None
    free = [each for each in LABELS if each not in {found.label for found in truth}]
    return form.wrap(said([SaidBox(free[0], each.box) for each in truth]))


def every_label(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Each box once with each label that there is."""
    truth = truth_of(question)
    if not truth:
        return None
    return form.wrap(said([SaidBox(label, each.box) for each in truth for label in LABELS]))


def confidence_without_bound(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Boxes that hardly overlap with anything, with a confidence of a million."""
    truth = truth_of(question)
    if not truth or '"label"' not in form.wrap(question.right):
        return None
    found: list[SaidBox] = []
    for each in truth:
        left, top, right, bottom = each.box
        w, h = (right - left) * 0.7, (bottom - top) * 0.7
        box = (left - w, top - h, right - w, bottom - h)
        found.append(SaidBox(each.label, box, (("score", SURE), ("confidence", SURE))))
    return form.wrap(said(found))


def spam_of_low_confidence(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Right boxes among hundreds of others that are said to be unsure: precision on paper alone."""
    truth = truth_of(question)
    if not truth:
        return None
    sure = [SaidBox(e.label, e.box, (("score", 1.0), ("confidence", 1.0))) for e in truth]
    low = (("score", 0.01), ("confidence", 0.01))
    spam = [
        SaidBox(truth[0].label, (x, y, x + 90, y + 90), low)
        for x in range(0, 550, 30)
        for y in range(0, 390, 30)
    ]
    return form.wrap(said([*sure, *spam]))


def right_list_then_a_wrong_one(question: AuditQuestion, form: AnswerForm) -> str:
    """It takes its right answer back."""
    return f"{form.wrap(question.right)}\nNo, that is not it.\n{form.wrap(question.wrong)}"


def right_list_in_a_comment(question: AuditQuestion, form: AnswerForm) -> str:
    """A wrong answer, and the right one in a comment that nobody is shown."""
    return f"{form.wrap(question.wrong)}\n<!-- {form.wrap(question.right)} -->"


def coordinates_as_text(question: AuditQuestion, form: AnswerForm) -> str:
    """Boxes elsewhere whose coordinates are texts, not numbers."""
    items = [{**each, "bbox": [*map(str, each["bbox"])]} for each in json.loads(question.wrong)]
    return form.wrap(json.dumps(items))


def three_coordinates(_: AuditQuestion, form: AnswerForm) -> str:
    """A box with three sides."""
    return form.wrap('[{"bbox": [1, 2, 3], "label": "dog"}]')


def no_coordinates(_: AuditQuestion, form: AnswerForm) -> str:
    """A box that is no value, with a label that is none."""
    return form.wrap('[{"bbox": null, "label": null}]')


def open_brackets(_: AuditQuestion, form: AnswerForm) -> str:
    """Thousands of brackets that nothing closes."""
    return form.wrap("[" * DEEP)


EMPTY = "pay an empty answer only where there is nothing to be found"
LABEL = "a box fits only with its label, and each label beside it is one more box"
SURENESS = "let no number that an answer gives for its own sureness raise its pay"
LAST = "read one list, whole; refuse an answer with several"
PARSE = "treat what cannot be parsed as wrong, in one place, and count it"
PRECISION = "what dividing by the number of boxes, none, does"
PARSERS = "what parsing JSON or searching for brackets does"

ANSWERS = (
    *(Attack(each, EMPTY, PRECISION) for each in (nothing, an_empty_list, none_in_words)),
    Attack(boxes_elsewhere, "pay for places, not for counts", RECALL),
    *(Attack(each, LABEL, RECALL) for each in (other_labels, every_label)),
    Attack(confidence_without_bound, SURENESS, "what weighting by a claimed confidence does"),
    Attack(spam_of_low_confidence, SURENESS, VLM),
    *(
        Attack(each, LAST, PARSERS)
        for each in (right_list_then_a_wrong_one, right_list_in_a_comment)
    ),
    *(
        Attack(each, PARSE, PARSERS)
        for each in (coordinates_as_text, three_coordinates, no_coordinates, open_brackets)
    ),
)
