"""The run's own draws in windows of steps, where nothing was counted at checkpoints."""

import bisect
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from foretoken.forecast.counts import FEWEST_DRAWS, HackCount

WINDOWS = 20


def windows(counts: Sequence[HackCount], *, cutoff_step: int | None) -> list[HackCount]:
    """Pool counts into windows that double until each is a twentieth of the steps.

    Where that is too few draws of a type to say anything about a threshold, its windows go on until
    there are enough.

    Args:
        counts: At single steps.
        cutoff_step: No window spans it, so that what was seen and what came later stay apart.

    Returns:
        The pooled counts; each window is named after the last step that it could hold.
    """
    if not counts:
        return []
    last = max(one.step for one in counts)
    ends = {0, last, *(round(last * part / WINDOWS) for part in range(1, WINDOWS))}
    ends |= {2**power for power in range(last.bit_length()) if 2**power < last / WINDOWS}
    if cutoff_step is not None:
        ends.add(cutoff_step)
    edges = sorted(end for end in ends if end <= last)
    by_type: defaultdict[str, list[HackCount]] = defaultdict(list)
    for one in sorted(counts, key=lambda each: each.step):
        end = edges[bisect.bisect_left(edges, one.step)]
        by_type[one.exploit_type].append(replace(one, step=end))
    return [
        one
        for found in by_type.values()
        for one in _joined(found, cutoff=math.inf if cutoff_step is None else cutoff_step)
    ]


def _joined(counts: Iterable[HackCount], *, cutoff: float) -> list[HackCount]:
    """Add up counts of one step, and go on until there are enough draws to say something."""
    windows: list[HackCount] = []
    for one in counts:
        last = windows[-1] if windows else None
        if last is None or (last.step < one.step and _closed(last, one, cutoff=cutoff)):
            windows.append(one)
            continue
        windows[-1] = replace(
            one,
            draws=last.draws + one.draws,
            hacks=last.hacks + one.hacks,
            deliberate=last.deliberate + one.deliberate,
        )
    return windows


def _closed(last: HackCount, following: HackCount, *, cutoff: float) -> bool:
    return last.draws >= FEWEST_DRAWS or last.step <= cutoff < following.step
