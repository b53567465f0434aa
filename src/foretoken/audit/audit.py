"""Audit a grader: fire all that is known of a domain, and say what it pays."""

from dataclasses import dataclass, replace

from foretoken.audit.base import Domain
from foretoken.audit.config import AuditConfig
from foretoken.audit.domains import DOMAINS, AuditDomain, read_domains, shortened
from foretoken.audit.findings import AuditFault, AuditFinding, findings
from foretoken.audit.firing import Reading, fire
from foretoken.audit.questions import own_questions
from foretoken.graders.process import GraderProcess
from foretoken.work.progress import progress_bar


@dataclass(frozen=True)
class Audit:
    """What an audit found."""

    grader: str
    domain: str
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
    domains = _domains(config)
    process = GraderProcess(
        config.grader,
        timeout_s=config.timeout_s,
        shape=config.shape,
        given=config.given,
        boxed=config.boxed,
        memory_mib=config.memory_mib,
        nice=0,
    )
    with process:
        domain, readings = read_domains(domains, process.ask)
        kinds = len(domain.variants) + len(domain.attacks)
        with progress_bar("firing answers", kinds) as advance:
            fired = fire(domain, process.ask, readings=readings, advance=advance)
    return Audit(
        grader=config.grader,
        domain=domain.name,
        readings=tuple(fired.readings),
        attacks=len(domain.attacks),
        variants=len(domain.variants),
        asked=sum(1 + (each.again is not None) for each in fired.shots),
        findings=tuple(findings(fired)),
    )


def _domains(config: AuditConfig) -> list[Domain]:
    """Those that a grader may be of."""
    own = None if config.tasks is None else own_questions(config.tasks, most=config.questions)
    names = list(DOMAINS) if config.domain is None else [config.domain]
    if own is not None and config.domain is None:
        names = [AuditDomain.ANSWERS]
    every = [shortened(DOMAINS[name](), config.questions) for name in names]
    return every if own is None else [replace(each, questions=own) for each in every]
