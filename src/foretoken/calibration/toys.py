"""Banks and baselines drawn from toy systems, through the estimators that real runs use."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foretoken.arrays import AnyArray, FloatPerDraw, FloatPerDrawComponent, IntPerDraw
from foretoken.estimate.cell import Cell
from foretoken.estimate.count import count_rate
from foretoken.estimate.leave_out import LeftOut, leave_out
from foretoken.estimate.mixture import (
    TASK_FOLDS,
    default_components,
    initial_weights,
    ladder_components,
    log_density,
    log_ratios,
    tune_by_fold,
    uncovered_share,
)
from foretoken.estimate.path import path_rate
from foretoken.estimate.prefix import prefix_rate
from foretoken.estimate.switch import switch_rate
from foretoken.records import Component, RateEstimate, Speaker
from foretoken.testsystems.automaton import ToySystem

FIRST_STAGE = 0.35
SUBJECT = Component(strength=0.0, enter=0.0, leave=1.0)
DONOR = Component(strength=1.0, enter=1.0, leave=0.0)
RUNGS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class ToyBank:
    """Hits of a bank, and how often each task was drawn."""

    system: ToySystem
    tokens: AnyArray
    task: IntPerDraw
    log_q: FloatPerDraw
    """(hits,) pooled density with the draw counts of the hit's own task, nats."""
    draws_per_task: IntPerDraw
    components: tuple[Component, ...]
    counts_sxm: AnyArray
    """(stages, tasks, components) draws behind the density."""
    component: IntPerDraw
    """(hits,) which wrote each hit."""
    stage: IntPerDraw
    """(hits,) position of the stage in which it did."""
    spontaneous: int
    """Hits among the draws of the subject alone."""
    subject_draws: int
    all_log_w: FloatPerDraw
    """Log weight of *every* draw towards the reference, times its task's draws (mean is 1)."""

    @property
    def counts_xm(self) -> AnyArray:
        """(tasks, components) draws behind the density, all stages."""
        return np.asarray(self.counts_sxm.sum(axis=0))

    def without_parts(
        self, believed: Sequence[Component] | None = None, *, replicates: int = 999
    ) -> list[LeftOut]:
        """Leave each part out, worst first.

        Args:
            believed: Components whose densities are taken for those drawn from; None: the same.
            replicates: As `leave_out` takes them.
        """
        return leave_out(
            log_ratios_of(self.system, believed or self.components, self.tokens, self.task),
            draws_sdm=self.counts_sxm[:, self.task],
            stage=self.stage,
            component=self.component,
            components=self.components,
            rng=np.random.default_rng(5),
            replicates=replicates,
        )

    def log_p(self, *, step: float = 0.0) -> FloatPerDraw:
        """Return each hit's log-probability under the subject at a step."""
        return self.system.score(self.system.log_p(step=step), self.task, self.tokens).sum(axis=1)

    def estimate(
        self,
        *,
        step: int = 0,
        estimator: str = "switch",
        subject_hits: int = 0,
        subject_draws: int = 0,
    ) -> RateEstimate:
        """Return the estimate at a step, with the subject's own plain draws there."""
        found = switch_rate(
            log_p_subject=self.log_p(step=step),
            log_q=self.log_q,
            task=self.task,
            text=np.unique(np.c_[self.task, self.tokens], axis=0, return_inverse=True)[1],
            draws_per_task=self.draws_per_task,
            cell=Cell(
                exploit_type="toy",
                step=step,
                subject_hits=subject_hits,
                subject_draws=subject_draws,
            ),
            rng=np.random.default_rng(5),
        )
        return found.replacing(estimator=estimator)


def audit_routes(bank: ToyBank, *, exploits: int, seed: int) -> float | None:
    """Return the share of the subject's own hacks that a bank does not cover.

    Args:
        bank: What is audited.
        exploits: Spontaneous hacks to collect, however many draws that takes.
        seed: Of these draws.
    """
    system = bank.system
    rng = np.random.default_rng(seed)
    tokens = np.zeros((0, system.length), dtype=np.int64)
    task = np.zeros(0, dtype=np.int64)
    while len(tokens) < exploits:
        asked = _tasks(system, 10_000)
        texts = system.sample(SUBJECT, asked, rng)
        hacked = system.hacked(texts)
        tokens, task = (
            np.concatenate([tokens, texts[hacked]]),
            np.concatenate([task, asked[hacked]]),
        )
    ratio_dm = log_ratios_of(system, bank.components, tokens[:exploits], task[:exploits])
    counts_m = bank.counts_xm.sum(axis=0)
    return uncovered_share(ratio_dm, weights=counts_m / counts_m.sum())


@dataclass(frozen=True)
class ToyDraws:
    """Draws of one stage with their counts."""

    tokens: AnyArray
    task: IntPerDraw
    component: IntPerDraw
    counts_xm: AnyArray


def draw_bank(
    system: ToySystem,
    *,
    draws: int,
    seed: int,
    components: Sequence[Component] | None = None,
    folds: int = TASK_FOLDS,
) -> ToyBank:
    """Draw a bank as `foretoken bank build` does.

    Args:
        system: What is drawn from.
        draws: Texts of both stages together.
        seed: Same seed, same bank.
        components: None: the switch grid in two stages, the second tuned. Given: these alone,
            equally often, in one stage.
        folds: Of tasks; each is tuned on the hits of the others.
    """
    rng = np.random.default_rng(seed)
    fold_x = np.arange(system.tasks) % folds
    if components is None:
        grid = default_components(system.length)
        weights = np.tile(initial_weights(len(grid)), (folds, 1))
        first = draw_stage(system, grid, weights[fold_x], FIRST_STAGE * draws, rng=rng)
        ratio_dm = log_ratios_of(system, grid, first.tokens, first.task)
        hacked = system.hacked(first.tokens)
        weights = tune_by_fold(
            ratio_dm[hacked], fold_x[first.task[hacked]], folds=folds, weights=weights[0]
        )
        second = draw_stage(system, grid, weights[fold_x], (1 - FIRST_STAGE) * draws, rng=rng)
        return _pooled(system, grid, [first, second])
    weights_xm = np.full((system.tasks, len(components)), 1 / len(components))
    only = draw_stage(system, components, weights_xm, draws, rng=rng)
    return _pooled(system, components, [only])


def draw_stage(
    system: ToySystem,
    components: Sequence[Component],
    weights_xm: AnyArray,
    draws: float,
    *,
    rng: np.random.Generator,
    step: float = 0.0,
) -> ToyDraws:
    """Draw equally many texts of each task from its own mixture of components.

    Args:
        system: What is drawn from.
        components: Around the subject at `step`.
        weights_xm: (tasks, components) mixture weights.
        draws: Texts in all.
        rng: Source of components and texts.
        step: Training steps of the subject.
    """
    per_task = max(1, round(draws / system.tasks))
    task = np.repeat(np.arange(system.tasks), per_task)
    levels = weights_xm.cumsum(axis=1)[task]
    chosen = (levels < rng.random((len(task), 1)) * levels[:, -1:]).sum(axis=1)
    tokens = np.zeros((len(task), system.length), dtype=np.int64)
    for index, component in enumerate(components):
        mine = np.flatnonzero(chosen == index)
        tokens[mine] = system.sample(component, task[mine], rng, step=step)
    return ToyDraws(tokens, task, chosen, per_task * weights_xm)


def log_ratios_of(
    system: ToySystem,
    components: Sequence[Component],
    tokens: AnyArray,
    task: IntPerDraw,
    *,
    step: float = 0.0,
) -> FloatPerDrawComponent:
    """Return ``log q_m - log p_ref`` of texts under each component, (draws, components).

    The reference is the subject at a step, and the donor is put on it.
    """
    reference = system.score(system.log_p(step=step), task, tokens)
    scored: dict[Speaker, AnyArray] = {
        strength: system.score(system.log_p(strength=strength, step=step), task, tokens) - reference
        for strength in sorted({each.strength for each in components} - {0.0})
    }
    return log_ratios(scored, components)


def _pooled(
    system: ToySystem, components: Sequence[Component], stages: Sequence[ToyDraws]
) -> ToyBank:
    tokens = np.concatenate([each.tokens for each in stages])
    task = np.concatenate([each.task for each in stages])
    component = np.concatenate([each.component for each in stages])
    counts_sxm = np.stack([each.counts_xm for each in stages])
    stage = np.repeat(np.arange(len(stages)), [len(each.task) for each in stages])
    hacked = system.hacked(tokens)
    log_p = system.score(system.log_p(), task, tokens).sum(axis=1)
    ratio_dm = log_ratios_of(system, components, tokens, task)
    log_q = log_density(ratio_dm, log_p_ref=log_p, draws_dm=counts_sxm.sum(axis=0)[task])
    draws_per_task = np.bincount(task, minlength=system.tasks)
    alone = np.array([not each.speaker for each in components])[component]
    return ToyBank(
        system=system,
        tokens=tokens[hacked],
        task=task[hacked],
        log_q=log_q[hacked],
        draws_per_task=draws_per_task,
        components=tuple(components),
        counts_sxm=counts_sxm,
        component=component[hacked],
        stage=stage[hacked],
        spontaneous=int((alone & hacked).sum()),
        subject_draws=int(alone.sum()),
        all_log_w=log_p - log_q + np.log(draws_per_task[task]),
    )


def toy_estimates(
    system: ToySystem, *, draws: int, seed: int, prefix_tokens: int = 10
) -> list[RateEstimate]:
    """Every estimator at the reference, each with as many sampled texts.

    Returns:
        `switch`, `count`, `donor`, `ladder`, `path`, `prefix` (the published recipe; absent where
        no donor trace hacked) and `corrected prefix`.
    """
    rungs = ladder_components(RUNGS)
    return [
        draw_bank(system, draws=draws, seed=seed).estimate(),
        _count(system, draws=draws, seed=seed),
        draw_bank(system, draws=draws, seed=seed, components=[DONOR]).estimate(estimator="donor"),
        draw_bank(system, draws=draws, seed=seed, components=rungs).estimate(estimator="ladder"),
        _path(system, draws=draws, seed=seed),
        *(
            estimate
            for corrected in (False, True)
            for estimate in toy_prefixes(
                system,
                [0.0],
                draws=draws,
                seed=seed,
                prefix_tokens=prefix_tokens,
                corrected=corrected,
            )
        ),
    ]


def _cell() -> Cell:
    return Cell(exploit_type="toy", step=0)


def _tasks(system: ToySystem, draws: float) -> IntPerDraw:
    return np.repeat(np.arange(system.tasks), max(1, round(draws / system.tasks)))


def _count(system: ToySystem, *, draws: int, seed: int) -> RateEstimate:
    task = _tasks(system, draws)
    hacked = system.hacked(system.sample(SUBJECT, task, np.random.default_rng(seed)))
    return count_rate(hacked, task, cell=_cell())


def _path(system: ToySystem, *, draws: int, seed: int) -> RateEstimate:
    rng = np.random.default_rng(seed)
    task = _tasks(system, draws / (len(RUNGS) - 1))
    hits = [
        int(system.hacked(system.sample(each, task, rng)).sum())
        for each in ladder_components(RUNGS[1:])
    ]
    return path_rate(
        np.array(RUNGS[1:]),
        hits=np.array(hits),
        draws=np.full(len(hits), len(task)),
        tasks=system.tasks,
        cell=_cell(),
    )


def toy_prefixes(
    system: ToySystem,
    steps: Sequence[float],
    *,
    draws: int,
    seed: int,
    prefix_tokens: int,
    corrected: bool = False,
) -> list[RateEstimate]:
    """Continue donor prefixes at each step; none where no donor trace hacked.

    Args:
        system: What is drawn from.
        steps: Training steps of the subject.
        draws: Texts in all: half of them donor traces, half continuations over all steps.
        seed: Same seed, same texts.
        prefix_tokens: Length of the prefixes.
        corrected: Take the prefixes of all traces, not of those that hacked.
    """
    rng = np.random.default_rng(seed)
    task = _tasks(system, draws / 2)
    traces = system.sample(DONOR, task, rng)
    chosen = np.arange(len(task)) if corrected else np.flatnonzero(system.hacked(traces))
    if not len(chosen):
        return []
    again = np.resize(chosen, max(len(task) // len(steps), 1))
    prefix, own = traces[again, :prefix_tokens], task[again]
    found: list[RateEstimate] = []
    for step in steps:
        texts = system.sample(SUBJECT, own, rng, step=step, prefix=prefix)
        subject = system.score(system.log_p(step=step), own, texts)[:, :prefix_tokens]
        donor = system.score(system.log_p(strength=1.0), own, texts)[:, :prefix_tokens]
        found.append(
            prefix_rate(
                system.hacked(texts),
                own,
                log_p_subject=subject.sum(axis=1),
                log_p_donor=donor.sum(axis=1),
                cell=Cell(exploit_type="toy", step=round(step)),
                corrected=corrected,
            )
        )
    return found
