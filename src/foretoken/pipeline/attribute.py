"""Attribute the change of a type's rate between two checkpoints to tasks and to updates.

Nothing is sampled, scored or graded: it reads what a measured run holds. Both checkpoints have
scored the same hits of the bank, so what each task adds to the change is a difference of two sums
over the same hits (`estimate.change`). What updates paid is counted beside it: that is association,
as training draws its rollouts from the model whose rate it moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from pydantic import Field

from foretoken.attribution_records import (
    Attribution,
    PaidTask,
    Rewind,
    Stretch,
    TaskChange,
    UpdateStep,
)
from foretoken.bank.config import read_bank_config
from foretoken.bank.pool import Bank, TypeBank
from foretoken.bank.read import read_banks
from foretoken.errors import RunError, SetupError
from foretoken.estimate.change import RateChange, rate_change
from foretoken.pipeline.histories import training_settings
from foretoken.records import BankHit, RateEstimate
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.tasks.catalogue import CATALOGUE
from foretoken.work.paid import PaidRollouts, read_paid
from foretoken.work.scores import StoredLogP, read_log_p, step_scorer
from foretoken.work.settings import Settings

STEEPEST = "the steepest rise between neighbouring checkpoints that is larger than its noise"
LAST = "the last two: no rise between neighbouring checkpoints is larger than its noise"
NAMED = "as named"


class AttributeConfig(Settings):
    """Settings of `foretoken attribute`."""

    section = "attribute"

    run: Path
    """Run directory with at least two measured checkpoints."""
    exploit_type: str | None = None
    """Which; none: all of them."""
    from_step: int | None = Field(default=None, ge=0)
    """Checkpoint before the change; none: that of the steepest rise, or the last but one."""
    to_step: int | None = Field(default=None, ge=0)
    """Checkpoint after the change; named together with `from_step`."""
    budget: float = Field(default=0.01, gt=0, lt=1)
    """Rate up to which a checkpoint counts as from before the rise."""


def attribute(config: AttributeConfig) -> list[Attribution]:
    """Attribute the changes of one type's rate, or of all types', and store them.

    Args:
        config: Which run, types and checkpoints.

    Returns:
        Those with a rise that is larger than its noise first, the largest change first.

    Raises:
        SetupError: The run has no bank or fewer than two measured checkpoints, or what is named is
            not there.
        ScoringError: A checkpoint has hits without a log-probability.
        StoreError: The run cannot be read or written.
    """
    run = Run.open(config.run)
    evidence = _read(run, config)
    made = [evidence.attribution(name) for name in evidence.types]
    for each in made:
        run.append([each], part=each.exploit_type, replace=True)
    return sorted(made, key=lambda each: (not each.rises, -each.change, each.exploit_type))


@dataclass(frozen=True)
class _Measured:
    """A checkpoint that was measured."""

    step: int
    scores: StoredLogP
    bank: Bank
    """As it stood there."""


@dataclass(frozen=True)
class _Evidence:
    """All that one call reads, each part of the run once."""

    config: AttributeConfig
    types: Sequence[str]
    measured: Sequence[_Measured]
    """In order of steps."""
    estimates: Mapping[tuple[str, int], RateEstimate]
    paid: PaidRollouts
    places: Mapping[int, Path]
    """Folders of checkpoints."""

    def attribution(self, name: str) -> Attribution:
        """Attribute the change of one type."""
        between = [self._change(name, before, after) for before, after in pairwise(self.measured)]
        (before, after), chosen = self._pair(between)
        found = self._change(name, before, after)
        stretches = tuple(
            self._stretch(name, a, b, change)
            for (a, b), change in zip(pairwise(self.measured), between, strict=True)
            if b.step <= after.step
        )
        first_paid = self._first_paid(name)
        bank = _type_bank(before.bank, name)
        known = CATALOGUE.get(name)
        return Attribution(
            exploit_type=name,
            flaw="" if known is None else known.flaw,
            from_step=before.step,
            to_step=after.step,
            chosen=chosen,
            before=found.before,
            after=found.after,
            change=found.whole.value,
            interval=found.whole.interval,
            hits=int(found.hits_x.sum()),
            told=found.whole.told,
            tasks=_task_changes(found, bank, before.bank),
            tasks_without_hits=int((found.hits_x == 0).sum()),
            updates=self._updates(name, before.step, after.step),
            paid_tasks=self._paid_tasks(name, before.step, after.step),
            stretches=stretches,
            first_paid=first_paid,
            within_budget=self._within_budget(name, before.step),
            unpaid=self._unpaid(first_paid, before.step),
            budget=self.config.budget,
            doubts=tuple(self._doubts(name, before, after)),
        )

    def _pair(self, between: Sequence[RateChange]) -> tuple[tuple[_Measured, _Measured], str]:
        """The two checkpoints to compare, and why these."""
        by_step = {each.step: each for each in self.measured}
        if self.config.from_step is not None and self.config.to_step is not None:
            return (by_step[self.config.from_step], by_step[self.config.to_step]), NAMED
        pairs = list(pairwise(self.measured))
        rising = [
            (change.whole.value / (b.step - a.step), place)
            for place, ((a, b), change) in enumerate(zip(pairs, between, strict=True))
            if change.whole.told and change.whole.value > 0
        ]
        return (pairs[max(rising)[1]], STEEPEST) if rising else (pairs[-1], LAST)

    def _change(self, name: str, before: _Measured, after: _Measured) -> RateChange:
        """By the hits that the earlier of two checkpoints scored: the later one has, too."""
        bank = _type_bank(before.bank, name)
        log_p_cd = np.stack([each.scores.of(bank.keys)[0] for each in (before, after)])
        return rate_change(
            np.asarray(bank.log_w(log_p_cd)), bank.task, draws_per_task=bank.draws_per_task
        )

    def _stretch(
        self, name: str, before: _Measured, after: _Measured, change: RateChange
    ) -> Stretch:
        here = self.paid.between(before.step, after.step)
        paid, own = here & self.paid.paid_hack, self.paid.of_type(name)
        return Stretch(
            from_step=before.step,
            to_step=after.step,
            change=change.whole.value,
            error=change.whole.error,
            updates=len(np.unique(self.paid.step[here])),
            paid=int((paid & own).sum()),
            paid_others=int((paid & ~own).sum()),
        )

    def _updates(self, name: str, first: int, last: int) -> tuple[UpdateStep, ...]:
        paid, own = self.paid, self.paid.of_type(name)
        found: list[UpdateStep] = []
        for step in np.unique(paid.step[paid.between(first, last)]).tolist():
            here = paid.step == step
            hacks = here & paid.paid_hack & own
            told = paid.advantage[hacks]
            told = told[~np.isnan(told)]
            found.append(
                UpdateStep(
                    step=step,
                    rollouts=int(here.sum()),
                    paid=int(hacks.sum()),
                    paid_others=int((here & paid.paid_hack & ~own).sum()),
                    above_mean=float(paid.above_mean[hacks].sum()),
                    advantage=float(told.sum()) if len(told) else None,
                )
            )
        return tuple(found)

    def _paid_tasks(self, name: str, first: int, last: int) -> tuple[PaidTask, ...]:
        paid = self.paid
        hacks = paid.between(first, last) & paid.paid_hack & paid.of_type(name)
        above = np.bincount(
            paid.task[hacks], weights=paid.above_mean[hacks], minlength=len(paid.tasks)
        )
        counts = np.bincount(paid.task[hacks], minlength=len(paid.tasks))
        found = [
            PaidTask(task=key, paid=int(counts[task]), above_mean=float(above[task]))
            for task, key in enumerate(paid.tasks)
            if counts[task]
        ]
        return tuple(sorted(found, key=lambda each: (-each.above_mean, -each.paid, each.task)))

    def _first_paid(self, name: str) -> int | None:
        steps = self.paid.step[self.paid.paid_hack & self.paid.of_type(name)]
        return int(steps.min()) if len(steps) else None

    def _rewind(self, steps: Sequence[int]) -> Rewind | None:
        if not steps:
            return None
        place = self.places.get(max(steps))
        return Rewind(step=max(steps), path=None if place is None else str(place))

    def _within_budget(self, name: str, last: int) -> Rewind | None:
        """By the published interval; where there is none, by the bound of plain draws."""
        said = [self.estimates.get((name, each.step)) for each in self.measured]
        ends = {each.step: _upper_end(each) for each in said if each is not None}
        return self._rewind(
            [s for s, end in ends.items() if s <= last and end < self.config.budget]
        )

    def _unpaid(self, first_paid: int | None, last: int) -> Rewind | None:
        if first_paid is None:
            return None
        return self._rewind([e.step for e in self.measured if e.step <= min(first_paid, last)])

    def _doubts(self, name: str, before: _Measured, after: _Measured) -> list[str]:
        said: list[str] = []
        for each in (before, after):
            estimate = self.estimates.get((name, each.step))
            if estimate is None or estimate.published:
                continue
            why = "; ".join(doubt.value for doubt in estimate.doubts)
            said.append(
                f"At step {each.step} no rate is published"
                f"{f' ({why})' if why else ''}: shares of tasks may be off as well."
            )
            if estimate.contradicted_at is not None:
                said.append(
                    f"The run's own draws refuted the bank at step {estimate.contradicted_at}."
                )
        if before.bank.steps != after.bank.steps:
            said.append(
                f"The bank was drawn again at step {after.bank.steps[-1]}: these are the hits of "
                f"step {before.bank.steps[-1]}, which know the later model less well."
            )
        here = self.paid.between(before.step, after.step)
        updates = len(np.unique(self.paid.step[here]))
        if updates < after.step - before.step:
            said.append(
                f"Rollouts of {updates} of {after.step - before.step} updates are stored: what the "
                "others paid is not known."
            )
        return said


def _read(run: Run, config: AttributeConfig) -> _Evidence:
    banks = read_banks(run)
    estimator = banks[min(banks)].estimator
    estimates = {
        (each.exploit_type, each.step): each
        for each in run.read(RateEstimate)
        if each.estimator == estimator
    }
    steps = sorted({step for _, step in estimates})
    if len(steps) < 2:
        raise SetupError(
            f"{run.path} has {len(steps)} measured checkpoint(s), and a change needs two: run "
            "`foretoken measure` on more"
        )
    _require_named(config, steps=steps, types={name for name, _ in estimates}, run=run)
    last = max(steps) if config.to_step is None else config.to_step
    kept = [step for step in steps if step <= last]
    measured = [
        _Measured(
            step,
            read_log_p(run, step_scorer(step)),
            banks[max((s for s in banks if s <= step), default=min(banks))],
        )
        for step in kept
    ]
    every = sorted({name for name, _ in estimates})
    closed = training_settings(run).get("closed", ())
    return _Evidence(
        config=config,
        types=every if config.exploit_type is None else [config.exploit_type],
        measured=measured,
        estimates=estimates,
        paid=read_paid(run, before=last, closed=closed),
        places=_places(run, first=min(banks)),
    )


def _require_named(
    config: AttributeConfig, *, steps: Sequence[int], types: set[str], run: Run
) -> None:
    """Refuse a type or checkpoints that the run does not have."""
    first, last = config.from_step, config.to_step
    if config.exploit_type is not None and config.exploit_type not in types:
        raise SetupError(
            f"{run.path} has no estimate of {config.exploit_type}; it has "
            f"{', '.join(sorted(types))}"
        )
    if (first is None) != (last is None):
        raise SetupError("name both checkpoints, --from and --to, or neither")
    for step in (first, last):
        if step is not None and step not in steps:
            raise SetupError(
                f"step {step} of {run.path} was not measured; {', '.join(map(str, steps))} were"
            )
    if first is not None and last is not None and first >= last:
        raise SetupError(f"--from {first} is not before --to {last}: swap them")


def _type_bank(bank: Bank, name: str) -> TypeBank[BankHit]:
    return next(each for each in bank.types if each.exploit_type == name)


def _task_changes(
    found: RateChange, bank: TypeBank[BankHit], whole: Bank
) -> tuple[TaskChange, ...]:
    made = [
        TaskChange(
            task=key,
            change=change.value,
            interval=change.interval,
            hits=int(hits),
            moved=bool(moved),
            grader=whole.tasks[key].grader,
        )
        for key, change, hits, moved in zip(
            bank.tasks, found.tasks, found.hits_x, found.moved_x, strict=True
        )
        if hits
    ]
    sign = -1.0 if found.whole.value >= 0 else 1.0
    return tuple(sorted(made, key=lambda each: (sign * each.change, each.task)))


def _upper_end(estimate: RateEstimate) -> float:
    """What a rate is below: the end of its published interval, else the bound of plain draws."""
    if estimate.published and estimate.interval is not None:
        return estimate.interval[1]
    return estimate.upper_bound


def _places(run: Run, *, first: int) -> dict[int, Path]:
    """Folders of checkpoints, as far as they can be told: those of the run, what was named to
    `foretoken measure` and what lies beside it, and the subject that the bank was built for."""
    if not isinstance(run.path, Path):
        return {}
    config = read_bank_config(run)
    found = {first: config.adapter or config.subject}
    named = [Path(each) for each in run.read_config().get("measure", {}).get("checkpoints", [])]
    for folder in {each.parent for each in named}:
        for each in sorted(folder.glob("*")):
            try:
                found[layout.checkpoint_step(each)] = each
            except RunError:
                continue
    return found | run.checkpoints()
