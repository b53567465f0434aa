"""TRL: `completions/completions_STEP.parquet`, written with `log_completions=True`."""

import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import pyarrow.parquet as pq

from foretoken.logs.base import (
    GraderCall,
    Layout,
    LoggedRollout,
    Row,
    asked,
    has,
    mapping,
    messages,
    number,
    sequence,
    text,
    whole,
    without,
)

_NUMBERS = frozenset({"double", "float", "halffloat", "null"})
_OWN = ("step", "prompt", "completion", "advantage")


def _read(row: Row, path: Path) -> Iterable[LoggedRollout]:
    step, said = whole(row["step"]), messages(row["completion"])
    rewards = _reward_names(path, tuple(row))
    parts = {name: number(row[name]) for name in rewards}
    scored = [value for value in parts.values() if value is not None]
    prompt, dialogue = asked(row["prompt"])
    yield LoggedRollout(
        key="",
        layout=LAYOUT.name,
        step=None if step is None else step - 1,
        prompt=prompt,
        messages=dialogue,
        completion=text(said[-1].content) if said else text(row["completion"]),
        turns=max(1, sum(turn.role == "assistant" for turn in said)),
        reward=scored[0] if len(scored) == 1 else None,
        parts=parts,
        graders={name: GraderCall(tells_nan=False) for name in rewards},
        advantage=number(row["advantage"]),
        columns=without(row, *_OWN, *rewards),
    )


@lru_cache(maxsize=64)
def _reward_names(path: Path, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Columns that reward functions made: those that the trainer logged a mean of; where it kept
    no log, those of the functions that stand before the first column that is no number."""
    known = _logged_rewards(path.parent.parent)
    if known:
        return tuple(name for name in columns if name in known)
    return _numeric(path)


def _logged_rewards(output: Path) -> frozenset[str]:
    """Names of reward functions, by the state that a trainer saved with its last checkpoint."""
    found: set[str] = set()
    for state in sorted(output.glob("checkpoint-*/trainer_state.json"))[-1:]:
        try:
            history = sequence(mapping(json.loads(state.read_text())).get("log_history"))
        except (OSError, ValueError):
            return frozenset()
        for key in (key for logged in history for key in mapping(logged)):
            start, _, name = key.partition("/")
            if start == "rewards" and name.endswith("/mean"):
                found.add(name.removesuffix("/mean"))
    return frozenset(found)


def _numeric(path: Path) -> tuple[str, ...]:
    """Columns of numbers, and those that hold nothing at all."""
    schema = pq.read_schema(path)
    kinds = {name: str(schema.field(name).type) for name in schema.names}
    return tuple(n for n, kind in kinds.items() if n not in _OWN and kind in _NUMBERS)


LAYOUT = Layout(
    name="trl",
    tried="trl 1.16",
    recognises=has(*_OWN),
    read=_read,
    advice="set logging_steps=1: what is drawn between two logged steps is not kept",
)
