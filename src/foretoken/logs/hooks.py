"""Our own hooks inside of trainers: `inbox/rollouts-HOST-PROCESS.jsonl`, a batch in each line."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from foretoken.logs.base import (
    REWARD,
    GraderCall,
    Layout,
    LoggedRollout,
    Row,
    asked,
    has,
    ids,
    mapping,
    messages,
    nan_names,
    number,
    sequence,
    text,
    whole,
)
from foretoken.logs.rows import rows_of
from foretoken.records import Message

INBOX = "inbox"
"""Folder of a run directory in which hooks write."""
FAULTS = "faults"
"""Beginning of the names of files that say what could not be recorded."""
KEEPS_NAN = 2
"""Version of the lines from which on NaN is kept apart from no value."""


def written(value: float | None) -> float | str | None:
    """Return a number as strict JSON can hold it: what is not finite as a text."""
    return value if value is None or math.isfinite(value) else str(value)


def _given(value: Any) -> Any:
    """What `written` was told."""
    return float(value) if value in ("nan", "inf", "-inf") else value


def training(inbox: Path) -> Mapping[str, Any]:
    """Return what the newest hook said of its training; nothing where none did."""
    found: dict[str, Any] = {}
    for file in sorted(inbox.glob("training-*.jsonl"), key=lambda each: each.stat().st_mtime):
        for placed in rows_of(file):
            found |= placed.row or {}
    return found


def _read(row: Row, _: Path) -> Iterable[LoggedRollout]:
    prompts = [asked(each) for each in sequence(row["prompts"])]
    keeps = (whole(row["foretoken"]) or 0) >= KEEPS_NAN
    graders = {
        name: GraderCall(
            seconds=number(said.get("seconds")), error=text(said.get("error")), tells_nan=keeps
        )
        for name, said in ((n, mapping(each)) for n, each in mapping(row.get("graders")).items())
    }
    failed = [f"{name}: {said.error}" for name, said in graders.items() if said.error]
    for each in map(mapping, sequence(row["rollouts"])):
        place = whole(each.get("prompt"))
        prompt, dialogue = (None, ()) if place is None else prompts[place]
        said = messages(each.get("completion"))
        error = text(each.get("error")) or "; ".join(failed) or None
        truncated = each.get("truncated")
        columns: dict[str, Any] = dict(mapping(each.get("columns")))
        reward = _given(each.get("reward"))
        parts = {name: _given(value) for name, value in mapping(each.get("parts")).items()}
        yield LoggedRollout(
            key="",
            layout=str(row["by"]),
            step=whole(row.get("step")),
            training=bool(each.get("training", True)),
            task=text(each.get("task")),
            prompt=prompt,
            messages=dialogue,
            completion=text(said[-1].content if said else each.get("completion")),
            prompt_ids=ids(each.get("prompt_ids")),
            completion_ids=ids(each.get("ids")),
            turns=_turns(each, said),
            truth=each.get("truth"),
            reward=None if error else number(reward),
            parts={name: number(value) for name, value in parts.items()},
            graders=graders | _own_graders(each),
            not_numbers=nan_names({REWARD: reward, **parts}),
            error=error,
            truncated=truncated if isinstance(truncated, bool) else None,
            columns=columns,
        )


def _own_graders(each: Row) -> dict[str, GraderCall]:
    """What a rollout that another tool logged tells of its graders."""
    own = mapping(each.get("graders"))
    return {name: GraderCall.model_validate(mapping(said)) for name, said in own.items()}


def _turns(each: Row, said: Sequence[Message]) -> int:
    stated = whole(each.get("turns"))
    return max(1, sum(turn.role == "assistant" for turn in said)) if stated is None else stated


def faults(inbox: Path) -> list[str]:
    """Return lines about what hooks could not record."""
    counts: Counter[str] = Counter()
    for file in sorted(inbox.glob(f"{FAULTS}-*.jsonl")):
        told = [placed.row for placed in rows_of(file) if placed.row is not None]
        for fault, count in mapping(told[-1].get("faults") if told else None).items():
            counts[fault] += whole(count) or 0
    return [f"a hook could not record all: {fault} ({count}x)" for fault, count in counts.items()]


def line(by: str, rollouts: Sequence[LoggedRollout]) -> dict[str, Any]:
    """Return what a hook writes of rollouts that were read as a tool's own log is.

    Args:
        by: Name of the tool.
        rollouts: Of one step.
    """
    prompts: list[Any] = []
    return {
        "by": by,
        "step": rollouts[0].step if rollouts else None,
        "graders": {},
        "prompts": prompts,
        "rollouts": [_written(each, prompts) for each in rollouts],
    }


def _written(each: LoggedRollout, prompts: list[Any]) -> dict[str, Any]:
    """A rollout as it stands in a line, whose prompts are added to."""
    said = each.model_dump(
        include={"task", "prompt_ids", "completion", "truth", "reward", "parts", "training"}
        | {"error", "truncated", "turns", "columns", "graders"},
    )
    said["parts"] |= dict.fromkeys(set(each.not_numbers) - {REWARD}, written(math.nan))
    if REWARD in each.not_numbers:
        said["reward"] = written(math.nan)
    prompt = [turn.model_dump() for turn in each.messages] or each.prompt
    if prompt is not None:
        if prompt not in prompts:
            prompts.append(prompt)
        said["prompt"] = prompts.index(prompt)
    return said | {"ids": list(each.completion_ids)}


LAYOUT = Layout(
    name="hooks",
    tried="versions 1 and 2 of our own",
    recognises=has("foretoken", "by", "prompts", "rollouts"),
    read=_read,
)
