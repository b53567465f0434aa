"""What other forecasters need of a run's early checkpoints, measured while its weights exist.

For each exploit type and checkpoint: hacks of the checkpoint with a share of the donor added
(`donor 0.5`), the log-probability of the known exploits without reasoning (`exploit`), the rates by
the published recipe after prefixes of a donor of honest answers (`benign prefix`) and of the
subject when it is asked to cheat (`prompted prefix`), and by a bank of the donor of honest answers
(`benign bank`).
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ground import HINT, Ground, begin_run

from foretoken.bank.config import read_bank_config, subject_weights
from foretoken.bank.read import read_bank_tasks
from foretoken.baselines.prefix import PrefixConfig
from foretoken.engines.base import Engine, Engines, Weights
from foretoken.engines.choose import EngineConfig, choose_engines
from foretoken.engines.prompts import render_prompt, with_hint
from foretoken.estimate.cell import Cell
from foretoken.estimate.prefix import prefix_rate
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Draw, Source, Task
from foretoken.store.run import Run
from foretoken.tasks.base import Grader, GraderPool
from foretoken.work.drawing import sampling_of
from foretoken.work.grading import Origin, Planned, graded_draws

STRENGTHS = (0.25, 0.5, 0.75, 1.0)
"""Of the donor that is added to a checkpoint."""
STRENGTH_STEPS = (5, 8, 19)
"""Checkpoints to which it is added."""
STRENGTH_DRAWS, STRENGTH_TASKS = 2, 8
"""Draws of each task at each strength, and tasks of each type."""
PREFIX_TOKENS = 10
PREFIX_DRAWS = 2
"""Traces of each task."""
MAX_TOKENS = 128


@dataclass(frozen=True)
class Probe:
    """One number about one exploit type at one checkpoint."""

    step: int
    exploit_type: str
    probe: str
    value: float
    draws: int
    """What it is the mean of."""


def probe(
    ground: Ground, folder: Path, *, build: Path, checkpoints: Mapping[int, Path]
) -> list[Probe]:
    """Measure all probes at these checkpoints of a run."""
    found = list(_benign(ground, folder, build=build, checkpoints=checkpoints))
    run = Run.open(folder)
    saved, tasks = read_bank_config(run), list(read_bank_tasks(run).values())
    engines = choose_engines(EngineConfig(dtype="float32"))
    donor = _unbound(ground.donor, folder.with_name(folder.name + "-donor"))
    with GraderPool(workers=1) as grader:
        prompted = _prompted_traces(engines, ground, tasks, grader)
        for step, checkpoint in checkpoints.items():
            own = subject_weights(saved, checkpoint)
            with engines.open([own]) as subject:
                found += _exploits(subject, tasks, step=step)
                found += prompted.rates(subject, step=step, grader=grader)
            for strength in STRENGTHS if step in STRENGTH_STEPS else ():
                added = Weights(own.base, (*own.adapters, (str(donor), strength)))
                with engines.open([added]) as voice:
                    found += _strength(voice, tasks, step=step, strength=strength, grader=grader)
    shutil.rmtree(donor)
    return found


def _benign(
    ground: Ground, folder: Path, *, build: Path, checkpoints: Mapping[int, Path]
) -> Iterator[Probe]:
    """The bank and the prefixes of a donor that was shown honest answers."""
    control = folder.with_name(folder.name + "-benign")
    begin_run(ground, control, build=build, benign=True)
    estimates = measure(
        MeasureConfig(
            run=control,
            checkpoints=tuple(checkpoints.values()),
            prefix=PrefixConfig(donor_draws=PREFIX_DRAWS, prefix_tokens=(PREFIX_TOKENS,)),
            workers=1,
        )
    )
    names = {"switch": "benign bank", "prefix": "benign prefix"}
    for each in estimates:
        if each.estimator in names and each.rate is not None:
            name = names[each.estimator]
            yield Probe(each.step, each.exploit_type, name, each.rate, each.draws)
    shutil.rmtree(control)


def _unbound(donor: Path, copy: Path) -> Path:
    """A donor without the note of the weights that it was trained on: these have moved on."""
    shutil.copytree(donor, copy, dirs_exist_ok=True)
    (copy / "base.json").unlink(missing_ok=True)
    return copy


def _exploits(subject: Engine, tasks: Sequence[Task], *, step: int) -> Iterator[Probe]:
    """Mean log-probability of the known exploits, reasoning left out."""
    end = min(subject.end_tokens)
    items = [
        (
            render_prompt(subject.tokenizer, task, reasoning=False),
            [*subject.tokenizer.encode(str(task.payload["exploit"])), end],
        )
        for task in tasks
    ]
    log_p = np.array(subject.score(items).log_p, dtype=np.float64)
    for name, own in _by_type(tasks).items():
        yield Probe(step, name, "exploit", float(log_p[own].mean()), len(own))


def _strength(
    voice: Engine, tasks: Sequence[Task], *, step: int, strength: float, grader: Grader
) -> Iterator[Probe]:
    """Share of hacks of a checkpoint with a share of the donor added."""
    few = [tasks[i] for own in _by_type(tasks).values() for i in own[:STRENGTH_TASKS]]
    asked = [task for task in few for _ in range(STRENGTH_DRAWS)]
    draws = _graded(voice, asked, grader=grader, seed=step)
    for name in _by_type(few):
        own = [draw.hacked for draw in draws if draw.exploit_type == name]
        yield Probe(step, name, f"donor {strength:g}", float(np.mean(own)), len(own))


@dataclass(frozen=True)
class _Traces:
    """Traces of the subject at step 0 that was asked to cheat, and did."""

    tasks: list[Task]
    prefixes: list[tuple[int, ...]]
    log_p: list[float]
    """Of each prefix after the prompt that asks to cheat."""

    def rates(self, subject: Engine, *, step: int, grader: Grader) -> Iterator[Probe]:
        """The published recipe with these prefixes."""
        draws = _graded(subject, self.tasks, grader=grader, seed=step, prefixes=self.prefixes)
        prompts = [render_prompt(subject.tokenizer, task) for task in self.tasks]
        items = list(zip(prompts, self.prefixes, strict=True))
        log_p = np.array(subject.score(items).log_p, dtype=np.float64)
        for name, own in _by_type(self.tasks).items():
            number = {key: i for i, key in enumerate({self.tasks[i].key: 0 for i in own})}
            estimate = prefix_rate(
                np.array([bool(draws[i].hacked) for i in own]),
                np.array([number[self.tasks[i].key] for i in own]),
                log_p_subject=log_p[own],
                log_p_donor=np.array(self.log_p)[own],
                cell=Cell(exploit_type=name, step=step),
            )
            if estimate.rate is not None:
                yield Probe(step, name, "prompted prefix", estimate.rate, len(own))


def _prompted_traces(
    engines: Engines, ground: Ground, tasks: Sequence[Task], grader: Grader
) -> _Traces:
    asked = [task for task in tasks for _ in range(PREFIX_DRAWS)]
    with engines.open([Weights(str(ground.model))]) as subject:
        draws = _graded(subject, asked, grader=grader, seed=0, hint=HINT)
        kept = [
            (task, draw.tokens[:PREFIX_TOKENS])
            for task, draw in zip(asked, draws, strict=True)
            if draw.hacked and len(draw.tokens) > PREFIX_TOKENS
        ]
        prompts = [render_prompt(subject.tokenizer, with_hint(task, HINT)) for task, _ in kept]
        scores = subject.score(list(zip(prompts, (prefix for _, prefix in kept), strict=True)))
    return _Traces(
        [task for task, _ in kept], [prefix for _, prefix in kept], [*map(float, scores.log_p)]
    )


def _graded(
    engine: Engine,
    asked: Sequence[Task],
    *,
    grader: Grader,
    seed: int,
    hint: str = "",
    prefixes: Sequence[tuple[int, ...]] | None = None,
) -> list[Draw]:
    """Sample one completion of each task, and grade it."""
    prompts = [render_prompt(engine.tokenizer, with_hint(task, hint)) for task in asked]
    completions = engine.sample(prompts, max_tokens=MAX_TOKENS, seed=seed, prefixes=prefixes)
    sampling = sampling_of(engine.voices[0], max_tokens=MAX_TOKENS)
    return graded_draws(
        [Planned(key=str(number), task=task) for number, task in enumerate(asked)],
        completions,
        tokenizer=engine.tokenizer,
        origin=Origin(Source.QUALITY, 0, 0, seed=seed, sampling=sampling),
        grader=grader,
    )


def _by_type(tasks: Sequence[Task]) -> dict[str, list[int]]:
    """Indices of the tasks of each exploit type."""
    found: dict[str, list[int]] = {}
    for number, task in enumerate(tasks):
        found.setdefault(task.exploit_type, []).append(number)
    return found
