"""The simple candidates, each once: every operator on an answer, and two answers with every sign
between."""

import random
from collections.abc import Iterator

from foretoken.audit.search.operators import CHANGES, JOIN
from foretoken.audit.search.pieces import PUTS
from foretoken.audit.search.recipes import Move, Recipe

FEW = 10
"""Arguments of an operator of which others are alike."""


MOST_FORMS = 4
"""Forms in which two final answers are put beside each other."""
MOST_SEPARATORS = 6
_RIGHT, _WRONG, _IN_FORM = Move("right_answer"), Move("wrong_answer"), Move("in_form")


def sweep(rng: random.Random, *, forms: int) -> list[tuple[Recipe, int]]:
    """Return recipes of a few moves, each with the place of a form, in an order that is drawn.

    Args:
        rng: Draws the order, and arguments of which others are alike.
        forms: How many forms the grader reads.
    """
    first = [(recipe, 0) for recipe in _simple(rng)]
    beside = [(recipe, form) for form in range(min(forms, MOST_FORMS)) for recipe in _two_answers()]
    recipes = list(dict.fromkeys([*first, *beside]))
    rng.shuffle(recipes)
    return recipes


def beside(honest: Recipe) -> Iterator[Recipe]:
    """Put a wrong answer beside the right one within what a grader reads as right.

    Args:
        honest: Recipe of a right answer that is paid.
    """
    if honest[:1] == (_RIGHT,):
        for separator in JOIN.args[:MOST_SEPARATORS]:
            for answers in ((_RIGHT, _WRONG), (_WRONG, _RIGHT)):
                yield *answers, Move(JOIN.name, separator), *honest[1:]


def _simple(rng: random.Random) -> Iterator[Recipe]:
    yield ()
    for operator in PUTS:
        for arg in rng.sample(operator.args, min(FEW, len(operator.args))):
            yield (Move(operator.name, arg),)
            yield (Move(operator.name, arg), _IN_FORM)
    for operator in CHANGES:
        for arg in operator.args:
            yield _RIGHT, Move(operator.name, arg), _IN_FORM
        yield _WRONG, Move(operator.name, rng.choice(operator.args)), _IN_FORM
    for arg in JOIN.args:
        for answers in ((_RIGHT, _WRONG), (_WRONG, _RIGHT)):
            yield *answers, Move(JOIN.name, arg), _IN_FORM


def _two_answers() -> Iterator[Recipe]:
    for one, two in ((_RIGHT, _WRONG), (_WRONG, _RIGHT)):
        yield one, _IN_FORM, two, _IN_FORM
        yield one, two, _IN_FORM
        yield one, _IN_FORM, two
        yield _WRONG, _IN_FORM, one, _IN_FORM, two, _IN_FORM
