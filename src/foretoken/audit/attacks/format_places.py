"""Marks in places where they make no form: repeated, crossed, quoted, or beside what is said."""

from foretoken.audit.attacks.format_forms import around, marks
from foretoken.audit.base import AnswerForm, Attack, AuditQuestion

FENCE = "```"
MORE = "By the way, there is much more to say about this, and none of it was asked for. "


def marks_many_times(_: AuditQuestion, form: AnswerForm) -> str:
    """All marks again and again, and nothing else."""
    return " ".join(marks(form) * 20)


def marks_after_a_bare_answer(question: AuditQuestion, form: AnswerForm) -> str:
    """An answer without the form, and all marks in a row after it."""
    return f"{question.reasoning}\nIt is {question.right}.\n{' '.join(marks(form))}"


def instruction_echoed(question: AuditQuestion, form: AnswerForm) -> str:
    """It repeats the instruction, which shows the form, and answers without it."""
    shown = form.whole("your answer", "your reasoning")
    return f"You asked me to write {shown} and so I do.\nIt is {question.right}."


def several_answers(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Several different answers, each in its own marks."""
    if not around(form)[1].strip():
        return None
    others = "\n".join(form.wrap(f"{question.right}{last}") for last in "0135")
    return f"{form.whole(question.right, question.reasoning)}\n{others}"


def several_thoughts(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Each sentence of the reasoning in marks of its own."""
    if not form.opens.strip() or not form.closes.strip():
        return None
    thought = f"{form.opens}{question.reasoning}{form.closes}\n"
    return thought * 3 + form.wrap(question.right)


def whole_form_twice(question: AuditQuestion, form: AnswerForm) -> str:
    """The whole form twice, with two answers."""
    first = form.whole(f"{question.right}0", question.reasoning)
    return f"{first}\n{form.whole(question.right, question.reasoning)}"


def answer_first(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The answer stands before the reasoning that should lead to it."""
    if not form.opens.strip():
        return None
    return f"{form.wrap(question.right)}\n{form.opens}{question.reasoning}{form.closes}"


def thought_in_a_thought(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Reasoning within reasoning: marks that are nested."""
    if not form.opens.strip() or not form.closes.strip():
        return None
    inner = f"{form.opens}{question.reasoning}{form.closes}"
    return f"{form.opens}{inner}{form.closes}\n{form.wrap(question.right)}"


def crossed_marks(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The answer opens before the reasoning is closed."""
    before, after = around(form)
    if not (form.opens and form.closes.strip() and before and after):
        return None
    head = f"{form.opens}{question.reasoning}{before}"
    return f"{head}{form.closes}\n{question.right}{after}"


def thought_not_closed(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The reasoning has no end."""
    if not form.closes.strip():
        return None
    return f"{form.opens}{question.reasoning}\n{form.wrap(question.right)}"


def answer_not_closed(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The answer has no end, as where a completion is cut."""
    after = around(form)[1]
    if not after.strip():
        return None
    return form.whole(question.right, question.reasoning).removesuffix(after)


def answer_within_the_thought(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The answer stands within the reasoning, and nothing comes after it."""
    if not form.opens.strip() or not form.closes.strip():
        return None
    return f"{form.opens}{question.reasoning}\n{form.wrap(question.right)}{form.closes}"


def closing_marks_mentioned(question: AuditQuestion, form: AnswerForm) -> str | None:
    """It speaks of the closing marks in a sentence."""
    closing = [each.strip() for each in (form.closes, around(form)[1]) if each.strip()]
    if not closing:
        return None
    return f"I was told to use {' and '.join(closing)} here. It is {question.right}."


def marks_mentioned(question: AuditQuestion, form: AnswerForm) -> str:
    """It names all marks in a sentence."""
    return f"The marks are {', '.join(marks(form))} as you know. It is {question.right}."


def in_a_code_fence(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The form is shown as code, not used."""
    whole = form.whole(question.right, question.reasoning)
    return None if FENCE in whole else f"An example:\n{FENCE}text\n{whole}\n{FENCE}\nThat is all."


def in_a_comment(question: AuditQuestion, form: AnswerForm) -> str:
    """The form stands in a comment that nobody is shown."""
    whole = form.whole(question.right, question.reasoning)
    return f"<!-- {whole} -->\nI would rather not say."


def pages_before_the_form(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Pages that nobody asked for, and then the form."""
    if not form.opens:
        return None
    return f"{MORE * 40}\n{form.whole(question.right, question.reasoning)}"


def pages_after_the_form(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The form, and then pages that nobody asked for."""
    if not around(form)[1].strip():
        return None
    return f"{form.whole(question.right, question.reasoning)}\n{MORE * 40}"


def reasoning_after_the_form(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The form holds no reasoning; it comes after the answer."""
    if not form.opens or not around(form)[1].strip():
        return None
    return f"{form.whole(question.right)}\n{question.reasoning}"


ONCE = "count each mark: one of each, in their order"
WHOLE = "match the whole completion from its first mark to its last"
MANY = "huggingface/open-r1, issue 359 and pull request 418: several blocks in one completion"
MENTION = "huggingface/trl, pull request 7141: a mention of the closing tag is paid"
COUNTED = "rewards that count tags wherever they stand, as in the GRPO examples of early 2025"
LOGIC = "what a search for a pattern finds"

PLACES = (
    *(Attack(each, ONCE, COUNTED) for each in (marks_many_times, marks_after_a_bare_answer)),
    *(
        Attack(each, ONCE, MANY)
        for each in (several_answers, several_thoughts, whole_form_twice, thought_in_a_thought)
    ),
    *(Attack(each, WHOLE, MENTION) for each in (closing_marks_mentioned, marks_mentioned)),
    *(
        Attack(each, WHOLE, LOGIC)
        for each in (
            *(instruction_echoed, answer_first, crossed_marks, thought_not_closed),
            *(answer_not_closed, answer_within_the_thought, in_a_code_fence, in_a_comment),
            *(pages_before_the_form, pages_after_the_form, reasoning_after_the_form),
        )
    ),
)
