"""Inspect: `.eval` logs, one sample a completion; they state no step."""

from collections.abc import Mapping
from typing import Any

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
)

GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Correct, partly, incorrect, no answer: as Inspect's own metrics take them."""
_CUT = ("max_tokens", "model_length")


def read_sample(row: Row) -> LoggedRollout:
    """Return the rollout of a sample, as Inspect logs it."""
    output = mapping(row["output"])
    choices = sequence(output.get("choices"))
    prompt, dialogue = asked(row["input"])
    error = mapping(row.get("error"))
    parts = _parts(mapping(row.get("scores")))
    stopped = text(mapping(choices[0]).get("stop_reason")) if choices else None
    scored = [value for value in parts.values() if value is not None]
    return LoggedRollout(
        key="",
        layout=LAYOUT.name,
        training=False,
        task=text(row["id"]),
        prompt=prompt,
        messages=dialogue,
        completion=text(output.get("completion")),
        turns=sum(turn.role == "assistant" for turn in messages(row.get("messages"))),
        truth=row.get("target"),
        reward=scored[0] if len(parts) == 1 and scored and not error else None,
        parts=parts,
        graders={name: GraderCall(tells_nan=False) for name in parts},
        error=None if not error else text(error.get("message")) or "the sample failed",
        truncated=None if stopped is None else stopped in _CUT,
        columns={"epoch": row["epoch"], "metadata": dict(mapping(row.get("metadata")))},
    )


def _parts(scores: Mapping[str, Any]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name, score in scores.items():
        value = mapping(score).get("value")
        inner = mapping(value)
        found |= {f"{name}/{part}": _grade(each) for part, each in inner.items()}
        if not inner:
            found[name] = _grade(value)
    return found


def _grade(value: Any) -> float | None:
    return GRADES.get(value) if isinstance(value, str) else number(value)


LAYOUT = Layout(
    name="inspect",
    tried="inspect-ai 0.3.285",
    recognises=has("id", "epoch", "input", "target", "output"),
    read=lambda row, _: (read_sample(row),),
)
