"""What is known of one exploit type at a checkpoint, besides the weights of its bank's hits."""

import numpy as np

from foretoken.bank.pool import TypeBank
from foretoken.bank.rollouts import FreeRollouts
from foretoken.baselines.base import Checkpoint
from foretoken.estimate.bounds import balanced_counts, clopper_pearson_upper
from foretoken.estimate.cell import Cell
from foretoken.estimate.covered import other_mass
from foretoken.pipeline.trail import TypeTrail
from foretoken.records import BankHit
from foretoken.work.scores import StoredLogP

FEWEST_CHECKED = 4
"""Checked draws of a type below which they say nothing of what its bank covers."""


def cell_of(
    at: Checkpoint,
    bank: TypeBank[BankHit],
    *,
    free: FreeRollouts,
    past: TypeTrail,
    scores: StoredLogP,
) -> Cell:
    """Gather what is known of one type at a checkpoint besides the weights of its hits.

    Args:
        at: The checkpoint.
        bank: Of the type.
        free: Rollouts that join the bank.
        past: What audits it.
        scores: Of the bank's hits and checked draws under the checkpoint.
    """
    name = bank.exploit_type
    hacks, draws = at.counted.counts(name)
    rolled_hacks, rolled = free.own_counts(bank)
    hacks, draws = hacks + rolled_hacks, draws + rolled
    fixed_hacks, fixed_draws = _balanced(at, bank, free)
    fresh = bank.rounds.get(at.step)
    if fresh is not None:
        hacks, draws = hacks + fresh.subject_hits, draws + fresh.subject_draws
        fixed_hacks += fresh.first_hits
        fixed_draws += fresh.first_draws
    return Cell(
        exploit_type=name,
        step=at.step,
        subject_hits=hacks,
        subject_draws=draws,
        own_upper_bound=clopper_pearson_upper(fixed_hacks, fixed_draws),
        own=past.own,
        ends=past.ends,
        grader_errors=bank.grader_errors,
        reference_foreseen_hits=bank.foreseen_hits,
        other_mass=_other_mass(bank, scores),
        health=bank.health,
        sampled_tokens=0 if fresh is None else fresh.sampled_tokens,
    )


def _other_mass(bank: TypeBank[BankHit], scores: StoredLogP) -> tuple[float, float] | None:
    """What a checkpoint writes besides hacks, and the bank could have drawn; None: not checked."""
    others = bank.others
    if others.drawn < FEWEST_CHECKED:
        return None
    log_p, _ = scores.of(others.keys)
    return other_mass(log_p_subject=log_p, log_q=others.log_q, drawn=others.drawn)


def _balanced(at: Checkpoint, bank: TypeBank[BankHit], free: FreeRollouts) -> tuple[int, int]:
    """Hacks and draws of a checkpoint's own draws on the bank's tasks, as many of each task."""
    counted = at.counted.by_task()
    found_xh = np.array(
        [
            np.add(counted.get(key, (0, 0)), (free.hacks.get(key, 0), free.counts.get(key, 0)))
            for key in bank.tasks
        ]
    )
    return balanced_counts(found_xh[:, 0], found_xh[:, 1])
