"""A bank drawn from a toy system, with the densities that the estimators read."""

from dataclasses import dataclass

import numpy as np

from foretoken.arrays import AnyArray
from foretoken.estimate.cell import Cell
from foretoken.estimate.mixture import (
    default_components,
    initial_weights,
    log_density,
    log_ratios,
    tune_weights,
)
from foretoken.estimate.switch import switch_rate
from foretoken.records import RateEstimate
from foretoken.testsystems.automaton import ToySystem

STRENGTHS = (0.5, 1.0)


@dataclass(frozen=True)
class ToyBank:
    """Hits of both stages, and how often each task was drawn."""

    system: ToySystem
    tokens: AnyArray
    task: AnyArray
    log_q: AnyArray
    draws_per_task: AnyArray
    all_log_w: AnyArray
    """Log weight of *every* draw towards the reference, times its task's draws (mean is 1)."""

    def log_p(self, *, step: float = 0.0) -> AnyArray:
        """Return each hit's log-probability under the subject at a step."""
        return self.system.score(self.system.log_p(step=step), self.task, self.tokens).sum(axis=1)

    def estimate(self, *, step: int = 0, **known: int) -> RateEstimate:
        """Return the switch estimate at a step."""
        return switch_rate(
            log_p_subject=self.log_p(step=step),
            log_q=self.log_q,
            task=self.task,
            draws_per_task=self.draws_per_task,
            cell=Cell(exploit_type="toy", step=step, **known),
            rng=np.random.default_rng(5),
        )


def draw_bank(system: ToySystem, *, draws: int, seed: int) -> ToyBank:
    """Draw both stages of a bank: 35 % from uniform weights, 65 % from tuned ones."""
    rng = np.random.default_rng(seed)
    components = default_components(system.length, STRENGTHS)
    weights = initial_weights(len(components))
    counts_xm = np.zeros((system.tasks, len(components)))
    parts: list[tuple[AnyArray, AnyArray]] = []
    for share in (0.35, 0.65):
        per_task = round(share * draws / system.tasks)
        counts_xm += per_task * weights
        task = np.repeat(np.arange(system.tasks), per_task)
        chosen = rng.choice(len(components), size=len(task), p=weights)
        for index, component in enumerate(components):
            mine = task[chosen == index]
            parts.append((system.sample(component, mine, rng), mine))
        tokens, task = (np.concatenate(each) for each in zip(*parts, strict=True))
        ratio_dm = log_ratios_of(system, tokens, task)
        hacked = system.hacked(tokens)
        if share < 0.5:
            weights = tune_weights(ratio_dm[hacked], weights=weights)
    log_p = system.score(system.log_p(), task, tokens).sum(axis=1)
    log_q = log_density(ratio_dm, log_p_ref=log_p, draws_dm=counts_xm[task])
    draws_per_task = np.bincount(task, minlength=system.tasks)
    return ToyBank(
        system=system,
        tokens=tokens[hacked],
        task=task[hacked],
        log_q=log_q[hacked],
        draws_per_task=draws_per_task,
        all_log_w=log_p - log_q + np.log(draws_per_task[task]),
    )


def log_ratios_of(system: ToySystem, tokens: AnyArray, task: AnyArray) -> AnyArray:
    """Return the log ratio of every default component."""
    reference = system.score(system.log_p(), task, tokens)
    scored = {
        strength: system.score(system.log_p(strength=strength), task, tokens) - reference
        for strength in STRENGTHS
    }
    return log_ratios(scored, default_components(system.length, STRENGTHS))
