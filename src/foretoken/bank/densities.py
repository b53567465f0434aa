"""Densities of bank draws under the components of each round, from per-token scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from foretoken.arrays import (
    AnyArray,
    FloatPerDraw,
    FloatPerDrawComponent,
    FloatPerDrawToken,
    FloatPerVoiceDraw,
    IntPerDraw,
)
from foretoken.engines.prompts import AnswerFinder
from foretoken.errors import ScoringError
from foretoken.estimate.mixture import log_density, log_ratios
from foretoken.records import Component, Draw, Mixture, Score, Speaker
from foretoken.store.run import Run
from foretoken.work.scores import read_scores, scores_of, speaker_scorer, step_scorer


@dataclass(frozen=True)
class Densities:
    """Per-token scores of bank draws under the reference and each other speaker."""

    components: tuple[Component, ...]
    step: int
    """Of the reference."""
    reference: Mapping[str, Score]
    others: Mapping[Speaker, Mapping[str, Score]]
    """By who speaks inside windows."""
    finder: AnswerFinder | None = None
    """Of answers, where a component's windows open there alone."""

    @classmethod
    def read(
        cls,
        run: Run,
        components: tuple[Component, ...],
        *,
        step: int,
        finder: AnswerFinder | None = None,
        draws: Sequence[str] | None = None,
    ) -> "Densities":
        """Read the stored scores of these draws, or of all."""
        speakers = [each for each in dict.fromkeys(c.speaker for c in components) if each]
        return cls(
            components=components,
            step=step,
            reference=read_scores(run, step_scorer(step), draws=draws),
            others={
                a: read_scores(run, speaker_scorer(a, step=step), draws=draws) for a in speakers
            },
            finder=finder,
        )

    def by_voice(self, draws: Sequence[Draw]) -> FloatPerVoiceDraw:
        """Log-probability under the reference, then under each other speaker.

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
        d_by_speaker = {a: _padded(scores) - reference_dk for a, scores in spoken.items()}
        answer_start = None
        if self.finder is not None:
            starts = [self.finder.answer_start(draw.tokens) for draw in draws]
            answer_start = np.array(
                [len(d.tokens) if s is None else s for d, s in zip(draws, starts, strict=True)],
                dtype=np.int64,
            )
        return log_p, log_ratios(d_by_speaker, self.components, answer_start=answer_start)

    def _scores(self, draws: Sequence[Draw]) -> dict[Speaker, list[Score]]:
        """Scores of each draw by speaker, the reference (0) first."""
        own = scores_of(draws, self.reference, scorer=step_scorer(self.step))
        return {0.0: own} | {
            a: scores_of(draws, found, scorer=speaker_scorer(a, step=self.step))
            for a, found in self.others.items()
        }


def opens_in_answers(components: Sequence[Component]) -> bool:
    """Whether a component's windows open in the answer alone, so that answers must be found."""
    return any(each.where == "answer" for each in components)


def read_components(run: Run) -> tuple[Component, ...]:
    """The components that every mixture of the run weighs."""
    (components,) = {each.components for each in run.read(Mixture)}
    return components


def read_densities(
    run: Run,
    steps: Sequence[int],
    *,
    finder: AnswerFinder | None = None,
    draws: Sequence[str] | None = None,
) -> dict[int, Densities]:
    """Stored scores of bank draws, by the step that they were drawn around.

    Args:
        run: A run with a bank.
        steps: Of the rounds.
        finder: Of answers; used where a component's windows open there alone.
        draws: Keys of the draws; None: all.
    """
    components = read_components(run)
    kept = finder if opens_in_answers(components) else None
    return {
        step: Densities.read(run, components, step=step, finder=kept, draws=draws) for step in steps
    }


def _require_each_token(draws: Sequence[Draw], scores: Sequence[Score]) -> None:
    for draw, each in zip(draws, scores, strict=True):
        scored = len(each.log_p_tokens or ())
        if scored != len(draw.tokens):
            raise ScoringError(
                f"{draw.key} has {len(draw.tokens)} tokens, end token included, but {scored} of "
                f"them were scored under {each.scorer}: move that part of scores/ out of the run "
                "and score again"
            )


def _padded(scores: Sequence[Score]) -> FloatPerDrawToken:
    rows = [each.log_p_tokens or () for each in scores]
    table_dk = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for index, row in enumerate(rows):
        table_dk[index, : len(row)] = row
    return table_dk


def log_pool(
    counts_xm: Mapping[int, AnyArray],
    densities: Mapping[int, Densities],
    draws: Sequence[Draw],
    task: IntPerDraw,
) -> tuple[FloatPerDraw, FloatPerDraw]:
    """Log-probability of draws under the latest reference, and their density over all rounds.

    Args:
        counts_xm: (tasks, components) draws behind each round's density, by step, in order.
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
    for step, counts in counts_xm.items():
        log_p, log_ratio_dm = densities[step].of(draws)
        parts.append(log_density(log_ratio_dm, log_p_ref=log_p, draws_dm=counts[task]))
    return log_p, np.asarray(np.logaddexp.reduce(parts))
