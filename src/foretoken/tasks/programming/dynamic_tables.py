"""Harder problems for dynamic programming: two texts, intervals, digits, games."""

import itertools
from functools import cache

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import integers, letters

dynamic = Topic("dynamic_programming")


@dynamic.problem(
    4,
    examples=[("ABCBDAB", "BDCABA"), ("stone", "longest")],
    edges=[("", ""), ("abc", ""), ("abc", "abc"), ("abc", "xyz"), ("ab" * 20, "ba" * 20)],
    make=lambda rng: (
        letters(rng, alphabet="abc", least=4, most=8),
        letters(rng, alphabet="abc", least=4, most=8),
    ),
    holds=lambda first, second, answer: (
        answer
        == (
            max(n for n in range(len(first) + 1) if _parts(first, n) & _parts(second, n))
            if len(first) < 12
            else 39
        )
    ),
)
def longest_shared(first: str, second: str) -> int:
    """Return the length of the longest text that can be made from the string first as well as from
    the string second by leaving characters out.
    """
    row = [0] * (len(second) + 1)
    for a in first:
        diagonal = 0
        for at, b in enumerate(second, start=1):
            diagonal, row[at] = row[at], diagonal + 1 if a == b else max(row[at], row[at - 1])
    return row[-1]


def _parts(text: str, size: int) -> set[tuple[str, ...]]:
    return set(itertools.combinations(text, size))


@dynamic.problem(
    4,
    examples=[
        ("applepenapple", ["apple", "pen"]),
        ("catsandog", ["cats", "dog", "sand", "and", "cat"]),
    ],
    edges=[
        ("", ["a"]),
        ("a", []),
        ("aaaa", ["a", "aa"]),
        ("ab", ["ba"]),
        ("catsanddog", ["cat", "cats", "and", "sand", "dog"]),
    ],
    make=lambda rng: (
        letters(rng, alphabet="ab", least=3, most=9),
        sorted({letters(rng, alphabet="ab", least=1, most=3) for _ in range(4)}),
    ),
    holds=lambda text, pieces, answer: answer == _cuts(text, tuple(pieces)),
)
def count_cuts(text: str, pieces: list[str]) -> int:
    """Return in how many ways the string text can be cut into consecutive pieces that are all in
    the list pieces (different strings, none empty); each may be used repeatedly. The empty text can
    be cut in one way.
    """
    ways = [1] + [0] * len(text)
    for end in range(1, len(text) + 1):
        for piece in pieces:
            if text.endswith(piece, 0, end):
                ways[end] += ways[end - len(piece)]
    return ways[-1]


@cache
def _cuts(text: str, pieces: tuple[str, ...]) -> int:
    return (
        1
        if not text
        else sum(_cuts(text[len(piece) :], pieces) for piece in pieces if text.startswith(piece))
    )


@dynamic.problem(
    4,
    examples=[(6, 3), (8, 4)],
    edges=[(0, 1), (1, 1), (4, 9), (6, 1), (100, 100)],
    make=lambda rng: (rng.randint(7, 19), rng.randint(3, 8)),
    holds=lambda n, largest, answer: (
        answer == (len(list(_sums(n, largest))) if n < 20 else 190569292)
    ),
)
def count_partitions(n: int, largest: int) -> int:
    """Return in how many ways n can be written as a sum of positive integers, none above largest,
    where the order does not matter: 4 = 2 + 2 = 2 + 1 + 1 = 1 + 1 + 1 + 1 are the ways for n = 4
    and largest = 2. For n = 0 there is one way.
    """
    ways = [1] + [0] * n
    for part in range(1, min(n, largest) + 1):
        for total in range(part, n + 1):
            ways[total] += ways[total - part]
    return ways[n]


def _sums(n: int, largest: int) -> list[list[int]]:
    if n == 0:
        return [[]]
    return [
        [part, *rest] for part in range(1, min(n, largest) + 1) for rest in _sums(n - part, part)
    ]


@dynamic.problem(
    5,
    examples=[([10, 30, 5, 60],), ([5, 4, 6, 2],)],
    edges=[([3, 7],), ([2, 2, 2],), ([1, 9, 1],), ([40, 20, 30, 10, 30],), ([10] * 25,)],
    make=lambda rng: (integers(rng, least=4, most=7, low=1, high=20),),
    holds=lambda sizes, answer: answer == (_products(tuple(sizes)) if len(sizes) < 9 else 23_000),
)
def matrix_chain(sizes: list[int]) -> int:
    """A chain of matrices is multiplied; matrix number i has sizes[i] rows and sizes[i + 1]
    columns, so that the list sizes has one entry more than there are matrices, of which there is at
    least one. The product of an a x b and a b x c matrix costs a * b * c. Return the lowest total
    cost over all orders of carrying the products out.
    """
    n = len(sizes) - 1
    cost = [[0] * (n + 1) for _ in range(n + 1)]
    for length in range(2, n + 1):
        for start in range(n - length + 1):
            end = start + length
            cost[start][end] = min(
                cost[start][cut] + cost[cut][end] + sizes[start] * sizes[cut] * sizes[end]
                for cut in range(start + 1, end)
            )
    return cost[0][n]


@cache
def _products(sizes: tuple[int, ...]) -> int:
    """Choose which inner size disappears first."""
    if len(sizes) < 3:
        return 0
    return min(
        sizes[at - 1] * sizes[at] * sizes[at + 1] + _products(sizes[:at] + sizes[at + 1 :])
        for at in range(1, len(sizes) - 1)
    )


@dynamic.problem(
    5,
    examples=[([3, 9, 1, 2],), ([8, 15, 3, 7],)],
    edges=[([],), ([5],), ([4, 4],), ([1, 100, 1],), ([2, 1] * 20,)],
    make=lambda rng: (integers(rng, least=3, most=8, low=1, high=30),),
    holds=lambda coins, answer: answer == (_duel(tuple(coins)) if len(coins) < 12 else 20),
)
def coin_game(coins: list[int]) -> int:
    """Two players take coins in turn from a row whose values are in the list coins, always the
    first or the last one that is left. Both play as well as possible for a larger total. Return by
    how much the total of the player who begins is above the other's (negative if it is below).
    """
    lead = list(coins)
    for length in range(2, len(coins) + 1):
        for start in range(len(coins) - length + 1):
            first, last = coins[start], coins[start + length - 1]
            lead[start] = max(first - lead[start + 1], last - lead[start])
    return lead[0] if coins else 0


@cache
def _duel(coins: tuple[int, ...]) -> int:
    return max(coins[0] - _duel(coins[1:]), coins[-1] - _duel(coins[:-1])) if coins else 0


@dynamic.problem(
    5,
    examples=[(100, 5), (2024, 10)],
    edges=[(0, 0), (9, 1), (7, 9), (10**15, 1), (10**12 - 1, 108)],
    make=lambda rng: (rng.randint(50, 4000), rng.randint(1, 20)),
    holds=lambda limit, total, answer: (
        answer
        == (
            sum(sum(map(int, str(n))) == total for n in range(limit + 1))
            if limit < 10**5
            else {1: 16, 108: 1}[total]
        )
    ),
)
def count_digit_sums(limit: int, total: int) -> int:
    """Return how many integers from 0 to limit have decimal digits with the sum total. Neither is
    negative, and limit can be as large as 10**15.
    """
    digits = [int(digit) for digit in str(limit)]
    below: dict[int, int] = {}
    tight = 0
    for digit in digits:
        following: dict[int, int] = {}
        for done, ways in below.items():
            for new in range(10):
                following[done + new] = following.get(done + new, 0) + ways
        for new in range(digit):
            following[tight + new] = following.get(tight + new, 0) + 1
        tight += digit
        below = following
    return below.get(total, 0) + (tight == total)


@dynamic.problem(
    5,
    examples=[([3, 1, 5, 8],), ([1, 5],)],
    edges=[([],), ([7],), ([0, 4],), ([2, 2, 2],), ([1] * 30,)],
    make=lambda rng: (integers(rng, least=3, most=6, low=1, high=9),),
    holds=lambda values, answer: answer == (_bursts(tuple(values)) if len(values) < 9 else 30),
)
def burst_score(values: list[int]) -> int:
    """Remove the entries of the list values, none of which is negative, one after the other. Each
    removal scores the product of the entry and the two that are its neighbours at that moment; a
    neighbour that is missing counts as 1. Return the largest possible total score; an empty list
    scores 0.
    """
    padded = [1, *values, 1]
    n = len(padded)
    best = [[0] * n for _ in range(n)]
    for length in range(2, n):
        for left in range(n - length):
            right = left + length
            best[left][right] = max(
                best[left][last] + best[last][right] + padded[left] * padded[last] * padded[right]
                for last in range(left + 1, right)
            )
    return best[0][-1]


def _bursts(values: tuple[int, ...]) -> int:
    padded = (1, *values, 1)
    return max(
        (
            padded[at] * padded[at + 1] * padded[at + 2] + _bursts(values[:at] + values[at + 1 :])
            for at in range(len(values))
        ),
        default=0,
    )


@dynamic.problem(
    4,
    examples=[([4, 2, 7, 1, 3], 2), ([10, 5, 30, 40], 3)],
    edges=[([5], 1), ([1, 1, 1], 3), ([9, 1, 1, 9], 1), ([1, 2, 3], 8), ([0, 0, 4], 2)],
    make=lambda rng: (integers(rng, least=4, most=8, low=1, high=20), rng.randint(2, 4)),
    holds=lambda pages, readers, answer: answer == _shares(pages, readers),
)
def fair_shares(pages: list[int], readers: int) -> int:
    """The chapters of a book have the lengths in the list pages, which is not empty; none is
    negative. They are divided among a number of readers (at least 1), so that each gets consecutive
    chapters or none. Return the smallest possible number of pages that the reader with the most
    pages gets.
    """
    worst = [0]
    for length in pages:
        worst.append(worst[-1] + length)
    sums = list(worst)
    for _ in range(readers - 1):
        worst = [
            min(max(worst[cut], sums[end] - sums[cut]) for cut in range(end + 1))
            for end in range(len(sums))
        ]
    return worst[-1]


def _shares(pages: list[int], readers: int) -> int:
    cuts = itertools.combinations_with_replacement(range(len(pages) + 1), readers - 1)
    return min(
        max(sum(pages[a:b]) for a, b in itertools.pairwise((0, *one, len(pages)))) for one in cuts
    )


@dynamic.problem(
    3,
    examples=[([[17, 2, 17], [16, 16, 5], [14, 3, 19]],), ([[7, 6, 2]],)],
    edges=[([],), ([[1, 1, 1]],), ([[5, 1, 9], [5, 1, 9]],), ([[0, 3, 3]] * 20,)],
    make=lambda rng: ([[rng.randint(1, 20) for _ in range(3)] for _ in range(rng.randint(2, 6))],),
    holds=lambda costs, answer: (
        answer
        == (
            min(
                sum(row[c] for row, c in zip(costs, colours, strict=True))
                for colours in itertools.product(range(3), repeat=len(costs))
                if all(a != b for a, b in itertools.pairwise(colours))
            )
            if len(costs) < 9
            else 30
        )
    ),
)
def paint_fences(costs: list[list[int]]) -> int:
    """A row of fences is painted, each red, green or blue, and no two neighbours in the same
    colour. Each entry of the list costs is [red, green, blue], what these colours cost for one
    fence. Return the lowest total cost; without fences it is 0.
    """
    red = green = blue = 0
    for in_red, in_green, in_blue in costs:
        red, green, blue = (
            in_red + min(green, blue),
            in_green + min(red, blue),
            in_blue + min(red, green),
        )
    return min(red, green, blue)


@dynamic.problem(
    5,
    examples=[("rabbbit", "rabbit"), ("babgbag", "bag")],
    edges=[("", ""), ("abc", ""), ("", "a"), ("aaaa", "aa"), ("ab" * 15, "ab")],
    make=lambda rng: (
        letters(rng, alphabet="ab", least=5, most=10),
        letters(rng, alphabet="ab", least=1, most=3),
    ),
    holds=lambda text, part, answer: (
        answer == list(itertools.combinations(text, len(part))).count(tuple(part))
    ),
)
def count_selections(text: str, part: str) -> int:
    """Return in how many ways characters of the string text can be chosen that, read in their
    order, are the string part. Ways differ if they choose different places. The empty part can be
    chosen in one way.
    """
    ways = [1] + [0] * len(part)
    for char in text:
        for at in range(len(part), 0, -1):
            if part[at - 1] == char:
                ways[at] += ways[at - 1]
    return ways[-1]
