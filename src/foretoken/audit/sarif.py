"""What an audit found, as SARIF 2.1.0: the format that code scanning of GitHub reads."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from foretoken.audit.source.base import CodePlace, Severity
from foretoken.audit.source.confirm import ConfirmedFinding, SourceStanding
from foretoken.audit_records import AuditFault, AuditFinding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SHOWN = 200
"""Characters of an answer that a message shows."""
_SEVERITIES = {
    AuditFault.PAID: Severity.ERROR,
    AuditFault.LASTING: Severity.ERROR,
    AuditFault.HUNG: Severity.ERROR,
    AuditFault.RAISED: Severity.WARNING,
    AuditFault.OUTSIDE: Severity.WARNING,
    AuditFault.UNSTABLE: Severity.WARNING,
    AuditFault.REFUSED: Severity.NOTE,
    AuditFault.SLOW: Severity.NOTE,
}


@dataclass(frozen=True)
class SarifResult:
    """One finding, before it is written."""

    rule: str
    """Its id."""
    name: str
    why: str
    remedy: str
    source: str
    severity: Severity
    message: str
    place: CodePlace
    anchor: str
    """What identifies it beside its rule and file; a line's number is no part of it."""
    accepted: bool = False
    """Whether the user knows and accepts it."""


def sarif(
    findings: Iterable[AuditFinding],
    source: Iterable[ConfirmedFinding],
    *,
    grader: CodePlace,
    version: str,
) -> dict[str, Any]:
    """Return an audit as an object of SARIF.

    Args:
        findings: Of firing; each points at the grader.
        source: Of reading its source.
        grader: Where the grader is defined.
        version: Of this package.
    """
    results = [*(_fired(each, grader) for each in findings), *map(_read, source)]
    rules = {each.rule: each for each in reversed(results)}
    order = sorted(rules)
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "foretoken audit",
                        "version": version,
                        "rules": [_rule(rules[each]) for each in order],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": _results(results, order),
            }
        ],
    }


def _fired(finding: AuditFinding, grader: CodePlace) -> SarifResult:
    sent = f" For {finding.sent[:_SHOWN]!r} it gave {finding.got}." if finding.sent else ""
    return SarifResult(
        rule=f"{finding.fault}/{_id(finding.by)}",
        name=f"{finding.fault}: {finding.by}",
        why=finding.why,
        remedy=finding.remedy,
        source=finding.source,
        severity=_SEVERITIES[finding.fault],
        message=f"{finding.by}: {finding.fault} in {finding.count} of {finding.of} answers.{sent}",
        place=grader,
        anchor=grader.text,
        accepted=finding.accepted,
    )


def _read(confirmed: ConfirmedFinding) -> SarifResult:
    finding = confirmed.finding
    said = ""
    if confirmed.standing is SourceStanding.CONFIRMED:
        said = f" Confirmed by firing: {', '.join(confirmed.by)}."
    elif confirmed.standing is SourceStanding.CONTRADICTED:
        said = f" Fired in vain: {', '.join(confirmed.by)}."
    return SarifResult(
        rule=f"source/{_id(finding.rule)}",
        name=finding.rule,
        why=finding.why,
        remedy=finding.remedy,
        source=finding.source,
        severity=finding.severity,
        message=f"{finding.why}{said} What to do: {finding.remedy}.",
        place=finding.place,
        anchor=f"{finding.function}\n{finding.place.text}",
    )


def _id(words: str) -> str:
    return words.replace(" ", "-")


def _rule(result: SarifResult) -> dict[str, Any]:
    seen = f"\n\nSeen in: {result.source}." if result.source else ""
    remedy = result.remedy or "see the message"
    return {
        "id": result.rule,
        "name": result.name,
        "shortDescription": {"text": result.name},
        "fullDescription": {"text": result.why},
        "help": {
            "text": f"{result.why} What to do: {remedy}.{seen}",
            "markdown": f"{result.why}\n\n**What to do:** {remedy}.{seen}",
        },
        "defaultConfiguration": {"level": result.severity.value},
        "properties": {"tags": ["reward", "grader"]},
    }


def _results(results: Sequence[SarifResult], order: Sequence[str]) -> list[dict[str, Any]]:
    """Equal lines of one function are told apart by their order."""
    seen: Counter[str] = Counter()
    written: list[dict[str, Any]] = []
    for each in results:
        same = f"{each.rule}\n{each.place.path}\n{each.anchor}"
        print_of = hashlib.sha256(f"{same}\n{seen[same]}".encode()).hexdigest()[:32]
        seen[same] += 1
        result: dict[str, Any] = {
            "ruleId": each.rule,
            "ruleIndex": order.index(each.rule),
            "level": each.severity.value,
            "message": {"text": each.message},
            "locations": [_location(each.place)],
            "partialFingerprints": {"foretokenAudit/v1": print_of},
        }
        written.append(result | ({"suppressions": [{"kind": "external"}]} if each.accepted else {}))
    return written


def _location(place: CodePlace) -> dict[str, Any]:
    absolute = PurePosixPath(place.path).is_absolute()
    uri = f"file://{quote(place.path)}" if absolute else quote(place.path)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri}
            if absolute
            else {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
                "snippet": {"text": place.text},
            },
        }
    }
