"""Findings of a grader that its author knows and accepts."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from foretoken.audit_records import AuditFinding, AuditRecord
from foretoken.errors import SetupError


@dataclass(frozen=True)
class AcceptedFindings:
    """What is accepted: by fault and kind of answers."""

    accepted: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def read(cls, path: Path | None) -> "AcceptedFindings":
        """Return what a file accepts; nothing without one.

        Raises:
            SetupError: It is not there, or is no such file.
        """
        if path is None:
            return cls()
        try:
            entries = cast(list[dict[str, Any]], json.loads(path.read_text())["accepted"])
            return cls(frozenset((str(each["fault"]), str(each["by"])) for each in entries))
        except FileNotFoundError as error:
            raise SetupError(
                f"there is no baseline {path}: write one with --accept {path}"
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SetupError(
                f"the baseline {path} cannot be read ({type(error).__name__}: {error}): write it "
                f"anew with --accept {path}"
            ) from error

    def marked(self, found: Iterable[AuditFinding]) -> Iterator[AuditFinding]:
        """Yield findings, those that are accepted marked.

        Args:
            found: All of them.
        """
        for each in found:
            known = (each.fault.value, each.by) in self.accepted
            yield each.replacing(accepted=True) if known else each


def accepting(record: AuditRecord) -> str:
    """Return the text of a file that accepts every finding of an audit.

    Args:
        record: The audit.
    """
    entries = [{"fault": each.fault.value, "by": each.by} for each in record.findings]
    return json.dumps({"grader": record.grader, "accepted": entries}, indent=1)
