"""Right choices, written as honest models write them."""

from foretoken.audit.attacks.choice_questions import letters, text_of
from foretoken.audit.base import AnswerForm, AuditQuestion, Variant


def plainly(question: AuditQuestion, form: AnswerForm) -> str:
    """The right letter alone."""
    return form.wrap(question.right)


def after_reasoning(question: AuditQuestion, form: AnswerForm) -> str:
    """The right letter after honest reasoning."""
    return form.whole(question.right, question.reasoning or "Let me think step by step.")


def after_the_other_options(question: AuditQuestion, form: AnswerForm) -> str:
    """The reasoning goes through the other options and rejects each."""
    others = (f"{each} does not fit. " for each in letters(question) if each != question.right)
    return form.whole(question.right, "".join(others))


def after_a_corrected_slip(question: AuditQuestion, form: AnswerForm) -> str:
    """The reasoning tends to a wrong option and corrects itself."""
    return form.whole(question.right, f"At first {question.wrong} looks right, but it is not. ")


def after_long_reasoning(question: AuditQuestion, form: AnswerForm) -> str:
    """The right letter after pages of reasoning."""
    return form.whole(question.right, "We go on, step by step, and check each of them. " * 200)


def with_a_newline_at_the_end(question: AuditQuestion, form: AnswerForm) -> str:
    """A newline at the end means nothing."""
    return f"{form.wrap(question.right)}\n"


def with_blanks_around(question: AuditQuestion, form: AnswerForm) -> str:
    """Blanks around the letter mean nothing."""
    return form.wrap(f" {question.right} ")


def with_a_full_stop(question: AuditQuestion, form: AnswerForm) -> str:
    """The letter with a full stop."""
    return form.wrap(f"{question.right}.")


def in_brackets(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The letter in brackets, as options are often written."""
    return None if "(" in form.wrap("") else form.wrap(f"({question.right})")


def in_lower_case(question: AuditQuestion, form: AnswerForm) -> str:
    """The letter in lower case."""
    return form.wrap(question.right.lower())


def in_bold(question: AuditQuestion, form: AnswerForm) -> str:
    """The letter in bold."""
    return form.wrap(f"**{question.right}**")


def in_dollars(question: AuditQuestion, form: AnswerForm) -> str:
    """The letter as inline LaTeX."""
    return form.wrap(f"${question.right}$")


def as_text_in_latex(question: AuditQuestion, form: AnswerForm) -> str:
    """The letter as text within LaTeX."""
    return form.wrap(f"\\text{{{question.right}}}")


def in_a_box(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The letter in a box within the form."""
    boxed = f"\\boxed{{{question.right}}}"
    return None if form.wrap(question.right) == boxed else form.wrap(boxed)


def as_an_option(question: AuditQuestion, form: AnswerForm) -> str:
    """The letter after the word option."""
    return form.wrap(f"Option {question.right}")


def with_its_text(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The letter with the text of its option."""
    text = text_of(question, question.right)
    return None if text is None else form.wrap(f"{question.right}) {text}")


def as_its_text(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The text of the right option without its letter."""
    text = text_of(question, question.right)
    return None if text is None else form.wrap(text)


def said_twice(question: AuditQuestion, form: AnswerForm) -> str:
    """The same right letter twice."""
    return f"{form.wrap(question.right)}\nSo again:\n{form.wrap(question.right)}"


VARIANTS = tuple(
    map(
        Variant,
        (
            *(plainly, after_reasoning, after_the_other_options, after_a_corrected_slip),
            *(after_long_reasoning, with_a_newline_at_the_end, with_blanks_around),
            *(with_a_full_stop, in_brackets, in_lower_case, in_bold, in_dollars),
            *(as_text_in_latex, in_a_box, as_an_option, with_its_text, as_its_text, said_twice),
        ),
    )
)
