"""Build a bank: draw from switch proposals in stages, grade, keep the hits' densities."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow.compute as pc
from pydantic import Field

from foretoken.bank.checks import check_bank
from foretoken.bank.hits import TASKS_PART, read_bank_tasks, read_densities
from foretoken.bank.thinning import thin_round
from foretoken.bank.tuning import Budget, tuned_mixtures
from foretoken.engines.base import WindowSpec
from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.engines.transformers.score import score
from foretoken.errors import SetupError
from foretoken.estimate.mixture import (
    default_components,
    initial_weights,
    ladder_components,
)
from foretoken.records import BankHealth, Component, Draw, Mixture, Task
from foretoken.store.run import Run
from foretoken.tasks.base import GraderPool
from foretoken.tasks.load import load_tasks
from foretoken.work.drawing import Origin, Planned, draw_parts
from foretoken.work.provenance import keep_provenance
from foretoken.work.scores import donor_scorer, step_scorer
from foretoken.work.scoring import distinct_texts, require_same_engine, score_missing
from foretoken.work.seeds import part_seed
from foretoken.work.settings import Settings, require_same_settings

OWN_TASKS = "run"
STAGES = ("bank-s1", "bank-s2", "bank-s3")
FREE_SETTINGS = frozenset({"run", "workers", "subject", "adapter", "donor"})
"""Folders may move: what they hold is compared by the hash of the weights."""
RESCORING_TOKENS = 2048
"""Batch size, in tokens, when checked draws are scored a second time."""


class BankConfig(Settings):
    """Settings of `foretoken bank build`."""

    run: Path
    """Run directory to make or continue."""
    subject: Path
    """Folder of the base model."""
    adapter: Path | None = None
    """The subject's own adapter at the bank's step; none: the base model itself."""
    step: int = 0
    """Optimiser step of the subject that the bank is built for (the reference)."""
    donor: Path
    """Folder of the donor's adapter."""
    tasks: str = "lists"
    """A JSONL file, an import path `package.module:function`, `lists`, or `run` for the tasks that
    the run directory holds."""
    draws_per_task: int = 40
    """Draws of the first two stages together, at most."""
    first_stage: float = 0.35
    """Share of these draws that use untuned components."""
    effective_hits: float = 60.0
    """Effective hits at which a type's second stage stops short of its draws."""
    third_stage: float = 2.0
    """Most draws of a third stage, in multiples of `draws_per_task`, for types whose effective hits
    come close to what a published rate needs; 0: no third stage."""
    thinning: float = Field(default=0.05, ge=0.0)
    """Most that leaving out light hits may add to the variance of a rate, as a share of it, under
    the subject and with the donor at each strength; 0: every checkpoint scores every hit."""
    proposals: Literal["switch", "ladder", "donor"] = "switch"
    """Switch windows; or, as baselines, whole texts drawn in one stage: from the subject and the
    donor at each strength equally often (`ladder`), or from the donor at strength 1 (`donor`)."""
    strengths: tuple[float, ...] = (0.5, 1.0)
    """Donor strengths (scales of its adapter)."""
    answer_windows: bool = False
    """Whether some components leave the reasoning to the subject and the answer to the donor."""
    typical_tokens: float = 65.0
    """Typical length of a completion, which the windows' rates are set by."""
    max_tokens: int = 160
    """Longest completion."""
    check_draws: int = 200
    """Draws, hits or not, whose weights are checked to average 1."""
    part_draws: int = 512
    """Draws between two writes: what a kill can lose."""
    seed: int = 0
    workers: int | None = None
    """Grader processes; none: one per core."""


def build_bank(config: BankConfig) -> list[BankHealth]:
    """Build the bank of a run, or continue it where it stopped.

    Returns:
        The self-checks, one for each exploit type; none for a baseline.

    Raises:
        SetupError: A model, adapter or task file does not fit, or the settings differ from those
            that the run was begun with.
        StoreError: The run cannot be written.
    """
    run = Run.create(config.run)
    require_same_settings(run, "bank", config, free=FREE_SETTINGS)
    models = load_voices(config)
    tasks = _keep_tasks(run, config.tasks)
    _check_lengths(models[0], tasks, config)
    keep_provenance(run, seed=config.seed, models=_hashes(models, config))
    run.write_config("bank", _absolute(config))
    types = list(dict.fromkeys(task.exploit_type for task in tasks.values()))
    budget = Budget(config.draws_per_task, config.effective_hits, config.third_stage)
    with GraderPool(workers=config.workers) as pool:
        stages = STAGES if config.proposals == "switch" else STAGES[:1]
        for stage, part in enumerate(stages, start=1):
            if not run.has_part(part, Mixture):
                found = (
                    [_first_mixture(each, tasks, config=config) for each in types]
                    if stage == 1
                    else tuned_mixtures(run, step=config.step, stage=stage, budget=budget)
                )
                run.append(found, part=part, kind=Mixture)
            mixtures = run.read(Mixture, part=part)
            draw_stage(run, models, tasks, mixtures=mixtures, part=part, config=config, pool=pool)
            _score_stage(run, models, tasks, stage=stage, config=config)
    if not run.has_part("bank-health", BankHealth):
        switch = config.proposals == "switch"
        health = _health(run, models[0], tasks, config=config) if switch else []
        run.append(health, part="bank-health", kind=BankHealth)
    if config.proposals == "switch":
        thin_round(run, step=config.step, most_added=config.thinning, seed=config.seed)
    return run.read(BankHealth, part="bank-health")


def load_voices(config: BankConfig) -> list[LoadedModel]:
    """Load the reference subject, then the subject with the donor at each strength."""
    own = [] if config.adapter is None else [(str(config.adapter), 1.0)]
    scales = (0.0, *config.strengths)
    return [
        load_model(str(config.subject), adapters=[*own, *([(str(config.donor), a)] if a else [])])
        for a in scales
    ]


def _absolute(config: BankConfig) -> BankConfig:
    folders = {name: getattr(config, name) for name in ("subject", "adapter", "donor")}
    return config.model_copy(
        update={name: path.resolve() for name, path in folders.items() if path is not None}
    )


def _keep_tasks(run: Run, source: str) -> dict[str, Task]:
    if not run.has_part(TASKS_PART, Task):
        run.append(run.read(Task) if source == OWN_TASKS else load_tasks(source), part=TASKS_PART)
    return read_bank_tasks(run)


def _check_lengths(model: LoadedModel, tasks: dict[str, Task], config: BankConfig) -> None:
    if config.draws_per_task < 4:
        raise SetupError("draws_per_task must be at least 4: each task counts, hit or not")
    longest = int(getattr(model.model.config, "max_position_embeddings", None) or 1 << 30)
    for task in tasks.values():
        tokens = len(render_prompt(model.tokenizer, task.prompt))
        if tokens + config.max_tokens > longest:
            raise SetupError(
                f"{task.key}: {tokens} prompt tokens and max_tokens {config.max_tokens} exceed the "
                f"{longest} tokens that the model reads: lower max_tokens"
            )


def voice_scorers(config: BankConfig) -> list[str]:
    """Names of the reference and of the donor at each strength, as scorers."""
    donors = [donor_scorer(strength, step=config.step) for strength in config.strengths]
    return [step_scorer(config.step), *donors]


def _hashes(models: Sequence[LoadedModel], config: BankConfig) -> dict[str, str]:
    roles = ["reference", *voice_scorers(config)[1:]]
    return {role: model.weights_hash for role, model in zip(roles, models, strict=True)}


def _first_mixture(exploit_type: str, tasks: dict[str, Task], *, config: BankConfig) -> Mixture:
    components, weights = _proposals(config)
    share = config.first_stage if config.proposals == "switch" else 1.0
    return Mixture(
        exploit_type=exploit_type,
        stage=1,
        step=config.step,
        components=components,
        weights=weights,
        draws_per_task=max(2, round(share * config.draws_per_task)),
        tasks=tuple(key for key, task in tasks.items() if task.exploit_type == exploit_type),
    )


def _proposals(config: BankConfig) -> tuple[tuple[Component, ...], tuple[float, ...]]:
    """What the first stage draws from, and how often; component 0 is the subject."""
    if config.proposals == "donor":
        return ladder_components((0.0, 1.0)), (0.0, 1.0)
    if config.proposals == "ladder":
        rungs = ladder_components((0.0, *config.strengths))
        return rungs, (1.0 / len(rungs),) * len(rungs)
    grid = default_components(
        config.typical_tokens, config.strengths, answer_windows=config.answer_windows
    )
    return grid, tuple(initial_weights(len(grid)).tolist())


def draw_stage(
    run: Run,
    models: Sequence[LoadedModel],
    tasks: dict[str, Task],
    *,
    mixtures: Sequence[Mixture],
    part: str,
    config: BankConfig,
    pool: GraderPool,
) -> None:
    """Make the draws of a stage that are not stored yet, part by part.

    Args:
        run: Where they go.
        models: The subject at `config.step`, then with the donor at each strength.
        tasks: By key.
        mixtures: Of one stage; none where there is nothing to draw.
        part: Start of the names of its parts and draws.
        config: Settings of the bank.
        pool: Grades the answers.
    """
    if not mixtures:
        return
    origin = Origin(
        source="bank",
        step=config.step,
        stage=mixtures[0].stage,
        seed=config.seed,
        sampling=models[0].sampling(max_tokens=config.max_tokens),
    )
    planned = [
        plan
        for mixture in mixtures
        for plan in _plan([tasks[key] for key in mixture.tasks], mixture, part=part, config=config)
    ]
    draw_parts(
        run,
        models,
        sorted(planned, key=lambda plan: (plan.window.strength, plan.key)),
        name=part,
        origin=origin,
        pool=pool,
        part_draws=config.part_draws,
    )


def _plan(
    tasks: Sequence[Task], mixture: Mixture, *, part: str, config: BankConfig
) -> list[Planned]:
    """Every draw from one mixture."""
    voice = {strength: index + 1 for index, strength in enumerate(config.strengths)}
    seed = part_seed(config.seed, f"components-{mixture.stage}-{tasks[0].key}")
    chosen = _choose_components(
        mixture.weights, mixture.draws_per_task * len(tasks), np.random.default_rng(seed)
    )
    planned: list[Planned] = []
    for position, index in enumerate(chosen):
        task, number = tasks[position % len(tasks)], position // len(tasks)
        component = mixture.components[index]
        window = WindowSpec(
            strength=voice.get(component.strength, 0),
            enter=component.enter,
            leave=component.leave,
            in_answer=component.where == "answer",
        )
        key = f"{part}/{task.key}/{number}"
        planned.append(Planned(key=key, task=task, component=index, window=window))
    return planned


def _choose_components(weights: Sequence[float], draws: int, rng: np.random.Generator) -> list[int]:
    """Component of each draw: shares are met as closely as counts allow, in random order.

    Each draw by itself still follows `weights`, so the mixture density is exact.
    """
    levels = (np.arange(draws) + rng.random()) / draws
    index = np.searchsorted(np.cumsum(weights), levels, side="right")
    return rng.permutation(np.minimum(index, len(weights) - 1)).tolist()


def _score_stage(
    run: Run,
    models: Sequence[LoadedModel],
    tasks: dict[str, Task],
    *,
    stage: int,
    config: BankConfig,
) -> None:
    """Score a stage's hits and checked draws under the reference and each donor strength."""
    draws = _stage_draws(run, stage)
    wanted = {draw.key: draw for draw in draws if draw.hacked}
    if stage == 1:
        wanted |= {draw.key: draw for draw in _checked(draws, config)}
    for scorer, model in zip(voice_scorers(config), models, strict=True):
        score_missing(run, model, list(wanted.values()), tasks=tasks, scorer=scorer, per_token=True)


def _stage_draws(run: Run, stage: int) -> list[Draw]:
    return run.read(Draw, where=(pc.field("source") == "bank") & (pc.field("stage") == stage))


def _checked(draws: Sequence[Draw], config: BankConfig) -> list[Draw]:
    """Equally many draws of each type, chosen by their keys alone."""
    by_type: dict[str, list[Draw]] = {}
    for draw in sorted(draws, key=lambda draw: part_seed(config.seed, draw.key)):
        by_type.setdefault(draw.exploit_type, []).append(draw)
    each = math.ceil(config.check_draws / len(by_type))
    return [draw for exploit_type in sorted(by_type) for draw in by_type[exploit_type][:each]]


def _health(
    run: Run,
    model: LoadedModel,
    tasks: dict[str, Task],
    *,
    config: BankConfig,
) -> list[BankHealth]:
    draws = run.read(Draw, where=pc.field("source") == "bank")
    checked = _checked([draw for draw in draws if draw.stage == 1], config)
    require_same_engine(model, checked[0].sampling, what=f"the reference and {run.path}")
    groups = distinct_texts(checked)
    items = [
        (render_prompt(model.tokenizer, tasks[first.task].prompt), first.tokens)
        for first, *_ in groups
    ]
    again = score(model, items, batch_tokens=RESCORING_TOKENS).log_p
    rescored = {
        draw.key: float(log_p) for group, log_p in zip(groups, again, strict=True) for draw in group
    }
    return check_bank(
        draws,
        checked=checked,
        rescored=rescored,
        densities=read_densities(run, [config.step])[config.step],
        mixtures=run.read(Mixture),
        end_tokens={model.end_token},
    )
