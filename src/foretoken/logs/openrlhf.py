"""OpenRLHF writes no log of rollouts; this is what the wrapped reward function records."""

from collections.abc import Iterable
from pathlib import Path

from foretoken.logs.base import (
    REWARD,
    GraderCall,
    Layout,
    LoggedRollout,
    Row,
    has,
    nan_names,
    number,
    text,
    without,
)


def _read(row: Row, _: Path) -> Iterable[LoggedRollout]:
    query, prompt = text(row["query"]) or "", text(row["prompt"]) or ""
    yield LoggedRollout(
        key="",
        layout=LAYOUT.name,
        prompt=prompt,
        completion=query.removeprefix(prompt),
        truth=row["label"],
        reward=number(row["reward"]),
        graders={REWARD: GraderCall()},
        not_numbers=nan_names({REWARD: row["reward"]}),
        columns=without(row, "query", "prompt", "label", "reward"),
    )


LAYOUT = Layout(
    name="openrlhf",
    tried="openrlhf 0.11.2",
    recognises=has("query", "prompt", "label", "reward"),
    read=_read,
)
