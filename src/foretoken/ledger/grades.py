"""From logged rollouts to what each reward function gave them."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping

from pydantic import Field, field_validator

from foretoken.grader_records import Grade
from foretoken.logs.base import REWARD, GraderCall, LoggedRollout
from foretoken.work.settings import Settings

TIME_OUT = re.compile(r"time[sd]?[ _-]?out|deadline|took too long", re.IGNORECASE)
"""In an error that names a time-out."""


class GraderLimits(Settings):
    """What is fine of a reward function."""

    grader_seconds: float | None = Field(default=None, gt=0)
    """Longest call of a reward function that does not count as a time-out; none: only errors that
    name one do."""
    grader_ranges: dict[str, tuple[float, float]] = Field(
        default_factory=dict[str, tuple[float, float]]
    )
    """Lowest and highest value of reward functions, by name; others are counted as outside. Both
    settings hold for what is read with them."""

    @field_validator("grader_ranges")
    @classmethod
    def _ordered(cls, given: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        for name, (low, high) in given.items():
            if not low <= high:
                raise ValueError(f"{name}: the lowest value comes first, not {low:g} and {high:g}")
        return given


def grades_of(rollouts: Iterable[LoggedRollout], limits: GraderLimits) -> list[Grade]:
    """Return what reward functions gave some rollouts, one each of rollout and function."""
    return [
        _grade(rollout, name, call, limits)
        for rollout in rollouts
        for name, call in rollout.graders.items()
    ]


def answer_hash(rollout: LoggedRollout) -> int | None:
    """Return a hash of what was graded; None where that may be equal and yet be another question.

    Equal answers have one prompt, one task, one truth and one completion. Where only the last of
    several turns is known, and where neither prompt nor task is, nothing is compared.
    """
    asked = (rollout.task, rollout.prompt, rollout.prompt_ids)
    said = rollout.completion_ids or rollout.completion
    if not any(asked) or said is None or rollout.turns > 1:
        return None
    told = rollout.columns if any(c.seconds is not None for c in rollout.graders.values()) else {}
    known = json.dumps([*asked, said, rollout.truth, told], sort_keys=True, default=str)
    digest = hashlib.blake2b(known.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _grade(rollout: LoggedRollout, name: str, call: GraderCall, limits: GraderLimits) -> Grade:
    error = call.error if call.seconds is not None else call.error or rollout.error
    value = _value(rollout, name)
    return Grade(
        key=rollout.key,
        step=rollout.step,
        training=rollout.training,
        grader=name,
        value=value,
        tells_nan=call.tells_nan,
        answer=answer_hash(rollout),
        batch=None if call.seconds is None else rollout.batch,
        seconds=call.seconds,
        error=error,
        timed_out=_timed_out(error, call.seconds, limits.grader_seconds),
        outside=_outside(value, name, limits.grader_ranges),
    )


def _value(rollout: LoggedRollout, name: str) -> float | None:
    """What a reward function gave; of one that is no part, what all gave together."""
    is_part = name in rollout.parts
    if (name if is_part else REWARD) in rollout.not_numbers:
        return math.nan
    return rollout.parts[name] if is_part else rollout.reward


def _timed_out(error: str | None, seconds: float | None, longest: float | None) -> bool:
    late = seconds is not None and longest is not None and seconds > longest
    return late or (error is not None and TIME_OUT.search(error) is not None)


def _outside(
    value: float | None, name: str, ranges: Mapping[str, tuple[float, float]]
) -> bool | None:
    if name not in ranges or value is None or math.isnan(value):
        return None
    low, high = ranges[name]
    return not low <= value <= high
