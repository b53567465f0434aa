"""Settings of `foretoken audit`."""

from pathlib import Path

from pydantic import Field

from foretoken.audit.domains import AuditDomain
from foretoken.graders.shapes import CallShape
from foretoken.work.settings import Settings


class AuditConfig(Settings):
    """Settings of `foretoken audit`."""

    section = "audit"

    grader: str
    """Import path of the grader (`package.module:name`, or `file.py:name`), a command, the address
    of a reward server, the file of a judge's prompt, or the folder of a reward model."""
    domain: AuditDomain | None = None
    """What kind of answers it grades; none: found out by what it gives for right and wrong ones."""
    tasks: Path | None = None
    """File of questions of one's own, a JSON object a line; none: the domain's."""
    shape: CallShape | None = None
    """How the grader is called; none: as the names of its arguments say."""
    given: dict[str, str] = Field(default_factory=dict[str, str])
    """Values of its arguments, by name."""
    baseline: Path | None = None
    """File of findings that are known and accepted, which do not count; none: all count."""
    questions: int = Field(default=20, gt=0)
    """Most questions that each attack is tried on."""
    source: bool = True
    """Whether its source is read as well, where it is a function."""
    search: int = Field(default=0, ge=0)
    """Most calls of a search for cheats that nobody listed; 0: none is made."""
    save: Path | None = None
    """Folder that takes each cheat that is found as tasks of an exploit type; none: none is
    saved."""
    timeout_s: float | None = Field(default=None, gt=0)
    """Longest that it may take for an answer; none: 20 for programs, 5 for other answers."""
    memory_mib: int = Field(default=4096, gt=0)
    """Most memory that it may ask for."""
    boxed: bool = True
    """Whether it is kept from the network and from writing anything but temporary files."""
