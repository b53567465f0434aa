"""What a bank draws next: mixtures and numbers of draws, from the hits that it has so far.

Each fold of a type's tasks is tuned, and its draws are counted, on the hits of the other folds: a
proposal that knows its own hits is biased (docs/method.md).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from foretoken.arrays import FloatPerDraw
from foretoken.bank.densities import Densities, read_densities
from foretoken.bank.pool import TypeBank, type_bank
from foretoken.engines.prompts import AnswerFinder
from foretoken.estimate.bounds import effective_count
from foretoken.estimate.mixture import TASK_FOLDS, tune_by_fold
from foretoken.records import Draw, Mixture
from foretoken.store.run import Run

ENOUGH = 30.0
"""Effective hits that the third stage draws for: a half more than a published rate needs."""
HOPELESS = 5.0
"""Effective hits below which the third stage does not try."""


@dataclass(frozen=True)
class Budget:
    """How much may be drawn."""

    draws_per_task: int
    """In stages 1 and 2 together, at most."""
    effective_hits: float
    """At which stage 2 stops short of that."""
    third_stage: float
    """Most draws of stage 3, in multiples of `draws_per_task`."""

    def most(self, stage: int, *, drawn: float) -> int:
        """Most draws per task of stage 2 or 3, where so many were drawn before."""
        if stage == 2:
            return max(2, self.draws_per_task - round(drawn))
        return round(self.third_stage * self.draws_per_task)

    def draws(self, stage: int, *, drawn: float, effective: float) -> int:
        """Draws per task of the next stage.

        Args:
            stage: 2 or 3.
            drawn: Draws per task so far.
            effective: Effective hits among them.
        """
        most = self.most(stage, drawn=drawn)
        if stage == 2:
            if effective <= 0:
                return most
            return min(most, max(2, math.ceil(drawn * (self.effective_hits / effective - 1))))
        if effective < HOPELESS:
            return 0
        wanted = min(ENOUGH, self.effective_hits)
        return min(most, max(0, math.ceil(drawn * (wanted / effective - 1))))


def tuned_mixtures(
    run: Run, *, step: int, stage: int, budget: Budget, finder: AnswerFinder | None
) -> list[Mixture]:
    """Mixtures of the next stage, by exploit type and fold; folds with nothing to draw left out.

    Args:
        run: With all earlier stages drawn and scored.
        step: Of the subject that the bank is drawn around.
        stage: 2 or 3.
        budget: How much may be drawn.
        finder: Of answers, where a component's windows open there alone.

    Raises:
        ScoringError: A hit has no score.
    """
    so_far = run.read(Mixture, where=(pc.field("step") == step) & (pc.field("stage") < stage))
    where = (pc.field("source") == "bank") & (pc.field("step") == step)
    draws = run.read(Draw, where=where & (pc.field("stage") < stage))
    densities = read_densities(run, [step], finder=finder)
    found: list[Mixture] = []
    for first in (each for each in so_far if each.stage == 1):
        bank = type_bank(
            [draw for draw in draws if draw.exploit_type == first.exploit_type],
            keys=first.tasks,
            mixtures=[each for each in so_far if each.exploit_type == first.exploit_type],
            densities=densities,
            stands_for={},
        )
        found += _folds(first, bank, densities[step], stage=stage, budget=budget)
    return [each for each in found if each.draws_per_task]


def _folds(
    first: Mixture, bank: TypeBank[Draw], densities: Densities, *, stage: int, budget: Budget
) -> list[Mixture]:
    folds = min(TASK_FOLDS, len(first.tasks))
    fold_x = np.arange(len(first.tasks)) % folds
    fold_d = fold_x[bank.task]
    _, log_ratio_dm = densities.of(bank.hits)
    log_w = bank.log_w(bank.log_p_reference)
    uniform = np.array(first.weights)
    tuned_fm = tune_by_fold(log_ratio_dm, fold_d, folds=folds, weights=uniform, log_w=log_w)
    found: list[Mixture] = []
    for fold, tuned_m in enumerate(tuned_fm):
        others_x = fold_x != fold if folds > 1 else np.ones_like(fold_x, dtype=np.bool_)
        effective = _effective(log_w[others_x[bank.task]]) / float(others_x.mean())
        drawn = float(bank.draws_per_task[others_x].mean())
        changes = {
            "stage": stage,
            "weights": tuple(tuned_m.tolist()),
            "draws_per_task": budget.draws(stage, drawn=drawn, effective=effective),
            "tasks": tuple(np.array(first.tasks, dtype=object)[fold_x == fold].tolist()),
        }
        found.append(first.replacing(**changes))
    return found


def _effective(log_w: FloatPerDraw) -> float:
    return effective_count(np.exp(log_w - log_w.max())) if len(log_w) else 0.0


def latest_mixtures(mixtures: Sequence[Mixture]) -> list[Mixture]:
    """The last tuned mixture of each exploit type and fold."""
    tuned = sorted((each for each in mixtures if each.stage > 1), key=lambda each: each.stage)
    return list({(each.exploit_type, each.tasks): each for each in tuned}.values())
