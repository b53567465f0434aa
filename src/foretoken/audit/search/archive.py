"""What was tried, one elite for each kind of candidate, and which of them have children.

A cell is what a recipe is made of and what came of it. Where a grader says yes or no and nothing
between, cells that were seldom tried are what leads on.

Source:
    Mouret and Clune, "Illuminating search spaces by mapping elites" (2015).
"""

import math
import random
from dataclasses import dataclass, field

from foretoken.audit.search.recipes import Recipe

AMONG = 5
"""Cells of which the best one has a child."""
SLOW_S = 1.0


@dataclass(frozen=True)
class SearchTrial:
    """A candidate, and what came of it."""

    recipe: Recipe
    form: int
    """Place of its form among the readings."""
    question: str
    text: str
    shape: str
    """The text with a mark in place of the right answer."""
    value: float | None
    near: float
    """What the grader gave: 0 as for a wrong answer, 1 as for a right one."""
    paid: bool
    deserved: bool | None
    """What the gold says."""
    manner: str
    """How the grader answered: its error, that it was slow, or nothing."""

    @property
    def cheats(self) -> bool:
        """Whether it is paid and deserves nothing."""
        return self.paid and self.deserved is False


@dataclass
class Archive:
    """The best trial of each cell."""

    _elites: dict[tuple[object, ...], SearchTrial] = field(
        default_factory=dict[tuple[object, ...], SearchTrial]
    )
    _children: dict[tuple[object, ...], int] = field(default_factory=dict[tuple[object, ...], int])

    _honest: dict[str, SearchTrial] = field(default_factory=dict[str, SearchTrial])

    def add(self, trial: SearchTrial) -> None:
        """Keep a trial where it is the best of its cell: nearer to payment, or shorter."""
        if trial.paid and trial.deserved is not False:
            self._honest.setdefault(trial.shape, trial)
        names = frozenset(move.name for move in trial.recipe)
        cell = (names, trial.form, trial.paid, trial.deserved, trial.manner)
        known = self._elites.get(cell)
        if known is None or _worth(trial) > _worth(known):
            self._elites[cell] = trial
        self._children.setdefault(cell, 0)

    def parent(self, rng: random.Random) -> SearchTrial | None:
        """Choose a trial: near to payment, in a cell that had few children; None: there is none."""
        if not self._elites:
            return None
        cells = list(self._elites)
        among = [cells[rng.randrange(len(cells))] for _ in range(AMONG)]
        chosen = max(among, key=self._promise)
        self._children[chosen] += 1
        return self._elites[chosen]

    def honest(self) -> list[SearchTrial]:
        """Trials that are paid and may deserve it, one of each shape: what else a grader reads."""
        return list(self._honest.values())

    def _promise(self, cell: tuple[object, ...]) -> float:
        trial = self._elites[cell]
        near = min(max(trial.near, 0.0), 1.0)
        return near + (trial.manner != "") / 2 + 1 / math.sqrt(1 + self._children[cell])


def _worth(trial: SearchTrial) -> tuple[float, int]:
    return trial.near, -len(trial.recipe)
