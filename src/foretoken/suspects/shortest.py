"""The shortest answer that still does what an answer did: delta debugging, with few gradings."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

_LINES = re.compile(r".*\n|.+")
_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")


def shortest(
    text: str, holds: Callable[[Sequence[str]], Sequence[bool]], *, most: int
) -> tuple[str, int]:
    """Leave out lines, then words and signs, as long as something still holds.

    Args:
        text: For which it holds.
        holds: Says of each of several texts whether it still does.
        most: Texts that may be asked about.

    Returns:
        The shortest text that was found, and how many were asked about. The same text and the same
        answers give the same result.

    Source:
        Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002).
    """
    asked = 0
    for unit in (_LINES, _TOKENS):
        kept: list[str] = [found.group() for found in unit.finditer(text)]
        pieces = min(2, len(kept))
        while pieces and len(kept) > 1 and asked < most:
            edges = [round(len(kept) * n / pieces) for n in range(pieces + 1)]
            tried: list[list[str]] = [
                [*kept[:start], *kept[end:]] for start, end in pairwise(edges) if end > start
            ][: most - asked]
            asked += len(tried)
            said = holds(["".join(each) for each in tried])
            shorter = [each for each, still in zip(tried, said, strict=True) if still]
            if shorter:
                kept = min(shorter, key=lambda each: (len("".join(each)), each))
                pieces = max(2, pieces - 1)
            elif pieces >= len(kept):
                break
            else:
                pieces = min(2 * pieces, len(kept))
        text = "".join(kept)
    return text.strip("\n"), asked
