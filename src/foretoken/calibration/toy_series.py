"""A drifting subject at many checkpoints: banks with the rollouts of training, or the recipe."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp

from foretoken.arrays import (
    AnyArray,
    FloatPerCheckpoint,
    FloatPerCheckpointDraw,
    FloatPerDraw,
    IntPerDraw,
)
from foretoken.calibration.toys import SUBJECT, draw_bank, draw_stage, log_ratios_of, toy_prefixes
from foretoken.estimate.bootstrap import JointLogRates, joint_log_rates
from foretoken.estimate.bounds import effective_count
from foretoken.estimate.mixture import log_density
from foretoken.records import Component
from foretoken.testsystems.automaton import ToySystem

FIRST_BANK = 0.4
"""Share of the draws that the first bank takes."""
REFRESH = 0.12
"""Share that each further one takes."""


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
        found.append(brentq(lambda step, target=target: log_rate(step) - target, 0.0, float(above)))
    return found


class _Series:
    """Hits of banks and rollouts as they come in, scored under every checkpoint."""

    def __init__(self, system: ToySystem, steps: Sequence[float]) -> None:
        self.system, self.steps = system, steps
        self.tokens = np.zeros((0, system.length), dtype=np.int64)
        self.task = np.zeros(0, dtype=np.int64)
        self.log_p_cd = np.zeros((len(steps), 0))
        self.banks: list[tuple[int, Sequence[Component], AnyArray]] = []
        self.log_bank_bd: list[FloatPerDraw] = []

    def add_hits(self, tokens: AnyArray, task: IntPerDraw) -> None:
        """Keep those of the texts that hack."""
        hacked = self.system.hacked(tokens)
        tokens, task = tokens[hacked], task[hacked]
        log_p_cd = [
            self.system.score(self.system.log_p(step=step), task, tokens).sum(axis=1)
            for step in self.steps
        ]
        self.tokens = np.concatenate([self.tokens, tokens])
        self.task = np.concatenate([self.task, task])
        self.log_p_cd = np.concatenate([self.log_p_cd, np.stack(log_p_cd)], axis=1)
        self.log_bank_bd = [
            np.concatenate([old, self._log_bank(bank, log_p_cd, tokens, task)])
            for bank, old in zip(self.banks, self.log_bank_bd, strict=True)
        ]

    def add_bank(self, index: int, components: Sequence[Component], counts_xm: AnyArray) -> None:
        """Add the density of a bank that was drawn around the subject of a checkpoint."""
        self.banks.append((index, components, counts_xm))
        self.log_bank_bd.append(
            self._log_bank(self.banks[-1], list(self.log_p_cd), self.tokens, self.task)
        )

    def _log_bank(
        self,
        bank: tuple[int, Sequence[Component], AnyArray],
        log_p_cd: Sequence[FloatPerDraw],
        tokens: AnyArray,
        task: IntPerDraw,
    ) -> FloatPerDraw:
        index, components, counts_xm = bank
        ratio_dm = log_ratios_of(self.system, components, tokens, task, step=self.steps[index])
        return log_density(ratio_dm, log_p_ref=log_p_cd[index], draws_dm=counts_xm[task])

    def log_w(self, index: int, *, rollouts_per_task: float) -> FloatPerCheckpointDraw:
        """Log weights at every checkpoint up to `index`, with all that was drawn until then."""
        own_cd = self.log_p_cd[: index + 1]
        parts_bd = [*self.log_bank_bd, *(own_cd + np.log(rollouts_per_task))]
        return own_cd - np.asarray(logsumexp(parts_bd, axis=0))


def bank_series(
    system: ToySystem, steps: Sequence[float], *, draws: int, rollouts: int, seed: int
) -> list[JointLogRates]:
    """Estimate the rates as training goes on, from banks and the rollouts made so far.

    The first bank is built at step 0. When the effective hits at a checkpoint fall below half of
    what they were when a bank was last built, another is drawn around the subject as it is now, by
    the mixture of the first: its density joins the pool, so that old hits stay in use and the whole
    series stays one.

    Args:
        system: What is trained.
        steps: Of the checkpoints, the first being 0.
        draws: Texts of all banks; the first takes `FIRST_BANK` of them, a refresh `REFRESH`.
        rollouts: Texts that each checkpoint samples in training.
        seed: Same seed, same series.

    Returns:
        For each checkpoint the series up to it, as it was seen then.
    """
    rng = np.random.default_rng([seed, 1])
    series = _Series(system, steps)
    per_task = max(1, rollouts // system.tasks)
    asked = np.repeat(np.arange(system.tasks), per_task)
    first = draw_bank(system, draws=round(FIRST_BANK * draws), seed=seed)
    series.add_bank(0, first.components, first.counts_xm)
    series.add_hits(first.tokens, first.task)
    weights_xm = first.counts_xm / first.counts_xm.sum(axis=1, keepdims=True)
    left = draws - round(FIRST_BANK * draws)
    fresh = effective_hits(series.log_w(0, rollouts_per_task=per_task)[0])
    seen: list[JointLogRates] = []
    for index, step in enumerate(steps):
        series.add_hits(system.sample(SUBJECT, asked, rng, step=step), asked)
        now = effective_hits(series.log_w(index, rollouts_per_task=per_task)[-1])
        refresh = min(left, round(REFRESH * draws))
        if now < 0.5 * fresh and refresh >= system.tasks:
            more = draw_stage(system, first.components, weights_xm, refresh, rng=rng, step=step)
            series.add_bank(index, first.components, more.counts_xm)
            series.add_hits(more.tokens, more.task)
            left -= len(more.task)
            fresh = effective_hits(series.log_w(index, rollouts_per_task=per_task)[-1])
        seen.append(
            joint_log_rates(
                series.log_w(index, rollouts_per_task=per_task),
                series.task,
                steps=tuple(round(each) for each in steps[: index + 1]),
                tasks=system.tasks,
                rng=np.random.default_rng([seed, 2]),
            )
        )
    return seen


def effective_hits(log_w: FloatPerDraw) -> float:
    """Effective number of hits behind some weights."""
    return effective_count(np.exp(log_w - log_w.max())) if len(log_w) else 0.0


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
