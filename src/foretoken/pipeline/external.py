"""Rollouts of other people's runs: a file of labelled ones, one row a rollout, as a history."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from foretoken.errors import SetupError
from foretoken.forecast.history import FEWEST_DRAWS, WINDOW, History, TrainingPlan
from foretoken.records import UNTYPED, Source, Tally
from foretoken.work.labelled import (
    ENDINGS,
    MOST_STEPS,
    LabelledRollouts,
    RolloutColumns,
    listed,
    read_labelled,
)

USUAL_COLUMNS = RolloutColumns()
EARLY = 0.05
"""Share of a training before which a file is expected to begin."""
MOST_TYPES = 200
"""A column with more values than this does not name ways of cheating."""


@dataclass(frozen=True)
class RolloutFile:
    """What a file of rollouts shows."""

    history: History
    notes: Sequence[str]
    """Lines for a person: how it was read, and what of it was left out."""


@dataclass
class _StepSums:
    """Sums of one step and type."""

    draws: int = 0
    hacks: int = 0
    paid: int = 0
    reward: float = 0.0

    def draw(self, each: LabelledRollouts) -> None:
        """Count rollouts."""
        self.draws += each.rollouts
        self.reward += each.reward

    def hack(self, each: LabelledRollouts) -> None:
        """Count those of them that hacked; where the reward is not known, they were paid."""
        if each.label:
            self.hacks += each.rollouts
            self.paid += each.paid + each.rollouts - each.priced


def is_rollout_file(path: Path) -> bool:
    """Whether this names a file of rollouts; anything else is a run directory."""
    return not path.is_dir() and (path.name.endswith(ENDINGS) or path.is_file())


def read_rollout_file(
    path: Path, columns: RolloutColumns = USUAL_COLUMNS, *, steps: int | None = None
) -> RolloutFile:
    """Read labelled rollouts, in any order, as what a run has shown.

    A type may say what a rollout's task can be fooled by: then each rollout is a draw of its type,
    and one without a type is left out. Or it may say how a rollout hacked, and honest ones have
    none: then every rollout is a draw of every type that the file names, and a hack without one is
    of the type `hack`, as all are where no column tells types.

    A rollout without a label was not graded: it is no draw. A hack is paid from a reward of 0.5 on.
    Where the reward of some is not known, these count as paid, as in `read_tallies`: a hack is what
    the flawed grader accepts. Where that of most is not, the plan says so (`paid_known`).

    Args:
        path: A file of one of `ENDINGS`, one row a rollout.
        columns: Their names, where they are not the usual ones.
        steps: Optimiser steps of the training; None: up to the last rollout. They may begin at any
            number and have gaps.

    Raises:
        SetupError: It cannot be read, a column is missing, a step or label is none, nothing is
            graded, or all rollouts are of one step.
    """
    groups, found = read_labelled(path, columns)
    graded = _graded(path, groups, found)
    cells, notes = _by_type(path, graded, found)
    tallies = _tallies(cells)
    first, last = (pick(each.step for each in tallies) for pick in (min, max))
    if first == last:
        raise SetupError(f"{path}: all its rollouts are of step {last}, and a run has several")
    if steps is not None and steps < last:
        raise SetupError(f"{path} goes on to step {last}, beyond the {steps} that are set as steps")
    hacks, unpriced = _hacks(groups)
    plan = TrainingPlan(
        steps=steps or last, rollouts=_per_step(tallies), paid_known=2 * unpriced <= hacks
    )
    history = History(
        path.name.removesuffix(".gz").rpartition(".")[0], plan, step=last, tallies=tallies
    )
    return RolloutFile(history, [*_summary(path, groups, found, history), *notes])


def _graded(
    path: Path, groups: Sequence[LabelledRollouts], found: Mapping[str, str]
) -> list[LabelledRollouts]:
    """The groups that have a label, once all steps and labels are known to be some."""
    stray = [each for each in groups if each.step < 0]
    if stray:
        raise SetupError(
            f"{path}: {_rollouts(stray):,} row(s) have no whole number from 0 to {MOST_STEPS:,} as "
            f"step in the column {found['step']!r}, one of them {stray[0].step_text!r:.60}: mend "
            "them, or leave these rows out"
        )
    stray = [each for each in groups if each.label == -1]
    if stray:
        raise SetupError(
            f"{path}: {_rollouts(stray):,} row(s) have a label in the column {found['label']!r} "
            f"that is neither true nor false, one of them {stray[0].label_text!r:.60}: write true, "
            "false, yes, no, 1 or 0, or nothing where it was not graded"
        )
    graded = [each for each in groups if each.label is not None]
    if not graded:
        raise SetupError(
            f"{path} has no rollout with a label: {_rollouts(groups):,} row(s), all without one in "
            f"the column {found['label']!r}"
        )
    return graded


_SumsByType = Mapping[str, Mapping[int, _StepSums]]
"""By type and step."""


def _by_type(
    path: Path, graded: Sequence[LabelledRollouts], found: Mapping[str, str]
) -> tuple[_SumsByType, list[str]]:
    """Sums for each type, and what is to be told of how they were made."""
    fooled = {each.exploit_type for each in graded if each.label and each.exploit_type}
    honest = {each.exploit_type for each in graded if not each.label and each.exploit_type}
    if len(fooled | honest) > MOST_TYPES:
        raise SetupError(
            f"{path}: the column {found['exploit_type']!r} has {len(fooled | honest):,} different "
            f"values, more than {MOST_TYPES} ways of cheating: name another under [columns], or "
            'none: exploit_type = ""'
        )
    if honest and fooled and not honest & fooled:
        raise SetupError(
            f"{path}: in the column {found['exploit_type']!r} all of {listed(fooled)} hacked and "
            f"none of {listed(honest)} did, so it says what a rollout did, not what its task "
            "could be fooled by: leave it empty where a rollout is honest"
        )
    if honest:
        without = _rollouts(each for each in graded if not each.exploit_type)
        note = f"{without:,} rollouts without a type are left out"
        return _by_task(graded), [note] if without else []
    note = "a type is how a rollout hacked: each rollout counts as a draw of every type"
    return _by_hack(graded), [note] if fooled else []


def _by_task(graded: Sequence[LabelledRollouts]) -> _SumsByType:
    """Sums where the type is what a rollout's task can be fooled by."""
    cells: dict[str, dict[int, _StepSums]] = defaultdict(lambda: defaultdict(_StepSums))
    for each in graded:
        if each.exploit_type:
            cells[each.exploit_type][each.step].draw(each)
            cells[each.exploit_type][each.step].hack(each)
    return cells


def _by_hack(graded: Sequence[LabelledRollouts]) -> _SumsByType:
    """Sums where the type is how a rollout hacked, and any rollout might have."""
    all_types: dict[int, _StepSums] = defaultdict(_StepSums)
    for each in graded:
        all_types[each.step].draw(each)
    types = {each.exploit_type or UNTYPED for each in graded if each.label} or {UNTYPED}
    cells = {name: {step: replace(cell) for step, cell in all_types.items()} for name in types}
    for each in graded:
        if each.label:
            cells[each.exploit_type or UNTYPED][each.step].hack(each)
    return cells


def _tallies(cells: _SumsByType) -> list[Tally]:
    return [
        Tally(
            exploit_type=name,
            step=step,
            source=Source.ROLLOUT,
            draws=cell.draws,
            hacks=cell.hacks,
            paid=cell.paid,
            spoken=0,
            reward=cell.reward,
        )
        for name, own in sorted(cells.items())
        for step, cell in sorted(own.items())
    ]


def _per_step(tallies: Sequence[Tally]) -> dict[str, float]:
    """Rollouts of each type at a step that has any."""
    drawn, steps = Counter[str](), Counter[str]()
    for each in tallies:
        drawn[each.exploit_type] += each.draws
        steps[each.exploit_type] += 1
    return {name: drawn[name] / steps[name] for name in drawn}


def _hacks(groups: Sequence[LabelledRollouts]) -> tuple[int, int]:
    """Rollouts that hacked, and those of them whose reward is not known."""
    hacks = [each for each in groups if each.label == 1]
    return _rollouts(hacks), _rollouts(hacks) - sum(each.priced for each in hacks)


def _summary(
    path: Path, groups: Sequence[LabelledRollouts], found: Mapping[str, str], history: History
) -> list[str]:
    """What a file holds and what of it says less than it might, as lines."""
    steps = [each.step for each in history.tallies]
    ungraded = _rollouts(each for each in groups if each.label is None)
    hacks, unpriced = _hacks(groups)
    lines = [
        f"{path.name}: {_rollouts(groups):,} rollouts of steps {min(steps)} to {max(steps)}, "
        f"{len(history.types)} type(s), by the columns {listed(found.values())}"
    ]
    if min(steps) > EARLY * history.plan.steps:
        lines.append(f"nothing is known before step {min(steps)} of {history.plan.steps}")
    if ungraded:
        lines.append(f"{ungraded:,} without a label were not graded: they are left out")
    if unpriced:
        said = "they count as paid" if history.plan.paid_known else "what hacks earn is left open"
        lines.append(f"the reward of {unpriced:,} of {hacks:,} hacks is not known: {said}")
    few = [name for name in history.types if _most_together(history, name) < FEWEST_DRAWS]
    if few:
        lines.append(
            f"no {WINDOW} steps together hold {FEWEST_DRAWS} rollouts of {listed(few)}: nothing "
            "can be seen to emerge there"
        )
    return lines


def _most_together(history: History, exploit_type: str) -> int:
    """The most rollouts of a type that are looked at together."""
    _, draws = history.rollouts(exploit_type)
    return int(np.convolve(draws, np.ones(WINDOW, dtype=np.int64), mode="same").max())


def _rollouts(groups: Iterable[LabelledRollouts]) -> int:
    return sum(each.rollouts for each in groups)
