"""Harder problems about lists: order statistics, arrangements, areas, windows."""

import itertools
import statistics
from collections import Counter
from random import Random

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import integers

lists = Topic("lists")


@lists.problem(
    4,
    examples=[([3, 1, 2],), ([2, 4, 1, 3, 5],)],
    edges=[([],), ([1],), ([1, 1, 1],), ([5, 4, 3, 2, 1],), (list(range(200, 0, -1)),)],
    make=lambda rng: (integers(rng, least=4, most=14),),
    holds=lambda xs, answer: answer == sum(a > b for a, b in itertools.combinations(xs, 2)),
)
def count_inversions(xs: list[int]) -> int:
    """Return how many pairs of entries of the list xs are in the wrong order: the larger one stands
    before the smaller one. The list can be long.
    """
    from bisect import bisect_right, insort

    before: list[int] = []
    inversions = 0
    for x in xs:
        inversions += len(before) - bisect_right(before, x)
        insort(before, x)
    return inversions


@lists.problem(
    4,
    examples=[([0, 1, 0, 2, 1, 0, 1, 3, 2, 1, 2, 1],), ([4, 2, 0, 3],)],
    edges=[([],), ([5],), ([1, 2, 3],), ([3, 3, 3],), ([9, 0, 9],)],
    make=lambda rng: (integers(rng, least=5, low=0, high=9),),
    holds=lambda heights, answer: (
        answer
        == sum(
            max(0, min(max(heights[: i + 1]), max(heights[i:])) - h) for i, h in enumerate(heights)
        )
    ),
)
def trapped_water(heights: list[int]) -> int:
    """The list heights gives the heights of walls of width 1 that stand side by side. After much
    rain, water stands wherever there is something higher or equally high on both sides. Return how
    many units of area it fills.
    """
    total = level = 0
    left, right = 0, len(heights) - 1
    while left < right:
        if heights[left] <= heights[right]:
            low, left = heights[left], left + 1
        else:
            low, right = heights[right], right - 1
        level = max(level, low)
        total += level - low
    return total


@lists.problem(
    4,
    examples=[([1, 2, 3],), ([2, 3, 1],)],
    edges=[([],), ([7],), ([3, 2, 1],), ([1, 1, 5],), ([2, 2, 2],)],
    make=lambda rng: (integers(rng, least=3, most=6, low=1, high=5),),
    holds=lambda xs, answer: answer == _after(xs),
)
def next_arrangement(xs: list[int]) -> list[int]:
    """Sort all different arrangements of the entries of the list xs in ascending order (compare the
    first entries, then the second ones, and so on). Return the arrangement that comes right after
    xs, or the first of all if xs is the last.
    """
    arranged = list(xs)
    at = len(arranged) - 2
    while at >= 0 and arranged[at] >= arranged[at + 1]:
        at -= 1
    if at >= 0:
        other = len(arranged) - 1
        while arranged[other] <= arranged[at]:
            other -= 1
        arranged[at], arranged[other] = arranged[other], arranged[at]
    return arranged[: at + 1] + arranged[at + 1 :][::-1]


def _after(xs: list[int]) -> list[int]:
    ordered = sorted(set(itertools.permutations(xs)))
    return list(ordered[(ordered.index(tuple(xs)) + 1) % len(ordered)])


@lists.problem(
    4,
    examples=[([1, 3, -1, -3, 5, 3], 3), ([9, 8, 7], 2)],
    edges=[([], 1), ([4], 1), ([1, 2], 5), ([2, 2, 2, 2], 2), (list(range(300)), 50)],
    make=lambda rng: (integers(rng, least=5), rng.randint(2, 4)),
    holds=lambda xs, k, answer: answer == [max(xs[i : i + k]) for i in range(len(xs) - k + 1)],
)
def window_maxima(xs: list[int], k: int) -> list[int]:
    """Return the list of the largest of every k neighbouring integers of the list xs, from left to
    right (k is at least 1). If xs has fewer than k integers, the list is empty. Both can be large.
    """
    from collections import deque

    candidates: deque[int] = deque()
    maxima: list[int] = []
    for at, x in enumerate(xs):
        while candidates and xs[candidates[-1]] <= x:
            candidates.pop()
        candidates.append(at)
        if candidates[0] <= at - k:
            candidates.popleft()
        if at >= k - 1:
            maxima.append(xs[candidates[0]])
    return maxima


@lists.problem(
    5,
    examples=[([2, 1, 5, 6, 2, 3],), ([2, 4],)],
    edges=[([],), ([0],), ([3, 3, 3],), ([1, 2, 3, 4, 5],), ([5] * 100,)],
    make=lambda rng: (integers(rng, least=4, low=0, high=9),),
    holds=lambda heights, answer: (
        answer
        == max(
            (
                min(heights[i:j]) * (j - i)
                for i in range(len(heights))
                for j in range(i + 1, len(heights) + 1)
            ),
            default=0,
        )
    ),
)
def largest_rectangle(heights: list[int]) -> int:
    """The list heights gives the heights of bars of width 1 that stand side by side. Return the
    area of the largest rectangle, with sides along the bars, that lies within them. The list can be
    long.
    """
    best = 0
    rising: list[int] = []
    for at in range(len(heights) + 1):
        height = heights[at] if at < len(heights) else 0
        while rising and heights[rising[-1]] >= height:
            top = heights[rising.pop()]
            width = at - (rising[-1] + 1 if rising else 0)
            best = max(best, top * width)
        rising.append(at)
    return best


def _two_halves(rng: Random) -> tuple[list[int], list[int]]:
    return sorted(integers(rng, least=1, most=7)), sorted(integers(rng, most=7))


@lists.problem(
    5,
    examples=[([1, 3, 8], [2, 7]), ([1, 2], [3, 4])],
    edges=[([5], []), ([], [-4, -2]), ([2, 2], [2, 2]), (list(range(99)), [500])],
    make=_two_halves,
    holds=lambda first, second, answer: answer == int(2 * statistics.median(first + second)),
)
def doubled_median(first: list[int], second: list[int]) -> int:
    """The lists first and second are in ascending order and not both empty. Return twice the median
    of all their entries together: twice the middle entry, or the sum of the two middle ones where
    their number is even. A solution that looks at only a few entries is possible.
    """
    if len(first) > len(second):
        first, second = second, first
    size = len(first) + len(second)
    low, high = 0, len(first)
    while low < high:
        taken = (low + high) // 2
        if first[taken] < second[(size + 1) // 2 - taken - 1]:
            low = taken + 1
        else:
            high = taken
    other = (size + 1) // 2 - low
    below = max(first[:low][-1:] + second[:other][-1:])
    above = min(first[low : low + 1] + second[other : other + 1], default=below)
    return 2 * below if size % 2 else below + above


@lists.problem(
    5,
    examples=[([100, 4, 200, 1, 3, 2],), ([9, 1, 8, 2, 7],)],
    edges=[([],), ([0],), ([1, 1, 2, 2],), ([-2, -1, 0, 1],), (list(range(80, 0, -2)),)],
    make=lambda rng: (integers(rng, least=5, most=14, low=-9, high=12),),
    holds=lambda xs, answer: (
        answer
        == max(
            (n for n in range(1, len(xs) + 1) for x in xs if {*range(x, x + n)} <= {*xs}), default=0
        )
    ),
)
def longest_count_up(xs: list[int]) -> int:
    """Return the largest n for which the list xs contains n successive integers (such as 4, 5, 6
    for n = 3), in any order and at any places. The list can be long, so that the time needed should
    grow with its length only.
    """
    present = set(xs)
    best = 0
    for x in present:
        if x - 1 not in present:
            end = x
            while end in present:
                end += 1
            best = max(best, end - x)
    return best


@lists.problem(
    4,
    examples=[([5, 2, 9, 1, 7], 2), ([4, 4, 6, 1], 3)],
    edges=[([3], 1), ([1, 2], 2), ([8, 8, 8], 2), (list(range(100)), 1)],
    make=lambda rng: (integers(rng, least=5), rng.randint(1, 5)),
    holds=lambda xs, k, answer: (
        answer in xs and sum(x > answer for x in xs) < k <= sum(x >= answer for x in xs)
    ),
)
def kth_largest(xs: list[int], k: int) -> int:
    """Return the k-th largest entry of the list xs, repeats counted each time (k = 1 asks for the
    largest). k lies between 1 and the length of xs.
    """
    import heapq

    return heapq.nlargest(k, xs)[-1]


@lists.problem(
    3,
    examples=[([4, 4, 2, 4, 1],), ([1, 2, 1, 2, 2],)],
    edges=[([],), ([6],), ([1, 2],), ([1, 2, 3, 3],), ([0, 0, 8, 8, 8],)],
    make=lambda rng: (integers(rng, least=3, most=7, low=1, high=2 + rng.randint(0, 2)),),
    holds=lambda xs, answer: (
        answer == next((x for x, count in Counter(xs).items() if 2 * count > len(xs)), -1)
    ),
)
def majority(xs: list[int]) -> int:
    """Return the entry that fills more than half of the places of the list xs, or -1 if there is no
    such entry. No entry of xs is negative.
    """
    candidate, lead = -1, 0
    for x in xs:
        if lead == 0:
            candidate = x
        lead += 1 if x == candidate else -1
    return candidate if 2 * xs.count(candidate) > len(xs) else -1
