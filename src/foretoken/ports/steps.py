"""Points as trackers take them: all of a step together."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from foretoken.ports.base import Point


def by_step(points: Sequence[Point]) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield each step, with its numbers by name."""
    ordered = sorted(points, key=lambda each: each.step)
    for step, group in groupby(ordered, key=lambda each: each.step):
        yield step, {each.name: each.value for each in group}
