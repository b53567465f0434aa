"""Names of parts that belong to one training step, so that a reader need not open all others."""

import re
from collections.abc import Collection

from foretoken.records import Record
from foretoken.store.run import Run

_OWN = re.compile(
    r"(?P<source>bank|donor|count|prefix|rollout)-(?:step-(?=\d{6}))?(?:(?P<step>\d{6,})(?:-.*)?|.*)"
)


def rollout_part(step: int) -> str:
    """Name of the part that holds a training step's rollouts."""
    return f"rollout-{step:06d}"


def parts_at(run: Run, kind: type[Record], *, steps: Collection[int], source: str) -> list[str]:
    """Parts that may hold draws of one source at some steps: all but those whose names deny it.

    Args:
        run: Where they are.
        kind: Record class.
        steps: Training steps.
        source: See `Draw.source`.
    """
    kept: list[str] = []
    for part in run.parts(kind):
        found = _OWN.fullmatch(part)
        if found is not None and found["source"] != source:
            continue
        if found is None or found["step"] is None or int(found["step"]) in steps:
            kept.append(part)
    return kept
