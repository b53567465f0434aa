"""verl: `rollout_data_dir/STEP.jsonl` of its two trainers, and what the wrapped reward function
records."""

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
    text,
    whole,
    without,
)

_OWN = ("input", "output", "gts", "score", "step")


def _read(row: Row, path: Path) -> Iterable[LoggedRollout]:
    validation = any("val" in part.lower() for part in path.parts[-3:-1])
    step = whole(row["step"])
    drawn_after = step if step is None or validation else step - 1
    extras = without(row, *_OWN, "uid")
    yield LoggedRollout(
        key="",
        layout=LAYOUT.name,
        step=drawn_after,
        training=not validation,
        prompt=text(row["input"]),
        completion=text(row["output"]),
        truth=row["gts"],
        reward=number(row["score"]),
        graders={REWARD: GraderCall()},
        not_numbers=nan_names({REWARD: row["score"]}),
        parts={name: number(value) for name, value in extras.items() if _is_part(value)},
        columns={name: value for name, value in extras.items() if not _is_part(value)}
        | ({"uid": row["uid"]} if "uid" in row else {}),
    )


def _is_part(value: object) -> bool:
    return value is None or isinstance(value, int | float)


LAYOUT = Layout(
    name="verl",
    tried="verl 0.9.1, both trainers",
    recognises=has("input", "output", "gts", "score", "step"),
    read=_read,
    advice="set trainer.rollout_data_dir for the whole run",
)


def _read_record(row: Row, _: Path) -> Iterable[LoggedRollout]:
    result = row["result"]
    parts = mapping(result) or {"score": result}
    yield LoggedRollout(
        key="",
        layout=RECORD.name,
        task=text(mapping(row.get("extra_info")).get("index")),
        completion=text(row["solution_str"]),
        truth=row["ground_truth"],
        reward=number(parts.get("score")),
        graders={REWARD: GraderCall()},
        not_numbers=nan_names({REWARD: parts.get("score")}),
        parts={name: number(value) for name, value in parts.items() if name != "score"},
        columns=without(row, "solution_str", "ground_truth", "result"),
    )


RECORD = Layout(
    name="verl reward function",
    tried="verl 0.9.1",
    recognises=has("data_source", "solution_str", "ground_truth", "result"),
    read=_read_record,
)
