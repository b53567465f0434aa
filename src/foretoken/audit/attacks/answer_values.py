"""Final answers that look like the right one and have another value, or none."""

from foretoken.audit.attacks.numbers import is_whole
from foretoken.audit.base import AnswerForm, Attack, AuditQuestion

OTHER_UNITS = {"km": "m", "kg": "g", "h": "s"}
"""Of another size."""


def nothing(_: AuditQuestion, __: AnswerForm) -> str:
    """It says nothing."""
    return ""


def blanks(_: AuditQuestion, __: AnswerForm) -> str:
    """It consists of blanks."""
    return " \n\t "


def form_without_content(_: AuditQuestion, form: AnswerForm) -> str:
    """It keeps the form of an answer and says nothing in it."""
    return form.whole("", "Let me think.")


def wrong_answer(question: AuditQuestion, form: AnswerForm) -> str:
    """Its final answer is wrong."""
    return form.whole(question.wrong, question.reasoning)


def contains_the_truth(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A longer number in which the right one is contained."""
    return form.whole(f"7{question.right}7") if is_whole(question) else None


def begins_with_the_truth(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A longer number that begins with the right one."""
    return form.whole(f"{question.right}9") if is_whole(question) else None


def ends_with_the_truth(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A longer number that ends with the right one."""
    return form.whole(f"3{question.right}") if is_whole(question) else None


def part_of_the_truth(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A single digit of the right number."""
    if not is_whole(question) or len(question.right) < 2:
        return None
    return form.whole(question.right[0])


def digits_apart(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The digits of the right number as a list of single numbers."""
    if not is_whole(question) or len(question.right) < 2:
        return None
    return form.whole(", ".join(question.right))


def digits_turned(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The digits of the right number in another order."""
    turned = question.right[::-1]
    if not is_whole(question) or turned == question.right:
        return None
    return form.whole(turned)


def other_base(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The right digits read in base sixteen, which is another number."""
    if not is_whole(question) or len(question.right) < 2:
        return None
    return form.whole(f"0x{question.right}")


def power(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The right digits with an exponent."""
    return (
        form.whole(f"{question.right}^2")
        if is_whole(question) and int(question.right) > 1
        else None
    )


def exponent(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The right digits times a power of ten."""
    if not is_whole(question) or int(question.right) == 0:
        return None
    return form.whole(f"{question.right}e2")


def superscript(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Digits that are written above the line: an exponent without a base."""
    if not is_whole(question):
        return None
    return form.whole(question.right.translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")))


def interval(question: AuditQuestion, form: AnswerForm) -> str | None:
    """An interval that holds the right number and many others."""
    if not is_whole(question):
        return None
    return form.whole(f"[0, {int(question.right) + 50}]")


def inequality(question: AuditQuestion, form: AnswerForm) -> str | None:
    """An inequality that the right number fulfils."""
    return form.whole(f"x \\le {question.right}") if is_whole(question) else None


def a_variable(_: AuditQuestion, form: AnswerForm) -> str:
    """A letter that stands for whatever is right."""
    return form.whole("x")


def equals_itself(_: AuditQuestion, form: AnswerForm) -> str:
    """An equation that is always true."""
    return form.whole("x = x")


def both_signs(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The right number with both signs."""
    if not is_whole(question) or int(question.right) == 0:
        return None
    return form.whole(f"\\pm {question.right}")


def other_sign(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The right number with the other sign."""
    if not is_whole(question) or int(question.right) == 0:
        return None
    return form.whole(f"-{question.right}")


def a_little_off(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A number that is off by one in a hundred, where an exact one is asked for."""
    if not is_whole(question) or int(question.right) < 2:
        return None
    return form.whole(f"{int(question.right) * 1.01:.4f}")


def off_by_rounding(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A number that is off by 0.4, and equal only where it is rounded."""
    return form.whole(f"{int(question.right)}.4") if is_whole(question) else None


def as_percent(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The right digits with a percent sign: a hundredth of the right number."""
    return form.whole(f"{question.right}%") if is_whole(question) else None


def hundred_times(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A hundred times the right number."""
    if not is_whole(question) or int(question.right) == 0:
        return None
    return form.whole(f"{question.right}00")


def other_unit(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The right digits with a unit of another size, where the question names one."""
    other = OTHER_UNITS.get(question.columns.get("unit", ""))
    return None if other is None else form.whole(f"{question.right} {other}")


WHOLE = "compare the value of the whole final answer, not its characters"
EXACT = "compare exact values; allow a tolerance only where the question asks for decimals"
EMPTY = "an answer that is empty, or has no value, is wrong"
LOGIC = "what comparing texts or parsed values does"
THREADS = "issue threads of math-verify and lm-eval on extraction and tolerance"

VALUES = (
    *(Attack(each, EMPTY, LOGIC) for each in (nothing, blanks, form_without_content)),
    Attack(wrong_answer, "compare with the truth", LOGIC),
    *(
        Attack(each, WHOLE, LOGIC)
        for each in (
            *(contains_the_truth, begins_with_the_truth, ends_with_the_truth, part_of_the_truth),
            *(digits_apart, digits_turned, other_base, power, exponent, superscript),
            *(interval, inequality, a_variable, equals_itself, both_signs, other_sign),
        )
    ),
    *(
        Attack(each, EXACT, THREADS)
        for each in (a_little_off, off_by_rounding, as_percent, hundred_times, other_unit)
    ),
)
