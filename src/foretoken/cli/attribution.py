"""Attributions on the terminal."""

import json
from collections.abc import Iterator, Sequence

from rich.table import Table

from foretoken.attribution_records import Attribution
from foretoken.cli.tables import plain_table
from foretoken.records import Record
from foretoken.report import numbers
from foretoken.report.attribution import origin, signed, span
from foretoken.tasks.foreign.text import printable

MOST_ROWS = 20
"""Of one table."""


def records_json(records: Sequence[Record]) -> str:
    """Records as JSON, an object in each line; infinity as text."""
    plain = (json.loads(each.model_dump_json(), parse_constant=str) for each in records)
    return "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in plain)


def attributions_table(found: Sequence[Attribution]) -> Table:
    """One line for each type."""
    names = ("exploit type", "steps", "rate", "change", "95 %", "paid hacks", "rewind to")
    rows = [
        (
            each.exploit_type,
            f"{each.from_step} to {each.to_step}",
            f"{each.before:.2g} to {each.after:.2g}",
            signed(each.change) if each.told else "noise",
            span(each.interval),
            sum(update.paid for update in each.updates) if each.updates else "not known",
            _rewind(each),
        )
        for each in found
    ]
    return plain_table(names, rows)


def attribution_tables(found: Attribution) -> Iterator[Table | str]:
    """One type in full: sentences, tasks, updates, what to do."""
    said = origin(found)
    yield f"{found.exploit_type}, step {found.from_step} to {found.to_step} ({found.chosen})"
    yield " ".join(said.sentences)
    if found.told:
        yield _cut("tasks of the bank", len(found.tasks))
        yield _tasks_table(found)
    if found.updates:
        yield _cut("updates", len(found.updates))
        yield _updates_table(found)
    if found.paid_tasks:
        yield _cut("training tasks whose hacks were paid", len(found.paid_tasks))
        yield _paid_table(found)
    for line in (*said.actions, *said.doubts):
        yield printable(line)


def _cut(what: str, rows: int) -> str:
    more = f" (the first {MOST_ROWS} of {rows}; all with --json)" if rows > MOST_ROWS else ""
    return f"\n{what}{more}"


def _tasks_table(found: Attribution) -> Table:
    rows = [
        (
            printable(each.task),
            signed(each.change),
            span(each.interval),
            each.hits,
            "yes" if each.moved else "",
            printable(each.grader),
        )
        for each in found.tasks[:MOST_ROWS]
    ]
    return plain_table(("task", "adds", "95 %", "hits", "told from noise", "grader"), rows)


def _updates_table(found: Attribution) -> Table:
    rows = [
        (
            each.step,
            each.rollouts,
            each.paid,
            f"{each.above_mean:+.2f}",
            "" if each.advantage is None else f"{each.advantage:+.2f}",
            each.paid_others,
        )
        for each in found.updates[:MOST_ROWS]
    ]
    names = ("step", "rollouts", "paid hacks", "above their mean", "advantage", "of other types")
    return plain_table(names, rows)


def _paid_table(found: Attribution) -> Table:
    rows = [
        (printable(each.task), each.paid, f"{each.above_mean:+.2f}")
        for each in found.paid_tasks[:MOST_ROWS]
    ]
    return plain_table(("task", "paid hacks", "above their mean"), rows)


def _rewind(found: Attribution) -> str:
    if not found.rises:
        return ""
    return "none" if found.rewind is None else f"step {numbers.step(found.rewind.step)}"
