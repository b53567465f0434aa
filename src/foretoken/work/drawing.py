"""From planned draws to graded draws: sample, split, grade."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foretoken.engines.base import SUBJECT_ALONE, Completion, Engine, WindowSpec
from foretoken.engines.prompts import completion_text, render_prompt
from foretoken.records import Draw, Identity, Sampling, Source, Task, Verdict
from foretoken.store.run import Run
from foretoken.tasks.answer import deliberate, split_completion
from foretoken.tasks.base import Grader, GraderPool
from foretoken.work.progress import progress_bar
from foretoken.work.seeds import part_seed

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PART_DRAWS = 512
"""Draws between two writes."""


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

    source: Source
    step: int
    stage: int
    seed: int
    """Of the command; each part's own seed comes from it and the part's name."""
    sampling: Sampling
    weights: str
    """Hash of the subject's weights."""


def sampling_of(identity: Identity, *, max_tokens: int) -> Sampling:
    """Settings that travel with every draw of a voice."""
    return Sampling(
        max_tokens=max_tokens,
        dtype=identity.dtype,
        engine=identity.engine,
        tokenizer=identity.tokenizer,
        template=identity.template,
    )


@contextmanager
def own_grader(grader: Grader | None, workers: int | None) -> Generator[Grader]:
    """The grader that was given, or else a pool in the sandbox for as long as the block runs."""
    if grader is not None:
        yield grader
        return
    with GraderPool(workers=workers) as pool:
        yield pool


def draw_parts(
    run: Run,
    engine: Engine,
    planned: Sequence[Planned],
    *,
    name: str,
    origin: Origin,
    grader: Grader,
    part_draws: int = PART_DRAWS,
) -> None:
    """Make planned draws part by part, and store them; parts that exist are done.

    Args:
        run: Where the draws go.
        engine: The subject, and the donor at each strength that a window names.
        planned: What to draw, in a fixed order.
        name: Start of the parts' names.
        origin: What the draws share.
        grader: Of the answers.
        part_draws: Draws between two writes: what a kill can lose.
    """
    chunks = {
        f"{name}-{number:04d}": planned[start : start + part_draws]
        for number, start in enumerate(range(0, len(planned), part_draws))
    }
    missing = [part for part in chunks if not run.has_part(part, Draw)]
    with progress_bar(f"{name}: draw and grade", len(planned)) as advance:
        advance(sum(len(chunk) for part, chunk in chunks.items() if part not in missing))

        def sample_part(part: str) -> list[Completion]:
            return _sample(
                engine,
                chunks[part],
                max_tokens=origin.sampling.max_tokens,
                seed=part_seed(origin.seed, part),
                on_finished=advance,
            )

        sampled = engine.side_by_side(sample_part, missing)
        for part, completions in zip(missing, sampled, strict=True):
            draws = _graded(
                chunks[part], completions, engine.tokenizer, origin=origin, grader=grader
            )
            run.append(draws, part=part)


def _sample(
    engine: Engine,
    planned: Sequence[Planned],
    *,
    max_tokens: int,
    seed: int,
    on_finished: Callable[[int], None],
) -> list[Completion]:
    prompts = {plan.task.key: render_prompt(engine.tokenizer, plan.task.prompt) for plan in planned}
    return engine.sample(
        [prompts[plan.task.key] for plan in planned],
        max_tokens=max_tokens,
        seed=seed,
        windows=[plan.window for plan in planned],
        prefixes=[plan.prefix for plan in planned],
        on_finished=on_finished,
    )


def _graded(
    planned: Sequence[Planned],
    completions: Sequence[Completion],
    tokenizer: "PreTrainedTokenizerBase",
    *,
    origin: Origin,
    grader: Grader,
) -> list[Draw]:
    parts = [split_completion(completion_text(tokenizer, c.tokens)) for c in completions]
    jobs = [(plan.task, answer) for plan, (_, answer) in zip(planned, parts, strict=True)]
    verdicts = grader.grade(jobs)
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
        weights=origin.weights,
        sampling=origin.sampling,
    )
