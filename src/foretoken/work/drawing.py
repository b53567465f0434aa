"""From planned draws to graded draws: sample, split, grade."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from foretoken.engines.base import SUBJECT_ALONE, Completion, WindowSpec
from foretoken.engines.prompts import completion_text, render_prompt
from foretoken.engines.transformers.load import LoadedModel, copy_model
from foretoken.engines.transformers.sample import sample
from foretoken.records import Draw, Sampling, Task, Verdict
from foretoken.store.run import Run
from foretoken.tasks.answer import deliberate, split_completion
from foretoken.tasks.base import GraderPool
from foretoken.work.lanes import in_lanes
from foretoken.work.progress import progress_bar
from foretoken.work.seeds import part_seed

PART_DRAWS = 512
"""Draws between two writes."""
BATCH_ROWS = 256
"""Completions that one lane samples together."""


@dataclass(frozen=True)
class Planned:
    """One draw to be made."""

    key: str
    task: Task
    component: int = 0
    window: WindowSpec = SUBJECT_ALONE
    prefix: tuple[int, ...] = ()


@dataclass(frozen=True)
class Origin:
    """What all draws of one batch of work share."""

    source: str
    step: int
    stage: int
    seed: int
    """Of the command; each part's own seed comes from it and the part's name."""
    sampling: Sampling


def draw_parts(
    run: Run,
    models: Sequence[LoadedModel],
    planned: Sequence[Planned],
    *,
    name: str,
    origin: Origin,
    pool: GraderPool,
    part_draws: int = PART_DRAWS,
) -> None:
    """Make planned draws part by part, and store them; parts that exist are done.

    Args:
        run: Where the draws go.
        models: The subject, then the donor at each strength that a window names.
        planned: What to draw, in a fixed order.
        name: Start of the parts' names.
        origin: What the draws share.
        pool: Grades the answers.
        part_draws: Draws between two writes: what a kill can lose.
    """
    chunks = {
        f"{name}-{number:04d}": planned[start : start + part_draws]
        for number, start in enumerate(range(0, len(planned), part_draws))
    }
    missing = [part for part in chunks if not run.has_part(part, Draw)]
    with progress_bar(f"{name}: draw and grade", len(planned)) as advance:
        advance(sum(len(chunk) for part, chunk in chunks.items() if part not in missing))

        lane = threading.local()

        def sample_part(part: str) -> list[Completion]:
            if not hasattr(lane, "models"):
                lane.models = [copy_model(each, dtype=each.dtype) for each in models]
            return _sample(
                lane.models,
                chunks[part],
                max_tokens=origin.sampling.max_tokens,
                seed=part_seed(origin.seed, part),
                on_finished=advance,
            )

        for part, completions in zip(missing, in_lanes(sample_part, missing), strict=True):
            draws = _graded(
                chunks[part], completions, models[0].tokenizer, origin=origin, pool=pool
            )
            run.append(draws, part=part)


def _sample(
    models: Sequence[LoadedModel],
    planned: Sequence[Planned],
    *,
    max_tokens: int,
    seed: int,
    on_finished: Callable[[int], None],
) -> list[Completion]:
    tokenizer = models[0].tokenizer
    prompts = {plan.task.key: render_prompt(tokenizer, plan.task.prompt) for plan in planned}
    return sample(
        models,
        [prompts[plan.task.key] for plan in planned],
        max_tokens=max_tokens,
        seed=seed,
        windows=[plan.window for plan in planned],
        prefixes=[plan.prefix for plan in planned],
        batch_rows=BATCH_ROWS,
        on_finished=on_finished,
    )


def _graded(
    planned: Sequence[Planned],
    completions: Sequence[Completion],
    tokenizer: PreTrainedTokenizerBase,
    *,
    origin: Origin,
    pool: GraderPool,
) -> list[Draw]:
    parts = [split_completion(completion_text(tokenizer, c.tokens)) for c in completions]
    jobs = [(plan.task, answer) for plan, (_, answer) in zip(planned, parts, strict=True)]
    verdicts = pool.grade(jobs)
    return [
        _draw(plan, completion, reasoning=reasoning, answer=answer, verdict=verdict, origin=origin)
        for plan, completion, (reasoning, answer), verdict in zip(
            planned, completions, parts, verdicts, strict=True
        )
    ]


def _draw(
    plan: Planned,
    completion: Completion,
    *,
    reasoning: str,
    answer: str,
    verdict: Verdict,
    origin: Origin,
) -> Draw:
    names_flaw, position = deliberate(reasoning, plan.task)
    return Draw(
        key=plan.key,
        source=origin.source,
        task=plan.task.key,
        exploit_type=plan.task.exploit_type,
        step=origin.step,
        stage=origin.stage,
        component=plan.component,
        prefix_tokens=len(plan.prefix),
        tokens=completion.tokens,
        ended=completion.ended,
        prompt_tokens=completion.prompt_tokens,
        reasoning=reasoning,
        answer=answer,
        strict_passed=verdict.strict_passed,
        flawed_passed=verdict.flawed_passed,
        hacked=verdict.hacked,
        grader_error=verdict.grader_error,
        deliberate=names_flaw if verdict.hacked else None,
        flaw_word=position if verdict.hacked else None,
        sampling=origin.sampling,
    )
