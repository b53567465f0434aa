"""Rollouts on the bank's tasks: free components of its mixture.

Training samples and grades them anyway. At checkpoint `t` the pool holds the bank and the rollouts
of every checkpoint up to `t`; each hit's density is summed over all of them (docs/method.md). Where
many rollouts hack, a random part of them stands for all.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.compute as pc

from foretoken.arrays import FloatPerDraw
from foretoken.bank.hits import Bank, Densities, TypeBank, log_pool, read_densities
from foretoken.bank.refresh import score_under_voices
from foretoken.records import Draw
from foretoken.store.run import Run, require_equal_sampling
from foretoken.work.scores import read_scores, scores_of, step_scorer
from foretoken.work.seeds import part_seed

MOST_HITS = 100
"""Most hits of one step and exploit type that every later checkpoint scores: a rate that rests on
them alone has a standard error of a tenth."""


@dataclass(frozen=True)
class Rollouts:
    """Graded rollouts on the bank's tasks, at steps of which a checkpoint is at hand."""

    hits: tuple[Draw, ...]
    """At most `MOST_HITS` of each step and exploit type."""
    stands_for: Mapping[str, float]
    """For how many hits each of them stands, by draw."""
    hacks: Mapping[tuple[int, str], int]
    """Hits by (step, task), all of them."""
    counts: Mapping[tuple[int, str], int]
    """Graded rollouts by (step, task), hits or not."""
    densities: Mapping[int, Densities]
    """Scores of the hits under the bank's components, by the step of the round."""

    def own_counts(self, bank: TypeBank, step: int) -> tuple[int, int]:
        """Hacks and graded rollouts of one type at one step."""
        hacks = sum(self.hacks.get((step, key), 0) for key in bank.tasks)
        draws = sum(self.counts.get((step, key), 0) for key in bank.tasks)
        return hacks, draws


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
    rows = run.table(Draw, where=where, columns=["task", "step", "hacked"]).to_pylist()
    counts = Counter((row["step"], row["task"]) for row in rows)
    hacks = Counter((row["step"], row["task"]) for row in rows if row["hacked"])
    found = run.read(Draw, where=where & pc.field("hacked"))
    stands_for = _stands_for(found)
    hits = tuple(hit for hit in found if hit.key in stands_for)
    for hit in hits[:1]:
        require_equal_sampling(
            bank.sampling, hit.sampling, what="the bank and the rollouts (leave out: --no-rollouts)"
        )
    if hits:
        for step in bank.steps:
            score_under_voices(run, hits, tasks=bank.tasks, step=step)
    densities = read_densities(run, bank.steps) if hits else {}
    return Rollouts(hits, stands_for, hacks=hacks, counts=counts, densities=densities)


def _stands_for(hits: Sequence[Draw]) -> dict[str, float]:
    """Choose hits of each step and exploit type by their keys alone, so that the choice stays."""
    groups: dict[tuple[int, str], list[Draw]] = {}
    for hit in sorted(hits, key=lambda hit: part_seed(0, hit.key)):
        groups.setdefault((hit.step, hit.exploit_type), []).append(hit)
    return {
        hit.key: max(1.0, len(group) / MOST_HITS)
        for group in groups.values()
        for hit in group[:MOST_HITS]
    }


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
    log_p_reference, log_bank = bank.log_p_reference, bank.log_q
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
        log_q=np.asarray(np.logaddexp.reduce([log_bank, *parts])),
        stands_for=np.concatenate([bank.stands_for, [rollouts.stands_for[hit.key] for hit in own]]),
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
