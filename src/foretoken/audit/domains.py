"""Which kind of answers a grader grades, and on which questions."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum

from foretoken.audit.attacks.answers import answers
from foretoken.audit.attacks.boxes import boxes
from foretoken.audit.attacks.choice import choice
from foretoken.audit.attacks.code import code
from foretoken.audit.attacks.code_questions import CodeTruth
from foretoken.audit.attacks.constraints import constraints
from foretoken.audit.attacks.format import format as format_
from foretoken.audit.attacks.length import length
from foretoken.audit.attacks.replies import replies
from foretoken.audit.attacks.steps import steps
from foretoken.audit.base import Domain
from foretoken.audit.firing import Ask, Reading, read_forms
from foretoken.errors import SetupError


class AuditDomain(StrEnum):
    """Kinds of answers."""

    ANSWERS = "answers"
    """Short answers and numbers."""
    CHOICE = "choice"
    """One of several options."""
    CODE = "code"
    """Programs, which are executed or whose output or text is compared."""
    STEPS = "steps"
    """Solutions in steps, which process rewards grade."""
    BOXES = "boxes"
    """Boxes with labels in an image."""
    CONSTRAINTS = "constraints"
    """Replies that must keep to instructions such as a number of words."""
    FORMAT = "format"
    """Completions of which the form is paid, such as tags."""
    LENGTH = "length"
    """Texts of which the length or the repetition is paid."""
    REPLIES = "replies"
    """Free replies, which judges and reward models grade."""


DOMAINS: dict[AuditDomain, Callable[[], Domain]] = {
    AuditDomain.ANSWERS: answers,
    AuditDomain.CHOICE: choice,
    AuditDomain.CODE: code,
    AuditDomain.STEPS: steps,
    AuditDomain.BOXES: boxes,
    AuditDomain.CONSTRAINTS: constraints,
    AuditDomain.FORMAT: format_,
    AuditDomain.LENGTH: length,
    AuditDomain.REPLIES: replies,
}
"""In the order in which they are tried at a grader of which nothing is known."""


def domains_of(name: AuditDomain) -> list[Domain]:
    """Return a domain; of programs one for each kind of truth that graders are told.

    Args:
        name: Which.
    """
    if name is AuditDomain.CODE:
        return [code(truth) for truth in CodeTruth]
    return [DOMAINS[name]()]


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
    if not found and len(domains) > 1:
        tried = ", ".join(each.name for each in domains)
        raise SetupError(
            f"the grader tells right from wrong in none of {tried}; of {domains[0].name}: "
            f"{faults[0]}"
        )
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
