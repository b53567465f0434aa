"""Problems about lists: picking, reordering, running totals, searching."""

import itertools
from bisect import bisect_left
from collections import Counter

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import integers

lists = Topic("lists")


@lists.problem(
    1,
    examples=[([3, 8, 5, 2, 9, 4],), ([7, 1, 6],)],
    edges=[([],), ([-2],), ([1, 3, 5],), ([-4, -3, 0],)],
    make=lambda rng: (integers(rng, least=3),),
    holds=lambda xs, answer: answer == sum(x for x in xs if not x & 1),
)
def sum_of_even(xs: list[int]) -> int:
    """Return the sum of the even integers of the list xs."""
    return sum(x for x in xs if x % 2 == 0)


@lists.problem(
    1,
    examples=[([4, 9, 2, 7],), ([1, 1, 5],)],
    edges=[([],), ([3],), ([-5, 5],), ([10**12, 0, -(10**12)],)],
    make=lambda rng: (integers(rng, least=2),),
    holds=lambda xs, answer: (
        len(answer) == max(0, len(xs) - 1)
        and list(itertools.accumulate(answer, initial=xs[0] if xs else 0)) == (xs or [0])
    ),
)
def differences(xs: list[int]) -> list[int]:
    """Return the list of the differences between neighbours of the list xs: each integer minus the
    one before it.
    """
    return [xs[at] - xs[at - 1] for at in range(1, len(xs))]


@lists.problem(
    1,
    examples=[([5, 3, 5, 1, 3],), ([2, 2, 4],)],
    edges=[([],), ([7, 7, 7],), ([-1, 1, -1],), ([0, 5, 0],)],
    make=lambda rng: (integers(rng, least=6, low=0, high=5),),
    holds=lambda xs, answer: (
        set(answer) == set(xs)
        and len(answer) == len(set(xs))
        and all(xs.index(a) < xs.index(b) for a, b in itertools.pairwise(answer))
    ),
)
def without_repeats(xs: list[int]) -> list[int]:
    """Return the integers of the list xs, each once, in the order in which they first occur."""
    kept: list[int] = []
    for x in xs:
        if x not in kept:
            kept.append(x)
    return kept


@lists.problem(
    1,
    examples=[([4, 1, 7, 7, 3],), ([-2, -9],)],
    edges=[([],), ([5],), ([6, 6],), ([2, 2, 1],)],
    make=lambda rng: (integers(rng, least=2),),
    holds=lambda xs, answer: (
        (len(set(xs)) < 2 and answer == 0)
        or (answer in xs and len({x for x in xs if x > answer}) == 1)
    ),
)
def second_largest(xs: list[int]) -> int:
    """Return the second largest of the different values in the list xs, or 0 if there are fewer
    than two different values.
    """
    ordered = sorted(set(xs))
    return ordered[-2] if len(ordered) > 1 else 0


@lists.problem(
    2,
    examples=[([1, 2, 3, 4, 5], 2), ([6, 7, 8], -1)],
    edges=[([], 3), ([1], 5), ([1, 2], 2), ([1, 2, 3], 1000001)],
    make=lambda rng: (integers(rng, least=3, low=0, high=99), rng.choice([1, 2, -1, -2, 7])),
    holds=lambda xs, k, answer: (
        len(answer) == len(xs) and all(answer[(at + k) % len(xs)] == x for at, x in enumerate(xs))
    ),
)
def rotate(xs: list[int], k: int) -> list[int]:
    """Return the list xs rotated by k places to the right: what falls off at the end comes in at
    the start. A negative k rotates to the left, and k may be larger than the length.
    """
    if not xs:
        return []
    cut = -k % len(xs)
    return xs[cut:] + xs[:cut]


@lists.problem(
    2,
    examples=[([1, 4, 9], [2, 3, 10, 11]), ([5], [1, 7])],
    edges=[([], []), ([2, 2], [2]), ([], [1, 2]), ([-3, 0], [-5, -4])],
    make=lambda rng: (
        sorted(integers(rng, least=1, most=6)),
        sorted(integers(rng, least=1, most=6)),
    ),
    holds=lambda first, second, answer: (
        Counter(answer) == Counter(first) + Counter(second)
        and all(a <= b for a, b in itertools.pairwise(answer))
    ),
)
def merge_sorted(first: list[int], second: list[int]) -> list[int]:
    """The lists first and second are in ascending order. Return one ascending list with all entries
    of both, repeats included.
    """
    merged: list[int] = []
    i = j = 0
    while i < len(first) or j < len(second):
        if j == len(second) or (i < len(first) and first[i] <= second[j]):
            merged.append(first[i])
            i += 1
        else:
            merged.append(second[j])
            j += 1
    return merged


@lists.problem(
    2,
    examples=[([1, 2, 3, 4, 5], 2), ([9, 8, 7, 6], 3)],
    edges=[([], 2), ([1, 2], 5), ([4, 4, 4, 4], 2), ([1, 2, 3], 1)],
    make=lambda rng: (integers(rng, least=4), rng.randint(2, 4)),
    holds=lambda xs, size, answer: (
        [x for part in answer for x in part] == xs
        and all(len(part) == size for part in answer[:-1])
        and all(0 < len(part) <= size for part in answer)
    ),
)
def chunks(xs: list[int], size: int) -> list[list[int]]:
    """Cut the list xs into pieces of the given size (at least 1), from left to right; the last
    piece may be shorter. Return the list of the pieces.
    """
    return [xs[at : at + size] for at in range(0, len(xs), size)]


@lists.problem(
    2,
    examples=[([[1, 2, 3], [4, 5, 6]],), ([[7, 8], [9, 10], [11, 12]],)],
    edges=[([],), ([[5]],), ([[1, 2, 3]],), ([[0], [0]],)],
    make=lambda rng: (
        [
            [rng.randint(0, 9) for _ in range(w)]
            for w in [rng.randint(2, 4)]
            for _ in range(rng.randint(2, 4))
        ],
    ),
    holds=lambda rows, answer: answer == [list(column) for column in zip(*rows, strict=True)],
)
def transpose(rows: list[list[int]]) -> list[list[int]]:
    """All rows of the table rows have the same length, which is at least 1. Return the table with
    rows and columns exchanged.
    """
    if not rows:
        return []
    return [[row[column] for row in rows] for column in range(len(rows[0]))]


@lists.problem(
    2,
    examples=[([1, 7, 3, 6, 5, 6],), ([2, 9, 2],)],
    edges=[([],), ([5],), ([1, 2, 3],), ([0, 0, 0],), ([-1, 1, 4],)],
    make=lambda rng: (integers(rng, least=3, most=7, low=-2, high=3),),
    holds=lambda xs, answer: (
        answer == next((i for i in range(len(xs)) if sum(xs[:i]) == sum(xs[i + 1 :])), -1)
    ),
)
def balance_index(xs: list[int]) -> int:
    """Return the smallest index of the list xs for which the integers before it have the same sum
    as those after it (no integers have the sum 0), or -1 if there is none.
    """
    left, right = 0, sum(xs)
    for index, x in enumerate(xs):
        right -= x
        if left == right:
            return index
        left += x
    return -1


@lists.problem(
    2,
    examples=[([3, 1, 4, 1, 5], 2), ([10, 20, 30], 3)],
    edges=[([], 1), ([5], 1), ([1, 2], 3), ([-1, -2, -3, -4], 4)],
    make=lambda rng: (integers(rng, least=4), rng.randint(1, 4)),
    holds=lambda xs, k, answer: answer == [sum(xs[i : i + k]) for i in range(len(xs) - k + 1)],
)
def window_sums(xs: list[int], k: int) -> list[int]:
    """Return the list of the sums of every k neighbouring integers of the list xs, from left to
    right (k is at least 1). If xs has fewer than k integers, the list is empty.
    """
    if len(xs) < k:
        return []
    sums = [sum(xs[:k])]
    for at in range(k, len(xs)):
        sums.append(sums[-1] + xs[at] - xs[at - k])
    return sums


@lists.problem(
    3,
    examples=[([-2, 1, -3, 4, -1, 2, 1, -5],), ([5, -9, 7],)],
    edges=[([],), ([-3],), ([-5, -2, -8],), ([1, 2, 3],), ([10**9, -1, 10**9],)],
    make=lambda rng: (integers(rng, least=4, low=-9, high=9),),
    holds=lambda xs, answer: (
        answer
        == max((sum(xs[i:j]) for i in range(len(xs)) for j in range(i + 1, len(xs) + 1)), default=0)
    ),
)
def best_stretch(xs: list[int]) -> int:
    """Return the largest sum of one or more consecutive integers of the list xs; for an empty list
    it is 0.
    """
    if not xs:
        return 0
    best = current = xs[0]
    for x in xs[1:]:
        current = max(current, 0) + x
        best = max(best, current)
    return best


@lists.problem(
    3,
    examples=[([[1, 3], [2, 6], [8, 10]],), ([[5, 7], [1, 4], [4, 5]],)],
    edges=[([],), ([[3, 3]],), ([[1, 9], [2, 3]],), ([[1, 2], [3, 4]],)],
    make=lambda rng: ([[s, s + rng.randint(0, 6)] for s in integers(rng, least=3, most=6, low=0)],),
    holds=lambda spans, answer: (
        all(a[1] < b[0] for a, b in itertools.pairwise(answer))
        and all(any(a <= s[0] and s[1] <= b for a, b in answer) for s in spans)
        and all(_covers(spans, a, b) for a, b in answer)
    ),
)
def merge_spans(spans: list[list[int]]) -> list[list[int]]:
    """Each entry of the list spans is a pair [start, end] with start <= end. Merge all that overlap
    or share an end point, and return the merged pairs in ascending order.
    """
    merged: list[list[int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged


def _covers(spans: list[list[int]], low: int, high: int) -> bool:
    at = low
    while any(s <= at < e for s, e in spans):
        at = max(e for s, e in spans if s <= at)
    return at == high and any(s == low for s, _ in spans)


@lists.problem(
    3,
    examples=[([2, 7, 11, 15, 5], 16), ([1, 4, 6], 10)],
    edges=[([], 4), ([2], 4), ([2, 2], 4), ([1, 2, 3], 100), ([-3, 8, 3, 0], 0)],
    make=lambda rng: (integers(rng, least=4, low=0, high=15), rng.randint(8, 20)),
    holds=lambda xs, total, answer: (
        answer
        == min(
            (
                [i, j]
                for i, j in itertools.combinations(range(len(xs)), 2)
                if xs[i] + xs[j] == total
            ),
            key=lambda pair: pair[::-1],
            default=[],
        )
    ),
)
def pair_with_sum(xs: list[int], total: int) -> list[int]:
    """Return the indices [i, j] with i < j of two entries of the list xs whose sum is total, or an
    empty list if there are none. Take the smallest possible j, and for it the smallest i.
    """
    first: dict[int, int] = {}
    for j, x in enumerate(xs):
        if total - x in first:
            return [first[total - x], j]
        first.setdefault(x, j)
    return []


@lists.problem(
    3,
    examples=[([[1, 2, 3], [4, 5, 6], [7, 8, 9]],), ([[1, 2], [3, 4], [5, 6]],)],
    edges=[([],), ([[4]],), ([[2], [1]],), ([[1, 2, 3, 4], [5, 6, 7, 8]],)],
    make=lambda rng: (
        [
            [rng.randint(0, 99) for _ in range(w)]
            for w in [rng.randint(2, 4)]
            for _ in range(rng.randint(2, 4))
        ],
    ),
    holds=lambda rows, answer: answer == _peeled(rows),
)
def spiral(rows: list[list[int]]) -> list[int]:
    """All rows of the table rows have the same length. Return its entries in the order of a spiral
    that starts at the top left, goes right first, and turns clockwise to the middle.
    """
    rest = [list(row) for row in rows]
    read: list[int] = []
    while rest:
        read.extend(rest.pop(0))
        rest = [list(column) for column in zip(*rest, strict=True)][::-1]
    return read


def _peeled(rows: list[list[int]]) -> list[int]:
    seen: list[tuple[int, int]] = []
    width, (i, j), (di, dj) = len(rows[0]) if rows else 0, (0, -1), (0, 1)
    while len(seen) < len(rows) * width:
        step = (i + di, j + dj)
        if step in seen or not (0 <= step[0] < len(rows) and 0 <= step[1] < width):
            di, dj = dj, -di
            continue
        seen.append(step)
        i, j = step
    return [rows[a][b] for a, b in seen]


@lists.problem(
    3,
    examples=[([2, 1, 2, 4, 3],), ([5, 4, 3],)],
    edges=[([],), ([1],), ([1, 2, 3],), ([7, 7, 8],)],
    make=lambda rng: (integers(rng, least=4, low=0),),
    holds=lambda xs, answer: (
        answer == [next((y for y in xs[i + 1 :] if y > x), -1) for i, x in enumerate(xs)]
    ),
)
def next_larger(xs: list[int]) -> list[int]:
    """For each integer of the list xs (none is negative) find the first one to its right that is
    larger, or -1 where there is none. Return the list of what was found.
    """
    found = [-1] * len(xs)
    waiting: list[int] = []
    for at, x in enumerate(xs):
        while waiting and xs[waiting[-1]] < x:
            found[waiting.pop()] = x
        waiting.append(at)
    return found


@lists.problem(
    3,
    examples=[([1, 3, 5, 5, 8], 5), ([2, 4, 6], 7)],
    edges=[([], 1), ([7], 7), ([1, 2, 3], 9), ([4, 4, 4], 4), (list(range(0, 2000, 2)), 1001)],
    make=lambda rng: (sorted(integers(rng, least=4, low=0, high=9)), rng.randint(0, 10)),
    holds=lambda xs, x, answer: answer == bisect_left(xs, x),
)
def insertion_place(xs: list[int], x: int) -> int:
    """The list xs is in ascending order and may be long. Return the smallest index at which x can
    be inserted so that the order stays ascending.
    """
    low, high = 0, len(xs)
    while low < high:
        middle = (low + high) // 2
        if xs[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low
