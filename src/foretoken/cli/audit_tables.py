"""An audit on the terminal."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.table import Table

from foretoken.audit_records import AuditFinding, AuditRecord, AuditSearch, AuditSource
from foretoken.cli.tables import plain_table, show
from foretoken.tasks.foreign.text import printable

_SHOWN = 60
"""Characters of an answer that are shown."""


def tell_audit(found: AuditRecord, *, search: bool) -> Iterator[str]:
    """Show an audit; yield lines about all of it.

    Args:
        found: The audit.
        search: Whether a search was asked for.
    """
    show(findings_table([each for each in found.findings if not each.accepted]))
    if found.search is not None and found.search.found:
        show(searched_table(found.search))
    if found.source is not None and found.source.notes:
        show(source_table(found.source))
    yield audit_line(found)
    if search:
        yield search_line(found)


def findings_table(findings: Sequence[AuditFinding]) -> Table:
    """What was found, the worst first."""

    return plain_table(
        ("fault", "answer", "shown by", "shortest", "got", "what to do"),
        [
            (
                each.fault.value,
                each.by,
                f"{each.count} of {each.of}",
                _short(printable(each.sent)),
                _short(printable(each.got)),
                each.remedy,
            )
            for each in findings
        ],
    )


def _short(text: str) -> str:
    shown = " / ".join(text.splitlines())
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."


def audit_line(found: AuditRecord) -> str:
    """What it comes to."""
    paid = sum(each.paid > 0 for each in found.attacks)
    refused = sum(each.fired > each.paid for each in found.variants)
    accepted = sum(each.accepted for each in found.findings)
    known = f" {accepted} findings are accepted and not shown." if accepted else ""
    return (
        f"{found.grader} grades {found.domain} and reads them {', '.join(found.forms)}. It was "
        f"asked {found.asked:,} times: it pays for {paid} of {len(found.attacks)} kinds of answers "
        f"that deserve nothing, and refuses {refused} of {len(found.variants)} kinds that are "
        f"right.{known}"
    )


def searched_table(search: AuditSearch) -> Table:
    """What a search found."""

    return plain_table(
        ("found by search", "example", "got", "paid for unseen questions", "at call"),
        [
            (
                printable(each.name),
                _short(printable(each.sent)),
                f"{each.got:g}",
                f"{each.paid} of {each.of} ({each.interval[0]:.0%} to {each.interval[1]:.0%})",
                f"{each.call:,}",
            )
            for each in search.found
        ],
    )


def source_table(source: AuditSource) -> Table:
    """What lines of its source say."""

    return plain_table(
        ("source", "line", "rule", "by what was fired"),
        [
            (
                printable(f"{Path(each.path).name}:{each.line}"),
                _short(printable(each.text)),
                each.rule,
                _short(each.said),
            )
            for each in source.notes
        ],
    )


def search_line(found: AuditRecord) -> str:
    """What a search came to."""
    if found.search is None:
        return f"No search: which {found.domain} deserve nothing is certain for few."
    count, saved = len(found.search.found), found.search.saved
    kept = f" Tasks: {', '.join(saved)}; next: foretoken check {saved[0]}" if saved else ""
    return f"A search of {found.search.calls:,} calls found {count} ways to be paid.{kept}"


def next_line(found: AuditRecord) -> str:
    """What may be done with it."""
    if found.findings:
        return (
            "Next: --html PAGE shows each with its reason; --accept FILE keeps what is meant to be "
            "so, for --baseline FILE."
        )
    return "Next: --tasks FILE asks it about questions of your own."
