"""What any trainer's log says of a rollout, and what a layout of logs is."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import Field

from foretoken.errors import SetupError
from foretoken.records import Json, Message, Record

REWARD = "reward"
"""Stands for all reward functions together, where a log tells their sum."""
Row = Mapping[str, Any]
"""One row of a log, as it was parsed."""


class LogError(SetupError):
    """A log that cannot be read, or is of no known layout."""


class GraderCall(Record):
    """What a log tells of one call of a reward function; all answers of the call share it."""

    seconds: float | None = None
    """How long it took; None: the log does not say, nor which answers were of one call."""
    error: str | None = None
    """What it raised."""
    tells_nan: bool = True
    """Whether the log keeps NaN apart from no value at all."""


class LoggedRollout(Record):
    """One completion, as a trainer or an evaluation logged it."""

    folder = "logged"

    key: str
    """Unique in the run: the log's file and the place in it."""
    batch: str = ""
    """What was logged at once: the log's file and the row in it."""
    layout: str
    """Who wrote the log, as `trl`."""
    step: int | None = None
    """Optimiser steps that the policy had made when it drew this; None: the log does not say."""
    training: bool = True
    """Whether training learned from it; False: drawn for an evaluation."""
    task: str | None = None
    """What the log calls its task."""
    prompt: str | None = None
    """Text that was asked; of a dialogue, all of its messages."""
    messages: tuple[Message, ...] = ()
    """The dialogue that was asked, where the log keeps one."""
    completion: str | None = None
    """Text of the answer; of several turns, the last. Special tokens may be lost."""
    prompt_ids: tuple[int, ...] = ()
    completion_ids: tuple[int, ...] = ()
    """Token ids, where the log keeps them and the answer has one turn."""
    turns: int = 1
    """How often the model spoke."""
    truth: Json = None
    """What the grader was told of the right answer."""
    reward: float | None = None
    """What training paid; None: it was not scored, or the log tells parts alone."""
    parts: dict[str, float | None] = Field(default_factory=dict[str, float | None])
    """What each reward function gave, unweighted; None: it did not score this."""
    graders: dict[str, GraderCall] = Field(default_factory=dict[str, GraderCall])
    """Reward functions that were asked; one that is not among `parts` gave the reward. Empty: the
    log has no reward."""
    not_numbers: tuple[str, ...] = ()
    """Parts that were given as NaN, and `REWARD` if that was; the value itself is None."""
    advantage: float | None = None
    error: str | None = None
    """Why it has no reward: the environment or the grader failed."""
    truncated: bool | None = None
    """Whether it was cut at its longest length; None: the log does not say."""
    columns: dict[str, Json] = Field(default_factory=dict[str, Json])
    """All else that the log says of it."""


Reading = Callable[[Row, Path], Iterable[LoggedRollout]]
"""The rollouts of one row of a file; their keys are left empty and `layout` as it comes."""


@dataclass(frozen=True)
class Layout:
    """One way of writing a log."""

    name: str
    tried: str
    """Versions whose logs were read, for messages."""
    recognises: Callable[[Row], bool]
    """Whether a row is of this layout, by what is in it."""
    read: Reading
    advice: str = ""
    """What to set where steps are missing."""
    passes_over: Callable[[Path], bool] = lambda _: False
    """Whether a file of this layout repeats what another one holds."""


def has(*keys: str) -> Callable[[Row], bool]:
    """Return whether a row has all of these keys."""
    return lambda row: all(key in row for key in keys)


def mapping(value: Any) -> Mapping[str, Any]:
    """Return what should be an object of JSON; an empty one where there is none."""
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """Return what should be a list of JSON; an empty one where there is none."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return cast(Sequence[Any], value)
    return ()


def number(value: Any) -> float | None:
    """Return a number that was logged; None where it is none, or not a number (NaN)."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return None if math.isnan(value) else float(value)
    return None


def nan_names(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of values that are not a number (NaN), which `number` takes for none."""
    return tuple(n for n, each in values.items() if isinstance(each, float) and math.isnan(each))


def whole(value: Any) -> int | None:
    """Return a whole number that was logged; None where it is none."""
    found = number(value)
    return int(found) if found is not None and found == math.floor(found) else None


def text(value: Any) -> str | None:
    """Return a text; the text of its parts where content is made of parts; None for nothing."""
    if value is None or isinstance(value, str):
        return value
    parts = [mapping(part).get("text") for part in sequence(value)]
    if parts:
        return "".join(each for each in parts if isinstance(each, str))
    return str(value)


def messages(value: Any) -> tuple[Message, ...]:
    """Return a dialogue, where a value is one."""
    turns = [mapping(turn) for turn in sequence(value)]
    if not all("role" in turn for turn in turns):
        return ()
    return tuple(Message(role=str(t["role"]), content=text(t.get("content"))) for t in turns)


def as_text(dialogue: Sequence[Message]) -> str:
    """Return all that was said in a dialogue."""
    return "\n".join(str(turn.content) for turn in dialogue if turn.content)


def asked(value: Any) -> tuple[str | None, tuple[Message, ...]]:
    """Return the text and the dialogue of a prompt that is either."""
    dialogue = messages(value)
    return (as_text(dialogue) if dialogue else text(value)), dialogue


def ids(value: Any) -> tuple[int, ...]:
    """Return token ids; none where there are none."""
    return tuple(int(each) for each in sequence(value))


def without(row: Row, *names: str) -> dict[str, Json]:
    """Return what a row has beside some keys."""
    return {key: value for key, value in row.items() if key not in names}
