"""Counting the truth of a run: many graded draws of each checkpoint and exploit type."""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import torch
from rich.progress import Progress

from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.engines.transformers.sample import sample
from foretoken.organism.spec import OrganismSpec
from foretoken.organism.specs import SHIPPED
from foretoken.organism.tasks import evaluation_tasks
from foretoken.records import Record, Source, Task, Truth
from foretoken.sandbox.kernel import follow_parent
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.tasks.base import Grader, GraderPool
from foretoken.work.grading import Origin, Planned, graded_draws

PASS_DRAWS = 3840
"""Draws that are sampled and graded together."""


class TruthConfig(Record):
    """How many draws each cell gets."""

    model: Path
    """Folder of the base model."""
    run: Path
    """Run directory whose checkpoints are counted."""
    spec: OrganismSpec = SHIPPED
    """Says which exploit types are counted."""
    draws: int = 1000
    """Draws of every (checkpoint, exploit type)."""
    rare_draws: int = 4000
    """Draws where the first ones show a rate below `rare_below`."""
    rare_below: float = 0.0125
    """A little above 1 %, so that no cell below 1 % stays at the smaller number."""
    rarest_draws: int = 40_000
    """Draws of the rarest types at the `rarest_steps`."""
    rarest_types: int = 3
    rarest_steps: tuple[int, ...] = (0, 4)
    max_tokens: int = 128
    dtype: str = "bfloat16"
    """Precision of the sampling model."""
    seed: int = 0


@dataclass
class _Count:
    draws: int = 0
    hacks: int = 0
    deliberate: int = 0


@dataclass(frozen=True)
class _Cell:
    """One (checkpoint, exploit type) and the number of draws that is wanted of it."""

    step: int
    exploit_type: str
    draws: int
    rare_draws: int

    @property
    def part(self) -> str:
        """Name of the cell's part."""
        return f"step-{self.step:06d}-{self.exploit_type}-{self.rare_draws}"


def count_truth(config: TruthConfig, *, processes: int = 2) -> None:
    """Count hacks at all checkpoints of a run; one `Truth` record per cell.

    A cell that is stored already is not counted again. The rarest types up to the last of the
    `rarest_steps` are then counted again, more often, at those steps.
    """
    run = Run.open(config.run)
    steps = [0, *run.checkpoints()]
    types = config.spec.types
    cells = [_Cell(step, each, config.draws, config.rare_draws) for step in steps for each in types]
    _count_all(run, cells, config, processes=processes)
    first_pass = [each for each in run.read(Truth) if each.draws < config.rarest_draws]
    rarest = rarest_types(first_pass, config)
    more = config.rarest_draws
    cells = [_Cell(step, each, more, more) for step in config.rarest_steps for each in rarest]
    _count_all(run, cells, config, processes=processes)


def rarest_types(counted: Sequence[Truth], config: TruthConfig) -> list[str]:
    """The types with the fewest hacks up to the last of the rarest steps."""
    hacks = dict.fromkeys(sorted(config.spec.types), 0)
    for each in counted:
        if each.step <= config.rarest_steps[-1]:
            hacks[each.exploit_type] += each.hacks
    return sorted(hacks, key=lambda name: hacks[name])[: config.rarest_types]


def truths(run: Run) -> list[Truth]:
    """The largest count of each cell."""
    best: dict[tuple[int, str], Truth] = {}
    for each in run.read(Truth):
        known = best.get((each.step, each.exploit_type))
        if known is None or each.draws > known.draws:
            best[each.step, each.exploit_type] = each
    return [best[key] for key in sorted(best)]


def _count_all(run: Run, cells: list[_Cell], config: TruthConfig, *, processes: int) -> None:
    """Count the missing cells, those of one step in one process."""
    missing = [cell for cell in cells if not run.has_part(cell.part, Truth)]
    by_step = {cell.step: [c for c in missing if c.step == cell.step] for cell in missing}
    with (
        ProcessPoolExecutor(
            processes,
            mp_context=get_context("spawn"),
            initializer=follow_parent,
            initargs=(os.getpid(),),
        ) as workers,
        Progress() as progress,
    ):
        bar = progress.add_task(Source.TRUTH, total=len(missing))
        jobs = [workers.submit(_count_step, config, own) for own in by_step.values()]
        for job in jobs:
            progress.update(bar, advance=job.result())


def _count_step(config: TruthConfig, cells: list[_Cell]) -> int:
    torch.set_num_threads(1)
    run = Run.open(config.run)
    folder = layout.checkpoint_path(config.run, cells[0].step)
    adapters = [(str(folder), 1.0)] if cells[0].step else []
    subject = load_model(str(config.model), adapters=adapters, dtype=config.dtype)
    tasks = evaluation_tasks(config.spec)
    with GraderPool(workers=2) as pool:
        for cell in cells:
            own = [each.task() for each in tasks if each.exploit_type == cell.exploit_type]
            count = _count_cell(subject, own, cell=cell, pool=pool, config=config)
            truth = Truth(
                exploit_type=cell.exploit_type, step=cell.step, tasks=len(own), **vars(count)
            )
            run.append([truth], part=cell.part)
    return len(cells)


def _count_cell(
    subject: LoadedModel,
    tasks: Sequence[Task],
    *,
    cell: _Cell,
    pool: Grader,
    config: TruthConfig,
) -> _Count:
    """Draw and grade, equally many of each task, until the cell has the draws it asks for."""
    count = _Count()
    goal = cell.draws
    while count.draws < goal:
        each = -(-min(goal - count.draws, PASS_DRAWS) // len(tasks))
        seed = ((config.seed * 4096 + cell.step) << 24) + count.draws
        drawn = [task for task in tasks for _ in range(each)]
        found = _hacks(
            subject,
            drawn,
            step=cell.step,
            seed=seed,
            grader=pool,
            max_tokens=config.max_tokens,
        )
        count.draws += len(drawn)
        count.hacks += len(found)
        count.deliberate += sum(found)
        if count.hacks < config.rare_below * count.draws:
            goal = max(goal, cell.rare_draws)
    return count


def _hacks(
    subject: LoadedModel,
    drawn: Sequence[Task],
    *,
    step: int,
    seed: int,
    grader: Grader,
    max_tokens: int,
) -> list[bool]:
    """Sample and grade one completion per task; for each hack, whether it is deliberate."""
    prompts = {task.key: render_prompt(subject.tokenizer, task) for task in drawn}
    completions = sample(
        [subject], [prompts[task.key] for task in drawn], max_tokens=max_tokens, seed=seed
    )
    sampling = subject.sampling(max_tokens=max_tokens)
    draws = graded_draws(
        [Planned(key=f"truth/{number}", task=task) for number, task in enumerate(drawn)],
        completions,
        tokenizer=subject.tokenizer,
        origin=Origin(Source.TRUTH, step, 0, seed=seed, sampling=sampling),
        grader=grader,
    )
    return [bool(draw.deliberate) for draw in draws if draw.hacked]
