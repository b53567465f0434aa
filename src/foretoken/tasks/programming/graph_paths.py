"""Harder problems about graphs: weights, cheapest connections, bridges, flows."""

import itertools
from random import Random

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import forward, pairs, table, weighted

graphs = Topic("graphs")

_INFINITE = 10**9


def _far(n: int, edges: list[list[int]], *, directed: bool = False) -> list[list[int]]:
    """Shortest distances by n rounds of Bellman and Ford from every node."""
    links = edges if directed else [*edges, *([b, a, w] for a, b, w in edges)]
    table: list[list[int]] = []
    for start in range(n):
        row = [0 if node == start else _INFINITE for node in range(n)]
        for _ in range(n):
            for a, b, weight in links:
                row[b] = min(row[b], row[a] + weight)
        table.append(row)
    return table


def _parts(n: int, edges: list[list[int]]) -> int:
    rows = _far(n, [[a, b, 1] for a, b, *_ in edges])
    return len({tuple(d < _INFINITE for d in row) for row in rows})


def _roads(rng: Random) -> tuple[int, list[list[int]]]:
    n = rng.randint(4, 6)
    return n, weighted(rng, n, 0.55)


@graphs.problem(
    4,
    examples=[(4, [[0, 1, 4], [1, 2, 1], [0, 2, 7], [2, 3, 2]], 0), (3, [[0, 1, 5]], 1)],
    edges=[(1, [], 0), (2, [], 1), (3, [[0, 1, 1], [1, 2, 1], [0, 2, 2]], 2)],
    make=lambda rng: (*(g := _roads(rng)), rng.randint(0, g[0] - 1)),
    holds=lambda n, edges, start, answer: (
        answer == [d if d < _INFINITE else -1 for d in _far(n, edges)[start]]
    ),
)
def shortest_distances(n: int, edges: list[list[int]], start: int) -> list[int]:
    """A graph has the nodes 0 to n - 1 and the undirected edges [a, b, length] of the list edges,
    with positive lengths. Return the list of the lengths of the shortest paths from the node start
    to each node, with -1 for those that cannot be reached.
    """
    import heapq

    next_to: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    for a, b, length in edges:
        next_to[a].append((b, length))
        next_to[b].append((a, length))
    distance = [-1] * n
    waiting = [(0, start)]
    while waiting:
        far, node = heapq.heappop(waiting)
        if distance[node] < 0:
            distance[node] = far
            for other, length in next_to[node]:
                heapq.heappush(waiting, (far + length, other))
    return distance


@graphs.problem(
    4,
    examples=[(4, [[0, 1, 1], [1, 2, 2], [0, 2, 3], [2, 3, 4]]), (3, [[0, 1, 5], [1, 2, 6]])],
    edges=[(1, []), (2, []), (3, [[0, 1, 2]]), (2, [[0, 1, 9], [1, 0, 3]])],
    make=_roads,
    holds=lambda n, edges, answer: (
        answer
        == min(
            (
                sum(e[2] for e in chosen)
                for chosen in itertools.combinations(edges, n - 1)
                if _parts(n, list(chosen)) == 1
            ),
            default=-1,
        )
    ),
)
def cheapest_network(n: int, edges: list[list[int]]) -> int:
    """An entry [a, b, cost] of the list edges is a possible line between the places a and b; the
    places are 0 to n - 1, n is at least 1, and costs are positive. Return the smallest total cost
    of lines that connect all places with each other, directly or not, or -1 if that is impossible.
    """
    part = list(range(n))
    total, missing = 0, n - 1
    for cost, a, b in sorted((cost, a, b) for a, b, cost in edges):
        old, new = part[a], part[b]
        if old != new:
            total += cost
            missing -= 1
            part = [new if one == old else one for one in part]
    return total if missing == 0 else -1


@graphs.problem(
    4,
    examples=[(4, [[0, 1], [1, 2], [2, 0], [2, 3]]), (5, [[0, 1], [1, 2], [4, 3], [2, 0]])],
    edges=[(1, []), (3, [[0, 1], [1, 2], [2, 0]]), (2, [[1, 0]]), (4, [[3, 2], [2, 1], [1, 0]])],
    make=lambda rng: (n := rng.randint(4, 7), pairs(rng, n, 0.4)),
    holds=lambda n, edges, answer: (
        answer
        == sorted(
            sorted(edge)
            for edge in edges
            if _parts(n, [other for other in edges if other != edge]) > _parts(n, edges)
        )
    ),
)
def bridges(n: int, edges: list[list[int]]) -> list[list[int]]:
    """A graph has the nodes 0 to n - 1 and the undirected edges [a, b] of the list edges, each
    once. Return the edges without which the graph would have more connected parts, each as [smaller
    node, larger node], in ascending order.
    """
    next_to: list[list[int]] = [[] for _ in range(n)]
    for a, b in edges:
        next_to[a].append(b)
        next_to[b].append(a)
    number: dict[int, int] = {}
    lowest: dict[int, int] = {}
    found: list[list[int]] = []

    def visit(node: int, parent: int) -> None:
        number[node] = lowest[node] = len(number)
        for other in next_to[node]:
            if other not in number:
                visit(other, node)
                if lowest[other] > number[node]:
                    found.append(sorted([node, other]))
            if other != parent:
                lowest[node] = min(lowest[node], lowest[other])

    for node in range(n):
        if node not in number:
            visit(node, -1)
    return sorted(found)


@graphs.problem(
    4,
    examples=[(4, [[0, 1, 2], [1, 3, 4], [0, 2, 1], [2, 3, 9]]), (3, [[2, 1, 3], [1, 0, 3]])],
    edges=[(1, []), (3, []), (2, [[0, 1, 7]]), (4, [[0, 1, 1], [2, 3, 5]])],
    make=lambda rng: (
        n := rng.randint(3, 6),
        [[*e, rng.randint(1, 9)] for e in forward(rng, n, 0.5)],
    ),
    holds=lambda n, edges, answer: (
        answer
        == -min(min(row) for row in _far(n, [[a, b, -w] for a, b, w in edges], directed=True))
    ),
)
def longest_route(n: int, edges: list[list[int]]) -> int:
    """A graph without cycles has the nodes 0 to n - 1 (n is at least 1) and the directed edges [a,
    b, length], from a to b, of the list edges, with positive lengths. Return the length of the
    longest path, which may begin and end anywhere; without edges it is 0.
    """
    from functools import cache

    @cache
    def longest(node: int) -> int:
        return max((length + longest(b) for a, b, length in edges if a == node), default=0)

    return max(longest(node) for node in range(n))


@graphs.problem(
    4,
    examples=[(5, [[0, 1], [1, 2], [2, 0], [2, 3], [3, 4]]), (4, [[0, 1], [1, 0], [2, 3], [3, 2]])],
    edges=[(0, []), (3, []), (2, [[0, 1]]), (4, [[0, 1], [1, 2], [2, 3], [3, 0]])],
    make=lambda rng: (n := rng.randint(3, 6), pairs(rng, n, 0.3, directed=True)),
    holds=lambda n, edges, answer: (
        sorted(itertools.chain(*answer)) == list(range(n))
        and answer == sorted(sorted(group) for group in answer)
        and all(
            (_one_way(n, edges)[a][b] and _one_way(n, edges)[b][a])
            is any(a in group and b in group for group in answer)
            for a in range(n)
            for b in range(n)
        )
    ),
)
def round_trip_groups(n: int, edges: list[list[int]]) -> list[list[int]]:
    """A graph has the nodes 0 to n - 1 and the directed edges [a, b], from a to b, of the list
    edges. Two nodes belong to one group if each can be reached from the other; every node belongs
    to its own group. Return the groups as ascending lists, sorted by their first nodes.
    """
    forward: list[list[int]] = [[] for _ in range(n)]
    backward: list[list[int]] = [[] for _ in range(n)]
    for a, b in edges:
        forward[a].append(b)
        backward[b].append(a)

    def reach(start: int, links: list[list[int]]) -> set[int]:
        found, waiting = {start}, [start]
        while waiting:
            new = [node for node in links[waiting.pop()] if node not in found]
            found.update(new)
            waiting.extend(new)
        return found

    groups: list[list[int]] = []
    grouped: set[int] = set()
    for node in range(n):
        if node not in grouped:
            group = reach(node, forward) & reach(node, backward)
            grouped |= group
            groups.append(sorted(group))
    return groups


def _one_way(n: int, edges: list[list[int]]) -> list[list[bool]]:
    rows = _far(n, [[a, b, 1] for a, b in edges], directed=True)
    return [[d < _INFINITE for d in row] for row in rows]


@graphs.problem(
    5,
    examples=[(4, [[0, 1, 5], [0, 2, 4], [1, 3, 6], [2, 3, 2]]), (3, [[0, 1, 7], [1, 2, 5]])],
    edges=[
        (2, []),
        (2, [[0, 1, 5], [0, 1, 2]]),
        (2, [[1, 0, 4]]),
        (3, [[0, 1, 1], [0, 2, 1], [1, 2, 1]]),
    ],
    make=lambda rng: (n := rng.randint(3, 6), weighted(rng, n, 0.5, directed=True)),
    holds=lambda n, edges, answer: (
        answer
        == min(
            sum(w for a, b, w in edges if a in side and b not in side)
            for size in range(n - 1)
            for rest in itertools.combinations(range(1, n - 1), size)
            for side in [{0, *rest}]
        )
    ),
)
def largest_flow(n: int, edges: list[list[int]]) -> int:
    """An entry [a, b, capacity] of the list edges is a pipe through which up to capacity units can
    flow from node a to node b; the nodes are 0 to n - 1, n is at least 2. At every node but the
    first and the last as much flows out as in. Return the most that can flow from node 0 to node n
    - 1.
    """
    room = [[0] * n for _ in range(n)]
    for a, b, capacity in edges:
        room[a][b] += capacity
    total = 0
    while True:
        came_from = {0: 0}
        waiting = [0]
        for node in waiting:
            for other in range(n):
                if room[node][other] and other not in came_from:
                    came_from[other] = node
                    waiting.append(other)
        if n - 1 not in came_from:
            return total
        path, node = [], n - 1
        while node:
            path.append((came_from[node], node))
            node = came_from[node]
        amount = min(room[a][b] for a, b in path)
        for a, b in path:
            room[a][b] -= amount
            room[b][a] += amount
        total += amount


@graphs.problem(
    5,
    examples=[([[1, 8, 2], [9, 9, 1], [1, 1, 1]],), ([[1, 3], [2, 4]],)],
    edges=[
        ([[5]],),
        ([[1, 2, 3]],),
        ([[4], [4]],),
        ([[1, 1, 1], [9, 9, 1], [1, 1, 1], [1, 9, 9], [1, 1, 1]],),
    ],
    make=lambda rng: (table(rng, low=1, high=9),),
    holds=lambda costs, answer: answer == _relaxed(costs),
)
def cheapest_crossing(costs: list[list[int]]) -> int:
    """All rows of the table costs have the same length, and its numbers are positive. Walk from the
    top left square to the bottom right one, in steps up, down, left or right. Every square on the
    way, the first and the last included, costs its number. Return the lowest total cost.
    """
    import heapq

    height, width = len(costs), len(costs[0])
    waiting = [(costs[0][0], 0, 0)]
    done: set[tuple[int, int]] = set()
    while (height - 1, width - 1) not in done:
        cost, i, j = heapq.heappop(waiting)
        done.add((i, j))
        if (i, j) == (height - 1, width - 1):
            return cost
        for a, b in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
            if 0 <= a < height and 0 <= b < width and (a, b) not in done:
                heapq.heappush(waiting, (cost + costs[a][b], a, b))
    return costs[0][0]


def _relaxed(costs: list[list[int]]) -> int:
    width = len(costs[0])
    n = len(costs) * width
    edges = [
        [a, b, costs[b // width][b % width]]
        for a, b in itertools.product(range(n), repeat=2)
        if abs(a // width - b // width) + abs(a % width - b % width) == 1
    ]
    return costs[0][0] + _far(n, edges, directed=True)[0][n - 1]
