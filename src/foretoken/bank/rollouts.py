"""Rollouts on the bank's tasks: free draws of the checkpoint that is measured.

Training samples and grades them anyway. At checkpoint `t` the pool holds the bank and the rollouts
that `t` itself sampled; each hit's density is summed over both (docs/method.md). Rollouts of
earlier steps were trained on since, so that they are no draws from their density any more. Where
many rollouts hack, a random part of them stands for all.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foretoken.bank.densities import log_pool, read_densities
from foretoken.bank.pool import Bank, Hit, TypeBank
from foretoken.engines.prompts import AnswerFinder
from foretoken.records import Draw, Source, distinct
from foretoken.store.run import Run, require_equal_sampling
from foretoken.work.own import OwnDraws
from foretoken.work.parts import parts_at
from foretoken.work.scores import StoredLogP
from foretoken.work.seeds import part_seed

MOST_HITS = 100
"""Most hits of one step and exploit type that are scored: a rate that rests on them alone has a
standard error of a tenth."""
JOINING = "the bank and the rollouts (leave out: --no-rollouts)"
"""What must have been sampled alike, in words."""


@dataclass(frozen=True)
class FreeRollouts:
    """Graded rollouts of one checkpoint on the bank's tasks."""

    hits: tuple[Draw, ...] = ()
    """At most `MOST_HITS` of each exploit type."""
    stands_for: Mapping[str, float] = field(default_factory=dict[str, float])
    """For how many hits each of them stands, by draw."""
    hacks: Mapping[str, int] = field(default_factory=dict[str, int])
    """Hits by task, all of them."""
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    """Graded rollouts by task, hits or not."""

    @property
    def keys(self) -> pa.Array:
        """Of the hits."""
        return pa.array([hit.key for hit in self.hits], pa.string())

    @property
    def digest(self) -> str:
        """Hash of all that an estimate reads of them."""
        said = f"{sorted(self.stands_for.items())}{sorted(self.hacks.items())}"
        return hashlib.sha256(f"{said}{sorted(self.counts.items())}".encode()).hexdigest()

    def own_counts(self, bank: TypeBank[Hit]) -> tuple[int, int]:
        """Hacks and graded rollouts of one type."""
        hacks = sum(self.hacks.get(key, 0) for key in bank.tasks)
        return hacks, sum(self.counts.get(key, 0) for key in bank.tasks)


def read_rollouts(run: Run, bank: Bank, own: OwnDraws, *, step: int) -> FreeRollouts:
    """Read the hits among a checkpoint's rollouts on the bank's tasks; none of what another trainer
    logged, whose tokens or settings are not known.

    Args:
        run: Where they are.
        bank: What they join.
        own: All of the checkpoint's rollouts.
        step: Of the checkpoint.

    Raises:
        MismatchError: They were sampled in another way than the bank.
    """
    counted = {key: each for key, each in own.by_task().items() if key in bank.tasks}
    sampling = run.sampling(Source.ROLLOUT)
    if not counted or (sampling is not None and sampling.is_of_log):
        return FreeRollouts()
    where = (pc.field("source") == "rollout") & pc.field("task").isin(list(counted))
    where &= (pc.field("step") == step) & pc.field("hacked")
    parts = parts_at(run, Draw, steps=[step], source="rollout")
    found = [hit for part in parts for hit in run.read(Draw, part=part, where=where)]
    stands_for = _stands_for(found)
    hits = tuple(hit for hit in found if hit.key in stands_for)
    for sampling in distinct(hit.sampling for hit in hits):
        require_equal_sampling(bank.sampling, sampling, what=JOINING)
    return FreeRollouts(
        hits,
        stands_for,
        hacks={key: hacks for key, (hacks, _) in counted.items()},
        counts={key: draws for key, (_, draws) in counted.items()},
    )


def _stands_for(hits: Sequence[Draw]) -> dict[str, float]:
    """Choose hits of each exploit type by their keys alone, so that the choice stays."""
    groups: dict[str, list[Draw]] = {}
    for hit in sorted(hits, key=lambda hit: part_seed(0, hit.key)):
        groups.setdefault(hit.exploit_type, []).append(hit)
    return {
        hit.key: max(1.0, len(group) / MOST_HITS)
        for group in groups.values()
        for hit in group[:MOST_HITS]
    }


def bank_density(
    run: Run, bank: Bank, rollouts: FreeRollouts, *, finder: AnswerFinder | None = None
) -> dict[str, tuple[float, float]]:
    """What the bank says of rollouts' hits, which were scored under all of its voices.

    Args:
        run: Where the scores are.
        bank: With the rounds whose density is asked for.
        rollouts: Of one checkpoint.
        finder: Of answers, where a component's windows open there alone.

    Returns:
        Log-probability under the latest reference, and the bank's density, by draw.

    Raises:
        ScoringError: A hit has no score.
    """
    if not rollouts.hits:
        return {}
    keys = [hit.key for hit in rollouts.hits]
    densities = read_densities(run, bank.steps, finder=finder, draws=keys)
    found: dict[str, tuple[float, float]] = {}
    for each in bank.types:
        index = {key: position for position, key in enumerate(each.tasks)}
        own = [hit for hit in rollouts.hits if hit.task in index]
        task = np.array([index[hit.task] for hit in own], dtype=np.int64)
        counts_xm = {step: one.counts_xm for step, one in each.rounds.items()}
        log_p, log_q = log_pool(counts_xm, densities, own, task)
        found |= {h.key: (p, q) for h, p, q in zip(own, log_p, log_q, strict=True)}
    return found


def pooled(
    bank: TypeBank[Hit],
    rollouts: FreeRollouts,
    *,
    density: Mapping[str, tuple[float, float]],
    scores: StoredLogP,
) -> TypeBank[Hit]:
    """Join one type's bank with the rollouts of the checkpoint that is measured.

    Args:
        bank: The type's hits, with the bank's density.
        rollouts: Of that checkpoint, of all types.
        density: From `bank_density`.
        scores: Of all hits, under that checkpoint.

    Raises:
        ScoringError: A hit has no score.
    """
    counts_x = np.array([rollouts.counts.get(key, 0) for key in bank.tasks], dtype=np.float64)
    if not counts_x.any():
        return bank
    tasks = set(bank.tasks)
    own = [hit for hit in rollouts.hits if hit.task in tasks]
    added = np.array([density[hit.key] for hit in own]).reshape(len(own), 2)
    joined = replace(
        bank,
        hits=(*bank.hits, *own),
        log_q=np.concatenate([bank.log_q, added[:, 1]]),
        stands_for=np.concatenate([bank.stands_for, [rollouts.stands_for[hit.key] for hit in own]]),
        log_p_reference=np.concatenate([bank.log_p_reference, added[:, 0]]),
        draws_per_task=bank.draws_per_task + np.rint(counts_x).astype(np.int64),
    )
    log_p, _ = scores.of(joined.keys)
    with np.errstate(divide="ignore"):
        log_own = log_p + np.log(counts_x[joined.task])
    return replace(joined, log_q=np.logaddexp(joined.log_q, log_own))
