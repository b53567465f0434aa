"""A reading of a grader's source, as a part of an audit."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from foretoken.audit.config import AuditConfig
from foretoken.audit.sarif import sarif
from foretoken.audit.source.base import CodePlace
from foretoken.audit.source.confirm import ConfirmedFinding, confirm
from foretoken.audit.source.rules import SourceReading, read_source
from foretoken.audit_records import (
    AuditedKind,
    AuditFinding,
    AuditRecord,
    AuditSource,
    SourceNote,
)
from foretoken.errors import SetupError
from foretoken.graders.kinds import kind_of

_NOT_WHOLE = "it was not followed to its end: there may be more"


def sourced(
    config: AuditConfig, kinds: Sequence[AuditedKind], findings: Sequence[AuditFinding]
) -> AuditSource | None:
    """Read the source of a grader; nothing of it is imported or run.

    Args:
        config: Names the grader.
        kinds: What was fired at it.
        findings: What that showed.

    Returns:
        What its source says; None where it is no function.
    """
    if not config.source or _is_elsewhere(config):
        return None
    try:
        read = read_source(config.grader)
    except SetupError as error:
        return AuditSource(notes=(), unread=str(error))
    notes = tuple(map(_note, _confirmed(read, kinds, findings)))
    return AuditSource(notes=notes, unread="" if read.whole else _NOT_WHOLE)


def as_sarif(record: AuditRecord, config: AuditConfig) -> dict[str, Any]:
    """Return an audit as an object of SARIF; see `sarif`.

    Args:
        record: The audit.
        config: With which it was made.
    """
    try:
        read = None if _is_elsewhere(config) else read_source(config.grader)
    except SetupError:
        read = None
    known = [] if read is None else _confirmed(read, record.kinds, record.findings)
    return sarif(
        record.findings,
        known if config.source else [],
        grader=_nowhere(config.grader) if read is None else read.grader,
        version=version("foretoken"),
    )


def _nowhere(grader: str) -> CodePlace:
    """The place of a grader that has no source."""
    path = grader.partition(":")[0]
    return CodePlace(path=path, line=1, column=1, end_line=1, end_column=1, text="")


def _is_elsewhere(config: AuditConfig) -> bool:
    """Whether a grader is no function that has a source."""
    return kind_of(config.grader) is not None


def _confirmed(
    read: SourceReading, kinds: Sequence[AuditedKind], findings: Sequence[AuditFinding]
) -> list[ConfirmedFinding]:
    fired = [each.name for each in kinds if each.attack and each.fired]
    return confirm(read.findings, findings, fired=fired)


def _note(confirmed: ConfirmedFinding) -> SourceNote:
    found = confirmed.finding
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
        standing=confirmed.standing.value,
        by=confirmed.by,
    )
