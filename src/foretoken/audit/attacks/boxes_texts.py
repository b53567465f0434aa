"""Images by what is in them: questions whose answers are boxes with labels.

A final answer is JSON, a list of objects with `bbox` and `label`, whatever form it is then put in.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from foretoken.audit.base import AuditQuestion

WIDTH, HEIGHT = 640, 480
CELL = 160
"""Each object lies within a square of its own, of this many pixels a side."""
LABELS = ("dog", "cat", "person", "car", "bicycle", "bird", "chair", "bottle")
COUNTS = (1, 3, 2, 3, 0, 4, 1, 3, 2, 0, 4, 3)
"""Objects in each image."""
Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""


@dataclass(frozen=True)
class SaidBox:
    """One object that is said to be there."""

    label: str
    box: Box
    more: tuple[tuple[str, float], ...] = ()
    """Further keys, and their values."""


def said(found: Sequence[SaidBox], **style: Any) -> str:
    """A final answer.

    Args:
        found: What it says is there.
        style: Of JSON.
    """
    items = [{"bbox": [*each.box], "label": each.label, **dict(each.more)} for each in found]
    return json.dumps(items, **style)


def _made() -> Iterator[tuple[str, tuple[SaidBox, ...], tuple[SaidBox, ...]]]:
    for number, count in enumerate(COUNTS):
        rng = random.Random(number)
        cells = [(x, y) for x in range(0, WIDTH, CELL) for y in range(0, HEIGHT, CELL)]
        rng.shuffle(cells)
        labels = rng.sample(LABELS, 2)
        objects: list[SaidBox] = []
        for at, (left, top) in enumerate(cells[: 2 * max(count, 1)]):
            width, height = rng.randrange(70, 131), rng.randrange(70, 131)
            x, y = left + rng.randrange(5, 155 - width), top + rng.randrange(5, 155 - height)
            objects.append(SaidBox(labels[at % 2], (x, y, x + width, y + height)))
        yield f"boxes/{number}", tuple(objects[:count]), tuple(objects[max(count, 1) :])


_CASES = [*_made()]
TRUTHS = {key: truth for key, truth, _ in _CASES}
"""What is in an image, by the key of its question."""


def questions() -> Iterator[AuditQuestion]:
    """Yield twelve questions, two of them on images with nothing to be found."""
    for key, truth, elsewhere in _CASES:
        yield AuditQuestion(
            key=key,
            prompt=f"The image is {WIDTH} pixels wide and {HEIGHT} high. Find every "
            f"{', '.join(LABELS)}. Answer with a JSON list of objects that have bbox, which is "
            "[x1, y1, x2, y2], and label. The list is empty where there are none.",
            truth=[{"bbox": [*each.box], "label": each.label} for each in truth],
            right=said(truth),
            wrong=said(elsewhere),
            columns={
                "boxes": [[*each.box] for each in truth],
                "labels": [each.label for each in truth],
                "width": WIDTH,
                "height": HEIGHT,
            },
        )
