"""Small figures of shares over the steps of a training."""

import math
from collections.abc import Sequence
from typing import TypeVar

from markupsafe import Markup

from foretoken.ledger.opinions import ShadowShare, pooled
from foretoken.ledger.sums import GraderSum
from foretoken.report import numbers, svg

WIDTH, HEIGHT = 280, 116
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 10, 20
BINS = 24
"""Most marks of a figure; steps beside each other are taken together."""
T = TypeVar("T", GraderSum, ShadowShare)


def failures_strip(steps: Sequence[GraderSum]) -> Markup | None:
    """Draw which share of a reward function's answers got no usable number; None: no step known."""
    bins = _binned(steps)
    shares = [_faults(each) / sum(one.answers for one in each) for each in bins]
    if len(bins) < 2:
        return None
    top = _top(max(shares))
    marks: list[Markup] = []
    for place, (each, share) in enumerate(zip(bins, shares, strict=True)):
        x, width = _x(place, len(bins)), 0.7 * (WIDTH - LEFT - RIGHT) / len(bins)
        answers = sum(one.answers for one in each)
        title = svg.element("title", f"{_span(each)}: {_faults(each):,} of {answers:,} answers")
        height = max(share / top * (HEIGHT - TOP - BOTTOM), 1.0 if share else 0.0)
        y = HEIGHT - BOTTOM - height
        marks.append(
            svg.element(
                "rect", title, class_="fault", x=x - width / 2, y=y, width=width, height=height
            )
        )
    said = f"From {numbers.percent(shares[0])} to {numbers.percent(shares[-1])} of the answers"
    return _figure([*_ground(bins, top), *marks], said)


def shadow_strip(steps: Sequence[ShadowShare]) -> Markup | None:
    """Draw how often a second grader judges otherwise, with intervals; None: too few steps."""
    bins = [each for each in _binned(steps) if any(one.answered for one in each)]
    if len(bins) < 2:
        return None
    sums = [pooled(each) for each in bins]
    known = [(one, one.differing_share or 0.0, one.interval or (0.0, 1.0)) for one in sums]
    top = _top(min(1.0, 1.6 * max([share for _, share, _ in known] + [0.1])))
    marks: list[Markup] = []
    for place, (one, share, (low, high)) in enumerate(known):
        x, (y_low, y, y_high) = (
            _x(place, len(bins)),
            (_y(min(value, top), top) for value in (low, share, high)),
        )
        title = svg.element(
            "title",
            f"{_span(bins[place])}: {numbers.percent(share)} ({numbers.percent(low)} to "
            f"{numbers.percent(high)}), {one.differing:,} of {one.answered:,} seen",
        )
        marks.append(svg.element("line", class_="spread", x1=x, x2=x, y1=y_high, y2=y_low))
        marks.append(svg.element("circle", title, cx=x, cy=y, r=3.0))
    series = svg.group(*marks, class_=f"series {'truth' if steps[0].was_paid else 'switch'}")
    said = f"From {numbers.percent(known[0][1])} to {numbers.percent(known[-1][1])}, with intervals"
    return _figure([*_ground(bins, top), series], said)


def _faults(each: Sequence[GraderSum]) -> int:
    return sum(o.failed + (o.nan or 0) + o.infinite + (o.outside or 0) + o.no_value for o in each)


def _binned(rows: Sequence[T]) -> list[list[T]]:
    """Rows of known steps, in order, neighbours together where there are many."""
    known = sorted((one for one in rows if one.step is not None), key=lambda one: one.step or 0)
    size = math.ceil(len(known) / BINS) or 1
    return [known[start : start + size] for start in range(0, len(known), size)]


def _span(each: Sequence[GraderSum] | Sequence[ShadowShare]) -> str:
    first, last = numbers.step(each[0].step or 0), numbers.step(each[-1].step or 0)
    return f"step {first}" if first == last else f"steps {first} to {last}"


def _x(place: int, many: int) -> float:
    return LEFT + (place + 0.5) / many * (WIDTH - LEFT - RIGHT)


def _y(share: float, top: float) -> float:
    return TOP + (1 - share / top) * (HEIGHT - TOP - BOTTOM)


def _top(share: float) -> float:
    """The end of an axis that holds a share: 1, 2 or 5 of a power of ten, and 1 at most."""
    power = 10.0 ** math.floor(math.log10(max(share, 0.001)))
    return min(1.0, next(m * power for m in (1, 2, 5, 10) if m * power >= share * 0.999))


def _ground(
    bins: Sequence[Sequence[GraderSum]] | Sequence[Sequence[ShadowShare]], top: float
) -> list[Markup]:
    parts: list[Markup] = []
    for share in (0.0, top):
        y = _y(share, top)
        parts.append(svg.element("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y))
        said = numbers.percent(share)
        parts.append(svg.element("text", said, x=LEFT - 5, y=y + 3.5, text_anchor="end"))
    ends = ((bins[0][0], LEFT, "start"), (bins[-1][-1], WIDTH - RIGHT, "end"))
    for one, x, anchor in ends:
        said = f"step {numbers.step(one.step or 0)}"
        parts.append(svg.element("text", said, x=x, y=HEIGHT - 5, text_anchor=anchor))
    return parts


def _figure(parts: Sequence[Markup], said: str) -> Markup:
    return svg.element("svg", *parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=said)
