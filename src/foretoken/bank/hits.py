"""The bank as arrays: hits with their proposal densities, ready for any checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from foretoken.arrays import (
    AnyArray,
    BoolPerDraw,
    FloatPerDraw,
    FloatPerDrawComponent,
    FloatPerDrawToken,
    FloatPerVoiceDraw,
    IntPerComponent,
    IntPerDraw,
)
from foretoken.engines.prompts import AnswerFinder
from foretoken.engines.transformers.load import load_tokenizer
from foretoken.errors import ScoringError, SetupError
from foretoken.estimate.bounds import effective_count
from foretoken.estimate.mixture import log_density, log_ratios
from foretoken.records import (
    BankHealth,
    Component,
    ControlCheck,
    ControlStanding,
    Draw,
    Mixture,
    Sampling,
    Score,
    Task,
    Thinned,
)
from foretoken.store.run import Run
from foretoken.work.scores import donor_scorer, read_scores, scores_of, step_scorer

TASKS_PART = "bank-tasks"


@dataclass(frozen=True)
class Round:
    """What one round of drawing gave to the bank of one exploit type."""

    counts_xm: AnyArray
    """(tasks, components) draws behind the density: as many as the weights say."""
    drawn_m: IntPerComponent
    """(components,) draws that were made."""
    hacked_m: IntPerComponent
    sampled_tokens: int

    @property
    def subject_draws(self) -> int:
        """Draws of the subject alone."""
        return int(self.drawn_m[0])

    @property
    def subject_hits(self) -> int:
        """Hacks among them."""
        return int(self.hacked_m[0])


@dataclass(frozen=True)
class TypeBank:
    """The bank of one exploit type."""

    exploit_type: str
    tasks: tuple[str, ...]
    """Keys of the tasks, by index."""
    hits: tuple[Draw, ...]
    """Those that were not left out when the bank was thinned."""
    log_q: FloatPerDraw
    """(hits,) pooled density with the draw counts of the hit's own task, nats."""
    stands_for: FloatPerDraw
    """(hits,) for how many hits each stands; a factor of its weight."""
    log_p_reference: FloatPerDraw
    """(hits,) under the subject of the latest round, nats."""
    task: IntPerDraw
    """(hits,) index of each hit's task."""
    rounds: Mapping[int, "Round"]
    """By the step whose subject they were drawn around, in order."""
    draws_per_task: IntPerDraw
    deliberate: BoolPerDraw
    grader_errors: int
    health: BankHealth | None

    def log_w(self, log_p: FloatPerDraw) -> FloatPerDraw:
        """(hits,) log of what each hit adds to the rate of its task, by its log-probability."""
        return log_p - self.log_q + np.log(self.stands_for)

    @property
    def effective_hits(self) -> float:
        """Effective hits under the subject that the bank was built for."""
        log_w = self.log_w(self.log_p_reference)
        return effective_count(np.exp(log_w - log_w.max())) if len(log_w) else 0.0


@dataclass(frozen=True)
class Bank:
    """The bank of a run, in one or more rounds."""

    steps: tuple[int, ...]
    """Checkpoints whose subjects it was drawn around, in order."""
    sampling: Sampling
    """Settings of its draws, which every checkpoint must share."""
    tasks: Mapping[str, Task]
    types: tuple[TypeBank, ...]
    estimator: str
    """What its estimates are called: `switch`, or the name of the proposals of a baseline."""
    components: tuple[Component, ...]

    @property
    def hits(self) -> list[Draw]:
        """Hits of all types, in order."""
        return [hit for each in self.types for hit in each.hits]


def read_bank_tasks(run: Run) -> dict[str, Task]:
    """The bank's tasks by key."""
    return {task.key: task for task in run.read(Task, part=TASKS_PART)}


def bank_steps(run: Run) -> tuple[int, ...]:
    """Steps of the checkpoints that the bank was drawn around, in order.

    Raises:
        SetupError: The run has no finished bank.
    """
    if not run.has_part("bank-health", BankHealth):
        raise SetupError(f"{run.path} has no finished bank: run `foretoken bank build` first")
    return tuple(sorted({each.step for each in run.read(Mixture)}))


def read_bank(run: Run, *, last: int | None = None) -> Bank:
    """Assemble the bank from what is stored.

    Args:
        run: A run with a bank.
        last: Rounds that were drawn around a later checkpoint are left out, but for the first
            (None: all of them).

    Raises:
        SetupError: The run has no finished bank.
        ScoringError: A hit has no score under a reference or a donor strength.
    """
    every = bank_steps(run)
    steps = every if last is None else every[:1] + tuple(s for s in every[1:] if s <= last)
    mixtures = run.read(Mixture, where=pc.field("step").isin(steps))
    where = (pc.field("source") == "bank") & pc.field("step").isin(steps)
    draws = run.read(Draw, where=where)
    health = _read_health(run)
    stands_for = {each.draw: each.stands_for for each in run.read(Thinned)}
    tasks = read_bank_tasks(run)
    densities = read_densities(run, steps)
    types = [
        type_bank(
            [draw for draw in draws if draw.exploit_type == exploit_type],
            keys=[key for key, task in tasks.items() if task.exploit_type == exploit_type],
            mixtures=[each for each in mixtures if each.exploit_type == exploit_type],
            densities=densities,
            health=health.get(exploit_type),
            stands_for=stands_for,
        )
        for exploit_type in sorted({task.exploit_type for task in tasks.values()})
    ]
    return Bank(
        steps=steps,
        sampling=draws[0].sampling,
        tasks=tasks,
        types=tuple(types),
        estimator=run.read_config()["bank"].get("proposals", "switch"),
        components=mixtures[0].components,
    )


def _read_health(run: Run) -> dict[str, BankHealth]:
    checks = run.read(ControlCheck)
    higher = {each.exploit_type for each in checks if each.standing is ControlStanding.HIGHER}
    return {
        each.exploit_type: each.model_copy(update={"control_higher": each.exploit_type in higher})
        for each in run.read(BankHealth)
    }


@dataclass(frozen=True)
class Densities:
    """Per-token scores of bank draws under the reference and each donor strength."""

    components: tuple[Component, ...]
    step: int
    """Of the reference."""
    reference: Mapping[str, Score]
    donors: Mapping[float, Mapping[str, Score]]
    finder: AnswerFinder | None = None
    """Of answers, where a component's windows open there alone."""

    @classmethod
    def read(cls, run: Run, components: tuple[Component, ...], *, step: int) -> "Densities":
        """Load the stored scores."""
        strengths = sorted({each.strength for each in components} - {0.0})
        finder = None
        if any(each.where == "answer" for each in components):
            finder = AnswerFinder(load_tokenizer(str(run.read_config()["bank"]["subject"])))
        return cls(
            components=components,
            step=step,
            reference=read_scores(run, step_scorer(step)),
            donors={a: read_scores(run, donor_scorer(a, step=step)) for a in strengths},
            finder=finder,
        )

    def by_voice(self, draws: Sequence[Draw]) -> FloatPerVoiceDraw:
        """Log-probability under the reference, then under it with the donor at each strength.

        Raises:
            ScoringError: A draw has no score.
        """
        voices = self._scores(draws).values()
        return np.array([[each.log_p for each in scores] for scores in voices], dtype=np.float64)

    def of(self, draws: Sequence[Draw]) -> tuple[FloatPerDraw, FloatPerDrawComponent]:
        """Log-probability under the reference, and log ratio of each component to it.

        Raises:
            ScoringError: A draw has no score, or one that left out a token.
        """
        spoken = self._scores(draws)
        for scores in spoken.values():
            _require_each_token(draws, scores)
        own = spoken.pop(0.0)
        log_p = np.array([each.log_p for each in own], dtype=np.float64)
        reference_dk = _padded(own)
        d_by_strength = {a: _padded(scores) - reference_dk for a, scores in spoken.items()}
        answer_start = None
        if self.finder is not None:
            starts = [self.finder.answer_start(draw.tokens) for draw in draws]
            answer_start = np.array(
                [len(d.tokens) if s is None else s for d, s in zip(draws, starts, strict=True)],
                dtype=np.int64,
            )
        return log_p, log_ratios(d_by_strength, self.components, answer_start=answer_start)

    def _scores(self, draws: Sequence[Draw]) -> dict[float, list[Score]]:
        """Scores of each draw by the donor's strength, that of the reference (0) first."""
        own = scores_of(draws, self.reference, scorer=step_scorer(self.step))
        return {0.0: own} | {
            a: scores_of(draws, found, scorer=donor_scorer(a, step=self.step))
            for a, found in self.donors.items()
        }


def read_densities(run: Run, steps: Sequence[int]) -> dict[int, Densities]:
    """Stored scores of bank draws, by the step that they were drawn around."""
    (components,) = {each.components for each in run.read(Mixture)}
    return {step: Densities.read(run, components, step=step) for step in steps}


def _require_each_token(draws: Sequence[Draw], scores: Sequence[Score]) -> None:
    for draw, each in zip(draws, scores, strict=True):
        scored = len(each.log_p_tokens or ())
        if scored != len(draw.tokens):
            raise ScoringError(
                f"{draw.key} has {len(draw.tokens)} tokens, end token included, but {scored} of "
                f"them were scored under {each.scorer}: delete that score and score again"
            )


def _padded(scores: Sequence[Score]) -> FloatPerDrawToken:
    rows = [each.log_p_tokens or () for each in scores]
    table_dk = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for index, row in enumerate(rows):
        table_dk[index, : len(row)] = row
    return table_dk


def log_pool(
    rounds: Mapping[int, Round],
    densities: Mapping[int, Densities],
    draws: Sequence[Draw],
    task: IntPerDraw,
) -> tuple[FloatPerDraw, FloatPerDraw]:
    """Log-probability of draws under the latest reference, and their density over all rounds.

    Args:
        rounds: Of one exploit type, by step, in order.
        densities: By step.
        draws: Scored under every voice of these rounds.
        task: (draws,) index of each draw's task.

    Returns:
        Both (draws,) nats.

    Raises:
        ScoringError: A draw has no score.
    """
    log_p = np.zeros(len(draws))
    parts: list[FloatPerDraw] = []
    for step, each in rounds.items():
        log_p, log_ratio_dm = densities[step].of(draws)
        parts.append(log_density(log_ratio_dm, log_p_ref=log_p, draws_dm=each.counts_xm[task]))
    return log_p, np.asarray(np.logaddexp.reduce(parts))


def type_bank(
    draws: Sequence[Draw],
    *,
    keys: Sequence[str],
    mixtures: Sequence[Mixture],
    densities: Mapping[int, Densities],
    health: BankHealth | None,
    stands_for: Mapping[str, float],
) -> TypeBank:
    """Assemble the bank of one exploit type.

    Args:
        draws: All of this type, graded or not.
        keys: Of its tasks.
        mixtures: That the draws were made from.
        densities: Scores of the hits, by the step of the round.
        health: Its self-checks, where they are made.
        stands_for: By draw, where the bank was thinned; others stand for themselves.
    """
    graded = [draw for draw in draws if draw.hacked is not None]
    hits = [draw for draw in graded if draw.hacked and stands_for.get(draw.key, 1.0)]
    index = {key: position for position, key in enumerate(keys)}
    rounds = {
        step: _round(
            [draw for draw in draws if draw.step == step],
            index=index,
            mixtures=[each for each in mixtures if each.step == step],
        )
        for step in sorted({each.step for each in mixtures})
    }
    task = np.array([index[hit.task] for hit in hits], dtype=np.int64)
    log_p, log_q = log_pool(rounds, densities, hits, task)
    return TypeBank(
        exploit_type=mixtures[0].exploit_type,
        tasks=tuple(keys),
        hits=tuple(hits),
        log_q=log_q,
        stands_for=np.array([stands_for.get(hit.key, 1.0) for hit in hits], dtype=np.float64),
        log_p_reference=log_p,
        task=task,
        rounds=rounds,
        draws_per_task=np.bincount([index[draw.task] for draw in graded], minlength=len(keys)),
        deliberate=np.array([bool(hit.deliberate) for hit in hits], dtype=np.bool_),
        grader_errors=len(draws) - len(graded),
        health=health,
    )


def _round(
    draws: Sequence[Draw], *, index: Mapping[str, int], mixtures: Sequence[Mixture]
) -> Round:
    weights = {(each.stage, key): np.array(each.weights) for each in mixtures for key in each.tasks}
    components = len(mixtures[0].components)
    counts_xm = np.zeros((len(index), components))
    graded = [draw for draw in draws if draw.hacked is not None]
    for draw in graded:
        counts_xm[index[draw.task]] += weights[draw.stage, draw.task]
    drawn = np.array([draw.component for draw in graded], dtype=np.int64)
    hacked = np.array([bool(draw.hacked) for draw in graded], dtype=np.bool_)
    return Round(
        counts_xm=counts_xm,
        drawn_m=np.bincount(drawn, minlength=components),
        hacked_m=np.bincount(drawn[hacked], minlength=components),
        sampled_tokens=sum(len(draw.tokens) for draw in draws),
    )
