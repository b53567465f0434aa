"""A checkpoint's own graded draws: made here, or rollouts that the training run stored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from foretoken.bank.hits import Bank
from foretoken.engines.transformers.load import LoadedModel
from foretoken.estimate.cell import Cell
from foretoken.estimate.count import count_rate
from foretoken.records import Draw, RateEstimate
from foretoken.store.run import Run
from foretoken.tasks.base import GraderPool
from foretoken.work.drawing import Origin, Planned, draw_parts

RECENT_STEPS = 3
"""Training steps whose rollouts together may contradict an estimate."""


@dataclass(frozen=True)
class OwnDraw:
    """What counting needs of one draw of the subject itself."""

    task: str
    exploit_type: str
    step: int
    hacked: bool | None
    deliberate: bool | None
    tokens: int


@dataclass(frozen=True)
class OwnDraws:
    """The subject's own draws at one step."""

    counted: tuple[OwnDraw, ...]
    """On the bank's tasks, made for counting."""
    rollouts: tuple[OwnDraw, ...]
    """Of training at this very step, on its own tasks."""
    recent: tuple[OwnDraw, ...] = ()
    """Rollouts of the last steps up to this one, `RECENT_STEPS` of them."""

    def counts(self, exploit_type: str) -> tuple[int, int]:
        """Hacks and graded draws of one type on the bank's tasks."""
        return _counts(self.counted, exploit_type)

    def recent_counts(self, exploit_type: str) -> tuple[int, int]:
        """Hacks and graded rollouts of one type in the last steps."""
        return _counts(self.recent, exploit_type)


def _counts(draws: Sequence[OwnDraw], exploit_type: str) -> tuple[int, int]:
    graded = [
        draw.hacked
        for draw in draws
        if draw.exploit_type == exploit_type and draw.hacked is not None
    ]
    return sum(graded), len(graded)


def read_own_draws(run: Run, source: str, *, step: int | None = None) -> dict[int, list[OwnDraw]]:
    """Stored draws of one source (`count` or `rollout`) by step, or of one step alone."""
    columns = ["task", "exploit_type", "step", "hacked", "deliberate", "tokens"]
    where = pc.field("source") == source
    if step is not None:
        where &= pc.field("step") == step
    table = run.table(Draw, where=where, columns=columns)
    lengths = pc.call_function("list_value_length", [table["tokens"]])
    rows = table.set_column(columns.index("tokens"), "tokens", lengths).to_pylist()
    by_step: dict[int, list[OwnDraw]] = {}
    for row in rows:
        by_step.setdefault(row["step"], []).append(OwnDraw(**row))
    return dict(sorted(by_step.items()))


def make_count_draws(
    run: Run,
    model: LoadedModel,
    bank: Bank,
    *,
    step: int,
    draws_per_task: int,
    seed: int,
    pool: GraderPool,
) -> None:
    """Sample and grade a checkpoint's own draws, as far as they are not stored yet."""
    planned = [
        Planned(key=f"count/{step}/{draws_per_task}/{key}/{number}", task=task)
        for number in range(draws_per_task)
        for key, task in bank.tasks.items()
    ]
    origin = Origin(source="count", step=step, stage=0, seed=seed, sampling=bank.sampling)
    name = f"count-step-{step:06d}-{draws_per_task}"
    draw_parts(run, [model], planned, name=name, origin=origin, pool=pool)


def count_estimates(own: OwnDraws, *, step: int) -> list[RateEstimate]:
    """Plain counts by exploit type: of own draws, or else of the rollouts of this very step."""
    draws = own.counted or own.rollouts
    types = sorted({draw.exploit_type for draw in draws})
    found = [
        _count([draw for draw in draws if draw.exploit_type == each], each, step=step)
        for each in types
    ]
    return [each for each in found if each is not None]


def _count(draws: Sequence[OwnDraw], exploit_type: str, *, step: int) -> RateEstimate | None:
    graded = [draw for draw in draws if draw.hacked is not None]
    if not graded:
        return None
    names = {name: index for index, name in enumerate(sorted({draw.task for draw in graded}))}
    return count_rate(
        np.array([bool(draw.hacked) for draw in graded], dtype=np.bool_),
        np.array([names[draw.task] for draw in graded], dtype=np.int64),
        cell=Cell(
            exploit_type=exploit_type,
            step=step,
            grader_errors=len(draws) - len(graded),
            sampled_tokens=sum(draw.tokens for draw in draws),
        ),
        deliberate=np.array([bool(draw.deliberate) for draw in graded], dtype=np.bool_),
    )
