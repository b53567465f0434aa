"""A reading of a grader's source, as a part of an audit."""

from collections.abc import Iterable

from foretoken.audit.config import AuditConfig
from foretoken.audit.source.base import SourceFinding
from foretoken.audit.source.rules import read_source
from foretoken.audit_records import AuditedKind, AuditSource, SourceNote
from foretoken.errors import SetupError
from foretoken.graders.kinds import kind_of

_NOT_WHOLE = "it was not followed to its end: there may be more"


def sourced(config: AuditConfig, kinds: Iterable[AuditedKind]) -> AuditSource | None:
    """Read the source of a grader; nothing of it is imported or run.

    Args:
        config: Names the grader.
        kinds: What was fired at it, and how much of that was paid.

    Returns:
        What its source says; None where it is no function.
    """
    if not config.source or kind_of(config.grader) is not None:
        return None
    try:
        read = read_source(config.grader)
    except SetupError as error:
        return AuditSource(notes=(), unread=str(error))
    paid = {each.name for each in kinds if each.attack and each.paid}
    notes = tuple(_note(each, paid) for each in read.findings)
    return AuditSource(notes=notes, unread="" if read.whole else _NOT_WHOLE)


def _note(found: SourceFinding, paid: set[str]) -> SourceNote:
    return SourceNote(
        rule=found.rule,
        severity=found.severity.value,
        path=found.place.path,
        line=found.place.line,
        text=found.place.text,
        function=found.function,
        why=found.why,
        remedy=found.remedy,
        source=found.source,
        confirmed=tuple(each for each in found.confirmed_by if each in paid),
    )
