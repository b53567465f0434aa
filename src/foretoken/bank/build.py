"""Build a bank: draw from switch proposals in stages, grade, keep the hits' densities."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from foretoken.arrays import FloatPerDraw
from foretoken.bank.checks import check_bank
from foretoken.bank.config import (
    SECTION,
    BankConfig,
    bank_voices,
    fitted,
    voice_scorers,
    voice_weights,
)
from foretoken.bank.coverage import checked_draws
from foretoken.bank.densities import read_densities
from foretoken.bank.outlook import (
    CHECKS,
    STAGES,
    Pace,
    bank_phases,
    bank_tasks,
    first_draws,
    outlook,
)
from foretoken.bank.read import TASKS_PART, read_bank_tasks, round_part
from foretoken.bank.thinning import finish_round
from foretoken.bank.tuning import Budget, tuned_mixtures
from foretoken.engines.base import Engine, Engines, Item, WindowSpec
from foretoken.engines.lazy import on_demand
from foretoken.engines.prompts import AnswerFinder, render_prompt, with_hint
from foretoken.errors import SetupError
from foretoken.estimate.mixture import (
    default_components,
    initial_weights,
    ladder_components,
)
from foretoken.records import BankHealth, BankHit, Component, Draw, Mixture, Source, Task
from foretoken.store.run import Run
from foretoken.tasks.base import Grader
from foretoken.tasks.graders import graders_for
from foretoken.work.drawing import Origin, Planned, draw_parts, sampling_of
from foretoken.work.joining import require_joinable
from foretoken.work.machines import at_work
from foretoken.work.progress import phase, planned_work
from foretoken.work.provenance import keep_provenance
from foretoken.work.scoring import Voice, distinct_texts, score_missing
from foretoken.work.seeds import part_seed
from foretoken.work.settings import require_same_settings

FREE_SETTINGS = frozenset(
    {"run", "workers", "device", "ray", "engine", "subject", "adapter", "donor"}
)
"""Folders and servers may move: what they hold is compared by the identity of each voice."""
RESCORING_BATCHES = 8
"""Batches in which checked draws are scored a second time."""


def build_bank(
    config: BankConfig,
    *,
    engines: Engines | None = None,
    grader: Grader | None = None,
    say: Callable[[str], None] | None = None,
) -> list[BankHealth]:
    """Build the bank of a run, or continue it where it stopped.

    Args:
        config: Settings; they stay with the run.
        engines: Open what samples and scores; None: as the settings say.
        grader: Of the answers; None: each task's own, in the sandbox.
        say: Takes a line on how much is drawn at most, and one on about how long that takes.

    Returns:
        The self-checks, one for each exploit type; none for a baseline.

    Raises:
        SetupError: A model, adapter or task file does not fit, or the settings differ from those
            that the run was begun with.
        StoreError: The run cannot be written.
    """
    run = Run.create(config.run)
    config = fitted(run, config)
    require_same_settings(run, SECTION, config, free=FREE_SETTINGS)
    weights = voice_weights(config)
    names = ["reference", *voice_scorers(config)[1:]]
    with at_work(config.engine, config, engines=engines, grader=grader) as (opened, given):
        voices = [opened.identify(each) for each in weights]
        tasks = bank_tasks(run, config)
        sampling = sampling_of(voices[0], max_tokens=config.max_tokens)
        require_joinable(run, sampling, tasks, others=Source.ROLLOUT)
        hashes = [each.weights for each in voices]
        keep_provenance(run, seed=config.seed, models=dict(zip(names, hashes, strict=True)))
        run.append(list(tasks.values()), part=TASKS_PART, kind=Task, keep=True)
        tasks = read_bank_tasks(run)
        pace = None
        with on_demand(opened, weights) as engine:
            if not run.parts(BankHit):
                check_lengths(engine, tasks, config)
                pace = _announced(tasks, config, say)
            run.write_config(SECTION, _absolute(config))
            with (
                graders_for(tasks.values(), given=given, workers=config.workers) as chosen,
                planned_work(bank_phases(outlook(tasks.values(), config), config)),
            ):
                _draw_bank(Flow(run, engine, tasks, grader=chosen, config=config, on_drawn=pace))
    return run.read(BankHealth, part="bank-health")


@dataclass(frozen=True)
class Flow:
    """What the work on one round of a bank is done with."""

    run: Run
    engine: Engine
    """The subject at `config.step`, then it with the donor at each strength."""
    tasks: dict[str, Task]
    grader: Grader
    config: BankConfig
    on_drawn: Callable[[int], None] | None = None
    """Called with the number of draws that were sampled since the last call."""

    @property
    def finder(self) -> AnswerFinder | None:
        """Of answers; None where no window opens in them alone."""
        return AnswerFinder(self.engine.tokenizer) if self.config.answer_windows else None

    def voices(self) -> list[Voice]:
        """The reference, then whoever else may write a draw."""
        return bank_voices(self.engine, self.config)


def _draw_bank(flow: Flow) -> None:
    run, config = flow.run, flow.config
    budget = Budget(config.draws_per_task, config.effective_hits, config.third_stage)
    switch = config.proposals == "switch"
    for stage, part in enumerate(STAGES if switch else STAGES[:1], start=1):
        if not run.has_part(part, Mixture):
            found = (
                first_mixtures(flow.tasks, config)
                if stage == 1
                else tuned_mixtures(
                    run, step=config.step, stage=stage, budget=budget, finder=flow.finder
                )
            )
            run.append(found, part=part, kind=Mixture, keep=True)
        draw_stage(flow, mixtures=run.read(Mixture, part=part), part=part)
        _score_stage(flow, stage=stage)
    if run.has_part("bank-health", BankHealth) and run.has_part(round_part(config.step), BankHit):
        return
    with phase(CHECKS):
        health = _health(flow) if switch else []
        run.append(health, part="bank-health", kind=BankHealth, replace=True)
        finish_round(run, step=config.step, config=config, finder=flow.finder)


def _announced(
    tasks: dict[str, Task], config: BankConfig, say: Callable[[str], None] | None
) -> Pace | None:
    """Say how much is drawn at most; return what says how long it takes."""
    if say is None:
        return None
    found = outlook(tasks.values(), config)
    say(str(found))
    return Pace(found, say)


def _absolute(config: BankConfig) -> BankConfig:
    folders = {name: getattr(config, name) for name in ("subject", "adapter", "donor")}
    return config.replacing(
        **{name: path.resolve() for name, path in folders.items() if path is not None}
    )


def check_lengths(engine: Engine, tasks: dict[str, Task], config: BankConfig) -> None:
    """Refuse tasks whose completions the model could not read.

    Raises:
        SetupError: A prompt is too long, or there are too few draws.
    """
    if config.draws_per_task < 4:
        raise SetupError("draws_per_task must be at least 4: each task counts, hit or not")
    voices = {voice.hint: voice for voice in bank_voices(engine, config)}.values()
    for task in tasks.values():
        tokens = max(len(voice.reads(task)) for voice in voices)
        if tokens + config.max_tokens > engine.longest:
            raise SetupError(
                f"{task.key}: {tokens} prompt tokens and max_tokens {config.max_tokens} exceed the "
                f"{engine.longest} tokens that the model reads: lower max_tokens"
            )


def first_mixtures(tasks: dict[str, Task], config: BankConfig) -> list[Mixture]:
    """What the first stage draws from, for each exploit type in the order of its first task."""
    types = dict.fromkeys(task.exploit_type for task in tasks.values())
    return [_first_mixture(each, tasks, config=config) for each in types]


def _first_mixture(exploit_type: str, tasks: dict[str, Task], *, config: BankConfig) -> Mixture:
    components, weights = _proposals(config)
    return Mixture(
        exploit_type=exploit_type,
        stage=1,
        step=config.step,
        components=components,
        weights=weights,
        draws_per_task=first_draws(config),
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
        config.typical_tokens,
        config.strengths,
        answer_windows=config.answer_windows,
        hint=bool(config.hint),
    )
    return grid, tuple(initial_weights(len(grid)).tolist())


def draw_stage(flow: Flow, *, mixtures: Sequence[Mixture], part: str) -> None:
    """Make the draws of a stage that are not stored yet, part by part.

    Args:
        flow: The work that they belong to.
        mixtures: Of one stage; none where there is nothing to draw.
        part: Start of the names of its parts and draws.
    """
    if not mixtures:
        return
    config = flow.config
    subject = flow.engine.voices[0]
    origin = Origin(
        source=Source.BANK,
        step=config.step,
        stage=mixtures[0].stage,
        seed=config.seed,
        sampling=sampling_of(subject, max_tokens=config.max_tokens),
        weights=subject.weights,
    )
    planned = [
        plan
        for mixture in mixtures
        for plan in _plan([flow.tasks[key] for key in mixture.tasks], mixture, part=part, flow=flow)
    ]
    draw_parts(
        flow.run,
        flow.engine,
        sorted(planned, key=_together),
        name=part,
        origin=origin,
        grader=flow.grader,
        part_draws=config.part_draws,
        on_drawn=flow.on_drawn,
    )


def _together(plan: Planned) -> tuple[int, bool, str]:
    """Order in which draws with the same voices are neighbours."""
    return plan.window.strength, plan.window.prompt is not None, plan.key


def _plan(tasks: Sequence[Task], mixture: Mixture, *, part: str, flow: Flow) -> list[Planned]:
    """Every draw from one mixture."""
    config = flow.config
    voice = {strength: index + 1 for index, strength in enumerate(config.strengths)}
    seed = part_seed(config.seed, f"components-{mixture.stage}-{tasks[0].key}")
    chosen = _choose_components(
        mixture.weights, mixture.draws_per_task * len(tasks), np.random.default_rng(seed)
    )
    hinted = {
        task.key: tuple(render_prompt(flow.engine.tokenizer, with_hint(task, config.hint)))
        for task in (tasks if config.hint else ())
    }
    planned: list[Planned] = []
    for position, index in enumerate(chosen):
        task, number = tasks[position % len(tasks)], position // len(tasks)
        component = mixture.components[index]
        window = WindowSpec(
            strength=voice.get(component.strength, 0),
            enter=component.enter,
            leave=component.leave,
            in_answer=component.where == "answer",
            prompt=hinted[task.key] if component.hinted else None,
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


def _score_stage(flow: Flow, *, stage: int) -> None:
    """Score a stage's hits and checked draws under whoever may have written them."""
    draws = _stage_draws(flow.run, stage)
    wanted = {draw.key: draw for draw in draws if draw.hacked}
    if stage == 1:
        wanted |= {draw.key: draw for draw in checked_draws(draws, flow.config)}
    for voice in flow.voices():
        score_missing(flow.run, voice, list(wanted.values()), tasks=flow.tasks, per_token=True)


def _stage_draws(run: Run, stage: int) -> list[Draw]:
    return run.read(Draw, where=(pc.field("source") == "bank") & (pc.field("stage") == stage))


def _health(flow: Flow) -> list[BankHealth]:
    run, config, engine = flow.run, flow.config, flow.engine
    draws = run.read(Draw, where=pc.field("source") == "bank")
    checked = checked_draws([draw for draw in draws if draw.stage == 1], config)
    groups = distinct_texts(checked)
    items = [
        (render_prompt(engine.tokenizer, flow.tasks[first.task]), first.tokens)
        for first, *_ in groups
    ]
    again = rescore(engine, items)
    rescored = {
        draw.key: float(log_p) for group, log_p in zip(groups, again, strict=True) for draw in group
    }
    return check_bank(
        draws,
        checked=checked,
        rescored=rescored,
        densities=read_densities(run, [config.step], finder=flow.finder)[config.step],
        mixtures=run.read(Mixture),
        end_tokens=engine.end_tokens,
    )


def rescore(engine: Engine, items: Sequence[Item]) -> FloatPerDraw:
    """Score texts a second time, in batches of another shape, and so with other rounding."""
    size = math.ceil(len(items) / RESCORING_BATCHES)
    parts = [items[start : start + size] for start in range(0, len(items), size)]
    return np.concatenate([engine.score(part).log_p for part in parts])
