"""The page of an audit: what a grader pays for, with the answer that shows it."""

from dataclasses import dataclass
from pathlib import Path

from foretoken.audit_records import (
    AuditedKind,
    AuditFault,
    AuditFinding,
    AuditRecord,
    SearchedCheat,
    SourceNote,
)
from foretoken.report.assets import render_page
from foretoken.report.hits import visible

LONGEST = 1_200
"""Characters of an answer that are shown."""
TITLES = {
    AuditFault.PAID: "Paid, though it deserves nothing",
    AuditFault.LASTING: "Changed the grader for the answers after it",
    AuditFault.HUNG: "No answer in time, or the grader's process ended",
    AuditFault.RAISED: "Raised, or gave no number",
    AuditFault.REFUSED: "Right, and not paid",
    AuditFault.OUTSIDE: "Outside of the range of plain answers",
    AuditFault.UNSTABLE: "Two values for the same answer",
    AuditFault.SLOW: "Slow",
}


@dataclass(frozen=True)
class AuditCard:
    """One finding, as it is shown."""

    finding: AuditFinding
    sent: str
    prompt: str
    got: str


@dataclass(frozen=True)
class SearchCard:
    """A cheat that a search found, as it is shown."""

    cheat: SearchedCheat
    name: str
    sent: str
    prompt: str


@dataclass(frozen=True)
class KindCell:
    """One kind of answers in the overview."""

    kind: AuditedKind
    share: float
    """Of those that were fired, paid."""
    said: str


def render_audit(audit: AuditRecord) -> str:
    """Return the page as HTML text, with nothing to fetch.

    Args:
        audit: What it shows.
    """
    groups = [(TITLES[fault], [_card(e) for e in audit.found(fault)]) for fault in AuditFault]
    return render_page(
        "audit.html",
        {
            "audit": audit,
            "name": visible(audit.grader),
            "groups": [(title, cards) for title, cards in groups if cards],
            "attacks": [_cell(each) for each in _ordered(audit.attacks)],
            "variants": [_cell(each) for each in _ordered(audit.variants)],
            "searched": [] if audit.search is None else [_found(e) for e in audit.search.found],
            "notes": [] if audit.source is None else [_noted(e) for e in audit.source.notes],
            "accepted": [each for each in audit.findings if each.accepted],
            "paid": sum(each.paid > 0 for each in audit.attacks),
            "refused": sum(each.paid < each.fired for each in audit.variants),
            "faults": sum(
                len(audit.found(fault))
                for fault in (
                    *(AuditFault.LASTING, AuditFault.HUNG),
                    *(AuditFault.RAISED, AuditFault.UNSTABLE),
                )
            ),
        },
    )


def _ordered(kinds: list[AuditedKind]) -> list[AuditedKind]:
    """Those that were fired, the ones with the wrong end of pay first."""
    fired = [each for each in kinds if each.fired]
    return sorted(fired, key=lambda each: -_share(each) if each.attack else _share(each))


def _share(kind: AuditedKind) -> float:
    return kind.paid / kind.fired


def _cell(kind: AuditedKind) -> KindCell:
    return KindCell(kind, _share(kind), f"{kind.name}: paid {kind.paid} of {kind.fired}")


def _card(finding: AuditFinding) -> AuditCard:
    return AuditCard(finding, _cut(finding.sent), _cut(finding.prompt), _cut(finding.got))


def _found(cheat: SearchedCheat) -> SearchCard:
    return SearchCard(cheat, visible(cheat.name), _cut(cheat.sent), _cut(cheat.prompt))


def _noted(note: SourceNote) -> dict[str, str]:
    return {
        "rule": note.rule,
        "severity": note.severity,
        "place": visible(f"{Path(note.path).name}, line {note.line}"),
        "text": _cut(note.text),
        "why": note.why,
        "remedy": note.remedy,
        "source": note.source,
        "said": note.said,
    }


def _cut(text: str) -> str:
    shown = visible(text[:LONGEST])
    return f"{shown}… ({len(text):,} characters)" if len(text) > LONGEST else shown
