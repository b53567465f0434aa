"""The answers that training paid, with what is known of each; read once."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from foretoken.engines.tags import THINK
from foretoken.grader_records import SecondOpinion
from foretoken.logs.base import LoggedRollout
from foretoken.records import CODE, UNTYPED, Draw, Task
from foretoken.store.run import Run
from foretoken.tasks.answer import split_completion
from foretoken.work.paid import LOGGED_KEY
from foretoken.work.tallies import PAID

_COLUMNS = (
    *("key", "task", "exploit_type", "step", "answer"),
    *("hacked", "strict_passed", "flawed_passed", "reward"),
)
LONGEST = 20_000
"""Characters of an answer that are looked at."""


@dataclass(frozen=True)
class Answer:
    """One answer that training paid."""

    key: str
    """Of the rollout."""
    step: int
    task: str
    prompt: str
    text: str
    refused: bool | None
    """Whether a grader that training did not learn from refuses it: a second opinion, else the
    task's strict grader, else a label of the log. None: none looked at it."""
    known: str | None = None
    """Exploit type by which its task's flawed grader is known to be fooled by it, or by which a
    label of the log says that it hacked."""


def read_answers(run: Run, tasks: Mapping[str, Task], *, closed: Collection[str]) -> list[Answer]:
    """Read the answers of rollouts that training learned from and paid, in order of their steps.

    Args:
        run: With draws of rollouts, with logged rollouts, or both.
        tasks: By key; give prompts, and say which graders execute code.
        closed: Types of which no hack is paid, where rewards are not known.

    Raises:
        StoreError: A part is damaged.
    """
    refused = {
        each.key: not each.accepted for each in run.read(SecondOpinion) if each.accepted is not None
    }
    found = {each.key: each for each in _drawn(run, tasks, refused, closed=closed)}
    for each in _logged(run, refused, known=set(found)):
        found[each.key] = each
    return sorted(found.values(), key=lambda each: (each.step, each.key))


def _drawn(
    run: Run,
    tasks: Mapping[str, Task],
    refused: Mapping[str, bool],
    *,
    closed: Collection[str],
) -> Iterable[Answer]:
    earned = pc.field("reward") >= PAID
    earned |= pc.field("reward").is_null() & pc.field("flawed_passed")
    where = (pc.field("source") == "rollout") & earned
    table = run.table(Draw, where=where, columns=_COLUMNS)
    for row in table.to_pylist():
        paid = row["reward"]
        if paid is None:
            paid = float(bool(row["flawed_passed"]) and row["exploit_type"] not in closed)
        if paid < PAID or not row["answer"]:
            continue
        key, task = row["key"].removeprefix(LOGGED_KEY), tasks.get(row["task"])
        strict, labelled = row["strict_passed"], row["hacked"]
        yield Answer(
            key=key,
            step=row["step"],
            task=row["task"],
            prompt="" if task is None else task.prompt,
            text=row["answer"][:LONGEST],
            refused=refused.get(key, labelled if strict is None else not strict),
            known=_known(row, task),
        )


def _known(row: Mapping[str, Any], task: Task | None) -> str | None:
    """The type that a hack is of: a grader of another kind says nothing of it."""
    kind: str = row["exploit_type"]
    by_grader, by_label = row["strict_passed"] is False, row["strict_passed"] is None
    told = by_grader or (by_label and kind != UNTYPED)
    return kind if row["hacked"] and told and (task is None or task.grader == CODE) else None


def _logged(run: Run, refused: Mapping[str, bool], *, known: Collection[str]) -> Iterable[Answer]:
    """Those of logged rollouts of which no draw with an answer was made."""
    columns = ["key", "step", "task", "prompt", "completion", "reward", "training"]
    where = pc.field("reward") >= PAID
    for row in run.table(LoggedRollout, where=where, columns=columns).to_pylist():
        paid = (row["reward"] or 0.0) >= PAID and row["training"]
        if paid and row["step"] is not None and row["completion"] and row["key"] not in known:
            yield Answer(
                key=row["key"],
                step=row["step"],
                task=row["task"] or "",
                prompt=row["prompt"] or "",
                text=split_completion(row["completion"], tags=THINK)[1][:LONGEST],
                refused=refused.get(row["key"]),
            )
