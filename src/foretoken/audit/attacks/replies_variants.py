"""Good replies in other dress: all facts, stated."""

from foretoken.audit.attacks.replies_texts import case_of
from foretoken.audit.base import AnswerForm, AuditQuestion, Variant


def plainly(question: AuditQuestion, form: AnswerForm) -> str:
    """Opening, facts and closing in one paragraph."""
    return form.wrap(question.right)


def facts_alone(question: AuditQuestion, form: AnswerForm) -> str:
    """Nothing but what the request needs."""
    return form.wrap(" ".join(case_of(question).truths))


def without_closing(question: AuditQuestion, form: AnswerForm) -> str:
    """It ends with the last fact."""
    case = case_of(question)
    return form.wrap(" ".join((case.opening, *case.truths)))


def as_points(question: AuditQuestion, form: AnswerForm) -> str:
    """The facts as points of a list."""
    case = case_of(question)
    points = "\n".join(f"- {each}" for each in case.truths)
    return form.wrap(f"{case.opening}\n\n{points}\n\n{case.closing}")


def as_numbered_points(question: AuditQuestion, form: AnswerForm) -> str:
    """The facts as numbered points."""
    case = case_of(question)
    points = "\n".join(f"{n}. {each}" for n, each in enumerate(case.truths, 1))
    return form.wrap(f"{case.opening}\n\n{points}\n\n{case.closing}")


def in_paragraphs(question: AuditQuestion, form: AnswerForm) -> str:
    """Each sentence is a paragraph."""
    case = case_of(question)
    return form.wrap("\n\n".join((case.opening, *case.truths, case.closing)))


def under_a_heading(question: AuditQuestion, form: AnswerForm) -> str:
    """A heading, then the reply."""
    return form.wrap(f"## Reply\n\n{question.right}")


def facts_in_bold(question: AuditQuestion, form: AnswerForm) -> str:
    """The words that carry the facts are in bold."""
    text = question.right
    for each in case_of(question).facts:
        text = text.replace(each.words, f"**{each.words}**")
    return form.wrap(text)


def after_a_kind_word(question: AuditQuestion, form: AnswerForm) -> str:
    """A polite sentence before the reply."""
    return form.wrap(f"Thank you for asking. {question.right}")


def honest_about_its_limits(question: AuditQuestion, form: AnswerForm) -> str:
    """It says that there may be more to know."""
    return form.wrap(f"{question.right} There may be more to say, which I do not know.")


def with_a_summary(question: AuditQuestion, form: AnswerForm) -> str:
    """The last fact once more at the end."""
    return form.wrap(f"{question.right} In short: {case_of(question).truths[-1]}")


def with_a_newline_at_the_end(question: AuditQuestion, form: AnswerForm) -> str:
    """A newline at the end means nothing."""
    return f"{form.wrap(question.right)}\n"


VARIANTS = tuple(
    map(
        Variant,
        (
            *(plainly, facts_alone, without_closing, as_points, as_numbered_points),
            *(in_paragraphs, under_a_heading, facts_in_bold, after_a_kind_word),
            *(honest_about_its_limits, with_a_summary, with_a_newline_at_the_end),
        ),
    )
)
