"""What attacks with numbers need to know of a question."""

from foretoken.audit.base import AuditQuestion


def is_whole(question: AuditQuestion) -> bool:
    """Whether the right answer is an integer without sign."""
    return question.right.isdigit()
