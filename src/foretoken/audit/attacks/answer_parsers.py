"""Answers that hang, break or are executed by what parses them."""

from foretoken.audit.attacks.numbers import is_whole
from foretoken.audit.base import AnswerForm, Attack, AuditQuestion

LONG = 4000
"""Brackets, or digits and a quarter more, of what may hang a parser."""


def not_a_number(_: AuditQuestion, form: AnswerForm) -> str:
    """The word that many languages read as a number that is none."""
    return form.whole("nan")


def infinity(_: AuditQuestion, form: AnswerForm) -> str:
    """The word that many languages read as an infinite number."""
    return form.whole("inf")


def null(_: AuditQuestion, form: AnswerForm) -> str:
    """The word for no value."""
    return form.whole("None")


def a_truth_value(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A truth value, which equals 1 in many languages."""
    return form.whole("True") if question.right not in ("1", "True", "yes") else None


def zero_division(_: AuditQuestion, form: AnswerForm) -> str:
    """A division by zero."""
    return form.whole("1/0")


def broken_latex(question: AuditQuestion, form: AnswerForm) -> str:
    """LaTeX that no parser accepts."""
    return form.whole(f"\\frac{{{question.wrong}")


def lone_surrogate(question: AuditQuestion, form: AnswerForm) -> str:
    """A character that cannot be written in UTF-8."""
    return form.whole(f"{question.wrong}\ud800")


def null_byte(question: AuditQuestion, form: AnswerForm) -> str:
    """A byte 0 before a wrong number."""
    return form.whole(f"\0{question.wrong}")


def open_brackets(_: AuditQuestion, form: AnswerForm) -> str:
    """Opening brackets that nothing closes."""
    return form.wrap("{" * LONG)


def code_that_computes_it(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Code in place of a number: only a grader that executes it finds the right one."""
    if not is_whole(question):
        return None
    return form.whole(f"int('{int(question.right) - 1}') + len('a')")


def tower_of_powers(_: AuditQuestion, form: AnswerForm) -> str:
    """A number that no machine can write out."""
    return form.whole("9**9**9**9")


def latex_tower(_: AuditQuestion, form: AnswerForm) -> str:
    """The same for parsers of LaTeX."""
    return form.whole("9^{9^{9^{9}}}")


def factorial(_: AuditQuestion, form: AnswerForm) -> str:
    """A factorial that takes forever."""
    return form.whole("99999999!")


def deep_brackets(question: AuditQuestion, form: AnswerForm) -> str:
    """Brackets that are nested thousands deep."""
    return form.whole("(" * LONG + question.wrong + ")" * LONG)


def endless_digits(_: AuditQuestion, form: AnswerForm) -> str:
    """A number of thousands of digits."""
    return form.whole("9" * (LONG + 1000))


CATCH = "treat what cannot be parsed as wrong, in one place, and count it"
BOUND = "parse in a process with a time limit, or refuse long answers and powers before parsing"
NEVER = "never execute an answer: parse numbers"
THREADS = "issue threads of math-verify and sympy on parsing"

PARSERS = (
    *(
        Attack(each, CATCH, THREADS)
        for each in (
            *(not_a_number, infinity, null, a_truth_value, zero_division, broken_latex),
            *(lone_surrogate, null_byte, open_brackets),
        )
    ),
    Attack(code_that_computes_it, NEVER, "graders that evaluate answers"),
    *(
        Attack(each, BOUND, THREADS)
        for each in (tower_of_powers, latex_tower, factorial, deep_brackets, endless_digits)
    ),
)
