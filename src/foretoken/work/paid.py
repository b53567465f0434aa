"""What training paid its rollouts, hacks and others, by step, task and exploit type."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foretoken.arrays import AnyArray, BoolPerDraw, FloatPerDraw, IntPerDraw
from foretoken.logs.base import LoggedRollout
from foretoken.records import Draw
from foretoken.store.run import Run
from foretoken.work.parts import parts_at
from foretoken.work.tallies import PAID

_COLUMNS = ("key", "task", "exploit_type", "step", "hacked", "reward", "flawed_passed")
LOGGED_KEY = "rollout/"
"""What the key of a draw that was made of a logged rollout puts before that rollout's."""


@dataclass(frozen=True)
class PaidRollouts:
    """Rollouts of training before some step, with what they earned."""

    step: IntPerDraw
    kind: IntPerDraw
    """Index of each rollout's exploit type."""
    types: tuple[str, ...]
    """Exploit types, by index."""
    task: IntPerDraw
    """Index of each rollout's task."""
    tasks: tuple[str, ...]
    """Keys of tasks, by index."""
    paid_hack: BoolPerDraw
    """Whether it hacked and was paid for it."""
    above_mean: FloatPerDraw
    """What it earned, less the mean over the rollouts of its task at its step."""
    advantage: FloatPerDraw
    """As the trainer logged it; NaN: it did not."""

    def of_type(self, exploit_type: str) -> BoolPerDraw:
        """Which rollouts are of a type's tasks."""
        if exploit_type not in self.types:
            return np.zeros(len(self.step), dtype=np.bool_)
        return self.kind == self.types.index(exploit_type)

    def between(self, first: int, last: int) -> BoolPerDraw:
        """Which rollouts the updates from one checkpoint to another learned from."""
        return (self.step >= first) & (self.step < last)


def read_paid(run: Run, *, before: int, closed: Collection[str] = ()) -> PaidRollouts:
    """Read a run's stored rollouts of the steps before one.

    A rollout whose reward is not known earned 1 where the flawed grader accepted it and its type's
    loophole is open, as the sums of a run (`tallies`) have it.

    Args:
        run: Where they are.
        before: Rollouts of this step and of later ones are left out.
        closed: Types of which no hack is paid.

    Raises:
        StoreError: A part is damaged.
    """
    where = (pc.field("source") == "rollout") & (pc.field("step") < before)
    parts = parts_at(run, Draw, steps=range(before), source="rollout")
    tables = [run.table(Draw, part=part, where=where, columns=_COLUMNS) for part in parts]
    table = pa.concat_tables(tables) if tables else run.table(Draw, where=where, columns=_COLUMNS)
    kind, types = _codes(table["exploit_type"])
    task, tasks = _codes(table["task"])
    step = _array(table["step"], np.int64)
    reward = _array(table["reward"], np.float64)
    passed = _array(pc.fill_null(table["flawed_passed"], False), np.bool_)
    is_closed = np.array([name in closed for name in types], dtype=np.bool_)[kind]
    earned = np.where(np.isnan(reward), (passed & ~is_closed).astype(np.float64), reward)
    hacked = _array(pc.fill_null(table["hacked"], False), np.bool_)
    return PaidRollouts(
        step=step,
        kind=kind,
        types=tuple(types),
        task=task,
        tasks=tuple(tasks),
        paid_hack=hacked & (earned >= PAID),
        above_mean=earned - _group_mean(earned, step, task),
        advantage=_advantages(run, table["key"].to_pylist()),
    )


def _group_mean(value: FloatPerDraw, step: IntPerDraw, task: IntPerDraw) -> FloatPerDraw:
    """Mean over the rollouts of the same task at the same step."""
    if not len(value):
        return value
    _, group = np.unique(np.stack([step, task], axis=1), axis=0, return_inverse=True)
    group = group.reshape(-1)
    return (np.bincount(group, weights=value) / np.bincount(group))[group]


def _advantages(run: Run, keys: Sequence[str]) -> FloatPerDraw:
    logged = run.table(
        LoggedRollout, where=pc.field("advantage").is_valid(), columns=["key", "advantage"]
    )
    said = {
        f"{LOGGED_KEY}{key}": value
        for key, value in zip(
            logged["key"].to_pylist(), logged["advantage"].to_pylist(), strict=True
        )
    }
    if not said:
        return np.full(len(keys), np.nan)
    return np.array([said.get(key, np.nan) for key in keys], dtype=np.float64)


def _codes(column: pa.ChunkedArray) -> tuple[IntPerDraw, list[str]]:
    """Index of each value among the distinct ones, and these."""
    coded = column.combine_chunks().dictionary_encode()
    return _array(coded.indices, np.int64), coded.dictionary.to_pylist()


def _array(column: pa.ChunkedArray | pa.Array, kind: type[Any]) -> AnyArray:
    found: AnyArray = np.asarray(column.to_numpy(zero_copy_only=False), dtype=kind)
    return found
