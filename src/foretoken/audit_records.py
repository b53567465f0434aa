"""What is kept of the audit of a grader."""

from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError

from foretoken.bases import Record
from foretoken.errors import SetupError


class AuditFault(StrEnum):
    """What is wrong, the worst first."""

    PAID = "paid"
    """An answer that deserves nothing was paid."""
    HUNG = "hung"
    """It gave no answer in time, or its process ended."""
    RAISED = "raised"
    """It raised, or gave no finite number: some trainers stop at that, others pay for it."""
    REFUSED = "refused"
    """A right answer was not paid."""
    OUTSIDE = "outside"
    """It gave more than for a right answer, or less than for a wrong one."""
    UNSTABLE = "unstable"
    """It gave two values for the same answer."""
    SLOW = "slow"
    """It takes long."""


class AuditFinding(Record):
    """One fault, by one kind of answers."""

    fault: AuditFault
    by: str
    """The kind's name."""
    count: int
    """Answers that show it."""
    of: int
    """Answers of this kind that were fired."""
    sent: str
    """The shortest answer that shows it."""
    question: str
    """Key of the question that it answers."""
    prompt: str
    got: str
    """What the grader gave for it."""
    forms: tuple[str, ...]
    """Of an answer, in which it shows."""
    why: str
    remedy: str
    source: str = ""
    accepted: bool = False
    """Whether it is known and accepted, by a file of the user's."""


class AuditedKind(Record):
    """One kind of answers, and how many of them were paid."""

    name: str
    attack: bool
    """Whether they deserve nothing; otherwise they are right."""
    exploit_type: str
    """Of the catalogue, that they generalise; empty: none."""
    fired: int
    paid: int


class AuditRecord(Record):
    """The audit of one grader."""

    grader: str
    domain: str
    """Kind of answers that it grades."""
    forms: tuple[str, ...]
    """In which it reads them, the best first."""
    right: float
    """Median of what it gives for plain right answers."""
    wrong: float
    """Median of what it gives for plain wrong ones."""
    questions: int
    asked: int
    """Answers that it was asked about, once or twice."""
    seconds: float | None
    """Median time of an answer; None: it gave none."""
    kinds: tuple[AuditedKind, ...]
    findings: tuple[AuditFinding, ...]

    def found(self, fault: AuditFault) -> list[AuditFinding]:
        """Return the findings of one fault that are not accepted.

        Args:
            fault: Which.
        """
        return [each for each in self.findings if each.fault is fault and not each.accepted]

    @property
    def attacks(self) -> list[AuditedKind]:
        """Kinds that deserve nothing."""
        return [each for each in self.kinds if each.attack]

    @property
    def variants(self) -> list[AuditedKind]:
        """Kinds that are right."""
        return [each for each in self.kinds if not each.attack]

    def closed(self) -> list[str]:
        """Return the exploit types that it was tried with and never paid."""
        tried = {each.exploit_type for each in self.attacks if each.exploit_type and each.fired}
        paid = {each.exploit_type for each in self.attacks if each.paid}
        return sorted(tried - paid)


def read_audit(path: Path) -> AuditRecord:
    """Return an audit from the file that `foretoken audit --out` wrote.

    Args:
        path: The file.

    Raises:
        SetupError: It is not there, or is no audit.
    """
    try:
        return AuditRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        said = str(error).splitlines()[0]
        raise SetupError(
            f"the audit {path} cannot be read ({said}): write it with `foretoken audit GRADER "
            f"--out {path}`"
        ) from error
