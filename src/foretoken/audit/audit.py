"""Audit a grader: fire all that is known of a domain, and say what it pays."""

import statistics
from dataclasses import replace

from foretoken.audit.base import Domain
from foretoken.audit.baseline import AcceptedFindings
from foretoken.audit.config import AuditConfig
from foretoken.audit.domains import DOMAINS, AuditDomain, domains_of, read_domains, shortened
from foretoken.audit.findings import findings, kinds
from foretoken.audit.firing import fire
from foretoken.audit.questions import own_questions
from foretoken.audit.searched import searched
from foretoken.audit.sourced import sourced
from foretoken.audit_records import AuditRecord
from foretoken.graders.process import GraderProcess
from foretoken.work.progress import progress_bar


def audit(config: AuditConfig) -> AuditRecord:
    """Audit one grader, in a process of its own.

    Args:
        config: Which, and of what kind.

    Raises:
        SetupError: The grader cannot be used, or tells right from wrong in no form.
        IsolationError: There is no box.
    """
    domains = _domains(config)
    known = AcceptedFindings.read(config.baseline)
    process = GraderProcess(
        config.grader,
        timeout_s=config.timeout_s or max(each.timeout_s for each in domains),
        shape=config.shape,
        given=config.given,
        boxed=config.boxed,
        memory_mib=config.memory_mib,
        nice=0,
    )
    with process:
        domain, readings = read_domains(domains, process.ask)
        process.timeout_s = config.timeout_s or domain.timeout_s
        every = len(domain.variants) + len(domain.attacks)
        with progress_bar("firing answers", every) as advance:
            fired = fire(
                *(domain, process.ask),
                readings=readings,
                renew=process.renew,
                advance=advance,
            )
        searching = searched(domain, process.ask, readings=readings, config=config)
    seconds = [each.said.seconds for each in fired.shots if each.said.seconds is not None]
    fired_kinds = tuple(kinds(fired))
    found = tuple(known.marked(findings(fired)))
    return AuditRecord(
        grader=config.grader,
        domain=domain.name,
        forms=tuple(each.form.name for each in readings),
        right=readings[0].median.right,
        wrong=readings[0].median.wrong,
        questions=len(domain.questions),
        asked=sum(1 + (each.again is not None) for each in fired.shots),
        seconds=statistics.median(seconds) if seconds else None,
        kinds=fired_kinds,
        findings=found,
        search=searching,
        source=sourced(config, fired_kinds, found),
    )


def _domains(config: AuditConfig) -> list[Domain]:
    """Those that a grader may be of."""
    own = None if config.tasks is None else own_questions(config.tasks, most=config.questions)
    names = list(DOMAINS) if config.domain is None else [config.domain]
    if own is not None and config.domain is None:
        names = [AuditDomain.ANSWERS]
    every = [shortened(each, config.questions) for name in names for each in domains_of(name)]
    return every if own is None else [replace(each, questions=own) for each in every]
