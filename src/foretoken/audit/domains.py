"""Which kind of answers a grader grades, and on which questions."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum

from foretoken.audit.attacks.answers import answers
from foretoken.audit.base import Domain
from foretoken.audit.firing import Ask, Reading, read_forms
from foretoken.errors import SetupError


class AuditDomain(StrEnum):
    """Kinds of answers."""

    ANSWERS = "answers"
    """Short answers and numbers."""


DOMAINS: dict[AuditDomain, Callable[[], Domain]] = {AuditDomain.ANSWERS: answers}
"""In the order in which they are tried at a grader of which nothing is known."""


def read_domains(domains: Sequence[Domain], ask: Ask) -> tuple[Domain, list[Reading]]:
    """Return the first domain of which a grader pays every right answer more than every wrong one,
    and the forms that it reads; where there is none, the one with most questions told apart.

    Args:
        domains: Those that are tried.
        ask: The grader.

    Raises:
        SetupError: It tells right from wrong in none; says what it gave.
    """
    found: list[tuple[float, Domain, list[Reading]]] = []
    faults: list[SetupError] = []
    for domain in domains:
        try:
            readings = read_forms(domain, ask)
        except SetupError as error:
            faults.append(error)
            continue
        if readings[0].is_sure:
            return domain, readings
        found.append((readings[0].told_apart, domain, readings))
    if not found:
        raise faults[0]
    _, domain, readings = max(found, key=lambda each: each[0])
    return domain, readings


def shortened(domain: Domain, questions: int) -> Domain:
    """Return a domain with its first questions alone.

    Args:
        domain: All of it.
        questions: How many.
    """
    return replace(domain, questions=domain.questions[:questions])
