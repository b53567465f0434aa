"""Draw an aged bank again, around the subject as it is now.

What was drawn before stays in use: the new draws are one more round of the same pool, whose density
is the sum over all rounds, so that the series of estimates stays one (docs/method.md). A checkpoint
uses the rounds that were drawn by its own step.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.compute as pc
from pydantic import Field

from foretoken.bank.build import Flow, draw_stage
from foretoken.bank.config import (
    BankConfig,
    bank_voices,
    engine_of,
    read_bank_config,
    voice_scorers,
    voice_weights,
)
from foretoken.bank.coverage import checked_draws
from foretoken.bank.read import bank_steps, read_bank_tasks, round_part
from foretoken.bank.thinning import finish_round
from foretoken.bank.tuning import latest_mixtures
from foretoken.engines.base import Engines
from foretoken.engines.choose import EngineConfig
from foretoken.engines.lazy import on_demand
from foretoken.errors import SetupError
from foretoken.records import BankHit, Doubt, Draw, Identity, Mixture, RateEstimate, Task, Thinned
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.tasks.base import Grader
from foretoken.tasks.graders import graders_for
from foretoken.work.machines import at_work
from foretoken.work.provenance import keep_provenance
from foretoken.work.scores import read_log_p
from foretoken.work.scoring import score_missing
from foretoken.work.settings import Settings, require_same_settings

FREE_SETTINGS = frozenset({"run", "checkpoint", "workers", "device", "engine", "ray"})


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
    engine: EngineConfig | None = None
    """What samples and scores; none: as the bank was built."""
    device: str = "auto"
    """Where models are put; `auto`: the accelerator where there is one."""
    ray: str | None = None
    """Address of a Ray cluster that shares the work, `auto`, or `local`; none: this process."""


def refresh_bank(
    config: RefreshConfig, *, engines: Engines | None = None, grader: Grader | None = None
) -> tuple[str, ...]:
    """Draw the bank of some types again around a checkpoint, or continue to.

    The mixture is the tuned one that the bank ends with; the donor is put on the new subject. Until
    everything is drawn and scored, the bank stays what it was.

    Args:
        config: Settings.
        engines: Open what samples and scores; None: as the bank's settings say.
        grader: Of the answers; None: each task's own, in the sandbox.

    Returns:
        The types; none where no bank is stale.

    Raises:
        SetupError: The checkpoint was not measured, is not later than the bank, was refreshed with
            other settings, or a type is not known.
        StoreError: The run cannot be written.
    """
    run = Run.open(config.run)
    step = layout.checkpoint_step(config.checkpoint)
    config = config.replacing(types=_chosen_types(run, step, config))
    if not config.types:
        return ()
    section = _section(step)
    require_same_settings(run, section, config, free=FREE_SETTINGS)
    run.write_config(section, config.replacing(checkpoint=config.checkpoint.resolve()))
    changes = {"step": step, "stage": 2, "draws_per_task": config.draws_per_task}
    of_bank = run.read(Mixture, where=pc.field("step") == bank_steps(run)[0])
    mixtures = [
        each.replacing(**changes)
        for each in latest_mixtures(of_bank)
        if each.exploit_type in config.types
    ]
    part = round_part(step)
    if run.has_part(part, BankHit):
        return config.types
    around = _config_of(run, step)
    tasks, sampled_by = read_bank_tasks(run), engine_of(around, config.engine)
    with (
        at_work(sampled_by, config, engines=engines, grader=grader) as (opened, given),
        on_demand(opened, voice_weights(around)) as engine,
    ):
        require_known_voices(run, around, engine.voices)
        with graders_for(tasks.values(), given=given, workers=config.workers) as chosen:
            flow = Flow(run, engine, tasks, grader=chosen, config=around)
            draw_stage(flow, mixtures=mixtures, part=part)
        hits = _hits(run)
        for each in sorted({*bank_steps(run), step}):
            score_under_voices(run, opened, hits, tasks=tasks, step=each)
        where = (pc.field("source") == "bank") & (pc.field("step") == step)
        checked = checked_draws(run.read(Draw, where=where), around)
        score_under_voices(run, opened, checked, tasks=tasks, step=step)
        if not run.has_part(part, Mixture):
            run.append(mixtures, part=part, kind=Mixture, keep=True)
        finish_round(run, step=step, config=around, finder=flow.finder)
    return config.types


def require_known_voices(run: Run, around: BankConfig, voices: Sequence[Identity]) -> None:
    """Refuse to draw with other voices than those whose scores are stored under these names.

    Raises:
        MismatchError: With both hashes and the remedy.
    """
    scorers = voice_scorers(around)
    for scorer, identity in zip(scorers, voices, strict=True):
        read_log_p(run, scorer, identity=identity)
    roles = [f"subject of step {around.step}", *scorers[1:]]
    hashes = {role: each.weights for role, each in zip(roles, voices, strict=True)}
    keep_provenance(run, seed=around.seed, models=hashes)


def _hits(run: Run) -> list[Draw]:
    """Every hit that was drawn, but for those that were left out of an earlier round."""
    left_out = {each.draw for each in run.read(Thinned) if not each.stands_for}
    found = run.read(Draw, where=(pc.field("source") == "bank") & pc.field("hacked"))
    return [draw for draw in found if draw.key not in left_out]


def score_under_voices(
    run: Run,
    engines: Engines,
    draws: Sequence[Draw],
    *,
    tasks: Mapping[str, Task],
    step: int,
) -> None:
    """Score draws under whoever may have written them in one round, where that is to do.

    Args:
        run: A run with a bank.
        engines: Open the voices; only where a score is missing.
        draws: In a fixed order.
        tasks: By key.
        step: That the round was drawn around.
    """
    config = _config_of(run, step)
    with on_demand(engines, voice_weights(config)) as engine:
        for voice in bank_voices(engine, config):
            score_missing(run, voice, draws, tasks=tasks, per_token=True)


def _section(step: int) -> str:
    return f"refresh-{step}"


def _config_of(run: Run, step: int) -> BankConfig:
    """Settings of one round: those of the bank, around another subject."""
    first = read_bank_config(run)
    if step == first.step:
        return first
    folder = RefreshConfig.model_validate(run.read_config()[_section(step)]).checkpoint
    if not folder.is_dir():  # the run was moved, with its checkpoints in it
        folder = run.checkpoints().get(step, folder)
    whole = (folder / "config.json").exists()
    subject = {"subject": folder, "adapter": None} if whole else {"adapter": folder}
    return first.replacing(**subject, step=step)


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
