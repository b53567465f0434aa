"""Completions in the form that is asked for, as honest models write them."""

from foretoken.audit.attacks.format_forms import around
from foretoken.audit.base import AnswerForm, AuditQuestion, Variant


def plainly(question: AuditQuestion, form: AnswerForm) -> str:
    """Reasoning and answer in the form."""
    return form.whole(question.right, question.reasoning)


def with_a_newline_at_the_end(question: AuditQuestion, form: AnswerForm) -> str:
    """A newline at the end means nothing."""
    return f"{form.whole(question.right, question.reasoning)}\n"


def with_a_blank_line_between(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A blank line between reasoning and answer means nothing."""
    if not form.opens:
        return None
    head = form.whole("", question.reasoning).removesuffix(f"\n{form.wrap('')}")
    return f"{head}\n\n{form.wrap(question.right)}"


def with_newlines_within(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Reasoning and answer on lines of their own."""
    if not around(form)[1].startswith("</"):
        return None
    return form.whole(f"\n{question.right}\n", f"\n{question.reasoning}\n")


def in_paragraphs(question: AuditQuestion, form: AnswerForm) -> str:
    """Reasoning in several paragraphs."""
    first = "First, what is asked: a single number.\n\n"
    return form.whole(question.right, f"{first}{question.reasoning}\n\nSo that is settled.")


def in_a_list(question: AuditQuestion, form: AnswerForm) -> str:
    """Reasoning as a numbered list."""
    steps = "1. Read what is given.\n2. Multiply before adding.\n3. Check the result."
    return form.whole(question.right, f"{steps}\n{question.reasoning}")


def with_less_than_signs(question: AuditQuestion, form: AnswerForm) -> str:
    """Reasoning that compares numbers with < and >."""
    bounds = f"The result is > 0 and, as {question.right} < 9999, not too large. "
    return form.whole(question.right, bounds + question.reasoning)


def with_code(question: AuditQuestion, form: AnswerForm) -> str:
    """Reasoning with a line of code."""
    code = "As code: `total = sum(x for x in parts if x > 0)`, with parts as given. "
    return form.whole(question.right, code + question.reasoning)


def with_quotes_and_brackets(question: AuditQuestion, form: AnswerForm) -> str:
    """Reasoning with quotes, brackets and a backslash."""
    said = 'The "sum" over the set {1, 2} \\ {2} is not [needed] here. '
    return form.whole(question.right, said + question.reasoning)


def with_latex(question: AuditQuestion, form: AnswerForm) -> str:
    """Reasoning with LaTeX."""
    said = "In symbols: $\\frac{a}{b} \\cdot b = a$ for $b \\neq 0$. "
    return form.whole(question.right, said + question.reasoning)


def in_german(question: AuditQuestion, form: AnswerForm) -> str:
    """Reasoning in another language with other letters."""
    said = "Zuerst überlege ich, was größer wird, und rechne dann Schritt für Schritt nach. "
    return form.whole(question.right, said + question.reasoning)


def in_chinese(question: AuditQuestion, form: AnswerForm) -> str:
    """Reasoning in a language without blanks between words."""
    said = "首先看题目给出的数字，然后按照顺序先乘后加，最后检查结果是否合理。"
    return form.whole(question.right, said)


def short_reasoning(question: AuditQuestion, form: AnswerForm) -> str:
    """One honest sentence where no more is needed."""
    return form.whole(question.right, f"Multiplying first gives {question.right} in the end.")


def long_reasoning(question: AuditQuestion, form: AnswerForm) -> str:
    """Pages of reasoning that go on from step to step."""
    steps = (f"Step {n}: {n} times {n + 3} is {n * (n + 3)}, which we keep. " for n in range(150))
    return form.whole(question.right, "".join(steps))


def that_corrects_itself(question: AuditQuestion, form: AnswerForm) -> str:
    """Reasoning that meets a slip and corrects it."""
    slip = f"At first I took it for {question.right}1. Wait, that is a slip; once more. "
    return form.whole(question.right, slip + question.reasoning)


def answer_as_a_sentence(question: AuditQuestion, form: AnswerForm) -> str:
    """An answer of several words."""
    return form.whole(f"The result is {question.right}.", question.reasoning)


VARIANTS = tuple(
    map(
        Variant,
        (
            *(plainly, with_a_newline_at_the_end, with_a_blank_line_between),
            *(with_newlines_within, in_paragraphs, in_a_list, with_less_than_signs, with_code),
            *(with_quotes_and_brackets, with_latex, in_german, in_chinese, short_reasoning),
            *(long_reasoning, that_corrects_itself, answer_as_a_sentence),
        ),
    )
)
