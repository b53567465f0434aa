"""The shortest recipe that still cheats, with the simplest arguments."""

from collections.abc import Callable, Iterator

from foretoken.audit.search.pieces import LITERAL, SEED
from foretoken.audit.search.recipes import Move, Recipe

SIMPLE = ("wrong_answer", "right_answer")
MOST_ARGS = 8
"""Values of an argument that are tried in place of one."""


def shortened(recipe: Recipe, cheats: Callable[[Recipe], bool]) -> Recipe:
    """Leave out moves, alone and together, then make the rest simpler, as long as it cheats.

    Args:
        recipe: That cheats.
        cheats: Whether another one does.

    Returns:
        One of which no single move can be left out.

    Source:
        Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002).
    """
    recipe = _left_out(recipe, cheats)
    for place in range(len(recipe)):
        for simpler in _simpler(recipe[place]):
            tried = (*recipe[:place], simpler, *recipe[place + 1 :])
            if cheats(tried):
                recipe = tried
                break
    return _left_out(recipe, cheats)


def _left_out(recipe: Recipe, cheats: Callable[[Recipe], bool]) -> Recipe:
    size = max(1, len(recipe) // 2)
    while recipe:
        for start in range(0, len(recipe) - size + 1):
            tried = (*recipe[:start], *recipe[start + size :])
            if cheats(tried):
                recipe, size = tried, max(1, min(size, len(tried) // 2))
                break
        else:
            if size == 1:
                break
            size //= 2
    return recipe


def _simpler(move: Move) -> Iterator[Move]:
    """What may stand in a move's place, the simplest first."""
    operator = move.operator
    if move.name in (*SIMPLE, SEED, LITERAL):
        return
    if operator.kind == "put":
        yield Move("wrong_answer")
    for arg in operator.args[:MOST_ARGS]:
        if arg == move.arg:
            return
        yield Move(move.name, arg)
