"""Right solutions of other lengths, in other words and orders."""

from foretoken.audit.attacks.steps_texts import SOLUTIONS, joined
from foretoken.audit.base import AnswerForm, AuditQuestion, Variant


def plainly(question: AuditQuestion, form: AnswerForm) -> str:
    """Four steps and a final answer."""
    return form.wrap(question.right)


def in_equations_alone(question: AuditQuestion, form: AnswerForm) -> str:
    """The same steps without words."""
    own = SOLUTIONS[question.key]
    return form.wrap(joined(*own.equations(), own.end()))


def in_two_steps(question: AuditQuestion, form: AnswerForm) -> str:
    """Two steps hold what others do in four."""
    own = SOLUTIONS[question.key]
    one, two, three, four, end = own.steps()
    return form.wrap(joined(f"{one} {two}", f"{three} {four}", end))


def in_one_paragraph(question: AuditQuestion, form: AnswerForm) -> str:
    """All of it without an empty line."""
    return form.wrap(" ".join(SOLUTIONS[question.key].steps()))


def with_many_words(question: AuditQuestion, form: AnswerForm) -> str:
    """Each step says first why it is taken."""
    why = (
        *("Every one holds equally many, so I multiply.", "The same reasoning applies here."),
        *("Both kinds count alike, so their numbers add up.", "What is gone has to come off."),
        "Nothing else is left to do.",
    )
    own = SOLUTIONS[question.key]
    return form.wrap(joined(*(f"{a} {b}" for a, b in zip(why, own.steps(), strict=True))))


def in_another_order(question: AuditQuestion, form: AnswerForm) -> str:
    """The two products are found the other way round."""
    one, two, *rest = SOLUTIONS[question.key].steps()
    return form.wrap(joined(two, one, *rest))


def with_numbered_steps(question: AuditQuestion, form: AnswerForm) -> str:
    """Each step has its number."""
    own = SOLUTIONS[question.key]
    *work, end = own.steps()
    return form.wrap(joined(*(f"Step {n}: {each}" for n, each in enumerate(work, 1)), end))


def with_a_check(question: AuditQuestion, form: AnswerForm) -> str:
    """The last step is checked by its inverse before the answer."""
    own = SOLUTIONS[question.key]
    *work, end = own.steps()
    check = f"To check: {own.truth} + {own.gone} = {own.truth + own.gone}."
    return form.wrap(joined(*work, check, end))


def without_the_sum(question: AuditQuestion, form: AnswerForm) -> str:
    """It takes away from one product before it adds the other, which comes to the same."""
    own = SOLUTIONS[question.key]
    left = own.first - own.gone
    return form.wrap(
        joined(
            *own.steps()[:2],
            f"Taking away what is gone: {own.first} - {own.gone} = {left}.",
            f"With the others that is {left} + {own.second} = {own.truth}.",
            own.end(),
        )
    )


VARIANTS = tuple(
    map(
        Variant,
        (
            *(plainly, in_equations_alone, in_two_steps, in_one_paragraph, with_many_words),
            *(in_another_order, with_numbered_steps, with_a_check, without_the_sum),
        ),
    )
)
