"""Inputs drawn from a random generator: lists, words, graphs, days."""

from datetime import date, timedelta
from random import Random

WORDS = ("apple", "bean", "corn", "date", "elder", "fig", "grape", "hazel", "iris", "juniper")


def integers(
    rng: Random, *, least: int = 0, most: int = 10, low: int = -20, high: int = 20
) -> list[int]:
    """Between `least` and `most` integers from `low` to `high`."""
    return [rng.randint(low, high) for _ in range(rng.randint(least, most))]


def table(rng: Random, *, low: int, high: int, most: int = 5) -> list[list[int]]:
    """Rows of equal length, two or more of them, of two or more integers."""
    width = rng.randint(2, most)
    return [[rng.randint(low, high) for _ in range(width)] for _ in range(rng.randint(2, most))]


def letters(rng: Random, *, alphabet: str = "abcd", least: int = 0, most: int = 12) -> str:
    """A text over an alphabet."""
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(least, most)))


def words(rng: Random, *, least: int = 0, most: int = 8) -> list[str]:
    """Some of a few words, repeats likely."""
    return [rng.choice(WORDS) for _ in range(rng.randint(least, most))]


def pairs(rng: Random, nodes: int, share: float, *, directed: bool = False) -> list[list[int]]:
    """Edges [a, b] between different nodes 0 to nodes - 1, in a random order and direction."""
    chosen = [
        [a, b]
        for a in range(nodes)
        for b in range(nodes)
        if (a < b or (directed and a != b)) and rng.random() < share
    ]
    rng.shuffle(chosen)
    return [edge if directed or rng.random() < 0.5 else edge[::-1] for edge in chosen]


def weighted(
    rng: Random, nodes: int, share: float, *, most: int = 9, directed: bool = False
) -> list[list[int]]:
    """Edges [a, b, weight] with weights from 1 to `most`."""
    return [[*edge, rng.randint(1, most)] for edge in pairs(rng, nodes, share, directed=directed)]


def forward(rng: Random, nodes: int, share: float) -> list[list[int]]:
    """Edges of a graph without cycle, under random names."""
    names = list(range(nodes))
    rng.shuffle(names)
    return [[names[min(edge)], names[max(edge)]] for edge in pairs(rng, nodes, share)]


def grid(rng: Random, *, symbols: str = "..#", most: int = 6) -> list[str]:
    """Rows of equal length."""
    width = rng.randint(1, most)
    return ["".join(rng.choice(symbols) for _ in range(width)) for _ in range(rng.randint(1, most))]


def day(rng: Random, *, first: int = 1990, last: int = 2040) -> str:
    """A day as YYYY-MM-DD."""
    start = date(first, 1, 1)
    span = (date(last, 12, 31) - start).days
    return (start + timedelta(days=rng.randint(0, span))).isoformat()


def span(rng: Random, *, most: int = 400) -> tuple[str, str]:
    """A day and a later or equal one."""
    start = day(rng)
    return start, (date.fromisoformat(start) + timedelta(days=rng.randint(0, most))).isoformat()


def clock(rng: Random) -> str:
    """A time of day as HH:MM."""
    return f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}"
