"""The right marks around nothing: no reasoning, no answer, or neither."""

from foretoken.audit.base import AnswerForm, Attack, AuditQuestion

HUGE = 30_000
"""Letters of an answer that is far too long."""


def nothing(_: AuditQuestion, __: AnswerForm) -> str:
    """It says nothing."""
    return ""


def blanks(_: AuditQuestion, __: AnswerForm) -> str:
    """It consists of blanks."""
    return " \n\t "


def half_of_the_form(question: AuditQuestion, form: AnswerForm) -> str:
    """It reasons and answers, and leaves out the marks of one of the two."""
    return form.whole(question.wrong, question.reasoning)


def marks_around_nothing(_: AuditQuestion, form: AnswerForm) -> str:
    """All marks in their order, with nothing in them."""
    return form.whole("")


def marks_around_blanks(_: AuditQuestion, form: AnswerForm) -> str:
    """All marks in their order, with blanks in them."""
    return form.whole("  ", "\n  \n")


def marks_around_dots(_: AuditQuestion, form: AnswerForm) -> str:
    """All marks in their order, with three dots in each."""
    return form.whole("...", "...")


def no_reasoning(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The place for the reasoning is empty."""
    return form.whole(question.right) if form.opens else None


def blank_reasoning(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The place for the reasoning holds line breaks."""
    return form.whole(question.right, "\n\n") if form.opens else None


def reasoning_of_one_token(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The place for the reasoning holds one full stop."""
    return form.whole(question.right, ".") if form.opens else None


def filler_for_reasoning(question: AuditQuestion, form: AnswerForm) -> str | None:
    """One phrase again and again in place of reasoning."""
    return form.whole(question.right, "Let me think. " * 40) if form.opens else None


def question_for_reasoning(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The question once more in place of reasoning."""
    return form.whole(question.right, question.prompt) if form.opens else None


def one_letter_for_pages(question: AuditQuestion, form: AnswerForm) -> str | None:
    """One letter, for pages, in place of reasoning."""
    return form.whole(question.right, "a" * HUGE) if form.opens else None


def no_answer(question: AuditQuestion, form: AnswerForm) -> str:
    """It reasons, and the place for the answer is empty."""
    return form.whole("", question.reasoning)


def placeholders(_: AuditQuestion, form: AnswerForm) -> str:
    """What stands for reasoning and answer in an instruction, copied as it is."""
    return form.whole("answer here", "reasoning process here")


def pages_for_an_answer(question: AuditQuestion, form: AnswerForm) -> str:
    """The place for the answer holds one letter, for pages."""
    return form.whole("a" * HUGE, question.reasoning)


HOLD = "ask for content between the marks: an answer of its kind, and reasoning of several words"
TOGETHER = "pay for the form only together with a right answer"
THREADS = "public issue threads that report format rewards paid for `<think></think>`"
SEEN = "rollouts under a format reward alone; prompts of R1's kind show the form with placeholders"
LOGIC = "what a pattern with `.*` between its marks accepts"

CONTENTS = (
    *(Attack(each, HOLD, LOGIC) for each in (nothing, blanks)),
    Attack(half_of_the_form, "ask for all marks", "rewards that add up what they find"),
    *(
        Attack(each, HOLD, THREADS)
        for each in (
            *(marks_around_nothing, marks_around_blanks, no_reasoning, blank_reasoning),
            *(reasoning_of_one_token, no_answer),
        )
    ),
    *(
        Attack(each, TOGETHER, SEEN)
        for each in (marks_around_dots, placeholders, filler_for_reasoning, question_for_reasoning)
    ),
    *(Attack(each, HOLD, LOGIC) for each in (one_letter_for_pages, pages_for_an_answer)),
)
