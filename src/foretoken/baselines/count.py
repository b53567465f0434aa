"""Plain counting: of a checkpoint's own draws, made here, or of rollouts that training stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from foretoken.baselines.base import Checkpoint
from foretoken.estimate.cell import Cell
from foretoken.estimate.count import count_rate
from foretoken.records import RateEstimate, Source
from foretoken.tasks.base import Grader
from foretoken.work.drawing import Origin, Planned, draw_parts
from foretoken.work.own import OwnDraws


@dataclass(frozen=True)
class CountBaseline:
    """Hacks over draws."""

    draws_per_task: int = 0
    """Own draws for each of the bank's tasks; 0: only what the run already holds."""
    grader: Grader | None = None
    """Of those draws."""

    @property
    def basis(self) -> str:
        """What its estimates depend on besides the checkpoint."""
        return "count"

    def prepare(self, at: Checkpoint) -> None:
        """Sample and grade the checkpoint's own draws, as far as they are not stored yet."""
        if self.grader is None or not self.draws_per_task:
            return
        planned = [
            Planned(key=f"count/{at.step}/{self.draws_per_task}/{key}/{number}", task=task)
            for number in range(self.draws_per_task)
            for key, task in at.bank.tasks.items()
        ]
        origin = Origin(
            source=Source.COUNT,
            step=at.step,
            stage=0,
            seed=at.seed,
            sampling=at.bank.sampling,
            weights=at.subject.voices[0].weights,
        )
        name = f"count-step-{at.step:06d}-{self.draws_per_task}"
        draw_parts(at.run, at.subject, planned, name=name, origin=origin, grader=self.grader)

    def estimates(self, at: Checkpoint, cells: Sequence[Cell]) -> list[RateEstimate]:
        """Counts by exploit type: of own draws, or else of the rollouts of this very step."""
        del cells
        draws = at.counted if len(at.counted) else at.rollouts
        found = [_count(draws.of(name), name, step=at.step) for name in draws.present_types()]
        return [each for each in found if each is not None]


def _count(own: OwnDraws, exploit_type: str, *, step: int) -> RateEstimate | None:
    graded = own.graded
    if not graded.any():
        return None
    return count_rate(
        own.hacked[graded],
        own.task[graded],
        cell=Cell(
            exploit_type=exploit_type,
            step=step,
            grader_errors=int((~graded).sum()),
            sampled_tokens=int(own.tokens.sum()),
        ),
        deliberate=own.deliberate[graded],
    )
