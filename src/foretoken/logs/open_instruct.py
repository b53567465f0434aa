"""open-instruct: shards `NAME_rollouts_NNNNNN.jsonl`, written with `--save_traces`. They hold token
ids and no text."""

from collections.abc import Iterable
from pathlib import Path

from foretoken.logs.base import (
    REWARD,
    GraderCall,
    Layout,
    LoggedRollout,
    Row,
    has,
    ids,
    nan_names,
    number,
    text,
    whole,
    without,
)

_OWN = ("step", "prompt_tokens", "response_tokens", "reward", "advantage", "ground_truth")
_COPIES = ("logprobs",)
"""Rounded or after a temperature: texts are scored again."""


def _read(row: Row, _: Path) -> Iterable[LoggedRollout]:
    step, ended = whole(row["step"]), text(row.get("finish_reason"))
    yield LoggedRollout(
        key="",
        layout=LAYOUT.name,
        step=None if step is None else step - 1,
        prompt_ids=ids(row["prompt_tokens"]),
        completion_ids=ids(row["response_tokens"]),
        truth=row.get("ground_truth"),
        reward=number(row["reward"]),
        graders={REWARD: GraderCall()},
        not_numbers=nan_names({REWARD: row["reward"]}),
        advantage=number(row.get("advantage")),
        truncated=None if ended is None else ended == "length",
        columns=without(row, *_OWN, *_COPIES),
    )


LAYOUT = Layout(
    name="open-instruct",
    tried="open-instruct of August 2026",
    recognises=has("step", "prompt_tokens", "response_tokens", "reward"),
    read=_read,
    advice="set --save_traces and --rollouts_save_path for the whole run",
)
