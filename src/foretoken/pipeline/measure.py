"""Measure checkpoints: score each hit of the bank once, then estimate. Read this file first.

The bank holds completions that hacked, with the density `q` they were drawn from. Whether a text
hacks does not depend on the model, so at checkpoint `t` nothing is sampled and nothing is run: the
rate is the sum of `p_t(y) / q(y)` over a task's hits, averaged over tasks (docs/method.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foretoken.bank.hits import Bank, Round, TypeBank, read_bank
from foretoken.bank.rollouts import Rollouts, pooled, read_rollouts
from foretoken.baselines.base import Baselines, prepared_baselines
from foretoken.baselines.prefix import PrefixConfig
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.errors import ScoringError, SetupError
from foretoken.estimate.cell import Cell
from foretoken.estimate.path import path_rate
from foretoken.estimate.switch import switch_rate, weighted_median
from foretoken.records import Draw, RateEstimate, Score
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.work.scores import read_scores, scores_of, step_scorer
from foretoken.work.scoring import score_missing
from foretoken.work.seeds import part_seed
from foretoken.work.settings import Settings


class MeasureConfig(Settings):
    """Settings of `foretoken measure`."""

    run: Path
    """Run directory with a bank."""
    checkpoints: tuple[Path, ...] = ()
    """Folders named step-000013; none: those in the run."""
    last_step: int | None = None
    """Checkpoints after this step are left alone."""
    rollouts: bool = True
    """Let stored rollouts on the bank's tasks join the bank, each from its own step on."""
    count_draws: int = 0
    """Own draws of each checkpoint per task, for plain counting."""
    prefix: PrefixConfig | None = None
    """The published recipe beside our estimate; none: not made."""
    seed: int = 0
    workers: int | None = None
    """Grader processes; none: one per core."""


def measure(config: MeasureConfig) -> list[RateEstimate]:
    """Estimate the rate of every exploit type at every checkpoint.

    A checkpoint whose scores failed is reported at the end; the others are measured all the same.

    Raises:
        SetupError: There is no bank, or a checkpoint does not fit it.
        ScoringError: A checkpoint has hits without a log-probability.
        StoreError: The run cannot be read or written.
    """
    run = Run.open(config.run)
    bank = read_bank(run)
    run.write_config("measure", config)
    checkpoints = _checkpoints(run, bank, config)
    rollouts = read_rollouts(run, bank, steps=checkpoints if config.rollouts else ())
    earlier = [read_bank(run, last=step) for step in bank.steps[:-1]]
    pool = _Pool((*earlier, bank), rollouts)
    estimates: list[RateEstimate] = []
    measured: list[int] = []
    failures: list[str] = []
    with prepared_baselines(
        run,
        bank,
        count_draws=config.count_draws,
        prefix=config.prefix,
        seed=config.seed,
        workers=config.workers,
    ) as baselines:
        for step, folder in checkpoints.items():
            model = _load_subject(run, folder)
            try:
                found = _measure_checkpoint(
                    run,
                    pool,
                    model,
                    step=step,
                    before=measured,
                    baselines=baselines,
                    seed=config.seed,
                )
            except ScoringError as error:
                failures.append(f"step {step}: {error}")
                continue
            measured.append(step)
            run.append(found, part=f"measure-step-{step:06d}", replace=True)
            estimates += found
    if failures:
        raise ScoringError("; ".join(failures))
    return estimates


@dataclass(frozen=True)
class _Pool:
    """What checkpoints are measured with."""

    banks: tuple[Bank, ...]
    """With one round, with two, and so on."""
    rollouts: Rollouts

    @property
    def hits(self) -> list[Draw]:
        """All of them, so that every checkpoint has scored what any series needs."""
        return [*self.banks[-1].hits, *self.rollouts.hits]

    def bank(self, step: int) -> Bank:
        """The bank as it stood at a checkpoint."""
        found = [bank for bank in self.banks if bank.steps[-1] <= step]
        return found[-1] if found else self.banks[0]


def _measure_checkpoint(
    run: Run,
    pool: _Pool,
    model: LoadedModel,
    *,
    step: int,
    before: Sequence[int],
    baselines: Baselines,
    seed: int,
) -> list[RateEstimate]:
    """Score the hits that this checkpoint has not scored yet, and estimate each exploit type.

    Rollouts of this checkpoint and of those measured `before` join the bank.
    """
    bank, rollouts = pool.bank(step), pool.rollouts
    score_missing(run, model, pool.hits, tasks=bank.tasks, scorer=step_scorer(step))
    scores = read_scores(run, step_scorer(step))
    own = baselines.own_draws(model, step)
    estimates: list[RateEstimate] = []
    for each in bank.types:
        hacks, draws = own.counts(each.exploit_type)
        shown, recent = own.recent_counts(each.exploit_type)
        rolled_hacks, rolled = rollouts.own_counts(each, step)
        hacks, draws = hacks + rolled_hacks, draws + rolled
        fresh = each.rounds.get(step)
        if fresh is not None:
            hacks, draws = hacks + fresh.subject_hits, draws + fresh.subject_draws
        cell = Cell(
            exploit_type=each.exploit_type,
            step=step,
            subject_hits=hacks,
            subject_draws=draws,
            rollout_hits=shown,
            rollout_draws=recent,
            grader_errors=each.grader_errors,
            reference_effective_hits=each.effective_hits,
            health=each.health,
            sampled_tokens=0 if fresh is None else fresh.sampled_tokens,
        )
        joined = pooled(run, each, rollouts, steps=(*before, step))
        estimates.append(
            _bank_estimate(joined, scores, cell=cell, seed=seed, estimator=bank.estimator)
        )
        if bank.estimator == "ladder" and fresh is not None:
            estimates.append(_path_estimate(bank, each, fresh, cell=cell))
    return estimates + baselines.estimates(model, own, step=step)


def _path_estimate(bank: Bank, each: TypeBank, fresh: Round, *, cell: Cell) -> RateEstimate:
    """Extrapolate from what the donor did at each strength of a ladder."""
    return path_rate(
        np.array([component.strength for component in bank.components[1:]]),
        hits=fresh.hacked_m[1:],
        draws=fresh.drawn_m[1:],
        tasks=len(each.tasks),
        cell=cell,
    )


def _bank_estimate(
    bank: TypeBank, scores: dict[str, Score], *, cell: Cell, seed: int, estimator: str
) -> RateEstimate:
    """Weigh the hits of one type by how likely this checkpoint is to write them."""
    found = scores_of(bank.hits, scores, scorer=step_scorer(cell.step))
    log_p = np.array([each.log_p for each in found], dtype=np.float64)
    named_at = np.array([hit.flaw_named_at for hit in bank.hits], dtype=np.float64)
    estimate = switch_rate(
        log_p_subject=log_p,
        log_q=bank.log_q,
        stands_for=bank.stands_for,
        task=bank.task,
        draws_per_task=bank.draws_per_task,
        cell=cell,
        rng=np.random.default_rng(part_seed(seed, f"bootstrap-{bank.exploit_type}")),
        deliberate=bank.deliberate,
    )
    return estimate.model_copy(
        update={
            "estimator": estimator,
            "scored_tokens": sum(each.scored_tokens for each in found),
            "flaw_named_at": weighted_median(named_at, bank.log_w(log_p)),
        }
    )


def _load_subject(run: Run, folder: Path | None) -> LoadedModel:
    """Load a checkpoint: an adapter on the run's base model, a whole model, or the reference.

    Raises:
        ModelError: The folder is missing or does not fit.
    """
    saved = run.read_config()["bank"]
    if folder is None:
        adapter = saved.get("adapter")
        return load_model(saved["subject"], adapters=[(adapter, 1.0)] if adapter else [])
    if (folder / "config.json").exists():
        return load_model(str(folder))
    return load_model(saved["subject"], adapters=[(str(folder), 1.0)])


def _checkpoints(run: Run, bank: Bank, config: MeasureConfig) -> dict[int, Path | None]:
    """Folders by step; the bank's reference where no folder is named for its step."""
    named: dict[int, Path] = {layout.checkpoint_step(path): path for path in config.checkpoints}
    if len(named) < len(config.checkpoints):
        raise SetupError("two of the checkpoints have the same step: give each step once")
    known: dict[int, Path | None] = {bank.steps[0]: None}
    known |= named or run.checkpoints()
    last = max(known) if config.last_step is None else config.last_step
    return {step: known[step] for step in sorted(known) if step <= last}
