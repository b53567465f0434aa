"""What was counted: the truth of a shipped run, or else the run's own draws in windows of steps."""

import bisect
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from foretoken.records import Truth
from foretoken.report.contents import HackCount, RunContents

ENOUGH_DRAWS = 50
"""A count of fewer draws says nothing about a threshold."""

WINDOWS = 20


@dataclass(frozen=True)
class Counted:
    """Counts by exploit type, in order of steps, and where they come from."""

    by_type: dict[str, list[HackCount]]
    source: str
    """In words; empty where nothing was counted."""


def counted(contents: RunContents, *, cutoff_step: int | None) -> Counted:
    """Take the counted truth; without one, pool the subject's own draws.

    Args:
        contents: The run.
        cutoff_step: No window spans it, so that what was seen and what came later stay apart.

    Returns:
        The counts.
    """
    if contents.truth:
        exact = [
            HackCount(one.exploit_type, one.step, one.draws, one.hacks, one.deliberate)
            for one in best_counts(contents.truth)
        ]
        return Counted(_by_type(exact), "draws sampled and graded at each checkpoint")
    pooled = windows(contents.own_hacks, cutoff_step=cutoff_step)
    return Counted(_by_type(pooled), "the run's own rollouts" if pooled else "")


def best_counts(truth: Iterable[Truth]) -> list[Truth]:
    """Return the count with the most draws for each exploit type and step."""
    best: dict[tuple[str, int], Truth] = {}
    for one in sorted(truth, key=lambda each: each.draws):
        if one.draws:
            best[one.exploit_type, one.step] = one
    return list(best.values())


def windows(counts: tuple[HackCount, ...], *, cutoff_step: int | None) -> list[HackCount]:
    """Pool counts into windows that double until each is a twentieth of the steps; none is longer.

    Each window is named after the last step that it could hold.
    """
    if not counts:
        return []
    last = max(one.step for one in counts)
    ends = {0, last, *(round(last * part / WINDOWS) for part in range(1, WINDOWS))}
    ends |= {2**power for power in range(last.bit_length()) if 2**power < last / WINDOWS}
    if cutoff_step is not None:
        ends.add(cutoff_step)
    edges = sorted(end for end in ends if end <= last)
    pooled: defaultdict[tuple[str, int], list[HackCount]] = defaultdict(list)
    for one in counts:
        pooled[one.exploit_type, edges[bisect.bisect_left(edges, one.step)]].append(one)
    return [
        HackCount(
            exploit_type,
            end,
            sum(one.draws for one in group),
            sum(one.hacks for one in group),
            sum(one.deliberate for one in group),
        )
        for (exploit_type, end), group in pooled.items()
    ]


def _by_type(counts: list[HackCount]) -> dict[str, list[HackCount]]:
    found: defaultdict[str, list[HackCount]] = defaultdict(list)
    for one in sorted(counts, key=lambda each: each.step):
        found[one.exploit_type].append(one)
    return dict(found)
