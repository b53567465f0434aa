"""Problems with a graph in disguise: mazes, tours, alphabets."""

import itertools
from random import Random

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import grid

graphs = Topic("graphs")


@graphs.problem(
    4,
    examples=[(["S.#", "..G", "#.."],), (["S#.", ".#G", "..."],)],
    edges=[(["SG"],), (["S#G"],), (["S....", "####.", "G...."],), (["G", ".", "S"],)],
    make=lambda rng: (_maze(rng),),
    holds=lambda rows, answer: answer == _flood(rows),
)
def maze_steps(rows: list[str]) -> int:
    """The strings of the list rows, all of the same length, draw a maze: S is the start, G the
    goal, # is wall, everything else is free. One step leads up, down, left or right to a square
    that is not wall. Return the smallest number of steps from the start to the goal, or -1 if there
    is no way.
    """
    free = {(i, j): sign for i, row in enumerate(rows) for j, sign in enumerate(row) if sign != "#"}
    waiting = [place for place, sign in free.items() if sign == "S"]
    steps = dict.fromkeys(waiting, 0)
    for i, j in waiting:
        if free[i, j] == "G":
            return steps[i, j]
        for near in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
            if near in free and near not in steps:
                steps[near] = steps[i, j] + 1
                waiting.append(near)
    return -1


def _maze(rng: Random) -> list[str]:
    rows = ["." + row for row in grid(rng, symbols="...#")]
    return ["S" + rows[0][1:], *rows[1:-1], rows[-1][:-1] + "G"] if len(rows) > 1 else ["S..#G"]


def _flood(rows: list[str]) -> int:
    """Grow the set of reached squares, one step at a time."""
    places = [(i, j) for i, row in enumerate(rows) for j, sign in enumerate(row) if sign != "#"]
    reached = {p for p in places if rows[p[0]][p[1]] == "S"}
    for step in range(len(places) + 1):
        if any(rows[i][j] == "G" for i, j in reached):
            return step
        reached |= {
            p for p in places if any(abs(p[0] - i) + abs(p[1] - j) == 1 for i, j in reached)
        }
    return -1


def _fares(rng: Random, n: int) -> list[list[int]]:
    return [[0 if a == b else rng.randint(1, 20) for b in range(n)] for a in range(n)]


@graphs.problem(
    5,
    examples=[
        ([[0, 10, 15], [10, 0, 35], [15, 35, 0]],),
        ([[0, 1, 9, 2], [1, 0, 1, 9], [9, 1, 0, 1], [2, 9, 1, 0]],),
    ],
    edges=[([[0]],), ([[0, 4], [6, 0]],), ([[0, 1, 1], [5, 0, 1], [1, 5, 0]],)],
    make=lambda rng: (_fares(rng, rng.randint(3, 6)),),
    holds=lambda costs, answer: (
        answer
        == min(
            sum(costs[a][b] for a, b in itertools.pairwise((0, *order, 0)))
            for order in itertools.permutations(range(1, len(costs)))
        )
    ),
)
def cheapest_tour(costs: list[list[int]]) -> int:
    """costs[a][b] is the price of the trip from town a to town b. Return the lowest total price of
    a tour that begins in town 0, visits every other town exactly once, and ends in town 0. With one
    town the price is 0. There are up to ten towns.
    """
    n = len(costs)
    if n == 1:
        return 0
    best = {(1, 0): 0}
    for visited in range(1, 1 << n):
        for last in range(n):
            if (visited, last) in best:
                for town in range(1, n):
                    if not visited >> town & 1:
                        key = (visited | 1 << town, town)
                        price = best[visited, last] + costs[last][town]
                        best[key] = min(best.get(key, price), price)
    return min(best[(1 << n) - 1, last] + costs[last][0] for last in range(1, n))


@graphs.problem(
    5,
    examples=[(["wrt", "wrf", "er", "ett"],), (["ba", "bc", "ac"],)],
    edges=[([],), (["z"],), (["ab", "a"],), (["a", "b", "a"],), (["ab", "ab"],)],
    make=lambda rng: (_lexicon(rng),),
    holds=lambda words, answer: answer == _alphabets(words),
)
def alphabet_order(words: list[str]) -> str:
    """The list words is sorted by an unknown alphabet of exactly the letters that occur in it (a
    word comes before longer words that start with it). Return the letters in the order of the
    alphabet; of several possible orders return the one that comes first in the usual order. If no
    alphabet fits, return an empty string.
    """
    from itertools import pairwise

    before: set[tuple[str, str]] = set()
    for first, second in pairwise(words):
        differing = [(a, b) for a, b in zip(first, second, strict=False) if a != b]
        if differing:
            before.add(differing[0])
        elif len(first) > len(second):
            return ""
    left = set("".join(words))
    order = ""
    while left:
        free = left - {b for a, b in before if a in left}
        if not free:
            return ""
        order += min(free)
        left.remove(min(free))
    return order


def _lexicon(rng: Random) -> list[str]:
    order = rng.sample("abcd", 4)
    made = ["".join(rng.choice(order) for _ in range(rng.randint(1, 3))) for _ in range(5)]
    return sorted(made, key=lambda word: [order.index(letter) for letter in word])


def _alphabets(words: list[str]) -> str:
    for order in itertools.permutations(sorted(set("".join(words)))):
        keys = [[order.index(letter) for letter in word] for word in words]
        if keys == sorted(keys):
            return "".join(order)
    return ""
