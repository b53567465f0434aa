"""Problems about graphs: neighbours, reachability, distances, order."""

import itertools
from random import Random

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import forward, grid, pairs

graphs = Topic("graphs")

_INFINITE = 10**9


def _distances(n: int, edges: list[list[int]], *, directed: bool = False) -> list[list[int]]:
    """Shortest distances by Floyd and Warshall; an edge without weight has length 1."""
    far = [[0 if a == b else _INFINITE for b in range(n)] for a in range(n)]
    for a, b, *weight in edges:
        length = weight[0] if weight else 1
        far[a][b] = min(far[a][b], length)
        if not directed:
            far[b][a] = min(far[b][a], length)
    for middle, a, b in itertools.product(range(n), repeat=3):
        far[a][b] = min(far[a][b], far[a][middle] + far[middle][b])
    return far


def _graph(rng: Random) -> tuple[int, list[list[int]]]:
    n = rng.randint(3, 7)
    return n, pairs(rng, n, rng.choice([0.2, 0.35, 0.6]))


@graphs.problem(
    1,
    examples=[(4, [[0, 1], [0, 2], [2, 3]]), (3, [[1, 2]])],
    edges=[(0, []), (1, []), (3, []), (4, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]])],
    make=_graph,
    holds=lambda n, edges, answer: (
        len(answer) == n and all(d == sum(v in e for e in edges) for v, d in enumerate(answer))
    ),
)
def degrees(n: int, edges: list[list[int]]) -> list[int]:
    """A graph has the nodes 0 to n - 1 and the undirected edges [a, b] of the list edges. Return
    the list of how many edges each node has, by node.
    """
    counts = [0] * n
    for a, b in edges:
        counts[a] += 1
        counts[b] += 1
    return counts


@graphs.problem(
    1,
    examples=[([[0, 1], [0, 2], [2, 3]], 0), ([[4, 1], [1, 3], [1, 0]], 1)],
    edges=[([], 0), ([[1, 2]], 0), ([[5, 9], [7, 5], [5, 0]], 5)],
    make=lambda rng: ((g := _graph(rng))[1], rng.randint(0, g[0] - 1)),
    holds=lambda edges, node, answer: (
        answer == [v for v in range(20) if [v, node] in edges or [node, v] in edges]
    ),
)
def neighbours(edges: list[list[int]], node: int) -> list[int]:
    """The list edges has the undirected edges [a, b] of a graph, each once. Return the ascending
    list of the nodes that share an edge with the given node.
    """
    return sorted(b if a == node else a for a, b in edges if node in (a, b))


@graphs.problem(
    2,
    examples=[(5, [[0, 1], [1, 2], [3, 4]]), (4, [[0, 1], [1, 2], [2, 3], [3, 0]])],
    edges=[(0, []), (1, []), (6, []), (3, [[2, 0]])],
    make=_graph,
    holds=lambda n, edges, answer: (
        answer == len({tuple(d < _INFINITE for d in row) for row in _distances(n, edges)})
    ),
)
def count_parts(n: int, edges: list[list[int]]) -> int:
    """A graph has the nodes 0 to n - 1 and the undirected edges [a, b] of the list edges. Return
    the number of its connected parts. A node without edges is a part of its own.
    """
    part = list(range(n))
    for a, b in edges:
        old, new = part[a], part[b]
        part = [new if one == old else one for one in part]
    return len(set(part))


@graphs.problem(
    2,
    examples=[(5, [[0, 1], [1, 2], [3, 4]], 1), (4, [[1, 0], [2, 3]], 3)],
    edges=[(1, [], 0), (3, [], 2), (4, [[0, 1], [1, 2], [2, 3]], 3)],
    make=lambda rng: (*(g := _graph(rng)), rng.randint(0, g[0] - 1)),
    holds=lambda n, edges, start, answer: (
        answer == [v for v in range(n) if _distances(n, edges)[start][v] < _INFINITE]
    ),
)
def reachable(n: int, edges: list[list[int]], start: int) -> list[int]:
    """A graph has the nodes 0 to n - 1 and the undirected edges [a, b] of the list edges. Return
    the ascending list of all nodes that can be reached from the node start, start included.
    """
    next_to: list[list[int]] = [[] for _ in range(n)]
    for a, b in edges:
        next_to[a].append(b)
        next_to[b].append(a)
    found, waiting = {start}, [start]
    while waiting:
        for node in next_to[waiting.pop()]:
            if node not in found:
                found.add(node)
                waiting.append(node)
    return sorted(found)


@graphs.problem(
    2,
    examples=[(4, [[0, 1], [1, 2], [1, 3]]), (3, [[0, 1], [1, 2], [2, 0]])],
    edges=[(1, []), (2, []), (2, [[1, 0]]), (4, [[0, 1], [1, 2], [2, 0]]), (3, [[2, 0]])],
    make=lambda rng: (
        n := rng.randint(4, 7),
        [[v, rng.randint(0, v - 1)] for v in range(1, n)] + [[0, n - 1]] * rng.randint(0, 1),
    ),
    holds=lambda n, edges, answer: (
        answer is (len(edges) == n - 1 and all(d < _INFINITE for d in _distances(n, edges)[0]))
    ),
)
def is_tree(n: int, edges: list[list[int]]) -> bool:
    """A graph has the nodes 0 to n - 1 (n is at least 1) and the undirected edges [a, b] of the
    list edges. Return whether it is a tree: connected and without a cycle. Two edges between the
    same nodes are a cycle.
    """
    part = list(range(n))
    for a, b in edges:
        old, new = part[a], part[b]
        if old == new:
            return False
        part = [new if one == old else one for one in part]
    return len(set(part)) == 1


@graphs.problem(
    3,
    examples=[
        (5, [[0, 1], [1, 2], [2, 3], [0, 4], [4, 3]], 0, 3),
        (3, [[0, 1], [1, 2], [0, 2]], 2, 0),
    ],
    edges=[(1, [], 0, 0), (2, [], 0, 1), (5, [[0, 1], [1, 2], [2, 3]], 3, 0)],
    make=lambda rng: (*(g := _graph(rng)), 0, g[0] - 1),
    holds=lambda n, edges, start, goal, answer: (
        answer == (far if (far := _distances(n, edges)[start][goal]) < _INFINITE else -1)
    ),
)
def fewest_edges(n: int, edges: list[list[int]], start: int, goal: int) -> int:
    """A graph has the nodes 0 to n - 1 and the undirected edges [a, b] of the list edges. Return
    the number of edges on a shortest path from the node start to the node goal, or -1 if there is
    no path.
    """
    next_to: list[list[int]] = [[] for _ in range(n)]
    for a, b in edges:
        next_to[a].append(b)
        next_to[b].append(a)
    steps = {start: 0}
    waiting = [start]
    for node in waiting:
        for other in next_to[node]:
            if other not in steps:
                steps[other] = steps[node] + 1
                waiting.append(other)
    return steps.get(goal, -1)


@graphs.problem(
    3,
    examples=[(4, [[0, 1], [1, 2], [2, 3]]), (3, [[0, 1], [1, 2], [2, 0]])],
    edges=[(1, []), (5, []), (2, [[0, 1]]), (5, [[0, 1], [1, 2], [2, 3], [3, 4], [4, 0]])],
    make=lambda rng: (n := rng.randint(3, 6), pairs(rng, n, 0.4)),
    holds=lambda n, edges, answer: (
        answer
        is any(
            all(sides[a] != sides[b] for a, b in edges)
            for sides in itertools.product([0, 1], repeat=n)
        )
    ),
)
def two_sides(n: int, edges: list[list[int]]) -> bool:
    """A graph has the nodes 0 to n - 1 and the undirected edges [a, b] of the list edges. Return
    whether the nodes can be divided into two groups such that every edge joins different groups.
    """
    next_to: list[list[int]] = [[] for _ in range(n)]
    for a, b in edges:
        next_to[a].append(b)
        next_to[b].append(a)
    side: dict[int, int] = {}
    for first in range(n):
        waiting = [] if first in side else [first]
        side.setdefault(first, 0)
        for node in waiting:
            for other in next_to[node]:
                if other not in side:
                    side[other] = 1 - side[node]
                    waiting.append(other)
    return all(side[a] != side[b] for a, b in edges)


@graphs.problem(
    3,
    examples=[(["..#", "#..", "..."],), (["#.#.#"],)],
    edges=[([],), (["."],), (["#"],), (["###", "###"],), (["#.", ".#"],)],
    make=lambda rng: (grid(rng, symbols="..#"),),
    holds=lambda rows, answer: answer == _islands(rows),
)
def count_islands(rows: list[str]) -> int:
    """The strings of the list rows, all of the same length, draw a map: # is land and . is water.
    Squares of land belong together if they share a side. Return the number of separate pieces of
    land.
    """
    land = {(i, j) for i, row in enumerate(rows) for j, sign in enumerate(row) if sign == "#"}
    islands = 0
    while land:
        islands += 1
        waiting = [land.pop()]
        while waiting:
            i, j = waiting.pop()
            for near in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
                if near in land:
                    land.remove(near)
                    waiting.append(near)
    return islands


def _islands(rows: list[str]) -> int:
    land = [(i, j) for i, row in enumerate(rows) for j, sign in enumerate(row) if sign == "#"]
    edges = [
        [a, b]
        for a, b in itertools.combinations(range(len(land)), 2)
        if abs(land[a][0] - land[b][0]) + abs(land[a][1] - land[b][1]) == 1
    ]
    reach = _distances(len(land), edges)
    return len({tuple(d < _INFINITE for d in row) for row in reach})


@graphs.problem(
    3,
    examples=[(4, [[3, 1], [1, 0], [3, 2]]), (3, [[0, 1], [1, 0]])],
    edges=[(0, []), (3, []), (2, [[1, 0]]), (3, [[2, 1], [1, 0], [0, 2]]), (1, [[0, 0]])],
    make=lambda rng: (n := rng.randint(3, 6), forward(rng, n, 0.4)),
    holds=lambda n, edges, answer: (
        answer
        == next(
            (
                list(order)
                for order in itertools.permutations(range(n))
                if all(order.index(a) < order.index(b) for a, b in edges)
            ),
            [],
        )
    ),
)
def earliest_order(n: int, edges: list[list[int]]) -> list[int]:
    """An entry [a, b] of the list edges says that job a must be done before job b; the jobs are 0
    to n - 1. Return an order of all jobs that keeps every such rule, and of all these orders the
    one that compares lowest as a list. If there is no such order, return an empty list.
    """
    order: list[int] = []
    left = set(range(n))
    while left:
        blocked = {b for a, b in edges if a in left}
        free = left - blocked
        if not free:
            return []
        order.append(min(free))
        left.remove(min(free))
    return order


@graphs.problem(
    3,
    examples=[(3, [[0, 1], [1, 2], [2, 0]]), (4, [[0, 1], [0, 2], [1, 3], [2, 3]])],
    edges=[(1, []), (1, [[0, 0]]), (2, [[0, 1], [1, 0]]), (5, [[4, 3], [3, 2], [2, 1], [1, 0]])],
    make=lambda rng: (n := rng.randint(3, 6), pairs(rng, n, 0.2, directed=True)),
    holds=lambda n, edges, answer: (
        answer is any(_distances(n, edges, directed=True)[b][a] < _INFINITE for a, b in edges)
    ),
)
def has_cycle(n: int, edges: list[list[int]]) -> bool:
    """A graph has the nodes 0 to n - 1 and the directed edges [a, b], from a to b, of the list
    edges. Return whether it has a cycle: a path along one or more edges that ends where it began.
    """
    left = set(range(n))
    while True:
        ends = {node for node in left if not any(a == node and b in left for a, b in edges)}
        if not ends:
            return bool(left)
        left -= ends
