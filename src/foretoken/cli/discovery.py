"""What a search for exploits found, on the terminal."""

from collections.abc import Sequence

from rich.table import Table

from foretoken.cli.tables import plain_table
from foretoken.discovery_records import Discovery
from foretoken.report.discoveries import growth_words, search_line, standing_words
from foretoken.tasks.foreign.text import printable

__all__ = ["discoveries_table", "search_line"]
MOST_ROWS = 30
"""Of the table."""
LONGEST = 60
"""Characters of an example."""


def discoveries_table(found: Sequence[Discovery]) -> Table:
    """One line for each group: claimed ones first."""
    names = ("name", "standing", "answers", "refused", "late against early", "shortest or example")
    rows = [
        (
            printable(each.name),
            standing_words(each),
            each.answers,
            f"{each.refused} of {each.judged}" if each.judged else "not judged",
            growth_words(each),
            _short(each.shortest or each.example),
        )
        for each in found[:MOST_ROWS]
    ]
    return plain_table(names, rows)


def _short(text: str) -> str:
    line = " ⏎ ".join(" ".join(part.split()) for part in text.splitlines() if part.strip())
    said = printable(line.replace("⏎", "/"))
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
