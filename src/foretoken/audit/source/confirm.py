"""Join what a grader's source says with what firing at it showed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from foretoken.audit.source.base import SourceFinding
from foretoken.audit_records import AuditFault, AuditFinding

_SHOWS = (AuditFault.PAID, AuditFault.LASTING, AuditFault.HUNG)
"""Faults by which an attack confirms a flaw."""


class SourceStanding(StrEnum):
    """What firing says of a flaw in the source."""

    CONFIRMED = "confirmed"
    """An answer that deserves nothing was paid for it, or hung the grader."""
    CONTRADICTED = "contradicted"
    """Attacks that it should pay were fired, and none was paid."""
    UNREACHED = "unreached"
    """No attack that could confirm it was fired."""


@dataclass(frozen=True)
class ConfirmedFinding:
    """A flaw in the source, and what firing says of it."""

    finding: SourceFinding
    standing: SourceStanding
    by: tuple[str, ...]
    """Attacks that confirm it; where they contradict it, those that were fired in vain."""


def confirm(
    source: Sequence[SourceFinding], findings: Iterable[AuditFinding], *, fired: Iterable[str]
) -> list[ConfirmedFinding]:
    """Return what firing says of each flaw in the source.

    Args:
        source: What the source says.
        findings: What firing showed.
        fired: Names of all attacks that were fired, in words, whether paid or not.
    """
    paid = {each.by for each in findings if each.fault in _SHOWS}
    every = frozenset(fired) | paid
    found: list[ConfirmedFinding] = []
    for each in source:
        by = tuple(name for name in each.confirmed_by if name in paid)
        vain = tuple(name for name in each.confirmed_by if name in every)
        standing = (
            SourceStanding.CONFIRMED
            if by
            else SourceStanding.CONTRADICTED
            if vain
            else SourceStanding.UNREACHED
        )
        found.append(ConfirmedFinding(each, standing, by or vain))
    return found
