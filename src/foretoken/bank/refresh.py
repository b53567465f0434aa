"""Draw an aged bank again, around the subject as it is now.

What was drawn before stays in use: the new draws are one more round of the same pool, whose density
is the sum over all rounds, so that the series of estimates stays one (docs/method.md). A checkpoint
uses the rounds that were drawn by its own step.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.compute as pc
from pydantic import Field

from foretoken.bank.build import (
    BankConfig,
    draw_stage,
    load_voices,
    voice_scorers,
)
from foretoken.bank.hits import bank_steps, read_bank_tasks
from foretoken.bank.thinning import thin_round
from foretoken.bank.tuning import latest_mixtures
from foretoken.errors import SetupError
from foretoken.records import Doubt, Draw, Mixture, RateEstimate, Task, Thinned
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.tasks.base import GraderPool
from foretoken.work.scores import read_scores
from foretoken.work.scoring import is_scored, score_missing
from foretoken.work.settings import Settings, require_same_settings


class RefreshConfig(Settings):
    """Settings of `foretoken bank refresh`."""

    run: Path
    """Run directory with a measured bank."""
    checkpoint: Path
    """Folder named step-000013: an adapter on the run's base model, or a whole model."""
    types: tuple[str, ...] = ()
    """Exploit types to draw again; none: those whose bank is stale at this checkpoint, or those of
    the refresh there that was begun."""
    draws_per_task: int = Field(default=16, ge=1)
    """New draws for each task of these types."""
    workers: int | None = None
    """Grader processes; none: one per core."""


def refresh_bank(config: RefreshConfig) -> tuple[str, ...]:
    """Draw the bank of some types again around a checkpoint, or continue to.

    The mixture is the tuned one that the bank ends with; the donor is put on the new subject. Until
    everything is drawn and scored, the bank stays what it was.

    Returns:
        The types; none where no bank is stale.

    Raises:
        SetupError: The checkpoint was not measured, is not later than the bank, was refreshed with
            other settings, or a type is not known.
        StoreError: The run cannot be written.
    """
    run = Run.open(config.run)
    step = layout.checkpoint_step(config.checkpoint)
    config = config.model_copy(update={"types": _chosen_types(run, step, config)})
    if not config.types:
        return ()
    section = _section(step)
    require_same_settings(run, section, config, free=frozenset({"run", "checkpoint", "workers"}))
    run.write_config(section, config.model_copy(update={"checkpoint": config.checkpoint.resolve()}))
    changes = {"step": step, "stage": 2, "draws_per_task": config.draws_per_task}
    of_bank = run.read(Mixture, where=pc.field("step") == bank_steps(run)[0])
    mixtures = [
        each.model_copy(update=changes)
        for each in latest_mixtures(of_bank)
        if each.exploit_type in config.types
    ]
    tasks, around, part = read_bank_tasks(run), _config_of(run, step), f"bank-step-{step:06d}"
    with GraderPool(workers=config.workers) as pool:
        draw_stage(
            run,
            load_voices(around),
            tasks,
            mixtures=mixtures,
            part=part,
            config=around,
            pool=pool,
        )
    left_out = {each.draw for each in run.read(Thinned) if not each.stands_for}
    found = run.read(Draw, where=(pc.field("source") == "bank") & pc.field("hacked"))
    hits = [draw for draw in found if draw.key not in left_out]
    for each in sorted({*bank_steps(run), step}):
        score_under_voices(run, hits, tasks=tasks, step=each)
    if not run.has_part(part, Mixture):
        run.append(mixtures, part=part)
    thin_round(run, step=step, most_added=around.thinning, seed=around.seed)
    return config.types


def score_under_voices(
    run: Run, draws: Sequence[Draw], *, tasks: Mapping[str, Task], step: int
) -> None:
    """Score draws under the subject and each donor strength of one round, where that is to do.

    Args:
        run: A run with a bank.
        draws: In a fixed order.
        tasks: By key.
        step: That the round was drawn around.
    """
    config = _config_of(run, step)
    scorers = voice_scorers(config)
    if all(
        is_scored(scores.get(draw.key), per_token=True)
        for scores in (read_scores(run, scorer) for scorer in scorers)
        for draw in draws
    ):
        return
    for scorer, model in zip(scorers, load_voices(config), strict=True):
        score_missing(run, model, draws, tasks=tasks, scorer=scorer, per_token=True)


def _section(step: int) -> str:
    return f"refresh-{step}"


def _config_of(run: Run, step: int) -> BankConfig:
    """Settings of one round: those of the bank, around another subject."""
    sections = run.read_config()
    first = BankConfig.model_validate(sections["bank"])
    if step == first.step:
        return first
    folder = RefreshConfig.model_validate(sections[_section(step)]).checkpoint
    whole = (folder / "config.json").exists()
    subject = {"subject": folder, "adapter": None} if whole else {"adapter": folder}
    return first.model_copy(update={**subject, "step": step})


def _chosen_types(run: Run, step: int, config: RefreshConfig) -> tuple[str, ...]:
    first = bank_steps(run)[0]
    if step <= first:
        raise SetupError(f"step {step} is not later than step {first}, where the bank was built")
    known = {each.exploit_type for each in run.read(Mixture)}
    unknown = [each for each in config.types if each not in known]
    if unknown:
        raise SetupError(f"the bank has no type {unknown[0]!r}: it has {', '.join(sorted(known))}")
    if config.types:
        return tuple(sorted(config.types))
    begun = run.read_config().get(_section(step))
    if begun is not None:  # a refresh goes on with its types, whatever is stale by now
        return RefreshConfig.model_validate(begun).types
    where = (pc.field("estimator") == "switch") & (pc.field("step") == step)
    estimates = run.read(RateEstimate, where=where)
    if not estimates:
        raise SetupError(
            f"step {step} was not measured: run `foretoken measure` first, or say what to draw "
            "again with --types"
        )
    stale = {each.exploit_type for each in estimates if Doubt.STALE_BANK in each.doubts}
    return tuple(sorted(stale))
