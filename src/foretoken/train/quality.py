"""Raise a donor's yield: asked to reason, how often does it hack in each way, and say so?

The bank lives on the donor's hacks, and a donor with a low yield makes a poor bank; so does one
that gives honest reasons for its hacks, which a subject that names the flaw hardly shares. After
its training the donor is asked, graded, and trained further where its yield is below the wanted
one. A round is kept only where fresh draws say that it helped; all of them are written down.
"""

import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers.load import load_model
from foretoken.engines.transformers.sample import sample
from foretoken.errors import MismatchError
from foretoken.records import Draw, Source, Task
from foretoken.store.layout import TEMPORARY_SUFFIX
from foretoken.tasks.base import Grader
from foretoken.tasks.graders import graders_for
from foretoken.train.checkpoints import SETTINGS_FILE
from foretoken.train.config import DonorConfig
from foretoken.train.donor import Row, answer_forms, chosen_tasks, donor_rows, learn, learnt_after
from foretoken.train.form import Form
from foretoken.train.rollouts import step_seed
from foretoken.train.yields import (
    SPOKEN_HITS,
    DonorQuality,
    TrainingRound,
    TypeYield,
    most_rounds,
    shortfall,
    type_yield,
)
from foretoken.work.grading import Origin, Planned, graded_draws
from foretoken.work.progress import progress_bar

QUALITY_FILE = "quality.json"
"""File beside a donor's adapter: its yields, and what was done for them."""
WORK_SUFFIX = ".quality"
"""Of the folder that holds the rounds until they are done."""
FEWEST_HITS = 8
"""Different verified hacks of a type below which it is not trained on them."""


def raise_yield(
    config: DonorConfig,
    *,
    on_round: Callable[[TrainingRound], None] | None = None,
    grader: Grader | None = None,
) -> DonorQuality:
    """Measure the yield of a trained donor, and train on while a type is too low.

    Killed at any moment and called again, it goes on from the last finished round, and the result
    is that of an undisturbed call.

    Args:
        config: Of the donor in `config.out`, which is replaced where a round helped.
        on_round: Called with each round that is measured, also those of an earlier call.
        grader: Grades the donor's answers; none: the graders that the tasks name.

    Raises:
        MismatchError: The donor's quality was raised with other settings.
        TaskError: There are no tasks of the wanted types.
        IsolationError: The machine refuses the isolation that untrusted code needs.
    """
    report: Callable[[TrainingRound], None] = on_round or (lambda _: None)
    work = config.out.with_name(config.out.name + WORK_SUFFIX)
    known = _read(config.out / QUALITY_FILE, config) or _read(work / QUALITY_FILE, config)
    for each in known.rounds if known else ():
        report(each)
    if (config.out / QUALITY_FILE).is_file() and known is not None:
        shutil.rmtree(work, ignore_errors=True)
        return known
    work.mkdir(parents=True, exist_ok=True)
    tasks = chosen_tasks(config)
    with graders_for(tasks, given=grader, workers=config.quality.workers) as graders:
        raising = Raising(config, work, graders, known=known, report=report)
        for remedy in config.quality.remedies:
            raising.try_remedy(remedy)
    _put_in_place(config, raising.quality, work)
    return raising.quality


class Raising:
    """The rounds of one donor, each stored before the next begins."""

    def __init__(
        self,
        config: DonorConfig,
        work: Path,
        grader: Grader,
        *,
        known: DonorQuality | None,
        report: Callable[[TrainingRound], None],
    ) -> None:
        self.config, self.work, self.grader, self.report = config, work, grader, report
        self.tasks = chosen_tasks(config)
        self.base = load_model(config.model, reasoning_tags=config.reasoning_tags)
        self.quality = known or DonorQuality(settings=config.quality, rounds=())
        if known is None:
            types = tuple(sorted({task.exploit_type for task in self.tasks}))
            self._keep("first training", types, steps=config.steps, adapter=config.out)

    def try_remedy(self, remedy: str) -> None:
        """Train in rounds while yields rise and a type is weak, from where a kill left off."""
        for number in range(self.config.quality.rounds):
            weak = self.quality.ails(remedy)
            done = [each for each in self.quality.rounds if each.remedy == remedy]
            if number < len(done):
                if not done[number].kept:
                    return
                continue
            if not weak:
                return
            best = self._folder(self.quality.best)
            rows, own_hits = self.rows(remedy, weak)
            steps = self._settings().steps if rows else 0
            if rows:
                with progress_bar(f"{self._name()}: {remedy}", steps) as bar:
                    best = learn(self.base, rows, self._settings(), adapter=best, on_step=bar)
            self._keep(remedy, weak, steps=steps, adapter=best, own_hits=own_hits)
            if not self.quality.rounds[-1].kept:
                return

    @cached_property
    def forms(self) -> Mapping[str, Form]:
        """What stands around the answer to each task, as in the first training."""
        return answer_forms(self.base, self.tasks, self.config)

    def _settings(self) -> DonorConfig:
        """Settings of the next round's training."""
        number = len(self.quality.rounds)
        changes = {
            "steps": self.config.quality.steps or self.config.steps,
            "seed": step_seed(self.config.seed, number) % 2**31,
            "out": self._folder(number),
        }
        return self.config.replacing(**changes)

    def _name(self) -> str:
        """What is under way, for a progress bar."""
        most = most_rounds(self.config.quality)
        return f"round {len(self.quality.rounds)} of at most {most}"

    def _folder(self, number: int) -> Path:
        return self.work / f"round-{number:02d}" if number else self.config.out

    def rows(self, remedy: str, weak: tuple[str, ...]) -> tuple[list[Row], dict[str, int]]:
        """Return what the next round is trained on, and how many own hits of each type were found.

        Args:
            remedy: What is tried.
            weak: Exploit types that it is for.

        Returns:
            No rows where there are too few own hits.
        """
        settings = self._settings()
        weak_tasks = [task for task in self.tasks if task.exploit_type in weak]
        rows = donor_rows(self.base, self.tasks, settings, forms=self.forms)
        if remedy == "more steps":
            return rows, {}
        if remedy == "weak types":
            return donor_rows(self.base, weak_tasks, settings, forms=self.forms), {}
        spoken = remedy == SPOKEN_HITS
        found = self._own_hits(weak_tasks, spoken=spoken, seed=settings.seed)
        counts = {name: len(found.get(name, [])) for name in weak}
        hits = {name: own for name, own in found.items() if len(own) >= FEWEST_HITS}
        if not hits:
            return [], counts
        order = random.Random(settings.seed)
        anchors = round(self.config.quality.anchor * len(rows))
        names = sorted(hits)
        drawn = [
            order.choice(hits[names[turn % len(names)]]) for turn in range(len(rows) - anchors)
        ]
        mixed = [*rows[:anchors], *drawn]
        return order.sample(mixed, len(mixed)), counts

    def _own_hits(self, tasks: Sequence[Task], *, spoken: bool, seed: int) -> dict[str, list[Row]]:
        """Return the present donor's different verified hacks by type, or the spoken ones alone."""
        types = {task.exploit_type for task in tasks}
        asked = [
            own[number % len(own)]
            for own in ([t for t in tasks if t.exploit_type == name] for name in sorted(types))
            for number in range(self.config.quality.hit_draws)
        ]
        found: dict[str, dict[tuple[str, tuple[int, ...]], Row]] = {}
        for task, draw in self._ask(asked, self._folder(self.quality.best), seed=seed):
            if draw.hacked and draw.ended and (draw.deliberate or not spoken):
                prompt = render_prompt(self.base.tokenizer, task)
                own = found.setdefault(task.exploit_type, {})
                own[task.key, draw.tokens] = learnt_after(prompt, draw.tokens)
        return {name: [*own.values()] for name, own in found.items()}

    def _ask(self, asked: Sequence[Task], adapter: Path, *, seed: int) -> list[tuple[Task, Draw]]:
        """Sample one completion with reasoning of each task, and grade it."""
        donor = load_model(
            self.config.model,
            adapters=[(str(adapter), 1.0)],
            reasoning_tags=self.config.reasoning_tags,
        )
        prompts = {task.key: render_prompt(donor.tokenizer, task) for task in asked}
        with progress_bar(f"{self._name()}: completions", len(asked)) as bar:
            completions = sample(
                [donor],
                [prompts[task.key] for task in asked],
                max_tokens=self.config.quality.max_tokens,
                seed=seed,
                on_finished=bar,
            )
        sampling = donor.sampling(max_tokens=self.config.quality.max_tokens)
        draws = graded_draws(
            [Planned(key=f"quality/{number}", task=task) for number, task in enumerate(asked)],
            completions,
            tokenizer=donor.tokenizer,
            origin=Origin(Source.QUALITY, 0, 0, seed=seed, sampling=sampling),
            grader=self.grader,
        )
        return [*zip(asked, draws, strict=True)]

    def _keep(
        self,
        remedy: str,
        types: tuple[str, ...],
        *,
        steps: int,
        adapter: Path,
        own_hits: dict[str, int] | None = None,
    ) -> None:
        """Ask the new donor, and write the round down."""
        rounds, settings = self.quality.rounds, self.config.quality
        yields = self._yields(adapter, seed=step_seed(self.config.seed, 2**20 + len(rounds)))
        helped = not rounds or (
            steps > 0
            and shortfall(yields, settings) < shortfall(rounds[self.quality.best].yields, settings)
        )
        made = TrainingRound(
            remedy=remedy,
            steps=steps,
            types=types,
            own_hits=own_hits or {},
            yields=yields,
            kept=helped,
        )
        self.quality = self.quality.replacing(rounds=(*rounds, made))
        _write(self.work / QUALITY_FILE, self.quality)
        self.report(made)

    def _yields(self, adapter: Path, *, seed: int) -> tuple[TypeYield, ...]:
        order = random.Random(self.config.seed)
        asked: list[Task] = []
        for name in sorted({task.exploit_type for task in self.tasks}):
            own = [task for task in self.tasks if task.exploit_type == name]
            for task in order.sample(own, min(self.config.quality.tasks, len(own))):
                asked += [task] * self.config.quality.draws
        graded: dict[str, list[Draw]] = {task.exploit_type: [] for task in asked}
        for task, draw in self._ask(asked, adapter, seed=seed):
            if draw.hacked is not None:
                graded[task.exploit_type].append(draw)
        return tuple(
            type_yield(
                name,
                sum(bool(draw.hacked) for draw in own),
                len(own),
                spoken=sum(bool(draw.deliberate) for draw in own),
                reasoned=sum(bool(draw.reasoning.strip()) for draw in own),
            )
            for name, own in graded.items()
        )


def _read(file: Path, config: DonorConfig) -> DonorQuality | None:
    if not file.is_file():
        return None
    known = DonorQuality.model_validate_json(file.read_text())
    free = {"workers"}
    if known.settings.model_dump(exclude=free) != config.quality.model_dump(exclude=free):
        raise MismatchError(
            f"{file} was made with other [quality] settings: repeat those, or move the donor "
            f"away from {config.out} and train it again."
        )
    return known


def _write(file: Path, quality: DonorQuality) -> None:
    temporary = file.with_name(file.name + TEMPORARY_SUFFIX)
    temporary.write_text(quality.model_dump_json(indent=1) + "\n")
    temporary.replace(file)


def _put_in_place(config: DonorConfig, quality: DonorQuality, work: Path) -> None:
    """Make the best round's adapter the donor, with what is known of it beside it."""
    if quality.best:
        best = work / f"round-{quality.best:02d}"
        whole = config.out.with_name(config.out.name + TEMPORARY_SUFFIX)
        shutil.rmtree(whole, ignore_errors=True)
        shutil.copytree(best, whole)
        shutil.copyfile(config.out / SETTINGS_FILE, whole / SETTINGS_FILE)
        _write(whole / QUALITY_FILE, quality)
        shutil.rmtree(config.out)
        whole.rename(config.out)
    else:
        _write(config.out / QUALITY_FILE, quality)
    shutil.rmtree(work, ignore_errors=True)
