"""What a second grader says of a run, on the terminal."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from foretoken.cli.tables import plain_table, show
from foretoken.report import numbers
from foretoken.tasks.foreign.text import printable

if TYPE_CHECKING:
    from foretoken.pipeline.second import RefusedGroup, SecondGraded

MOST_ROWS = 10
"""Of each table."""


def tell_second(found: "SecondGraded") -> Iterator[str]:
    """Show where training paid what a second grader refuses; yield lines about all of it.

    Args:
        found: What it says.
    """
    for title, groups in (
        ("exploit type", found.types),
        ("task", found.tasks),
        ("step", found.steps),
    ):
        if groups:
            show(_table(title, groups))
    yield from found.notes
    for each in found.shares:
        if each.differing_share is None or each.interval is None:
            continue
        low, high = map(numbers.percent, each.interval)
        kind, verb = ("paid", "refuses") if each.was_paid else ("unpaid", "accepts")
        yield (
            f"of {each.stands_for:,.0f} {kind} rollouts it {verb} "
            f"{numbers.percent(each.differing_share)} (95 % interval {low} to {high})"
        )


def _table(title: str, groups: "Sequence[RefusedGroup]") -> Table:
    return plain_table(
        (title, "paid", "refused by the second grader"),
        [
            (printable(each.name), each.paid, f"{each.refused} ({each.refused / each.paid:.0%})")
            for each in groups[:MOST_ROWS]
        ],
    )
