"""Rollouts on the bank's tasks: free components of its mixture.

Training samples and grades them anyway. At checkpoint `t` the pool holds the bank and the rollouts
of every checkpoint up to `t`; each hit's density is summed over all of them (docs/method.md).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.compute as pc

from foretoken.arrays import FloatPerDraw
from foretoken.pipeline.hits import Bank, Densities, TypeBank, log_pool, read_densities
from foretoken.pipeline.refresh import score_under_voices
from foretoken.pipeline.scores import read_scores, scores_of, step_scorer
from foretoken.records import Draw
from foretoken.store.run import Run, require_equal_sampling


@dataclass(frozen=True)
class Rollouts:
    """Graded rollouts on the bank's tasks, at steps of which a checkpoint is at hand."""

    hits: tuple[Draw, ...]
    counts: dict[tuple[int, str], int]
    """Graded rollouts by (step, task), hits or not."""
    densities: Mapping[int, Densities]
    """Scores of the hits under the bank's components, by the step of the round."""

    def own_counts(self, bank: TypeBank, step: int) -> tuple[int, int]:
        """Hacks and graded rollouts of one type at one step."""
        draws = sum(self.counts.get((step, key), 0) for key in bank.tasks)
        hacks = [hit for hit in self.hits if hit.step == step and hit.task in bank.tasks]
        return len(hacks), draws


def read_rollouts(run: Run, bank: Bank, *, steps: Collection[int]) -> Rollouts:
    """Read the run's rollouts on the bank's tasks, and score their hits under its components.

    Args:
        run: A run with a bank.
        bank: What they join.
        steps: Of the checkpoints; rollouts of other steps have no model that could score.

    Raises:
        MismatchError: They were sampled in another way than the bank.
    """
    where = (pc.field("source") == "rollout") & pc.field("task").isin(list(bank.tasks))
    where &= pc.field("step").isin(sorted(steps)) & ~pc.field("hacked").is_null()
    columns = ["task", "step"]
    rows = run.table(Draw, where=where, columns=columns).to_pylist()
    counts: dict[tuple[int, str], int] = {}
    for row in rows:
        counts[row["step"], row["task"]] = counts.get((row["step"], row["task"]), 0) + 1
    hits = tuple(run.read(Draw, where=where & pc.field("hacked")))
    for hit in hits[:1]:
        require_equal_sampling(
            bank.sampling, hit.sampling, what="the bank and the rollouts (leave out: --no-rollouts)"
        )
    if hits:
        for step in bank.steps:
            score_under_voices(run, hits, tasks=bank.tasks, step=step)
    return Rollouts(hits, counts, read_densities(run, bank.steps) if hits else {})


def pooled(run: Run, bank: TypeBank, rollouts: Rollouts, *, steps: Sequence[int]) -> TypeBank:
    """Join one type's bank with the rollouts of some checkpoints.

    Args:
        run: Where the scores of all hits under those checkpoints are.
        bank: The type's hits, with the bank's density.
        rollouts: Of all types and checkpoints.
        steps: The checkpoints; rollouts of others are left out.

    Raises:
        ScoringError: A hit has no score under one of the checkpoints.
    """
    index = {key: position for position, key in enumerate(bank.tasks)}
    counts_cx = np.array(
        [[rollouts.counts.get((each, key), 0) for key in bank.tasks] for each in steps], dtype=float
    ).reshape(len(steps), len(bank.tasks))
    if not counts_cx.any():
        return bank
    own = [hit for hit in rollouts.hits if hit.task in index and hit.step in steps]
    hits = (*bank.hits, *own)
    task = np.concatenate([bank.task, np.array([index[hit.task] for hit in own], dtype=np.int64)])
    log_p_reference, log_bank = bank.log_p_reference, bank.log_drawn
    if own:
        log_p, fresh = log_pool(bank.rounds, rollouts.densities, own, task[len(bank.hits) :])
        log_p_reference = np.concatenate([log_p_reference, log_p])
        log_bank = np.concatenate([log_bank, fresh])
    with np.errstate(divide="ignore"):
        parts = [
            _log_p(run, hits, step=each) + np.log(counts_x[task])
            for each, counts_x in zip(steps, counts_cx, strict=True)
            if counts_x.any()
        ]
    return replace(
        bank,
        hits=hits,
        task=task,
        log_drawn=np.asarray(np.logaddexp.reduce([log_bank, *parts])),
        log_stands_for=np.concatenate([bank.log_stands_for, np.zeros(len(own))]),
        log_p_reference=log_p_reference,
        draws_per_task=bank.draws_per_task + np.rint(counts_cx.sum(axis=0)).astype(np.int64),
        deliberate=np.concatenate(
            [bank.deliberate, np.array([bool(hit.deliberate) for hit in own], dtype=np.bool_)]
        ),
    )


def _log_p(run: Run, hits: Sequence[Draw], *, step: int) -> FloatPerDraw:
    scorer = step_scorer(step)
    found = scores_of(hits, read_scores(run, scorer), scorer=scorer)
    return np.array([each.log_p for each in found], dtype=np.float64)
