"""What stands beside the switch estimate at a checkpoint: one interface, a list of small parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from foretoken.bank.pool import Bank
from foretoken.engines.base import Engine
from foretoken.estimate.cell import Cell
from foretoken.records import RateEstimate
from foretoken.store.run import Run
from foretoken.work.own import OwnDraws


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint under measurement, and what is known of it."""

    run: Run
    step: int
    subject: Engine
    """Its model, alone."""
    bank: Bank
    """As it stood at this step."""
    counted: OwnDraws
    """Its own draws on the bank's tasks, made for counting."""
    rollouts: OwnDraws
    """Training's rollouts at this very step."""
    seed: int


class Baseline(Protocol):
    """An estimator that is shown beside ours."""

    @property
    def basis(self) -> str:
        """What its estimates depend on besides the checkpoint: its settings, in words."""
        ...

    def prepare(self, at: Checkpoint) -> None:
        """Sample what it needs of the checkpoint itself, as far as that is not stored yet."""
        ...

    def estimates(self, at: Checkpoint, cells: Sequence[Cell]) -> list[RateEstimate]:
        """Its estimates at the checkpoint.

        Args:
            at: The checkpoint.
            cells: What is known of each of the bank's exploit types, in the bank's order.
        """
        ...
