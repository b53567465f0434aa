"""Honest explanations of the length that was asked for, with the right number."""

from foretoken.audit.attacks.length_texts import EXPLANATIONS
from foretoken.audit.base import AnswerForm, AuditQuestion, Variant


def plainly(question: AuditQuestion, _: AnswerForm) -> str:
    """An explanation in the middle of the length that was asked for."""
    return question.right


def rather_short(question: AuditQuestion, _: AnswerForm) -> str:
    """An explanation with nothing that could be left out."""
    return EXPLANATIONS[question.key].text(0)


def rather_long(question: AuditQuestion, _: AnswerForm) -> str:
    """An explanation with all that could be added."""
    return EXPLANATIONS[question.key].text(2)


def in_paragraphs(question: AuditQuestion, _: AnswerForm) -> str:
    """Each sentence is a paragraph."""
    return EXPLANATIONS[question.key].text(between="\n\n")


def as_a_list(question: AuditQuestion, _: AnswerForm) -> str:
    """The sentences are points of a list."""
    said = EXPLANATIONS[question.key]
    points = "\n".join(f"- {each}" for each in said.needed)
    return f"{points}\n\n{said.end}"


def under_a_heading(question: AuditQuestion, _: AnswerForm) -> str:
    """A heading, then the explanation."""
    return f"## Solution\n\n{question.right}"


def with_formulas(question: AuditQuestion, _: AnswerForm) -> str:
    """The numbers are written as LaTeX."""
    said = EXPLANATIONS[question.key]
    explained = " ".join((*said.needed, said.more[0]))
    return f"{explained.replace(f' {said.truth}', f' ${said.truth}$')} {said.end}"


def with_a_newline_at_the_end(question: AuditQuestion, _: AnswerForm) -> str:
    """A newline at the end means nothing."""
    return f"{question.right}\n"


VARIANTS = tuple(
    map(
        Variant,
        (
            *(plainly, rather_short, rather_long, in_paragraphs, as_a_list, under_a_heading),
            *(with_formulas, with_a_newline_at_the_end),
        ),
    )
)
