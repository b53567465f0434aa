"""The bank as arrays: hits with their proposal densities, ready for any checkpoint."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foretoken.arrays import (
    AnyArray,
    BoolPerDraw,
    FloatPerCheckpointDraw,
    FloatPerDraw,
    IntPerComponent,
    IntPerDraw,
    IntPerTask,
)
from foretoken.bank.coverage import Others
from foretoken.bank.densities import Densities, log_pool
from foretoken.errors import TaskError
from foretoken.estimate.foresee import foreseen_hits
from foretoken.records import (
    BankHealth,
    BankHit,
    Component,
    Draw,
    KindShare,
    Mixture,
    Sampling,
    Spoken,
    Task,
)


class Hit(Protocol):
    """What an estimate needs of a hit: of a draw, or of a stored `BankHit`."""

    @property
    def key(self) -> str:
        """Of the draw."""
        ...

    @property
    def task(self) -> str:
        """Key of its task."""
        ...

    @property
    def step(self) -> int:
        """Checkpoint that it was drawn around."""
        ...

    @property
    def text(self) -> str:
        """Equal for copies of a text; empty: not known."""
        ...

    @property
    def spoken(self) -> Spoken | None:
        """Whether the reasoning names the flaw before the answer."""
        ...

    @property
    def flaw_named_at(self) -> float:
        """Where it first does, as a share of the reasoning; infinite: never."""
        ...


@dataclass(frozen=True)
class Drawn:
    """Draws of one exploit type, hits or not, as columns."""

    task: IntPerDraw
    """Index of each draw's task."""
    step: IntPerDraw
    stage: IntPerDraw
    component: IntPerDraw
    graded: BoolPerDraw
    hacked: BoolPerDraw
    tokens: IntPerDraw
    """Sampled."""

    COLUMNS = ("task", "step", "stage", "component", "hacked", "tokens")

    @classmethod
    def of_draws(cls, draws: Sequence[Draw], keys: Sequence[str]) -> "Drawn":
        """From records, with the keys of the type's tasks."""
        index = {key: position for position, key in enumerate(keys)}

        def column(values: list[int]) -> IntPerDraw:
            return np.array(values, dtype=np.int64)

        return cls(
            task=column([index[each.task] for each in draws]),
            step=column([each.step for each in draws]),
            stage=column([each.stage for each in draws]),
            component=column([each.component for each in draws]),
            graded=np.array([each.hacked is not None for each in draws], dtype=np.bool_),
            hacked=np.array([bool(each.hacked) for each in draws], dtype=np.bool_),
            tokens=column([len(each.tokens) for each in draws]),
        )

    @classmethod
    def of_table(cls, table: pa.Table, keys: Sequence[str]) -> "Drawn":
        """From stored rows of `COLUMNS` on the tasks of these keys."""
        task = pc.call_function(
            "index_in",
            [table["task"].combine_chunks()],
            pc.SetLookupOptions(pa.array(keys, pa.string())),
        )
        lengths = pc.call_function("list_value_length", [table["tokens"]])
        return cls(
            task=_integers(task),
            step=_integers(table["step"]),
            stage=_integers(table["stage"]),
            component=_integers(table["component"]),
            graded=np.asarray(table["hacked"].is_valid().to_numpy(), dtype=np.bool_),
            hacked=np.asarray(pc.fill_null(table["hacked"], False).to_numpy(), dtype=np.bool_),
            tokens=_integers(lengths),
        )

    def round(self, step: int, *, mixtures: Sequence[Mixture], keys: Sequence[str]) -> "Round":
        """What the draws around one checkpoint, from these mixtures, give to the bank."""
        here = self.step == step
        graded = here & self.graded
        components = len(mixtures[0].components)
        counts_xm = np.zeros((len(keys), components))
        for stage in sorted({each.stage for each in mixtures}):
            chosen = [each for each in mixtures if each.stage == stage]
            weights = {key: np.array(each.weights) for each in chosen for key in each.tasks}
            drawn_x = np.bincount(self.task[graded & (self.stage == stage)], minlength=len(keys))
            for position in np.flatnonzero(drawn_x).tolist():
                counts_xm[position] += drawn_x[position] * weights[keys[position]]
        hacked = graded & self.hacked
        first = (
            graded & (self.stage == min(each.stage for each in mixtures)) & (self.component == 0)
        )
        return Round(
            counts_xm=counts_xm,
            drawn_m=np.bincount(self.component[graded], minlength=components),
            hacked_m=np.bincount(self.component[hacked], minlength=components),
            first_draws=int(first.sum()),
            first_hits=int((first & self.hacked).sum()),
            sampled_tokens=int(self.tokens[here].sum()),
        )


def _integers(column: pa.ChunkedArray | pa.Array) -> IntPerDraw:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.int64)


@dataclass(frozen=True)
class Round:
    """What one round of drawing gave to the bank of one exploit type."""

    counts_xm: AnyArray
    """(tasks, components) draws behind the density: as many as the weights say."""
    drawn_m: IntPerComponent
    """(components,) draws that were made."""
    hacked_m: IntPerComponent
    first_draws: int
    """Draws of the subject alone in the first stage, whose number no hit had a say in."""
    first_hits: int
    """Hacks among them."""
    sampled_tokens: int

    @property
    def subject_draws(self) -> int:
        """Draws of the subject alone."""
        return int(self.drawn_m[0])

    @property
    def subject_hits(self) -> int:
        """Hacks among them."""
        return int(self.hacked_m[0])


H_co = TypeVar("H_co", bound=Hit, covariant=True)


@dataclass(frozen=True)
class TypeBank(Generic[H_co]):
    """The bank of one exploit type; its hits are draws while it grows, and stored hits later."""

    exploit_type: str
    tasks: tuple[str, ...]
    """Keys of the tasks, by index."""
    hits: tuple[H_co, ...]
    """Those that were not left out when the bank was thinned."""
    log_q: FloatPerDraw
    """(hits,) pooled density with the draw counts of the hit's own task, nats."""
    stands_for: FloatPerDraw
    """(hits,) for how many hits each stands; a factor of its weight."""
    log_p_reference: FloatPerDraw
    """(hits,) under the subject of the latest round, nats."""
    rounds: Mapping[int, Round]
    """By the step whose subject they were drawn around, in order."""
    draws_per_task: IntPerTask
    grader_errors: int
    health: BankHealth | None
    others: Others = field(default_factory=Others.of)
    """Checked draws that do not hack."""

    @cached_property
    def keys(self) -> pa.Array:
        """Of the hits' draws."""
        return pa.array([hit.key for hit in self.hits], pa.string())

    @cached_property
    def task(self) -> IntPerDraw:
        """(hits,) index of each hit's task."""
        index = {key: position for position, key in enumerate(self.tasks)}
        return np.array([index[hit.task] for hit in self.hits], dtype=np.int64)

    @cached_property
    def text(self) -> IntPerDraw:
        """(hits,) number of each hit's text, equal for copies."""
        said = [hit.text or hit.key for hit in self.hits]
        return np.unique(np.array(said, dtype=object), return_inverse=True)[1].astype(np.int64)

    @cached_property
    def deliberate(self) -> BoolPerDraw:
        """(hits,) whether the reasoning names the flaw before the answer."""
        return self.of_kind(Spoken.SPOKEN)

    def of_kind(self, kind: Spoken) -> BoolPerDraw:
        """(hits,) whether a hit is of this kind."""
        return np.array([hit.spoken is kind for hit in self.hits], dtype=np.bool_)

    def kinds(self, log_p: FloatPerDraw) -> tuple[KindShare, ...]:
        """Hits of each kind that have any weight, and their share of it, by log-probability."""
        log_w = self.log_w(log_p)
        seen = np.isfinite(log_w)
        if not seen.any():
            return ()
        w_d = np.exp(log_w - log_w.max())
        of_kind = {kind: self.of_kind(kind) & seen for kind in Spoken}
        return tuple(
            KindShare(kind=kind, hits=int(own.sum()), share=float(w_d[own].sum() / w_d.sum()))
            for kind, own in of_kind.items()
        )

    @cached_property
    def named_at(self) -> FloatPerDraw:
        """(hits,) where it first does, as a share of the reasoning; infinite: never."""
        return np.array([hit.flaw_named_at for hit in self.hits], dtype=np.float64)

    @cached_property
    def digest(self) -> str:
        """Hash of all that an estimate reads of it."""
        found = hashlib.sha256("\n".join(hit.key for hit in self.hits).encode())
        for array in (self.log_q, self.stands_for, self.log_p_reference, self.draws_per_task):
            found.update(np.ascontiguousarray(array).tobytes())
        for step, each in self.rounds.items():
            found.update(f"{step}:{each.drawn_m.tolist()}:{each.hacked_m.tolist()}".encode())
        found.update(np.ascontiguousarray(self.others.log_q).tobytes())
        health = "" if self.health is None else self.health.model_dump_json()
        found.update(f"{health}:{self.grader_errors}".encode())
        return found.hexdigest()

    def log_w(
        self, log_p: FloatPerDraw | FloatPerCheckpointDraw
    ) -> FloatPerDraw | FloatPerCheckpointDraw:
        """(hits,) log of what each hit adds to the rate of its task, by its log-probability."""
        return log_p - self.log_q + np.log(self.stands_for)

    @property
    def foreseen_hits(self) -> float:
        """Effective hits that are foreseen under the subject that the bank was built for."""
        return foreseen_hits(self.log_p_reference - self.log_q, self.stands_for)


@dataclass(frozen=True)
class Bank:
    """The bank of a run, in one or more rounds."""

    steps: tuple[int, ...]
    """Checkpoints whose subjects it was drawn around, in order."""
    sampling: Sampling
    """Settings of its draws, which every checkpoint must share."""
    tasks: Mapping[str, Task]
    types: tuple[TypeBank[BankHit], ...]
    estimator: str
    """What its estimates are called: `switch`, or the name of the proposals of a baseline."""
    components: tuple[Component, ...]

    @property
    def hits(self) -> list[BankHit]:
        """Hits of all types, in order."""
        return [hit for each in self.types for hit in each.hits]


def type_bank(
    draws: Sequence[Draw],
    *,
    keys: Sequence[str],
    mixtures: Sequence[Mixture],
    densities: Mapping[int, Densities],
    stands_for: Mapping[str, float],
) -> TypeBank[Draw]:
    """Assemble the bank of one exploit type from its draws.

    Args:
        draws: All of this type, graded or not.
        keys: Of its tasks.
        mixtures: That the draws were made from.
        densities: Scores of the hits, by the step of the round.
        stands_for: By draw, where the bank was thinned; others stand for themselves.

    Raises:
        ScoringError: A hit has no score.
        TaskError: A task was drawn, and no draw of it could be graded.
    """
    hits = [draw for draw in draws if draw.hacked and stands_for.get(draw.key, 1.0)]
    index = {key: position for position, key in enumerate(keys)}
    drawn = Drawn.of_draws(draws, keys)
    _require_graded(drawn, keys)
    rounds = type_rounds(drawn, mixtures, keys)
    task = np.array([index[hit.task] for hit in hits], dtype=np.int64)
    counts_xm = {step: each.counts_xm for step, each in rounds.items()}
    log_p, log_q = log_pool(counts_xm, densities, hits, task)
    return TypeBank(
        exploit_type=mixtures[0].exploit_type,
        tasks=tuple(keys),
        hits=tuple(hits),
        log_q=log_q,
        stands_for=np.array([stands_for.get(hit.key, 1.0) for hit in hits], dtype=np.float64),
        log_p_reference=log_p,
        rounds=rounds,
        draws_per_task=np.bincount(drawn.task[drawn.graded], minlength=len(keys)),
        grader_errors=int((~drawn.graded).sum()),
        health=None,
    )


def _require_graded(drawn: Drawn, keys: Sequence[str]) -> None:
    silent = {*drawn.task.tolist()} - {*drawn.task[drawn.graded].tolist()}
    if silent:
        raise TaskError(
            f"no draw of the task {keys[min(silent)]} could be graded (see their grader_error): "
            "repair its grader or leave the task out, and build the bank anew in another run "
            "directory"
        )


def type_rounds(drawn: Drawn, mixtures: Sequence[Mixture], keys: Sequence[str]) -> dict[int, Round]:
    """Rounds of one exploit type by step, in order."""
    return {
        step: drawn.round(
            step, mixtures=[each for each in mixtures if each.step == step], keys=keys
        )
        for step in sorted({each.step for each in mixtures})
    }
