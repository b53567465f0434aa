"""Rows of one's own: JSON lines or Parquet, with columns of usual names."""

from collections.abc import Iterable
from pathlib import Path

from foretoken.logs.base import (
    REWARD,
    GraderCall,
    Layout,
    LoggedRollout,
    Row,
    asked,
    ids,
    messages,
    nan_names,
    number,
    text,
    whole,
    without,
)

USUAL: dict[str, tuple[str, ...]] = {
    "step": ("step", "global_step", "training_step", "iteration"),
    "task": ("task", "task_id", "problem_id", "id"),
    "prompt": ("prompt", "messages", "question", "input"),
    "completion": ("completion", "response", "output", "answer", "text"),
    "prompt_ids": ("prompt_ids", "prompt_token_ids"),
    "completion_ids": ("completion_ids", "completion_token_ids", "tokens"),
    "reward": ("reward", "score"),
    "advantage": ("advantage",),
    "error": ("error",),
    "truth": ("truth", "ground_truth", "label", "target"),
    "truncated": ("truncated",),
}
"""Names under which each column is found, the first that is there."""


def _found(row: Row) -> dict[str, str]:
    places = {role: [n for n in names if n in row] for role, names in USUAL.items()}
    return {role: names[0] for role, names in places.items() if names}


def _recognises(row: Row) -> bool:
    found = _found(row)
    return bool({"completion", "completion_ids"} & set(found)) and bool(
        {"step", "reward"} & set(found)
    )


def _read(row: Row, path: Path) -> Iterable[LoggedRollout]:
    found = _found(row)
    cell = {role: row.get(found.get(role, "")) for role in USUAL}
    prompt, dialogue = asked(cell["prompt"])
    said = messages(cell["completion"])
    truncated, paid = cell["truncated"], "reward" in found
    yield LoggedRollout(
        key="",
        layout=LAYOUT.name,
        step=whole(cell["step"]),
        task=text(cell["task"]),
        prompt=prompt,
        messages=dialogue,
        completion=text(said[-1].content if said else cell["completion"]),
        prompt_ids=ids(cell["prompt_ids"]),
        completion_ids=ids(cell["completion_ids"]),
        turns=max(1, sum(turn.role == "assistant" for turn in said)),
        truth=cell["truth"],
        reward=None if cell["error"] else number(cell["reward"]),
        graders={REWARD: GraderCall(tells_nan=path.suffix != ".parquet")} if paid else {},
        not_numbers=nan_names({REWARD: cell["reward"]}),
        advantage=number(cell["advantage"]),
        error=text(cell["error"] or None),
        truncated=truncated if isinstance(truncated, bool) else None,
        columns=without(row, *found.values()),
    )


LAYOUT = Layout(
    name="plain",
    tried="rows with a completion (text or token ids) and a step or a reward",
    recognises=_recognises,
    read=_read,
)
