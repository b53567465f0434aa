"""Axes: where a step or a rate stands, and which ticks have room for a label."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class LinearSteps:
    """Steps on a linear axis from 0 to `last`; positions are fractions of the width."""

    last: float

    def at(self, step: float) -> float:
        """Return the fraction of the width, clipped to the axis."""
        return min(1.0, max(0.0, step / max(self.last, 1)))

    def ticks(self) -> list[float]:
        """Return about five round steps, 0 and the last one included."""
        raw = max(self.last, 1) / 4
        magnitude = 10 ** math.floor(math.log10(raw))
        width = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= raw)
        width = max(1, round(width))
        return [float(s) for s in range(0, int(self.last), width)] + [float(self.last)]


@dataclass(frozen=True)
class LogSteps:
    """Steps on an axis of `log(1 + step)`, so that step 0 has a place."""

    last: float

    def at(self, step: float) -> float:
        """Return the fraction of the width, clipped to the axis."""
        return min(1.0, max(0.0, math.log1p(max(step, 0)) / math.log1p(max(self.last, 1))))

    def ticks(self) -> list[float]:
        """Return 0, powers of ten times 1 and 3, and the last step."""
        powers = [m * 10.0**e for e in range(9) for m in (1, 3)]
        return [0.0, *(s for s in powers if s < self.last), float(self.last)]


@dataclass(frozen=True)
class LogRates:
    """Rates on a log axis from `10**low` to 1; positions are fractions of the height from the top.

    A rate above 1 is impossible: it stands above the axis, at a negative position, in sight.
    """

    low: int

    def at(self, rate: float) -> float:
        """Return the fraction from the top; zero stands at the bottom."""
        if rate <= 0:
            return 1.0
        return min(1.0, max(-0.06, math.log10(rate) / self.low))

    def exponents(self) -> list[int]:
        """Return the labelled powers of ten: every second decade where there are many."""
        every = 1 if self.low >= -4 else 2
        return list(range(0, self.low - 1, -every))


def lowest_decade(rates: Iterable[float], *, floor: int = -9) -> int:
    """Return the exponent of the decade below the smallest positive rate, at most -3."""
    positive = [rate for rate in rates if 0 < rate < math.inf]
    lowest = math.floor(math.log10(min(positive))) if positive else -3
    return max(floor, min(-3, lowest))


def thinned(
    ticks: Iterable[float], at: Callable[[float], float], *, gap: float, first: Iterable[float] = ()
) -> list[float]:
    """Drop ticks whose labels would overlap.

    Args:
        ticks: Candidates.
        at: The axis.
        gap: Least distance between two labels, as a fraction of the width.
        first: Ticks that must stay; the others yield to them.

    Returns:
        The ticks that have room, in order.
    """
    kept: list[float] = []
    for tick in [*first, *ticks]:
        if all(abs(at(tick) - at(other)) >= gap for other in kept):
            kept.append(tick)
    return sorted(kept)
