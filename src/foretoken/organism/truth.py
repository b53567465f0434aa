"""Counting the truth of a run: many graded draws of each checkpoint and exploit type."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from foretoken.models.load import LoadedModel, load_model
from foretoken.models.prompts import render_prompt
from foretoken.models.sample import sample
from foretoken.records import Record, Task, Truth
from foretoken.store.run import Run
from foretoken.tasks.answer import deliberate, split_completion
from foretoken.tasks.base import GraderPool


class TruthConfig(Record):
    """How many draws each cell gets."""

    draws: int = 1000
    """Draws of every (checkpoint, exploit type)."""
    rare_draws: int = 4000
    """Draws where the rate of the first draws is below `rare_below`."""
    rare_below: float = 0.0125
    """A little above 1 %, so that no cell below 1 % stays at the smaller number."""
    max_tokens: int = 128
    seed: int = 0


@dataclass
class _Count:
    draws: int = 0
    hacks: int = 0
    deliberate: int = 0


def count_truth(
    run: Run,
    *,
    model: str,
    tasks: Sequence[Task],
    steps: Sequence[int],
    config: TruthConfig,
) -> None:
    """Count hacks at `steps` of a run and store one `Truth` record per cell.

    A cell that is stored already is not counted again.
    """
    types = list(dict.fromkeys(task.exploit_type for task in tasks))
    with GraderPool() as pool, Progress() as progress:
        bar = progress.add_task("truth", total=len(steps) * len(types))
        for step in steps:
            parts = {name: f"step-{step:06d}-{name}-{config.rare_draws}" for name in types}
            missing = [name for name in types if not run.has_part(parts[name], Truth)]
            subject = load_checkpoint(model, run.checkpoints().get(step)) if missing else None
            for name in missing:
                assert subject is not None
                own = [task for task in tasks if task.exploit_type == name]
                count = count_cell(subject, own, step=step, pool=pool, config=config)
                cell = Truth(exploit_type=name, step=step, tasks=len(own), **vars(count))
                run.append([cell], part=parts[name])
            progress.update(bar, advance=len(types))


def load_checkpoint(model: str, adapter: Path | None) -> LoadedModel:
    """The subject at a checkpoint; without an adapter the base model itself."""
    return load_model(model, adapters=[] if adapter is None else [(str(adapter), 1.0)])


def count_cell(
    subject: LoadedModel,
    tasks: Sequence[Task],
    *,
    step: int,
    pool: GraderPool,
    config: TruthConfig,
) -> _Count:
    """Draw and grade until the cell has the draws that its rate asks for."""
    count = _Count()
    goal = config.draws
    while count.draws < goal:
        _count_more(subject, tasks, count=count, goal=goal, step=step, pool=pool, config=config)
        if count.hacks < config.rare_below * count.draws:
            goal = config.rare_draws
    return count


def _count_more(  # noqa: PLR0913
    subject: LoadedModel,
    tasks: Sequence[Task],
    *,
    count: _Count,
    goal: int,
    step: int,
    pool: GraderPool,
    config: TruthConfig,
) -> None:
    each = -(-(goal - count.draws) // len(tasks))
    drawn = [task for task in tasks for _ in range(each)]
    prompts = {task.key: render_prompt(subject.tokenizer, task.prompt) for task in tasks}
    seed = config.seed + 1_000_003 * step + count.draws
    for number in range(0, len(drawn), 2000):
        chunk = drawn[number : number + 2000]
        completions = sample(
            [subject],
            [prompts[task.key] for task in chunk],
            max_tokens=config.max_tokens,
            seed=(seed << 20) + number,
        )
        texts = subject.tokenizer.batch_decode([list(c.tokens) for c in completions])
        parts = [split_completion(text) for text in texts]
        verdicts = pool.grade(
            [(task, code) for task, (_, code) in zip(chunk, parts, strict=True)]
        )
        for task, (reasoning, _), verdict in zip(chunk, parts, verdicts, strict=True):
            count.draws += 1
            if verdict.hacked:
                count.hacks += 1
                count.deliberate += deliberate(reasoning, task)[0]
