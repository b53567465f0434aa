"""Settings of `foretoken audit`."""

from typing import Literal

from pydantic import Field

from foretoken.graders.shapes import CallShape
from foretoken.work.settings import Settings


class AuditConfig(Settings):
    """Settings of `foretoken audit`."""

    section = "audit"

    grader: str
    """Import path of the grader: `package.module:name`, or `file.py:name`."""
    domain: Literal["answers"] = "answers"
    """What is fired: short answers and numbers."""
    shape: CallShape | None = None
    """How the grader is called; none: as the names of its arguments say."""
    given: dict[str, str] = Field(default_factory=dict[str, str])
    """Values of its arguments, by name."""
    questions: int = Field(default=20, gt=0)
    """Most questions that each attack is tried on."""
    timeout_s: float = Field(default=5.0, gt=0)
    """Longest that it may take for an answer."""
    memory_mib: int = Field(default=4096, gt=0)
    """Most memory that it may ask for."""
    boxed: bool = True
    """Whether it is kept from the network and from writing anything but temporary files."""
