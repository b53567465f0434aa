"""What a reward promises, and how rewards that may fail are asked."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from foretoken.records import Task

Job = tuple[Task, str]
"""A task and an answer to it."""


@dataclass(frozen=True, slots=True)
class RewardValue:
    """What a reward gave for one answer: a value, an abstention (no value), or an error."""

    value: float | None
    """None: it abstains, or failed."""
    spread: float | None = None
    """How much the reward doubts its own value, in the value's unit; None: not known."""
    error: str | None = None
    """What it did instead, e.g. `raised ValueError: no prompt`; never a property of the answer."""


class Reward(Protocol):
    """Anything that gives answers a value: a rule, a reward model, a judge, a mixture of them."""

    def score(self, jobs: Sequence[Job]) -> list[RewardValue]:
        """One value per (task, answer), in order."""
        ...


def failed(reason: str) -> RewardValue:
    """A reward that could not be had, and what it did instead: `raised ValueError: ...`."""
    return RewardValue(value=None, error=reason)


def finite(given: Any) -> RewardValue:
    """The value as it may be used: anything but a finite number, or none at all, is an error."""
    if not isinstance(given, RewardValue):
        return failed(f"gave a {type(given).__name__} and no RewardValue")
    if given.error is not None:
        return failed(given.error)
    if given.value is None:
        return given
    try:
        value = float(given.value)
    except (TypeError, ValueError):
        return failed(f"gave {given.value!r:.80}, which is no number")
    return RewardValue(value, given.spread) if math.isfinite(value) else failed(f"is {value}")


def ask(reward: Reward, jobs: Sequence[Job]) -> list[RewardValue]:
    """Ask a reward that may fail. A failure is the error of its own job and of no other.

    All jobs are asked about together. Where that raises, each is asked about by itself.

    Returns:
        One value per job, in order: finite, an abstention, or an error.
    """
    if not jobs:
        return []
    try:
        given = cast(Collection[Any], reward.score(jobs))
    except Exception as error:  # noqa: BLE001  a reward is the user's code, and may raise anything
        if len(jobs) == 1:
            return [failed(f"raised {type(error).__name__}: {error}")]
        return [value for job in jobs for value in ask(reward, [job])]
    if not isinstance(given, list) or len(given) != len(jobs):
        count = f"{len(given)} values" if isinstance(given, list) else f"a {type(given).__name__}"
        return [failed(f"gave {count} for {len(jobs)} answers")] * len(jobs)
    return [finite(value) for value in given]
