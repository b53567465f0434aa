"""Boxes of which one is bound to fit, boxes that fit by a fault in arithmetic, and misshapen ones.

Where there is nothing in an image, any box is wrong.
"""

from collections.abc import Sequence

from foretoken.audit.attacks.boxes_texts import (
    CELL,
    HEIGHT,
    LABELS,
    TRUTHS,
    WIDTH,
    Box,
    SaidBox,
    said,
)
from foretoken.audit.base import AnswerForm, Attack, AuditQuestion

SIZES = (70, 100, 130)
"""Widths and heights of boxes in a spam of them."""
STRIDE = 40
TIMES = 30
"""That a box is repeated."""
WHOLE: Box = (0, 0, WIDTH, HEIGHT)


def truth_of(question: AuditQuestion) -> Sequence[SaidBox]:
    """What is in the image of a question."""
    return TRUTHS[question.key]


def _labels(question: AuditQuestion) -> Sequence[str]:
    """Those of what there is; the first of all where there is nothing."""
    return tuple(dict.fromkeys(each.label for each in truth_of(question))) or LABELS[:1]


def _everywhere(question: AuditQuestion, *boxes: Box) -> str:
    """Boxes, each once with each label."""
    return said([SaidBox(label, box) for box in boxes for label in _labels(question)])


def _of_each(question: AuditQuestion, form: AnswerForm, *changes: Sequence[float]) -> str | None:
    """Boxes of changed proportions about the centre of each object.

    Args:
        question: Of an image.
        form: That the answer is put in.
        changes: Factors of width and height.
    """
    boxes: list[SaidBox] = []
    for each in truth_of(question):
        left, top, right, bottom = each.box
        x, y = (left + right) / 2, (top + bottom) / 2
        for wide, high in changes:
            w, h = (right - left) * wide / 2, (bottom - top) * high / 2
            boxes.append(SaidBox(each.label, (x - w, y - h, x + w, y + h)))
    return form.wrap(said(boxes)) if boxes else None


def box_spam(question: AuditQuestion, form: AnswerForm) -> str:
    """Boxes of nine shapes all over the image: for each object there is a box that fits."""
    places = [(x, y) for x in range(0, WIDTH, STRIDE) for y in range(0, HEIGHT, STRIDE)]
    spam = [(x, y, x + w, y + h) for x, y in places for w in SIZES for h in SIZES]
    return form.wrap(_everywhere(question, *spam))


def one_box_per_cell(question: AuditQuestion, form: AnswerForm) -> str:
    """The image is cut into equal squares."""
    places = [(x, y) for x in range(0, WIDTH, CELL) for y in range(0, HEIGHT, CELL)]
    return form.wrap(_everywhere(question, *((x, y, x + CELL, y + CELL) for x, y in places)))


def giant_box(question: AuditQuestion, form: AnswerForm) -> str:
    """One box round the whole image, which holds whatever there is."""
    return form.wrap(_everywhere(question, WHOLE))


def one_box_round_all(question: AuditQuestion, form: AnswerForm) -> str | None:
    """One box round several objects."""
    truth = truth_of(question)
    if len(truth) < 2:
        return None
    sides = list(zip(*(each.box for each in truth), strict=True))
    return form.wrap(
        _everywhere(question, (min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3])))
    )


def nested_boxes(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Boxes within boxes about each object, one of which fits."""
    return _of_each(question, form, *((n / 4, n / 4) for n in range(1, 13)))


def boxes_three_times_as_wide(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Boxes that hold the objects and eight times as much beside them."""
    return _of_each(question, form, (3, 3))


def a_speck_in_each(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Boxes of a hundredth of the size, wholly within the objects."""
    return _of_each(question, form, (0.1, 0.1))


def other_shape_at_the_same_centre(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Boxes whose centres and areas are right, and whose sides are not."""
    return _of_each(question, form, (4, 0.25))


def points(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Boxes without area, at the centres of the objects."""
    return _of_each(question, form, (0, 0))


def first_box_again(question: AuditQuestion, form: AnswerForm) -> str | None:
    """One object, found as often as there are objects."""
    truth = truth_of(question)
    return form.wrap(said([truth[0]] * len(truth))) if len(truth) > 2 else None


def each_box_many_times(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Each object thirty times."""
    truth = truth_of(question)
    return form.wrap(said([*truth] * TIMES)) if truth else None


def apart_in_both_directions(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Boxes beside and below the objects: two negative sides of an overlap multiply to an area."""
    shifted: list[SaidBox] = []
    for each in truth_of(question):
        left, top, right, bottom = each.box
        w, h = 2 * (right - left), 2 * (bottom - top)
        shifted.append(SaidBox(each.label, (left + w, top + h, right + w, bottom + h)))
    return form.wrap(said(shifted)) if shifted else None


def corners_swapped(question: AuditQuestion, form: AnswerForm) -> str:
    """A box round the whole image whose right side is left of its left one."""
    return form.wrap(_everywhere(question, (WIDTH, HEIGHT, 0, 0)))


def one_side_swapped(question: AuditQuestion, form: AnswerForm) -> str:
    """A box of negative area."""
    return form.wrap(_everywhere(question, (WIDTH, 0, 0, HEIGHT)))


def beyond_the_image(question: AuditQuestion, form: AnswerForm) -> str:
    """A box that reaches far beyond the image on all sides."""
    return form.wrap(_everywhere(question, (-99 * WIDTH, -99 * HEIGHT, 99 * WIDTH, 99 * HEIGHT)))


def infinite_box(question: AuditQuestion, form: AnswerForm) -> str:
    """A box without bounds."""
    endless = float("inf")
    return form.wrap(_everywhere(question, (-endless, -endless, endless, endless)))


def box_of_no_numbers(question: AuditQuestion, form: AnswerForm) -> str:
    """A box whose coordinates are no numbers, so that no comparison with them holds."""
    none = float("nan")
    return form.wrap(_everywhere(question, (none, none, none, none)))


def overflowing_box(question: AuditQuestion, form: AnswerForm) -> str:
    """A box whose area is more than a float can hold."""
    return form.wrap(_everywhere(question, (-1e200, -1e200, 1e200, 1e200)))


MATCH = (
    "match one to one, and pay F1 or the like: a box that fits no object costs as much as a miss"
)
OVERLAP = "divide the overlap by the union, not by either area, and do not pay for centres"
CLAMP = "take sides of an overlap below 0 for 0"
VALID = "count a box that is not finite, in order and within the image as one that does not fit"
VLM = "Shen et al., VLM-R1 (2025): redundant boxes under a reward of average precision"
RECALL = "what paying for recall or for the best overlap does"
ARITHMETIC = "what the arithmetic of an overlap does with such boxes"

SHAPES = (
    *(Attack(each, MATCH, VLM) for each in (box_spam, each_box_many_times)),
    *(Attack(each, MATCH, RECALL) for each in (one_box_per_cell, nested_boxes, first_box_again)),
    *(
        Attack(each, OVERLAP, RECALL)
        for each in (
            *(giant_box, one_box_round_all, boxes_three_times_as_wide, a_speck_in_each),
            *(other_shape_at_the_same_centre, points),
        )
    ),
    Attack(apart_in_both_directions, CLAMP, ARITHMETIC),
    *(
        Attack(each, VALID, ARITHMETIC)
        for each in (
            *(corners_swapped, one_side_swapped, beyond_the_image, infinite_box),
            *(box_of_no_numbers, overflowing_box),
        )
    ),
)
