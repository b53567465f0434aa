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
    LASTING = "lasting"
    """An answer changed the grader: a wrong answer after it was paid."""
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


class SearchedCheat(Record):
    """A cheat that nobody listed, which a search found."""

    name: str
    """What it needs."""
    question: str
    """Key of the example's."""
    prompt: str
    sent: str
    """The example, as short as it can be."""
    got: float
    paid: int
    """Questions, of those that the search did not see, for which it is paid."""
    of: int
    interval: tuple[float, float]
    """Exact, of that share, at 95 %."""
    call: int
    """Of the search, at which it was seen first."""


class AuditSearch(Record):
    """A search for cheats that nobody listed."""

    calls: int
    found: tuple[SearchedCheat, ...]
    """In the order in which they were found."""
    saved: tuple[str, ...] = ()
    """Files of tasks that were written, one a cheat that can be an exploit type of its own."""


class SourceNote(Record):
    """A line of a grader's source that a rule speaks of."""

    rule: str
    severity: str
    """error, warning or note."""
    path: str
    line: int
    """From 1 on."""
    text: str
    """The line, without blanks around it."""
    function: str
    """In which it stands; empty: in the module."""
    why: str
    remedy: str
    source: str
    standing: str
    """confirmed, contradicted or unreached: by what was fired."""
    by: tuple[str, ...]
    """Kinds of answers that confirm it; where they contradict it, those fired in vain."""

    @property
    def said(self) -> str:
        """What firing says of it."""
        if not self.by:
            return "nothing that could confirm it was fired"
        verb = "confirmed by" if self.standing == "confirmed" else "fired in vain:"
        return f"{verb} {', '.join(self.by)}"


class AuditSource(Record):
    """What a reading of a grader's source says."""

    notes: tuple[SourceNote, ...]
    unread: str = ""
    """Why it could not be read, or not to its end; empty: it was."""


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
    search: AuditSearch | None = None
    """None: none was made."""
    source: AuditSource | None = None
    """None: it is no function in Python, or was not read."""

    @property
    def pays(self) -> bool:
        """Whether it pays for anything that deserves nothing, and that is not accepted."""
        searched = self.search is not None and bool(self.search.found)
        return searched or any(map(self.found, (AuditFault.PAID, AuditFault.LASTING)))

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
