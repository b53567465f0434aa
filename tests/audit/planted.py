"""Planted graders are asked in this process: they are harmless."""

from collections.abc import Callable
from typing import Any

from foretoken.audit.findings import AuditFault, findings
from foretoken.audit.firing import Fired
from foretoken.graders.process import Reply
from foretoken.graders.shapes import answering


def asked(grader: Any) -> Callable[[Any], Reply]:
    """A grader in this process."""
    answer = answering(grader)

    def ask(job: Any) -> Reply:
        try:
            return Reply(*answer(job), seconds=0.0)
        except Exception as error:  # noqa: BLE001  as `graders.child` does
            return Reply(None, f"raised {type(error).__name__}: {error}", 0.0)

    return ask


def of(fired: Fired, fault: AuditFault) -> dict[str, float]:
    """The share of answers that show a fault, by attack or variant."""
    return {each.by: each.count / each.of for each in findings(fired) if each.fault is fault}
