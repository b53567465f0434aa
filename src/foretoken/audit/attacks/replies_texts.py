"""Requests that are answered freely: letters, advice and worked solutions."""

from collections.abc import Iterator

from foretoken.audit.attacks.replies_advice import ADVICE
from foretoken.audit.attacks.replies_base import ReplyCase
from foretoken.audit.attacks.replies_letters import LETTERS
from foretoken.audit.attacks.replies_maths import MATHS
from foretoken.audit.base import AuditQuestion

CASES = {
    f"replies/{number}": case
    for number, case in enumerate(
        each for row in zip(LETTERS, ADVICE, MATHS, strict=True) for each in row
    )
}
"""By the key of a question; families take turns."""


def case_of(question: AuditQuestion) -> ReplyCase:
    """What is known of a question's request."""
    return CASES[question.key]


def questions() -> Iterator[AuditQuestion]:
    """Yield fifteen requests; what a grader is told is the sentences that a reply has to hold."""
    for key, case in CASES.items():
        yield AuditQuestion(
            key=key,
            prompt=case.request,
            truth=" ".join(case.truths),
            right=" ".join((case.opening, *case.truths, case.closing)),
            wrong=case.poor,
            columns={"facts": [each.words for each in case.facts]},
        )
