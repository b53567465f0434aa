"""Audit a grader: fire all that is known of a domain, and say what it pays."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from foretoken.audit.attacks.answers import answers
from foretoken.audit.base import Domain
from foretoken.audit.config import AuditConfig
from foretoken.audit.findings import AuditFault, AuditFinding, findings
from foretoken.audit.firing import Reading, fire
from foretoken.graders.process import GraderProcess
from foretoken.work.progress import progress_bar

DOMAINS: dict[str, Callable[[], Domain]] = {"answers": answers}
"""By the name of `AuditConfig.domain`."""


@dataclass(frozen=True)
class Audit:
    """What an audit found."""

    grader: str
    readings: tuple[Reading, ...]
    """Forms of an answer that it reads."""
    attacks: int
    """Kinds of answers that deserve nothing."""
    variants: int
    """Kinds of right answers."""
    asked: int
    """Answers that it was asked about, once or twice."""
    findings: tuple[AuditFinding, ...]

    @property
    def pays(self) -> bool:
        """Whether it pays for anything that deserves nothing."""
        return any(each.fault is AuditFault.PAID for each in self.findings)


def audit(config: AuditConfig) -> Audit:
    """Audit one grader, in a process of its own.

    Args:
        config: Which, and of what kind.

    Raises:
        SetupError: The grader cannot be used, or tells right from wrong in no form.
        IsolationError: There is no box.
    """
    domain = DOMAINS[config.domain]()
    domain = replace(domain, questions=domain.questions[: config.questions])
    process = GraderProcess(
        config.grader,
        timeout_s=config.timeout_s,
        shape=config.shape,
        given=config.given,
        boxed=config.boxed,
        memory_mib=config.memory_mib,
        nice=0,
    )
    kinds = len(domain.variants) + len(domain.attacks)
    with process, progress_bar("firing answers", kinds) as advance:
        fired = fire(domain, process.ask, advance=advance)
    return Audit(
        grader=config.grader,
        readings=tuple(fired.readings),
        attacks=len(domain.attacks),
        variants=len(domain.variants),
        asked=sum(1 + (each.again is not None) for each in fired.shots),
        findings=tuple(findings(fired)),
    )
