"""From planned draws to stored draws, part by part: sample, grade, store."""

from collections.abc import Callable, Sequence

from foretoken.engines.base import Completion, Engine
from foretoken.engines.prompts import render_prompt
from foretoken.errors import MismatchError
from foretoken.records import Draw, Identity, Sampling
from foretoken.store.claims import work_parts
from foretoken.store.run import Run
from foretoken.tasks.base import Grader
from foretoken.work.grading import Origin, Planned, graded_draws
from foretoken.work.progress import progress_bar
from foretoken.work.seeds import part_seed

PART_DRAWS = 512
"""Draws between two writes."""


def sampling_of(identity: Identity, *, max_tokens: int) -> Sampling:
    """Settings that travel with every draw of a voice."""
    return Sampling(
        max_tokens=max_tokens,
        dtype=identity.dtype,
        engine=identity.engine,
        tokenizer=identity.tokenizer,
        template=identity.template,
    )


def drawing_name(part: str) -> str:
    """What the progress of `draw_parts` is called."""
    return f"{part}: draw and grade"


def draw_parts(
    run: Run,
    engine: Engine,
    planned: Sequence[Planned],
    *,
    name: str,
    origin: Origin,
    grader: Grader,
    part_draws: int = PART_DRAWS,
    on_drawn: Callable[[int], None] | None = None,
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
        on_drawn: Called with the number of draws that were sampled since the last call.
    """
    chunks = {
        f"{name}-{number:04d}": planned[start : start + part_draws]
        for number, start in enumerate(range(0, len(planned), part_draws))
    }
    finished = [part for part in chunks if run.has_part(part, Draw)]
    for part in finished:
        _require_same_subject(run, part, origin)
    done = sum(len(chunks[part]) for part in finished)
    with progress_bar(drawing_name(name), len(planned), done=done) as advance:

        def drawn(count: int) -> None:
            advance(count)
            if on_drawn is not None:
                on_drawn(count)

        def sample_part(part: str) -> list[Completion]:
            return _sample(
                engine,
                chunks[part],
                max_tokens=origin.sampling.max_tokens,
                seed=part_seed(origin.seed, part),
                on_finished=drawn,
            )

        def grade_part(part: str, completions: list[Completion]) -> list[Draw]:
            return graded_draws(
                chunks[part],
                completions,
                tokenizer=engine.tokenizer,
                origin=origin,
                grader=grader,
            )

        work_parts(
            run,
            Draw,
            list(chunks),
            sample_part,
            finish=grade_part,
            side_by_side=engine.side_by_side,
        )


def _require_same_subject(run: Run, part: str, origin: Origin) -> None:
    stored = run.table(Draw, part=part, columns=["weights"])["weights"].unique().to_pylist()
    others = {each for each in stored if each} - {origin.weights}
    if others and origin.weights:
        raise MismatchError(
            f"{part} of {run.path} was drawn by another model: weights {min(others)[:12]}, now "
            f"they are {origin.weights[:12]}. Give the same checkpoint; or, if it was trained "
            "again, run `foretoken measure CHECKPOINT --replace` first, which forgets its draws"
        )


def _sample(
    engine: Engine,
    planned: Sequence[Planned],
    *,
    max_tokens: int,
    seed: int,
    on_finished: Callable[[int], None],
) -> list[Completion]:
    prompts = {plan.task.key: render_prompt(engine.tokenizer, plan.task) for plan in planned}
    return engine.sample(
        [prompts[plan.task.key] for plan in planned],
        max_tokens=max_tokens,
        seed=seed,
        windows=[plan.window for plan in planned],
        prefixes=[plan.prefix for plan in planned],
        on_finished=on_finished,
    )
