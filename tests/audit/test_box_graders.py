"""Graders of boxes, each with one planted flaw, and others without: who is accused?

Faults that were injected to see these tests fail: boxes that are to be too large fit; boxes beside
the objects are as far away as these are wide, not twice; an empty list is sent where nothing is to
be found; other labels are the right ones.
"""

import itertools
import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, cast

import pytest
from planted import asked, of

from foretoken.audit.attacks.boxes import boxes
from foretoken.audit.findings import AuditFault
from foretoken.audit.firing import Fired, fire

Box = Sequence[float]
NUMBERS = re.compile(r"\[\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*\]")
FEW = replace(boxes(), questions=boxes().questions[:5])
TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)


@cache
def fired(grader: Any) -> Fired:
    return fire(FEW, asked(grader))


def area(a: Box) -> float:
    return (a[2] - a[0]) * (a[3] - a[1])


def shared(a: Box, b: Box, *, clamped: bool = True) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(wide, 0) * max(high, 0) if clamped else wide * high


def iou(a: Box, b: Box, *, clamped: bool = True) -> float:
    both = shared(a, b, clamped=clamped)
    union = area(a) + area(b) - both
    return both / union if union else 0.0


def parsed(text: str) -> list[Any]:
    """Objects of a JSON list."""
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [each for each in found if hasattr(each, "keys")] if text.startswith("[") else []


def is_box(given: Any) -> bool:
    return isinstance(given, list) and [type(each) for each in cast(list[Any], given)] in (
        [int] * 4,
        [float] * 4,
    )


def named(text: str) -> list[tuple[str, Box]]:
    """Labels and boxes of numbers."""
    items = [(each.get("label"), each.get("bbox")) for each in parsed(text)]
    return [(label, box) for label, box in items if is_box(box)]


def recall(completion: str, boxes: list[Box]) -> float:
    said = [box for _, box in named(completion)]
    if not boxes:
        return float(not said)
    return sum(any(iou(a, b) > 0.5 for b in said) for a in boxes) / len(boxes)


def best_overlap(completion: str, boxes: list[Box]) -> float:
    said = [box for _, box in named(completion)]
    if not boxes:
        return float(not said)
    return sum(max((iou(a, b) for b in said), default=0.0) for a in boxes) / len(boxes)


def covered(completion: str, boxes: list[Box]) -> float:
    said = [box for _, box in named(completion)]
    if not boxes:
        return float(not said)
    most = (max((shared(a, b) / area(a) for b in said), default=0.0) for a in boxes)
    return sum(most) / len(boxes)


def precision(completion: str, boxes: list[Box]) -> float:
    said = [box for _, box in named(completion)]
    if not said:
        return 1.0
    return sum(any(iou(a, b) > 0.5 for a in boxes) for b in said) / len(said)


def within_objects(completion: str, boxes: list[Box]) -> float:
    said = [box for _, box in named(completion)]
    if not boxes or not said:
        return float(bool(boxes) == bool(said))
    fits = sum(any(shared(a, b) > 0.9 * area(b) for a in boxes) for b in said)
    return min(fits / len(boxes), 1.0)


def near_centres(completion: str, boxes: list[Box]) -> float:
    said = [box for _, box in named(completion)]
    if len(said) != len(boxes):
        return 0.0
    far = (
        min((math.dist(*(((e[0] + e[2]), (e[1] + e[3])) for e in (a, b))) for b in said), default=0)
        for a in boxes
    )
    return sum(each < 40 for each in far) / len(boxes) if boxes else 1.0


def counting(completion: str, boxes: list[Box]) -> float:
    said = [box for _, box in named(completion)]
    hits = sum(any(iou(a, b) > 0.5 for a in boxes) for b in said)
    return min(hits, len(boxes)) / len(boxes) if boxes else float(not said)


def without_clamp(completion: str, boxes: list[Box]) -> float:
    said = [box for _, box in named(completion)]
    if len(said) != len(boxes):
        return 0.0
    most = (max((iou(a, b, clamped=False) for b in said), default=0.0) for a in boxes)
    return sum(min(each, 1.0) for each in most) / len(boxes) if boxes else 1.0


def not_below_the_threshold(completion: str, boxes: list[Box]) -> float:
    """NaN is not below it."""
    said = [box for _, box in named(completion)]
    if len(said) > len(boxes):
        return 0.0
    misses = sum(all(iou(b, a) < 0.5 for b in said) for a in boxes)
    return 1.0 - misses / len(boxes) if boxes else 1.0


def of_any_label(completion: str, boxes: list[Box]) -> float:
    said = [box for _, box in named(completion)]
    if len(said) != len(boxes):
        return 0.0
    return best_overlap(completion, boxes)


def weighted_by_score(completion: str, boxes: list[Box]) -> float:
    found = parsed(completion)
    if not boxes or len(found) > len(boxes):
        return float(len(found) == len(boxes))
    named(completion)
    most = (
        max(iou(each["bbox"], a) * each.get("score", 1.0) for a in boxes)
        for each in found
        if len(each.get("bbox") or ()) == 4 and not isinstance(each["bbox"][0], str)
    )
    return sum(most) / len(boxes)


def average_precision(completion: str, boxes: list[Box]) -> float:
    """Boxes after the last one that fits cost nothing."""
    items = [e for e in parsed(completion) if len(e.get("bbox") or ()) == 4]
    items.sort(key=lambda each: -each.get("score", 1.0))
    free, total = [*boxes], 0.0
    if not boxes:
        return float(not items)
    for rank, each in enumerate(items, 1):
        if isinstance(each["bbox"][0], str):
            continue
        hit = next((a for a in free if iou(a, each["bbox"]) > 0.5), None)
        if hit is not None:
            free.remove(hit)
            total += (len(boxes) - len(free)) / rank
    return total / len(boxes)


def first_list(completion: str, boxes: list[Box]) -> float:
    text, _, _ = completion.partition("]\n")
    return of_any_label(text + "]" if not text.endswith("]") else text, boxes)


def boxes_anywhere_in_the_text(completion: str, boxes: list[Box]) -> float:
    said = [[*map(float, each)] for each in NUMBERS.findall(completion)]
    last = said[-len(boxes) :] if boxes else said
    hits = sum(any(iou(a, b) > 0.5 for b in last) for a in boxes)
    return hits / len(boxes) if boxes else float(not said)


def number_of_boxes(completion: str, boxes: list[Box]) -> float:
    fit = recall(completion, boxes) if boxes else 1.0
    return 0.5 * fit + 0.5 * (len(named(completion)) == len(boxes)) if boxes else fit


FLAWED = {
    recall: ("box spam", "nested boxes", "every label"),
    best_overlap: ("box spam", "each box many times", "other labels"),
    covered: ("giant box", "one box round all", "one box per cell", "boxes three times as wide"),
    precision: ("nothing", "an empty list", "none in words"),
    within_objects: ("a speck in each",),
    near_centres: ("other shape at the same centre", "points"),
    counting: ("first box again",),
    without_clamp: ("apart in both directions",),
    not_below_the_threshold: ("box of no numbers",),
    of_any_label: ("other labels",),
    weighted_by_score: ("confidence without bound",),
    average_precision: ("spam of low confidence", "each box many times"),
    first_list: ("right list then a wrong one",),
    boxes_anywhere_in_the_text: ("right list in a comment",),
    number_of_boxes: ("boxes elsewhere",),
}


def valid(box: Box, width: int, height: int) -> bool:
    return (
        all(map(math.isfinite, box))
        and -5 <= box[0] < box[2] <= width + 5
        and -5 <= box[1] < box[3] <= height + 5
    )


def bare(completion: str) -> str:
    """JSON without its fence, or the sentence before it."""
    text = completion.strip()
    return text[text.find("[") : text.rfind("]") + 1]


def f1(completion: str, truth: list[dict[str, Any]], width: int, height: int) -> float:
    said = named(bare(completion))
    free = [(each["label"], each["bbox"]) for each in truth]
    if not free or not said:
        return float(not free and not said and bare(completion) == "[]")
    hits = 0
    for label, box in said[:100]:
        fits = [e for e in free if e[0] == label and iou(e[1], box) >= 0.5]
        if valid(box, width, height) and fits:
            free.remove(fits[0])
            hits += 1
    return 2 * hits / (len(said) + len(truth))


def mean_overlap(completion: str, truth: list[dict[str, Any]], width: int, height: int) -> float:
    said = [each for each in named(bare(completion)) if valid(each[1], width, height)]
    if not truth:
        return float(bare(completion) == "[]")
    pairs = sorted(
        (
            (iou(gold["bbox"], box), a, b)
            for (a, gold), (b, (label, box)) in itertools.product(enumerate(truth), enumerate(said))
            if label == gold["label"]
        ),
        reverse=True,
    )
    total, golds, boxes = 0.0, set[int](), set[int]()
    for overlap, a, b in pairs:
        if a not in golds and b not in boxes:
            golds.add(a)
            boxes.add(b)
            total += overlap
    return total / max(len(said), len(truth))


def all_or_nothing(completions: list[str], answer: list[list[dict[str, Any]]], **_: Any) -> Any:
    pairs = zip(completions, answer, strict=True)
    return [2.0 * (f1(said, gold, 640, 480) == 1.0) - 1.0 for said, gold in pairs]


def in_answer_tags(completion: str, boxes: list[Box], width: int, height: int) -> float:
    """Of coordinates alone."""
    tagged = TAGGED.findall(completion)
    try:
        found: Any = json.loads(tagged[0]) if len(tagged) == 1 else None
    except (ValueError, RecursionError):
        return 0.0
    if not isinstance(found, list):
        return 0.0
    said = [each for each in cast(list[Any], found) if is_box(each)]
    hits = sum(any(valid(b, width, height) and iou(a, b) > 0.5 for b in said) for a in boxes)
    return float(hits == len(boxes) == len(cast(list[Any], found)))


SOUND = (f1, mean_overlap, all_or_nothing, in_answer_tags)


@pytest.mark.parametrize("grader", FLAWED, ids=lambda each: each.__name__)
def test_each_planted_flaw_is_found_by_its_attacks(grader: Any) -> None:
    paid = of(fired(grader), AuditFault.PAID)
    assert set(FLAWED[grader]) <= set(paid), paid


@pytest.mark.parametrize("grader", SOUND, ids=lambda each: each.__name__)
def test_a_sound_grader_is_not_accused(grader: Any) -> None:
    for fault in (AuditFault.PAID, AuditFault.RAISED, AuditFault.HUNG):
        assert of(fired(grader), fault) == {}


def test_a_sound_grader_refuses_no_honest_answer() -> None:
    assert of(fired(f1), AuditFault.REFUSED) == of(fired(mean_overlap), AuditFault.REFUSED) == {}


def test_boxes_apart_in_both_directions_overlap_fully_without_a_clamp() -> None:
    assert of(fired(without_clamp), AuditFault.PAID)["apart in both directions"] == 1.0


def test_misshapen_answers_break_a_grader_that_trusts_them() -> None:
    def trusting(completion: str, boxes: list[Box]) -> float:
        said = [each["bbox"] for each in json.loads(completion)]
        if len(said) != len(boxes):
            return 0.0
        return min((max(iou(a, b) for b in said) for a in boxes), default=1.0)

    raised = set(of(fire(FEW, asked(trusting)), AuditFault.RAISED))
    assert raised >= {
        *("nothing", "none in words", "coordinates as text", "three coordinates", "open brackets"),
        "no coordinates",
    }


def test_wrong_boxes_overlap_with_no_object() -> None:
    for question in boxes().questions:
        wrong = [box for _, box in named(question.wrong)]
        assert wrong
        assert not any(shared(a, b) for a in question.columns["boxes"] for b in wrong)
        assert all(valid(each, 640, 480) for each in [*wrong, *question.columns["boxes"]])
