"""Measure checkpoints: score each hit of the bank once, then estimate. Read this file first.

The bank holds completions that hacked, with the density `q` they were drawn from. Whether a text
hacks does not depend on the model, so at checkpoint `t` nothing is sampled and nothing is run: the
rate is the sum of `p_t(y) / q(y)` over a task's hits, averaged over tasks (docs/method.md).

A checkpoint is known by the hash of its weights. What is known of it is not made again: a model is
loaded only where a text lacks its score, and an estimate is made only where its basis changed.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foretoken.bank.config import BankConfig, engine_of, read_bank_config, subject_weights
from foretoken.bank.pool import Bank, Hit, TypeBank
from foretoken.bank.read import read_banks
from foretoken.bank.refresh import score_under_voices
from foretoken.bank.rollouts import JOINING, FreeRollouts, bank_density, pooled, read_rollouts
from foretoken.baselines.base import Baseline, Checkpoint
from foretoken.baselines.chosen import BaselineConfig, chosen_baselines
from foretoken.engines.base import Engines
from foretoken.engines.choose import EngineConfig
from foretoken.engines.lazy import on_demand
from foretoken.engines.prompts import AnswerFinder
from foretoken.errors import ScoringError, SetupError
from foretoken.estimate.audit import OwnGroups, rate_lower_bound, recent_counts
from foretoken.estimate.cell import Cell
from foretoken.estimate.posterior import Counts
from foretoken.estimate.switch import switch_rate, weighted_median
from foretoken.pipeline.cells import cell_of
from foretoken.pipeline.phases import measure_phases, phase_name
from foretoken.pipeline.probable import probable_rate, subject_counts
from foretoken.pipeline.trail import Trail, TypeTrail, estimates_part, read_trail
from foretoken.records import Draw, Identity, RateEstimate, Score, Source, Spoken
from foretoken.store import layout
from foretoken.store.run import Run, require_equal_sampling
from foretoken.tasks.base import Grader
from foretoken.work.forget import forget
from foretoken.work.machines import at_work
from foretoken.work.own import OwnDraws, read_own_draws
from foretoken.work.progress import phase, planned_work
from foretoken.work.scores import JOINED, StoredLogP, read_log_p, require_one_model, step_scorer
from foretoken.work.scoring import Voice, score_draws
from foretoken.work.seeds import part_seed

_REVISION = "7"
"""Of what estimates are made of; another one makes those that are stored anew."""


class MeasureConfig(BaselineConfig):
    """Settings of `foretoken measure`."""

    section = "measure"

    run: Path
    """Run directory with a bank."""
    checkpoints: tuple[Path, ...] = ()
    """Folders named step-000013 or as a trainer names them; none: those in the run."""
    last_step: int | None = None
    """Checkpoints after this step are left alone."""
    rollouts: bool = True
    """Let a checkpoint's stored rollouts on the bank's tasks join the bank, and all audit it."""
    replace: bool = False
    """Forget what is stored of these checkpoints first: they were trained again."""
    engine: EngineConfig | None = None
    """What samples and scores; none: as the bank was built."""
    device: str = "auto"
    """Where models are put; `auto`: the accelerator where there is one."""
    ray: str | None = None
    """Address of a Ray cluster that shares the work, `auto`, or `local`; none: this process."""


def measure(
    config: MeasureConfig, *, engines: Engines | None = None, grader: Grader | None = None
) -> list[RateEstimate]:
    """Estimate the rate of every exploit type at every checkpoint.

    A checkpoint whose scores failed is reported at the end; the others are measured all the same.

    Args:
        config: Settings.
        engines: Open what samples and scores; None: as the bank's settings say.
        grader: Of answers, where something is drawn; None: each task's own, in the sandbox.

    Raises:
        SetupError: There is no bank, or a checkpoint does not fit it.
        MismatchError: Another model was measured as this step.
        ScoringError: A checkpoint has hits without a log-probability.
        StoreError: The run cannot be read or written.
    """
    run = Run.open(config.run)
    saved = read_bank_config(run)
    banks = read_banks(run)
    checkpoints = chosen_checkpoints(run, config, first=min(banks))
    anew = _named_to_replace(run, config, banks)
    sampled_by = engine_of(saved, config.engine)
    estimates: list[RateEstimate] = []
    failures: list[str] = []
    with (
        at_work(sampled_by, config, engines=engines, grader=grader) as (opened, given),
        chosen_baselines(run, banks[min(banks)], config, engines=opened, grader=given) as baselines,
    ):
        rollouts = read_own_draws(run, "rollout", steps=range(max(checkpoints) + 1))
        if config.rollouts:
            _require_one_sampling(run, banks[min(banks)], rollouts.at(list(checkpoints)))
        work = _Measuring(
            run,
            config,
            opened,
            saved=saved,
            banks=banks,
            baselines=baselines,
            rollouts=rollouts,
            trail=read_trail(
                run,
                rollouts=rollouts if config.rollouts else rollouts.at([]),
                added=checkpoints,
                rounds=banks,
                bank=banks[min(banks)],
            ),
            anew=anew,
        )
        with planned_work(measure_phases(run, checkpoints)):
            for step, folder in checkpoints.items():
                try:
                    with phase(phase_name(step)):
                        estimates += work.measure(step, folder)
                except ScoringError as error:
                    failures.append(f"step {step}: {error}")
    run.write_config("measure", config)
    if failures:
        raise ScoringError("; ".join(failures))
    return estimates


def held_keys(bank: Bank) -> pa.Array:
    """Keys of the draws of a bank that every checkpoint scores."""
    return pa.concat_arrays([k for each in bank.types for k in (each.keys, each.others.keys)])


@dataclass(frozen=True)
class _Measuring:
    """What every checkpoint of one call is measured with."""

    run: Run
    config: MeasureConfig
    engines: Engines
    saved: BankConfig
    banks: dict[int, Bank]
    """With one round, with two, and so on, by the step of the last."""
    baselines: Sequence[Baseline]
    rollouts: OwnDraws
    """Of all steps up to the last checkpoint of this call."""
    trail: Trail
    """What audits the bank."""
    anew: Collection[int]
    """Steps whose checkpoints were trained again."""

    def measure(self, step: int, folder: Path | None) -> list[RateEstimate]:
        """Estimates at one checkpoint: those that are stored, where nothing changed since."""
        bank = self.banks[max((s for s in self.banks if s <= step), default=min(self.banks))]
        with on_demand(self.engines, [subject_weights(self.saved, folder)]) as subject:
            at = Checkpoint(
                run=self.run,
                step=step,
                subject=subject,
                bank=bank,
                counted=self.rollouts.at([]),
                rollouts=self.rollouts.at([step]),
                seed=self.config.seed,
            )
            weights = subject.voices[0].weights
            at = replace(at, rollouts=self._own_rollouts(at, weights))
            if step in self.anew:
                subject.require_whole()
                forget(self.run, step)
            known = _stored(self.run, step)
            _require_one_model(at, known)
            for baseline in self.baselines:
                baseline.prepare(at)
            at = replace(at, counted=read_own_draws(self.run, "count", steps=[step]))
            at.counted.require_weights(
                weights, what=f"count draws of step {step} in {self.run.path}"
            )
            free = FreeRollouts()
            if self.config.rollouts:
                free = read_rollouts(self.run, bank, at.rollouts, step=step)
            past = [self.trail.of(each, step=step, counted=at.counted) for each in bank.types]
            basis = self._basis(at, free, weights, past)
            scored = self.run.parts(Score, within=step_scorer(step)) or not bank.hits
            if known and scored and all(each.basis == basis for each in known):
                self.trail.add(known, at.counted)
                return known
            made = self._estimates(at, free, past)
        found = [each.replacing(weights=weights, basis=basis) for each in made]
        self.run.append(found, part=estimates_part(step), replace=True)
        self.trail.add(found, at.counted)
        return found

    def _own_rollouts(self, at: Checkpoint, weights: str) -> OwnDraws:
        """The rollouts of this very model; those of another one are refused, or left out."""
        if not self.config.rollouts:
            return at.rollouts.made_by(weights)
        at.rollouts.require_weights(weights, what=f"rollouts of step {at.step} in {at.run.path}")
        return at.rollouts

    def _basis(
        self, at: Checkpoint, free: FreeRollouts, weights: str, past: Sequence[TypeTrail]
    ) -> str:
        """Hash of all that the estimates at a checkpoint are made from, but for what follows."""
        said = [
            version("foretoken"),
            _REVISION,
            weights,
            *(getattr(at.subject.voices[0], name) for name in JOINED),
            at.bank.estimator,
            *(each.digest for each in at.bank.types),
            *(own.digest for own in (at.counted, at.rollouts)),
            *(each.digest for each in past),
            free.digest,
            *(each.basis for each in self.baselines),
            str(at.seed),
        ]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()

    def _estimates(
        self, at: Checkpoint, free: FreeRollouts, past: Sequence[TypeTrail]
    ) -> list[RateEstimate]:
        """Score the hits that this checkpoint has not scored yet, and estimate each type."""
        finder = None
        if free.hits:
            # First of all, as a voice's score of each token is the checkpoint's score, too.
            for each in at.bank.steps:
                score_under_voices(
                    self.run, self.engines, free.hits, tasks=at.bank.tasks, step=each
                )
            finder = AnswerFinder(at.subject.tokenizer) if self.saved.answer_windows else None
        scores = self._scores(at, free)
        density = bank_density(self.run, at.bank, free, finder=finder)
        cells: list[Cell] = []
        estimates: list[RateEstimate] = []
        for each, known in zip(at.bank.types, past, strict=True):
            cells.append(cell_of(at, each, free=free, past=known, scores=scores))
            joined = pooled(each, free, density=density, scores=scores)
            own = subject_counts(known.own, joined=free.own_counts(each), step=at.step)
            estimates.append(_bank_estimate(joined, scores, cell=cells[-1], counts=own, at=at))
        for baseline in self.baselines:
            estimates += baseline.estimates(at, cells)
        return estimates

    def _scores(self, at: Checkpoint, free: FreeRollouts) -> StoredLogP:
        """Scores of all hits under a checkpoint; what was missing is scored first."""
        scorer, subject = step_scorer(at.step), at.subject.voices[0]
        keys = pa.concat_arrays([held_keys(at.bank), free.keys])
        stored = read_log_p(self.run, scorer, identity=subject)
        missing = keys.filter(pa.array(stored.missing(keys)))
        if not len(missing):
            return stored
        draws = self.run.read(Draw, where=pc.field("key").isin(missing))
        score_draws(self.run, Voice(at.subject, scorer), draws, tasks=at.bank.tasks)
        return read_log_p(self.run, scorer, identity=subject)


def _require_one_sampling(run: Run, bank: Bank, rollouts: OwnDraws) -> None:
    """Refuse rollouts that would join the bank and were sampled in another way.

    Raises:
        MismatchError: With what differs, and the remedy.
    """
    sampling = run.sampling(Source.ROLLOUT)
    if sampling is None or bank.tasks.keys().isdisjoint(rollouts.by_task()):
        return
    if sampling.is_of_log:
        sampling = bank.sampling.replacing(temperature=sampling.temperature)
    require_equal_sampling(bank.sampling, sampling, what=JOINING)


def _require_one_model(at: Checkpoint, known: Sequence[RateEstimate]) -> None:
    """Refuse a checkpoint under whose step another model was measured.

    Raises:
        MismatchError: With both hashes and the remedy.
    """
    weights = at.subject.voices[0].weights
    others = {each.weights for each in known} - {weights}
    if others:
        stored = Identity(weights=min(others))
        now = Identity(weights=weights)
        require_one_model([stored], now, scorer=step_scorer(at.step), run=at.run)


def _bank_estimate(
    bank: TypeBank[Hit], scores: StoredLogP, *, cell: Cell, counts: Counts, at: Checkpoint
) -> RateEstimate:
    """Weigh the hits of one type by how likely this checkpoint is to write them."""
    log_p, scored_tokens = scores.of(bank.keys)
    estimate = switch_rate(
        log_p_subject=log_p,
        log_q=bank.log_q,
        stands_for=bank.stands_for,
        task=bank.task,
        text=bank.text,
        draws_per_task=bank.draws_per_task,
        cell=cell,
        rng=np.random.default_rng(part_seed(at.seed, f"bootstrap-{bank.exploit_type}")),
    )
    if cell.own is not None:
        estimate = estimate.replacing(
            **_counted(cell.own, estimate, begun=min([at.step, *cell.ends]))
        )
    kinds = bank.kinds(log_p)
    return estimate.replacing(
        estimator=at.bank.estimator,
        scored_tokens=int(scored_tokens.sum()),
        own_draws=0 if cell.own is None else int(cell.own.draws[cell.own.step == at.step].sum()),
        deliberate_share={each.kind: each.share for each in kinds}.get(Spoken.SPOKEN),
        kinds=kinds,
        flaw_named_at=weighted_median(bank.named_at, bank.log_w(log_p)),
        probable=probable_rate(
            estimate,
            bank,
            log_p=log_p,
            counts=counts,
            rng=np.random.default_rng(part_seed(at.seed, f"probable-{bank.exploit_type}")),
        ),
    )


def _counted(own: OwnGroups, estimate: RateEstimate, *, begun: int) -> dict[str, Any]:
    """What the run's own draws say by themselves, as fields of an estimate."""
    found = recent_counts(own, step=estimate.step)
    if found is None:
        return {}
    hacks, draws, first = found
    bound = rate_lower_bound(own.where(own.step >= begun))
    return {
        "counted": (hacks, draws),
        "counted_from": first,
        "counted_lower_bound": None if estimate.contradicted_at is None else bound,
    }


def _stored(run: Run, step: int) -> list[RateEstimate]:
    if not run.has_part(estimates_part(step), RateEstimate):
        return []
    return run.read(RateEstimate, part=estimates_part(step))


def _named_to_replace(run: Run, config: MeasureConfig, banks: Collection[int]) -> set[int]:
    """Steps of the checkpoints that are named, where they are to be measured anew."""
    if not config.replace:
        return set()
    if not config.checkpoints:
        raise SetupError("name the checkpoints that were trained again: --replace forgets theirs")
    steps = {layout.checkpoint_step(path) for path in config.checkpoints}
    drawn = sorted(steps & set(banks))
    if drawn:
        raise SetupError(
            f"the bank of {run.path} was drawn around step {drawn[0]}, so it cannot be measured "
            "anew: build the bank of the new model in another run directory"
        )
    return steps


def chosen_checkpoints(run: Run, config: MeasureConfig, *, first: int) -> dict[int, Path | None]:
    """Folders by step; the bank's reference where no folder is named for its step.

    Raises:
        SetupError: Two folders have one step, or a name does not say which.
    """
    named: dict[int, Path] = {layout.checkpoint_step(path): path for path in config.checkpoints}
    if len(named) < len(config.checkpoints):
        raise SetupError("two of the checkpoints have the same step: give each step once")
    known: dict[int, Path | None] = {first: None}
    known |= named or run.checkpoints()
    last = max(known) if config.last_step is None else config.last_step
    return {step: known[step] for step in sorted(known) if step <= last}
