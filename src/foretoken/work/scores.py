"""Stored scores: how scorers are named, and how scores are read back. Needs no model library."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foretoken.arrays import AnyArray, FloatPerDraw, IntPerDraw
from foretoken.errors import MismatchError, ScoringError
from foretoken.records import Draw, Identity, Score, Speaker, distinct
from foretoken.store import codec
from foretoken.store.run import Run

JOINED = ("tokenizer", "template", "dtype", "engine")
"""Fields of an identity, besides the weights, in which two scorers of one name may not differ."""


def step_scorer(step: int) -> str:
    """Name of a checkpoint as a scorer."""
    return f"step:{step}"


def donor_scorer(strength: float, *, step: int) -> str:
    """Name of the checkpoint of a step plus `strength` times the donor as a scorer."""
    return f"donor:{strength:g}:{step}"


def hint_scorer(*, step: int) -> str:
    """Name of the checkpoint of a step, reading the bank's hint, as a scorer."""
    return f"hint:{step}"


def speaker_scorer(speaker: Speaker, *, step: int) -> str:
    """Name of whoever speaks inside a component's windows as a scorer."""
    if isinstance(speaker, str):
        return hint_scorer(step=step)
    return donor_scorer(speaker, step=step) if speaker else step_scorer(step)


@dataclass(frozen=True)
class StoredLogP:
    """Log-probabilities of draws under one scorer, as columns."""

    scorer: str
    draws: pa.Array
    """Their keys, each once."""
    log_p: FloatPerDraw
    """NaN where scoring failed."""
    scored_tokens: IntPerDraw
    errors: pa.Array

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {draw: row for row, draw in enumerate(self.draws.to_pylist())}

    def places(self, keys: pa.Array) -> IntPerDraw:
        """Row of each draw; -1 where it has none."""
        rows = self._rows
        return np.array([rows.get(key, -1) for key in keys.to_pylist()], dtype=np.int64)

    def missing(self, keys: pa.Array) -> AnyArray:
        """(draws,) bool: no log-probability is known."""
        return self._unknown(self.places(keys))

    def _unknown(self, row: IntPerDraw) -> AnyArray:
        if not len(self.log_p):
            return np.ones(len(row), dtype=np.bool_)
        return np.where(row < 0, True, np.isnan(self.log_p[row]))

    def of(self, keys: pa.Array) -> tuple[FloatPerDraw, IntPerDraw]:
        """Log-probability of each draw, and the tokens that were pushed through the model for it.

        Raises:
            ScoringError: A draw has no score, or its score failed.
        """
        row = self.places(keys)
        missing = self._unknown(row)
        if missing.any():
            first = int(np.flatnonzero(missing)[0])
            reason = "never scored" if row[first] < 0 else str(self.errors[int(row[first])])
            raise ScoringError(
                f"{int(missing.sum())} of {len(keys)} draws have no log-probability under "
                f"{self.scorer}, the first is {keys[first]} ({reason}): check that model's "
                "weights, then run `foretoken measure`, which scores only what is missing"
            )
        if not len(row):
            return np.zeros(0), np.zeros(0, dtype=np.int64)
        return self.log_p[row], self.scored_tokens[row]


def read_log_p(run: Run, scorer: str, *, identity: Identity | None = None) -> StoredLogP:
    """Read one scorer's scores, in one pass and without those of single tokens.

    Args:
        run: Where they are.
        scorer: See `Score.scorer`.
        identity: What the scorer is now; None: whatever it was.

    Raises:
        MismatchError: The stored scores were made by another model, or by two.
    """
    columns = ["draw", "log_p", "scored_tokens", "error", "identity"]
    table = run.table(Score, within=scorer, columns=columns)
    made = identities(table.filter(table["log_p"].is_valid())["identity"])
    require_one_model(made, identity, scorer=scorer, run=run)
    known = np.asarray(table["log_p"].is_valid().to_numpy(zero_copy_only=False), dtype=np.int64)
    order = np.argsort(known, kind="stable")[::-1]
    keys = table["draw"].combine_chunks().take(pa.array(order))
    first = np.unique(keys.dictionary_encode().indices.to_numpy(), return_index=True)[1]
    kept = table.take(pa.array(order[first]))
    return StoredLogP(
        scorer=scorer,
        draws=kept["draw"].combine_chunks(),
        log_p=np.asarray(pc.fill_null(kept["log_p"], np.nan).to_numpy(), dtype=np.float64),
        scored_tokens=np.asarray(kept["scored_tokens"].to_numpy(), dtype=np.int64),
        errors=kept["error"].combine_chunks(),
    )


def identities(column: pa.ChunkedArray) -> list[Identity]:
    """Distinct identities of a stored column."""
    return [Identity.model_validate(codec.decode(text)) for text in column.unique().to_pylist()]


def require_one_model(
    stored: Iterable[Identity], identity: Identity | None, *, scorer: str, run: Run
) -> None:
    """Refuse scores that were made by another model than the one that goes by this name now.

    Raises:
        MismatchError: With both hashes and the remedy.
    """
    every = list(stored) if identity is None else [*stored, identity]
    for other in every[:-1]:
        _require_same(other, every[-1], scorer=scorer, run=run)


def _require_same(stored: Identity, now: Identity, *, scorer: str, run: Run) -> None:
    if stored.weights != now.weights:
        raise MismatchError(
            f"{scorer} of {run.path} is another model: what is stored was made with weights "
            f"{stored.weights[:12] or 'unknown'}, now they are {now.weights[:12] or 'unknown'}. "
            "Give the checkpoint the step that it has; or, if it was trained again, run "
            "`foretoken measure CHECKPOINT --replace`, which measures that step anew"
        )
    differing = [
        f"{name} {getattr(stored, name)[:12]!r} against {getattr(now, name)[:12]!r}"
        for name in JOINED
        if getattr(stored, name) != getattr(now, name)
    ]
    if differing:
        raise MismatchError(
            f"{scorer} of {run.path} was scored with other settings ({', '.join(differing)}): "
            "a weight compares one distribution with itself, so score with the same ones"
        )


def read_scores(run: Run, scorer: str, *, draws: Sequence[str] | None = None) -> dict[str, Score]:
    """Stored scores of one scorer by draw: the best where a draw has several.

    One with the log-probability of each token is better than one without, and that than a failure.

    Args:
        run: Where they are.
        scorer: See `Score.scorer`.
        draws: Keys of the draws; None: all.

    Raises:
        MismatchError: They were made by two models.
    """
    found: dict[str, Score] = {}
    where = None
    if draws is not None:
        where = pc.field("draw").isin(pa.array(draws, pa.string()))
    every = run.read(Score, within=scorer, where=where)
    made = distinct(each.identity for each in every if each.log_p is not None)
    require_one_model(made, None, scorer=scorer, run=run)
    for each in every:
        if each.draw not in found or _worth(each) >= _worth(found[each.draw]):
            found[each.draw] = each
    return found


def _worth(score: Score) -> int:
    return (score.log_p is not None) + (score.log_p_tokens is not None)


def scores_of(draws: Sequence[Draw], scores: Mapping[str, Score], *, scorer: str) -> list[Score]:
    """The score of each draw.

    Raises:
        ScoringError: A draw has no score, or its score failed.
    """
    found = [scores.get(draw.key) for draw in draws]
    failed = [
        (draw.key, "never scored" if each is None else each.error)
        for draw, each in zip(draws, found, strict=True)
        if each is None or each.log_p is None
    ]
    if failed:
        key, reason = failed[0]
        raise ScoringError(
            f"{len(failed)} of {len(draws)} draws have no log-probability under {scorer}, the "
            f"first is {key} ({reason}): check that model's weights, then run the same command "
            "again, which scores only what is missing"
        )
    return [each for each in found if each is not None]
