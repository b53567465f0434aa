"""The published recipe: the subject goes on after the first tokens of the donor's reasoning.

A baseline, faults included and marked. Donor traces are drawn once; at each checkpoint the subject
continues them and its continuations are graded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from foretoken.bank.config import read_bank_config, voice_weights
from foretoken.bank.pool import Bank
from foretoken.baselines.base import Checkpoint
from foretoken.engines.base import Engine, Engines
from foretoken.engines.lazy import on_demand
from foretoken.engines.prompts import AnswerFinder, render_prompt
from foretoken.errors import ScoringError
from foretoken.estimate.cell import Cell
from foretoken.estimate.prefix import prefix_rate
from foretoken.records import Draw, RateEstimate, Source, Task
from foretoken.store.run import Run
from foretoken.tasks.base import Grader
from foretoken.work.drawing import Origin, Planned, draw_parts
from foretoken.work.scores import donor_scorer, read_scores, scores_of
from foretoken.work.scoring import Voice, score_missing
from foretoken.work.settings import Settings


class PrefixConfig(Settings):
    """Settings of the published recipe."""

    prefix_tokens: tuple[int, ...] = (10,)
    """Lengths of the donor's prefix, in model tokens; one estimate for each."""
    donor_draws: int = 4
    """Donor traces per task, of which those that end in an exploit are used."""
    continuations: int = 1
    """Continuations of each prefix at each checkpoint."""


@dataclass(frozen=True)
class Traces:
    """Donor traces that end in an exploit."""

    draws: tuple[Draw, ...]
    reasoning_tokens: Mapping[str, int]
    """Tokens before the end of the reasoning, by draw."""
    log_p_donor: Mapping[str, tuple[float, ...]]
    """Per token, by draw."""


def donor_traces(
    run: Run,
    bank: Bank,
    *,
    engines: Engines,
    config: PrefixConfig,
    seed: int,
    grader: Grader,
) -> Traces:
    """Draw, grade and score the full donor's traces, or read them where that is done."""
    saved = read_bank_config(run)
    alone = voice_weights(saved.replacing(strengths=(1.0,)))[1]
    with on_demand(engines, [alone]) as donor:
        return _make_traces(run, donor, bank, config=config, seed=seed, grader=grader)


def _make_traces(
    run: Run,
    donor: Engine,
    bank: Bank,
    *,
    config: PrefixConfig,
    seed: int,
    grader: Grader,
) -> Traces:
    planned = [
        Planned(key=f"donor/{config.donor_draws}/{key}/{number}", task=task)
        for key, task in bank.tasks.items()
        for number in range(config.donor_draws)
    ]
    origin = Origin(
        source=Source.DONOR,
        step=0,
        stage=0,
        seed=seed,
        sampling=bank.sampling,
        weights=donor.voices[0].weights,
    )
    name = f"donor-{config.donor_draws}"
    draw_parts(run, donor, planned, name=name, origin=origin, grader=grader)
    keys = {plan.key for plan in planned}
    hacked = run.read(Draw, where=(pc.field("source") == "donor") & pc.field("hacked"))
    hits = [draw for draw in hacked if draw.key in keys]
    scorer = donor_scorer(1.0, step=bank.steps[0])
    score_missing(run, Voice(donor, scorer), hits, tasks=bank.tasks, per_token=True)
    found = read_scores(run, scorer, draws=[hit.key for hit in hits])
    scores = scores_of(hits, found, scorer=scorer)
    return Traces(
        draws=tuple(hits),
        reasoning_tokens={hit.key: _reasoning_tokens(donor, hit.tokens) for hit in hits},
        log_p_donor={each.draw: each.log_p_tokens or () for each in scores},
    )


@dataclass(frozen=True)
class PrefixBaseline:
    """The published recipe at a checkpoint."""

    config: PrefixConfig
    traces: Traces
    grader: Grader

    @property
    def basis(self) -> str:
        """What its estimates depend on besides the checkpoint."""
        return f"prefix {self.config.model_dump_json()} {sorted(self.traces.reasoning_tokens)}"

    def prepare(self, at: Checkpoint) -> None:
        """Continue the donor's prefixes and grade, as far as that is not stored yet."""
        planned = self._planned(at)
        if not planned:
            return
        origin = Origin(
            source=Source.PREFIX,
            step=at.step,
            stage=0,
            seed=at.seed,
            sampling=self.traces.draws[0].sampling,
            weights=at.subject.voices[0].weights,
        )
        lengths = "+".join(map(str, self.config.prefix_tokens))
        settings = f"{lengths}-{self.config.donor_draws}-{self.config.continuations}"
        name = f"prefix-step-{at.step:06d}-{settings}"
        draw_parts(at.run, at.subject, planned, name=name, origin=origin, grader=self.grader)

    def estimates(self, at: Checkpoint, cells: Sequence[Cell]) -> list[RateEstimate]:
        """One for each exploit type and length of prefix."""
        del cells
        planned = self._planned(at)
        if not planned:
            return []
        where = (pc.field("source") == "prefix") & (pc.field("step") == at.step)
        trace_of = {plan.key: plan.key.split("/", 4)[4] for plan in planned}
        draws = [draw for draw in at.run.read(Draw, where=where) if draw.key in trace_of]
        log_p_subject = _prefix_log_p(
            at.subject,
            {draw.key: draw for draw in self.traces.draws},
            at.bank.tasks,
            longest=max(self.config.prefix_tokens),
        )
        pairs = sorted({(draw.exploit_type, draw.prefix_tokens) for draw in draws})
        return [
            _estimate(
                [
                    (draw, trace_of[draw.key])
                    for draw in draws
                    if (draw.exploit_type, draw.prefix_tokens) == pair
                ],
                log_p_subject=log_p_subject,
                log_p_donor=self.traces.log_p_donor,
                step=at.step,
            )
            for pair in pairs
        ]

    def _planned(self, at: Checkpoint) -> list[Planned]:
        return [
            Planned(
                key=f"prefix/{at.step}/{length}/{number}/{draw.key}",
                task=at.bank.tasks[draw.task],
                prefix=draw.tokens[:length],
            )
            for length in self.config.prefix_tokens
            for draw in self.traces.draws
            if self.traces.reasoning_tokens[draw.key] >= length
            for number in range(self.config.continuations)
        ]


def _estimate(
    pairs: Sequence[tuple[Draw, str]],
    *,
    log_p_subject: Mapping[str, Sequence[float]],
    log_p_donor: Mapping[str, Sequence[float]],
    step: int,
) -> RateEstimate:
    graded = [(draw, trace) for draw, trace in pairs if draw.hacked is not None]
    length = pairs[0][0].prefix_tokens
    index = {name: i for i, name in enumerate(sorted({draw.task for draw, _ in graded}))}
    estimate = prefix_rate(
        np.array([bool(draw.hacked) for draw, _ in graded], dtype=np.bool_),
        np.array([index[draw.task] for draw, _ in graded], dtype=np.int64),
        log_p_subject=np.array([sum(log_p_subject[trace][:length]) for _, trace in graded]),
        log_p_donor=np.array([sum(log_p_donor[trace][:length]) for _, trace in graded]),
        cell=Cell(
            exploit_type=pairs[0][0].exploit_type,
            step=step,
            grader_errors=len(pairs) - len(graded),
            sampled_tokens=sum(len(draw.tokens) - length for draw, _ in pairs),
            scored_tokens=sum(draw.prompt_tokens + length for draw, _ in pairs),
        ),
    )
    return estimate.replacing(prefix_tokens=length)


def _prefix_log_p(
    subject: Engine, traces: Mapping[str, Draw], tasks: Mapping[str, Task], *, longest: int
) -> dict[str, list[float]]:
    """Per-token log-probability of each trace's prefix under the subject."""
    items = [
        (render_prompt(subject.tokenizer, tasks[draw.task]), draw.tokens[:longest])
        for draw in traces.values()
    ]
    scores = subject.score(items, per_token=True)
    failed = next((error for error in scores.errors if error), None)
    if failed:
        raise ScoringError(f"a donor prefix has no log-probability under the subject: {failed}")
    return dict(zip(traces, scores.per_token or [], strict=True))


def _reasoning_tokens(donor: Engine, tokens: Sequence[int]) -> int:
    """How many tokens stand before the end of the reasoning; 0 where it never ends."""
    return max(0, (AnswerFinder(donor.tokenizer).answer_start(tokens) or 0) - 1)
