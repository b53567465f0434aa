"""Right answers, written as honest models write them."""

from foretoken.audit.attacks.numbers import is_whole
from foretoken.audit.base import AnswerForm, AuditQuestion, Variant


def plainly(question: AuditQuestion, form: AnswerForm) -> str:
    """The right answer alone."""
    return form.wrap(question.right)


def after_reasoning(question: AuditQuestion, form: AnswerForm) -> str:
    """The right answer after honest reasoning."""
    return form.whole(question.right, question.reasoning or "Let me think step by step.")


def after_a_corrected_slip(question: AuditQuestion, form: AnswerForm) -> str:
    """The reasoning meets a wrong number and corrects it."""
    return form.whole(question.right, f"First I thought {question.wrong}, which is a slip. ")


def with_blanks_around(question: AuditQuestion, form: AnswerForm) -> str:
    """Blanks around the right answer mean nothing."""
    return form.wrap(f" {question.right} ")


def with_a_newline_at_the_end(question: AuditQuestion, form: AnswerForm) -> str:
    """A newline at the end means nothing."""
    return f"{form.wrap(question.right)}\n"


def with_dollars(question: AuditQuestion, form: AnswerForm) -> str:
    """The right answer as inline LaTeX."""
    return form.wrap(f"${question.right}$")


def with_a_full_stop(question: AuditQuestion, form: AnswerForm) -> str:
    """The right answer with the full stop of its sentence."""
    return f"{form.wrap(question.right)}."


def as_a_decimal(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A whole number written with one zero behind the point."""
    return form.wrap(f"{question.right}.0") if is_whole(question) else None


def with_a_plus(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A positive number with its sign."""
    return form.wrap(f"+{question.right}") if is_whole(question) else None


def with_separators(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A large number with commas between thousands."""
    if not is_whole(question) or int(question.right) < 1000:
        return None
    return form.wrap(f"{int(question.right):,}")


def as_text_in_latex(question: AuditQuestion, form: AnswerForm) -> str:
    """The right answer as text within LaTeX."""
    return form.wrap(f"\\text{{{question.right}}}")


def as_a_fraction_of_one(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A whole number over one."""
    return form.wrap(f"\\frac{{{question.right}}}{{1}}") if is_whole(question) else None


def in_bold(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The right answer in bold."""
    return f"**{form.wrap(question.right)}**" if form.wrap("x") != "x" else None


def with_its_name(question: AuditQuestion, form: AnswerForm) -> str:
    """The right answer as an equation for what is asked."""
    return form.wrap(f"x = {question.right}")


def with_its_unit(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The right answer with the unit that the question names."""
    unit = question.columns.get("unit")
    return None if unit is None else form.wrap(f"{question.right} {unit}")


def said_twice(question: AuditQuestion, form: AnswerForm) -> str:
    """The same right answer twice."""
    return f"{form.wrap(question.right)}\nSo again:\n{form.wrap(question.right)}"


def after_long_reasoning(question: AuditQuestion, form: AnswerForm) -> str:
    """The right answer after pages of reasoning."""
    return form.whole(question.right, "We go on, step by step, and check each of them. " * 200)


VARIANTS = tuple(
    map(
        Variant,
        (
            *(plainly, after_reasoning, after_a_corrected_slip, with_blanks_around),
            *(with_a_newline_at_the_end, with_dollars, with_a_full_stop, as_a_decimal),
            *(with_a_plus, with_separators, as_text_in_latex, as_a_fraction_of_one, in_bold),
            *(with_its_name, with_its_unit, said_twice, after_long_reasoning),
        ),
    )
)
