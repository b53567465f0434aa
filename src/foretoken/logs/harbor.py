"""Harbor: a folder for each trial, with `result.json` and what the agent did; no step is stated."""

from collections.abc import Mapping
from typing import Any

from foretoken.logs.base import (
    GraderCall,
    Layout,
    LoggedRollout,
    Row,
    has,
    ids,
    mapping,
    number,
    sequence,
    text,
)

TRAJECTORY = "trajectory"
"""Key under which `rows` adds the agent's trajectory to a result."""


def read_trial(row: Row) -> LoggedRollout:
    """Return the rollout of a trial's result, with what its agent did under `TRAJECTORY`."""
    steps = [mapping(each) for each in sequence(mapping(row.get(TRAJECTORY)).get("steps"))]
    asked = [step for step in steps if step.get("source") == "user"]
    said = [step for step in steps if step.get("source") == "agent"]
    metrics = mapping(said[0].get("metrics") if len(said) == 1 else None)
    failed = mapping(row.get("exception_info"))
    rewards = mapping(mapping(row["verifier_result"]).get("rewards"))
    parts = {name: number(value) for name, value in rewards.items()}
    scored = [value for value in parts.values() if value is not None]
    return LoggedRollout(
        key="",
        layout=LAYOUT.name,
        training=False,
        task=text(row["task_name"]),
        prompt="\n".join(text(step.get("message")) or "" for step in asked) or None,
        completion=text(said[-1].get("message")) if said else None,
        prompt_ids=ids(metrics.get("prompt_token_ids")),
        completion_ids=ids(metrics.get("completion_token_ids")),
        turns=len(said),
        reward=scored[0] if len(parts) == 1 and scored and not failed else None,
        parts=parts,
        graders={name: GraderCall(tells_nan=False) for name in parts},
        error=None if not failed else _failure(failed),
        columns={"trial": row["trial_name"], "agent": mapping(row.get("agent_info")).get("name")},
    )


def _failure(failed: Mapping[str, Any]) -> str:
    said = [text(failed.get(key)) for key in ("exception_type", "exception_message")]
    return ": ".join(each for each in said if each) or "the trial failed"


LAYOUT = Layout(
    name="harbor",
    tried="harbor 0.25.0",
    recognises=has("task_name", "trial_name", "verifier_result"),
    read=lambda row, _: (read_trial(row),),
)
