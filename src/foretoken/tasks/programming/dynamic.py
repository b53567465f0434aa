"""Problems that dynamic programming solves: counting ways, best choices, grids."""

import itertools
from functools import cache
from random import Random

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import grid, integers, table

dynamic = Topic("dynamic_programming")


@dynamic.problem(
    1,
    examples=[(5,), (8,)],
    edges=[(0,), (1,), (2,), (90,)],
    make=lambda rng: (rng.randint(3, 40),),
    holds=lambda n, answer: answer == _stairs(n),
)
def climb_stairs(n: int) -> int:
    """A staircase has n steps. Each move goes up one step or two. Return in how many different ways
    one can climb it from the bottom to the top; for n = 0 there is one way.
    """
    here, following = 1, 1
    for _ in range(n):
        here, following = following, here + following
    return here


@cache
def _stairs(n: int) -> int:
    return 1 if n < 2 else _stairs(n - 1) + _stairs(n - 2)


@dynamic.problem(
    1,
    examples=[(5,), (6,)],
    edges=[(0,), (1,), (3,), (60,)],
    make=lambda rng: (rng.randint(2, 45),),
    holds=lambda n, answer: answer == _tribonacci(n)[0],
)
def tribonacci(n: int) -> int:
    """A sequence starts with t(0) = 0, t(1) = 1, t(2) = 1, and each further number is the sum of
    the three before it. Return t(n).
    """
    a, b, c = 0, 1, 1
    for _ in range(n):
        a, b, c = b, c, a + b + c
    return a


def _tribonacci(n: int) -> tuple[int, int, int]:
    if n == 0:
        return 0, 1, 1
    _, b, c = before = _tribonacci(n - 1)
    return b, c, sum(before)


@dynamic.problem(
    2,
    examples=[([2, 7, 9, 3, 1],), ([5, 1, 1, 5],)],
    edges=[([],), ([4],), ([0, 0],), ([1, 2],), ([3] * 60,)],
    make=lambda rng: (integers(rng, least=4, low=0, high=20),),
    holds=lambda values, answer: (
        answer
        == (
            max(
                sum(v for v, take in zip(values, chosen, strict=True) if take)
                for chosen in itertools.product([False, True], repeat=len(values))
                if not any(a and b for a, b in itertools.pairwise(chosen))
            )
            if len(values) < 12
            else 90
        )
    ),
)
def best_apart(values: list[int]) -> int:
    """Return the largest sum of entries of the list values, none of which is negative, of which no
    two are neighbours. Taking none at all gives 0.
    """
    taken = left = 0
    for value in values:
        taken, left = left + value, max(left, taken)
    return max(taken, left)


@dynamic.problem(
    2,
    examples=[(["...", ".#.", "..."],), (["....", "...."],)],
    edges=[(["."],), (["#"],), (["..#"],), ([".."] * 6,), (["." * 12] * 12,)],
    make=lambda rng: (_field(rng),),
    holds=lambda rows, answer: answer == (_routes(rows) if len(rows) < 9 else 705432),
)
def count_routes(rows: list[str]) -> int:
    """The strings of the list rows, all of the same length, draw a field: . is free and # is
    blocked. Return in how many ways one can go from the top left square to the bottom right one
    over free squares, in steps to the right and downwards only. If the first or the last square is
    blocked there is no way.
    """
    ways = [1] + [0] * (len(rows[0]) - 1)
    for row in rows:
        for column, sign in enumerate(row):
            if sign == "#":
                ways[column] = 0
            elif column:
                ways[column] += ways[column - 1]
    return ways[-1]


def _field(rng: Random) -> list[str]:
    rows = grid(rng, symbols=".....#")
    return [row + "." for row in (rows if len(rows) > 1 else rows * 3)]


def _routes(rows: list[str], i: int = 0, j: int = 0) -> int:
    if i == len(rows) or j == len(rows[0]) or rows[i][j] == "#":
        return 0
    if (i, j) == (len(rows) - 1, len(rows[0]) - 1):
        return 1
    return _routes(rows, i + 1, j) + _routes(rows, i, j + 1)


@dynamic.problem(
    2,
    examples=[([[1, 3, 1], [1, 5, 1], [4, 2, 1]],), ([[1, 2], [5, 3]],)],
    edges=[([[4]],), ([[1, 2, 3]],), ([[2], [2], [2]],), ([[0, 9], [0, 0]],)],
    make=lambda rng: (table(rng, low=0, high=9),),
    holds=lambda costs, answer: (
        answer
        == min(
            sum(costs[i][j] for i, j in _squares(path))
            for path in set(
                itertools.permutations("d" * (len(costs) - 1) + "r" * (len(costs[0]) - 1))
            )
        )
    ),
)
def cheapest_descent(costs: list[list[int]]) -> int:
    """All rows of the table costs have the same length. Go from the top left square to the bottom
    right one, in steps to the right and downwards only; every square on the way, the first and the
    last included, costs its number. Return the lowest total cost.
    """
    best: list[int] = []
    for row in costs:
        for column, cost in enumerate(row):
            before = [*best[column : column + 1], *best[column - 1 : column]]
            total = cost + min(before, default=0)
            best = [*best[:column], total, *best[column + 1 :]]
    return best[-1]


def _squares(path: tuple[str, ...]) -> list[tuple[int, int]]:
    return [(path[:at].count("d"), path[:at].count("r")) for at in range(len(path) + 1)]


@dynamic.problem(
    3,
    examples=[([1, 5, 10], 18), ([4, 6], 14)],
    edges=[([5], 0), ([5], 3), ([2], 8), ([3, 7], 11), ([1, 2, 5], 500)],
    make=lambda rng: (rng.sample(range(2, 12), rng.randint(2, 3)), rng.randint(5, 40)),
    holds=lambda coins, amount, answer: answer == _coins_by_rounds(coins, amount),
)
def fewest_coins(coins: list[int], amount: int) -> int:
    """Coins of the values in the list coins (different and positive) are there without limit.
    Return the smallest number of coins that make up exactly the given amount, or -1 if none do. The
    amount 0 needs no coin.
    """
    fewest = [0]
    for total in range(1, amount + 1):
        ways = [fewest[total - coin] + 1 for coin in coins if coin <= total]
        fewest.append(min(ways, default=amount + 1))
        fewest[-1] = min(fewest[-1], amount + 1)
    return fewest[amount] if fewest[amount] <= amount else -1


def _coins_by_rounds(coins: list[int], amount: int) -> int:
    """All sums of one coin, two coins, and so on."""
    sums = {0}
    for count in range(amount + 1):
        if amount in sums:
            return count
        sums = {total + coin for total in sums for coin in coins if total + coin <= amount}
    return -1


@dynamic.problem(
    3,
    examples=[([1, 2, 5], 5), ([2, 3], 12)],
    edges=[([3], 0), ([4], 7), ([1], 9), ([7, 2], 1), ([1, 2, 5, 10], 200)],
    make=lambda rng: (rng.sample(range(1, 9), rng.randint(2, 3)), rng.randint(5, 25)),
    holds=lambda coins, amount, answer: (
        answer
        == (
            sum(
                sum(coin * n for coin, n in zip(coins, counts, strict=True)) == amount
                for counts in itertools.product(*(range(amount // coin + 1) for coin in coins))
            )
            if amount < 30
            else sum(
                (200 - 10 * tens - 5 * fives) // 2 + 1
                for tens in range(21)
                for fives in range((200 - 10 * tens) // 5 + 1)
            )
        )
    ),
)
def ways_to_pay(coins: list[int], amount: int) -> int:
    """Coins of the values in the list coins (different and positive) are there without limit.
    Return in how many ways they make up exactly the given amount, where the order of the coins does
    not matter. The amount 0 can be paid in one way.
    """
    ways = [1] + [0] * amount
    for coin in coins:
        for total in range(coin, amount + 1):
            ways[total] += ways[total - coin]
    return ways[amount]


@dynamic.problem(
    3,
    examples=[([[3, 4], [4, 5], [7, 10]], 7), ([[1, 1], [3, 4], [4, 6]], 6)],
    edges=[([], 10), ([[5, 9]], 4), ([[2, 3], [2, 3]], 4), ([[1, 7], [0, 2]], 0)],
    make=lambda rng: (
        [[rng.randint(1, 8), rng.randint(1, 15)] for _ in range(rng.randint(3, 7))],
        rng.randint(5, 18),
    ),
    holds=lambda things, limit, answer: (
        answer
        == max(
            sum(value for _, value in chosen)
            for size in range(len(things) + 1)
            for chosen in itertools.combinations(things, size)
            if sum(w for w, _ in chosen) <= limit
        )
    ),
)
def best_load(things: list[list[int]], limit: int) -> int:
    """Each entry of the list things is a pair [weight, value]; none is negative. Return the largest
    total value of things that can be taken together, each at most once, when their total weight
    must not be above limit.
    """
    best = [0] * (limit + 1)
    for weight, value in things:
        for room in range(limit, weight - 1, -1):
            best[room] = max(best[room], best[room - weight] + value)
    return best[limit]


@dynamic.problem(
    3,
    examples=[([10, 9, 2, 5, 3, 7, 101, 18],), ([3, 1, 2],)],
    edges=[([],), ([7],), ([5, 5, 5],), ([4, 3, 2, 1],), (list(range(150)),)],
    make=lambda rng: (integers(rng, least=5),),
    holds=lambda xs, answer: (
        answer
        == (
            max(
                len(part)
                for size in range(len(xs) + 1)
                for part in itertools.combinations(xs, size)
                if all(a < b for a, b in itertools.pairwise(part))
            )
            if len(xs) < 12
            else 150
        )
    ),
)
def longest_rise(xs: list[int]) -> int:
    """Return the largest number of entries of the list xs, not necessarily neighbours, each of
    which is larger than the one before it in the order of the list.
    """
    from bisect import bisect_left

    ends: list[int] = []
    for x in xs:
        at = bisect_left(ends, x)
        ends[at : at + 1] = [x]
    return len(ends)


@dynamic.problem(
    3,
    examples=[("226",), ("12",)],
    edges=[("",), ("0",), ("10",), ("30",), ("1001",), ("2101",), ("1" * 40,)],
    make=lambda rng: (
        "".join(rng.choice("1123470"[: rng.randint(4, 7)]) for _ in range(rng.randint(4, 9))),
    ),
    holds=lambda digits, answer: answer == _decodings(digits),
)
def count_decodings(digits: str) -> int:
    """A text of capital letters was written as numbers: A as 1, B as 2, up to Z as 26, without
    spaces. Return how many texts the string digits can stand for. The empty string stands for one,
    the empty text.
    """
    before, here = 0, 1
    for at, digit in enumerate(digits):
        ways = here if digit != "0" else 0
        if at and "10" <= digits[at - 1 : at + 1] <= "26":
            ways += before
        before, here = here, ways
    return here


@cache
def _decodings(digits: str) -> int:
    if not digits:
        return 1
    return sum(
        _decodings(digits[n:]) for n in (1, 2) if digits[:n] in _LETTERS and len(digits) >= n
    )


_LETTERS = frozenset(map(str, range(1, 27)))


@dynamic.problem(
    4,
    examples=[([1, 5, 11, 5],), ([1, 2, 3, 5],)],
    edges=[([],), ([4],), ([2, 2],), ([1, 1, 1],), ([100, 1, 99],)],
    make=lambda rng: (integers(rng, least=3, most=7, low=1, high=9),),
    holds=lambda xs, answer: (
        answer
        == min(
            abs(sum(x * sign for x, sign in zip(xs, signs, strict=True)))
            for signs in itertools.product([1, -1], repeat=len(xs))
        )
    ),
)
def fairest_split(xs: list[int]) -> int:
    """Divide the positive integers of the list xs into two groups, one of which may be empty.
    Return the smallest possible difference between the sums of the groups.
    """
    sums = {0}
    for x in xs:
        sums |= {total + x for total in sums}
    whole = sum(xs)
    return min(abs(whole - 2 * total) for total in sums)


@dynamic.problem(
    4,
    examples=[([7, 1, 5, 3, 6, 4], 2), ([3, 8, 2], 5)],
    edges=[([], 1), ([5], 3), ([9, 4, 1], 0), ([1, 2, 3, 4], 0), ([1, 9, 1, 9], 100)],
    make=lambda rng: (integers(rng, least=3, most=7, low=1, high=15), rng.randint(0, 4)),
    holds=lambda prices, fee, answer: answer == _trades(tuple(prices), fee, 0, False),
)
def best_trades(prices: list[int], fee: int) -> int:
    """The list prices gives the price of a share on successive days. One can hold at most one
    share; on each day one can buy it, sell it, or do nothing, and every sale costs the given fee.
    Return the largest possible profit; at the end no share is held. Without trades it is 0.
    """
    free, holding = 0, None
    for price in prices:
        sold = free if holding is None else max(free, holding + price - fee)
        holding = free - price if holding is None else max(holding, free - price)
        free = sold
    return free


def _trades(prices: tuple[int, ...], fee: int, day: int, held: bool) -> int:
    if day == len(prices):
        return -(10**6) if held else 0
    price = prices[day] - fee if held else -prices[day]
    return max(_trades(prices, fee, day + 1, held), price + _trades(prices, fee, day + 1, not held))
