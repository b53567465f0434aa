"""Extrapolation along the donor's strength, where the bank is a ladder of strengths."""

from collections.abc import Sequence

import numpy as np

from foretoken.baselines.base import Checkpoint
from foretoken.estimate.cell import Cell
from foretoken.estimate.path import path_rate
from foretoken.records import RateEstimate


class PathBaseline:
    """From what the donor did at each strength to what the subject alone does."""

    basis = "path"

    def prepare(self, at: Checkpoint) -> None:
        """Nothing is sampled: the bank's own draws are enough."""
        del at

    def estimates(self, at: Checkpoint, cells: Sequence[Cell]) -> list[RateEstimate]:
        """One for each exploit type of a ladder that was drawn around this checkpoint."""
        if at.bank.estimator != "ladder":
            return []
        strengths = np.array([component.strength for component in at.bank.components[1:]])
        return [
            path_rate(
                strengths,
                hits=fresh.hacked_m[1:],
                draws=fresh.drawn_m[1:],
                tasks=len(each.tasks),
                cell=cell,
            )
            for each, cell in zip(at.bank.types, cells, strict=True)
            if (fresh := each.rounds.get(at.step)) is not None
        ]
