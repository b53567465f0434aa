"""verifiers and prime-rl: one episode a line, with a graph of messages for each agent's trace.

verifiers writes `traces.jsonl`; prime-rl writes `rollouts/step_N/{train,eval}/{all,effective}/
traces.jsonl`, and newer ones `monitors/file/traces/stream/NNNNN.jsonl`, closed ones as `.zst`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from foretoken.logs.base import (
    GraderCall,
    Layout,
    LoggedRollout,
    Row,
    as_text,
    has,
    ids,
    mapping,
    messages,
    number,
    sequence,
    text,
    whole,
)
from foretoken.logs.rows import rows_of

INDEX = "stream.index.jsonl"
_IN_STEP = re.compile(r"step_(\d+)")


def _read(row: Row, path: Path) -> Iterable[LoggedRollout]:
    traces = [mapping(trace) for trace in sequence(row["traces"])]
    own = [trace for trace in traces if mapping(trace.get("agent")).get("trainable", True)]
    step, training = _when(row, path)
    episode_error = _error(row)
    common: dict[str, Any] = {
        "key": "",
        "layout": LAYOUT.name,
        "step": step,
        "training": training,
        "task": _task(mapping(row["task"])),
    }
    if not traces:
        yield LoggedRollout(**common, error=episode_error or "the episode has no trace", turns=0)
    for trace in own:
        yield LoggedRollout(**common, **_of_trace(trace, episode_error))


def read_trace(trace: Row, *, training: bool) -> LoggedRollout:
    """Return the rollout of a trace that is part of no episode's row.

    Args:
        trace: As verifiers writes it.
        training: Whether training learns from it.
    """
    held = _of_trace(trace, None)
    task = _task(mapping(trace["task"]))
    return LoggedRollout(key="", layout=LAYOUT.name, training=training, task=task, **held)


def _of_trace(trace: Row, episode_error: str | None) -> dict[str, Any]:
    path = _branch([mapping(node) for node in sequence(trace["nodes"])])
    spoke = [place for place, node in enumerate(path) if node.get("sampled")]
    first = spoke[0] if spoke else len(path)
    dialogue = messages([node["message"] for node in path[:first]])
    prompt_ids, completion_ids = _tokens(path, first, turns=len(spoke))
    error = _error(trace) or episode_error
    if error is None and not trace.get("ok", True):
        error = "the trace is marked as failed"
    rewards = {name: mapping(each) for name, each in mapping(trace.get("rewards")).items()}
    graders = {name: GraderCall(error=error, tells_nan=False) for name in rewards}
    given = [each for each in rewards.values() if each]
    calls = sequence(trace.get("calls"))
    ended = text(mapping(calls[-1]).get("finish_reason")) if calls else None
    return {
        "prompt": as_text(dialogue),
        "messages": dialogue,
        "completion": text(path[spoke[-1]]["message"].get("content")) if spoke else None,
        "prompt_ids": prompt_ids,
        "completion_ids": completion_ids,
        "turns": len(spoke),
        "reward": sum(e["score"] * e["weight"] for e in given) if given and not error else None,
        "parts": {name: number(each.get("score")) for name, each in rewards.items()},
        "graders": graders,
        "error": error,
        "truncated": None if ended is None else ended == "length",
        "columns": {
            "trace": trace["id"],
            "metrics": dict(mapping(trace.get("metrics"))),
            "stop_condition": trace.get("stop_condition"),
        },
    }


def _when(row: Row, path: Path) -> tuple[int | None, bool]:
    """The step of the policy that spoke, and whether training learned from it."""
    work = mapping(mapping(row.get("run")).get("work"))
    policy = mapping(work.get("policy"))
    named = [found.group(1) for part in path.parts if (found := _IN_STEP.fullmatch(part))]
    inside = path.parts[path.parts.index(f"step_{named[-1]}") + 1 :] if named else ()
    stated = (whole(policy.get("start")), whole(work.get("step")), *map(int, named[-1:]))
    step = next((each for each in stated if each is not None), None)
    if work:
        return step, work.get("type") == "train"
    if inside:
        return step, inside[0] == "train"
    index = path.parent.with_name(INDEX)
    if not index.is_file():
        return step, False
    known = _index_of(index)
    known.read_on(index)
    return step, known.kinds.get(str(row.get("id"))) == "train"


@dataclass
class _Index:
    """Of each episode of a stream, what it was drawn for, by the index beside it."""

    kinds: dict[str, str] = field(default_factory=dict[str, str])
    rows: int = 0
    end: int = 0

    def read_on(self, index: Path) -> None:
        """Read what was appended meanwhile; all of an index that is shorter than before."""
        size = index.stat().st_size
        if size == self.end:
            return
        if size < self.end:
            self.kinds, self.rows, self.end = {}, 0, 0
        for placed in rows_of(index, number=self.rows, start=self.end):
            row = placed.row or {}
            self.kinds[str(row.get("id"))] = str(row.get("kind"))
            self.rows, self.end = placed.number + 1, placed.end


@lru_cache(maxsize=8)
def _index_of(_: Path) -> _Index:
    return _Index()


def _task(task: Mapping[str, Any]) -> str | None:
    held = mapping(task.get("data"))
    named = (held.get("id"), held.get("name"), task.get("key"), held.get("idx"))
    return text(next((each for each in named if each is not None), None))


def _branch(nodes: Sequence[Row]) -> list[Row]:
    """The messages from the first to the last one, along the graph."""
    found: list[Row] = []
    place = len(nodes) - 1 if nodes else None
    while place is not None and len(found) <= len(nodes):
        found.append(nodes[place])
        place = whole(nodes[place].get("parent"))
    return found[::-1]


def _tokens(
    path: Sequence[Row], first: int, *, turns: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Token ids of what was read and of what was said; none unless it was said in one turn."""
    if turns != 1 or first != len(path) - 1 or not all(node.get("token_ids") for node in path):
        return (), ()
    read = [token for node in path[:-1] for token in node["token_ids"]]
    last = list(zip(path[-1]["token_ids"], path[-1]["mask"], strict=True))
    read += [token for token, sampled in last if not sampled]
    return ids(read), ids([token for token, sampled in last if sampled])


def _error(held: Mapping[str, Any]) -> str | None:
    """The last of the errors of an episode or a trace, in a line; errors of attempts before one
    that went well are none."""
    errors = () if held.get("ok") is True else sequence(held.get("errors"))
    last = mapping(errors[-1] if errors else None)
    return f"{last.get('type')}: {last.get('message')}" if errors else None


def _repeats(path: Path) -> bool:
    """Whether prime-rl wrote this file of a step's batch beside one of all its episodes."""
    return path.parent.name == "effective" and (path.parent.parent / "all" / path.name).is_file()


LAYOUT = Layout(
    name="verifiers",
    tried="verifiers 0.4.0, prime-rl of August 2026",
    recognises=lambda row: has("env", "task", "traces")(row) and isinstance(row["traces"], list),
    read=_read,
    passes_over=_repeats,
)
