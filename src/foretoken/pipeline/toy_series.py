"""A drifting subject at many checkpoints: one bank with the rollouts of training, or the recipe."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from foretoken.arrays import AnyArray, FloatPerCheckpoint, IntPerDraw
from foretoken.estimate.bootstrap import JointLogRates, joint_log_rates
from foretoken.estimate.mixture import log_density
from foretoken.pipeline.toys import SUBJECT, draw_bank, log_ratios_of, toy_prefixes
from foretoken.testsystems.automaton import ToySystem


def steps_to(system: ToySystem, rates: Sequence[float], *, last: float = 2000.0) -> list[float]:
    """Return the training steps at which the subject reaches each rate, the first being step 0's.

    Args:
        system: What is trained.
        rates: Ascending; the first one is passed at step 0.
        last: A step by which the last rate is passed.
    """
    top = float(np.log(rates[-1]))

    def log_rate(step: float) -> float:
        return float(np.log(system.exact_rates(system.log_p(step=step)).mean()))

    grid = np.linspace(0.0, last, 81)
    above = next(step for step in grid if log_rate(float(step)) >= top)
    found = [0.0]
    for rate in rates[1:]:
        target = float(np.log(rate))
        root = brentq(lambda step, target=target: log_rate(step) - target, 0.0, float(above))
        found.append(float(np.asarray(root)))
    return found


@dataclass(frozen=True)
class _Hits:
    """Hits of the bank and of the rollouts, with where they came from."""

    tokens: AnyArray
    task: IntPerDraw
    origin: IntPerDraw
    """-1: the bank; else the index of the checkpoint whose rollout it was."""


def bank_series(
    system: ToySystem, steps: Sequence[float], *, draws: int, rollouts: int, seed: int
) -> JointLogRates:
    """Estimate the rate at every checkpoint from one bank and the rollouts made so far.

    Args:
        system: What is trained.
        steps: Of the checkpoints; the bank is built at the first one, step 0.
        draws: Texts of the bank.
        rollouts: Texts that each checkpoint samples in training.
        seed: Same seed, same series.
    """
    rng = np.random.default_rng([seed, 1])
    bank = draw_bank(system, draws=draws, seed=seed)
    task = np.repeat(np.arange(system.tasks), max(1, rollouts // system.tasks))
    parts = [_Hits(bank.tokens, bank.task, np.full(len(bank.task), -1))]
    for index, step in enumerate(steps):
        texts = system.sample(SUBJECT, task, rng, step=step)
        hacked = system.hacked(texts)
        parts.append(_Hits(texts[hacked], task[hacked], np.full(int(hacked.sum()), index)))
    tokens = np.concatenate([each.tokens for each in parts])
    task_d = np.concatenate([each.task for each in parts])
    origin = np.concatenate([each.origin for each in parts])
    log_p_cd = np.stack(
        [system.score(system.log_p(step=s), task_d, tokens).sum(axis=1) for s in steps]
    )
    ratio_dm = log_ratios_of(system, bank.components, tokens, task_d)
    each_task = np.full((len(steps), len(task_d)), max(1, rollouts // system.tasks), dtype=float)
    log_w_cd = np.empty_like(log_p_cd)
    for index in range(len(steps)):
        seen = slice(0, index + 1)
        log_q = log_density(
            ratio_dm,
            log_p_ref=log_p_cd[0],
            draws_dm=bank.counts_xm[task_d],
            free_log_p_cd=log_p_cd[seen],
            free_draws_cd=each_task[seen],
        )
        log_w_cd[index] = np.where(origin <= index, log_p_cd[index] - log_q, -np.inf)
    return joint_log_rates(
        log_w_cd,
        task_d,
        steps=tuple(round(step) for step in steps),
        tasks=system.tasks,
        rng=np.random.default_rng([seed, 2]),
    )


def prefix_series(
    system: ToySystem, steps: Sequence[float], *, draws: int, seed: int, prefix_tokens: int = 10
) -> FloatPerCheckpoint:
    """The published recipe at every checkpoint: natural log of its rates, (checkpoints,).

    Args:
        system: What is trained.
        steps: Of the checkpoints.
        draws: Texts for all checkpoints together, half of them donor traces that are drawn once.
        seed: Same seed, same series.
        prefix_tokens: Length of the prefixes.
    """
    rates = [
        estimate.rate or 0.0
        for estimate in toy_prefixes(
            system, steps, draws=draws, seed=seed, prefix_tokens=prefix_tokens
        )
    ]
    with np.errstate(divide="ignore"):
        return np.log(np.array(rates))
