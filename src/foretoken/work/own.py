"""A checkpoint's own graded draws, as columns: made for counting, or rollouts of training."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foretoken.arrays import BoolPerDraw, IntPerDraw
from foretoken.errors import MismatchError
from foretoken.records import Draw
from foretoken.store import codec
from foretoken.store.run import Run
from foretoken.work.parts import parts_at

_COLUMNS = {
    name: pc.field(name)
    for name in ("task", "exploit_type", "step", "hacked", "deliberate", "weights")
} | {"tokens": pc.Expression._call("list_value_length", [pc.field("tokens")])}


@dataclass(frozen=True)
class OwnDraws:
    """Draws of the subject itself at some steps."""

    types: tuple[str, ...]
    """Exploit types, by index."""
    hashes: tuple[str, ...]
    """Hashes of weights, by index; an empty one is not known."""
    tasks: tuple[str, ...]
    """Keys of tasks, by index."""
    kind: IntPerDraw
    """Index of each draw's exploit type."""
    task: IntPerDraw
    """Index of each draw's task."""
    step: IntPerDraw
    graded: BoolPerDraw
    hacked: BoolPerDraw
    deliberate: BoolPerDraw
    tokens: IntPerDraw
    """Sampled."""
    weights: IntPerDraw
    """Index of each draw's hash of weights."""

    def __len__(self) -> int:
        return len(self.step)

    def at(self, steps: Sequence[int]) -> "OwnDraws":
        """Those of these steps."""
        return self._where(np.isin(self.step, steps))

    def of(self, exploit_type: str) -> "OwnDraws":
        """Those of one exploit type."""
        if exploit_type not in self.types:
            return self._where(np.zeros(len(self), dtype=np.bool_))
        return self._where(self.kind == self.types.index(exploit_type))

    def made_by(self, weights: str) -> "OwnDraws":
        """Those of this model, or of one that is not known."""
        kept = [i for i, each in enumerate(self.hashes) if each in ("", weights)]
        return self._where(np.isin(self.weights, kept))

    def present_types(self) -> list[str]:
        """Exploit types of which there is a draw, sorted."""
        return sorted(self.types[int(each)] for each in np.unique(self.kind))

    def counts(self, exploit_type: str) -> tuple[int, int]:
        """Hacks and graded draws of one type."""
        own = self.of(exploit_type)
        return int((own.hacked & own.graded).sum()), int(own.graded.sum())

    def by_step(self, *, last: int) -> dict[int, tuple[int, int]]:
        """Hacks and graded draws of each step up to the last that has any."""
        graded = self.graded & (self.step <= last)
        steps, index = np.unique(self.step[graded], return_inverse=True)
        draws, hacks = np.bincount(index), np.bincount(index, self.hacked[graded], len(steps))
        found = zip(steps.tolist(), hacks.tolist(), draws.tolist(), strict=True)
        return {step: (int(hits), drawn) for step, hits, drawn in found}

    def by_task(self) -> dict[str, tuple[int, int]]:
        """Hacks and graded draws of each task that has any."""
        graded = np.bincount(self.task[self.graded], minlength=len(self.tasks))
        hacks = np.bincount(self.task[self.graded & self.hacked], minlength=len(self.tasks))
        return {self.tasks[i]: (int(hacks[i]), int(graded[i])) for i in np.flatnonzero(graded)}

    @property
    def digest(self) -> str:
        """Hash of all that an estimate reads of them."""
        found = hashlib.sha256(f"{self.types}".encode())
        for name in ("kind", "task", "step", "graded", "hacked", "deliberate"):
            found.update(np.ascontiguousarray(getattr(self, name)).tobytes())
        return found.hexdigest()

    def require_weights(self, weights: str, *, what: str) -> None:
        """Refuse draws that another model made.

        Raises:
            MismatchError: With both hashes.
        """
        others = {self.hashes[int(each)] for each in np.unique(self.weights)} - {"", weights}
        if others:
            raise MismatchError(
                f"{what} were sampled by another model: weights {min(others)[:12]}, the checkpoint "
                f"has {weights[:12]}. Give the checkpoint the step that it has; or, if it was "
                "trained again, run `foretoken measure CHECKPOINT --replace` (its old rollouts: "
                "--no-rollouts)"
            )

    def _where(self, chosen: BoolPerDraw) -> "OwnDraws":
        rows = {f.name for f in fields(self)} - {"types", "hashes", "tasks"}
        return replace(self, **{name: getattr(self, name)[chosen] for name in rows})


def read_own_draws(run: Run, source: str, *, steps: Collection[int]) -> OwnDraws:
    """Stored draws of one source (`count` or `rollout`) at some steps, in one pass."""
    where = pc.field("source") == source
    where &= pc.field("step").isin(pa.array(sorted(steps), pa.int64()))
    tables = [
        run.table(Draw, part=part, where=where, columns=_COLUMNS)
        for part in parts_at(run, Draw, steps=steps, source=source)
    ]
    table = pa.concat_tables(tables) if tables else _no_draws()
    kind, types = _codes(table["exploit_type"])
    weights, hashes = _codes(pc.fill_null(table["weights"], ""))
    task, tasks = _codes(table["task"])
    return OwnDraws(
        types=tuple(types),
        hashes=tuple(hashes),
        tasks=tuple(tasks),
        kind=kind,
        task=task,
        step=_numbers(table["step"]),
        graded=np.asarray(table["hacked"].is_valid().to_numpy(), dtype=np.bool_),
        hacked=np.asarray(pc.fill_null(table["hacked"], False).to_numpy(), dtype=np.bool_),
        deliberate=np.asarray(pc.fill_null(table["deliberate"], False).to_numpy(), dtype=np.bool_),
        tokens=_numbers(table["tokens"]),
        weights=weights,
    )


def _no_draws() -> pa.Table:
    schema = codec.schema(Draw)
    names = [pa.field("tokens", pa.int32()) if n == "tokens" else schema.field(n) for n in _COLUMNS]
    return pa.schema(names).empty_table()


def _codes(column: pa.ChunkedArray) -> tuple[IntPerDraw, list[str]]:
    """Index of each value among the distinct ones, and these."""
    coded = column.combine_chunks().dictionary_encode()
    return _numbers(coded.indices), coded.dictionary.to_pylist()


def _numbers(column: pa.ChunkedArray | pa.Array) -> IntPerDraw:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.int64)
