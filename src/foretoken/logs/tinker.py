"""Tinker cookbook: `iteration_NNNNNN/SPLIT_rollout_summaries.jsonl`. What a text was stands there
where the environment logs it as `text`."""

from collections.abc import Iterable
from pathlib import Path

from foretoken.logs.base import (
    REWARD,
    GraderCall,
    Layout,
    LoggedRollout,
    Row,
    has,
    mapping,
    nan_names,
    number,
    sequence,
    text,
    whole,
    without,
)

_OWN = ("split", "sampling_client_step", "total_reward", "steps", "schema_version")


def _read(row: Row, _: Path) -> Iterable[LoggedRollout]:
    steps = sequence(row["steps"])
    last = mapping(steps[-1] if steps else None)
    logs = mapping(last.get("logs"))
    drawn_by = whole(row.get("sampling_client_step"))
    yield LoggedRollout(
        key="",
        layout=LAYOUT.name,
        step=whole(row["iteration"]) if drawn_by is None else drawn_by,
        training=row.get("split") == "train",
        task=text(logs.get("task")),
        completion=text(logs.get("text")),
        turns=max(1, len(steps)),
        reward=number(row["total_reward"]),
        graders={REWARD: GraderCall()},
        not_numbers=nan_names({REWARD: row["total_reward"]}),
        columns=without(row, *_OWN)
        | {"metrics": dict(mapping(last.get("metrics")))}
        | {name: value for name, value in logs.items() if name not in ("text", "task")},
    )


LAYOUT = Layout(
    name="tinker",
    tried="tinker-cookbook 0.6.1",
    recognises=has("schema_version", "iteration", "traj_idx", "total_reward", "steps"),
    read=_read,
)
