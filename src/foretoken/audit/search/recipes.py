"""Recipes: how a candidate is made from any question, so that it can be made from others as well.

A recipe is a list of moves over a pile of texts, read from its first to its last. Any list of moves
is a recipe; so recipes can be shortened, cut and put together anywhere.
"""

import random
from dataclasses import dataclass
from typing import Any

from foretoken.audit.search.operators import DRAWN, JOIN, OPERATORS
from foretoken.audit.search.pieces import LITERAL, SEED, Operator, Scene

MOST_MOVES = 9
LONGEST = 6_000
"""Characters of a candidate."""
GLUE = "\n"
"""Between the texts that are left on the pile."""


@dataclass(frozen=True)
class Move:
    """One operator with its argument."""

    name: str
    arg: Any = None

    @property
    def operator(self) -> Operator:
        """What it does."""
        return OPERATORS[self.name]


Recipe = tuple[Move, ...]


def written(recipe: Recipe, scene: Scene) -> str | None:
    """Follow a recipe; None: the question or the form does not allow a move."""
    pile: list[str] = []
    for move in recipe:
        operator = move.operator
        if operator.kind == "join":
            pile = [str(move.arg).join(pile)]
            continue
        if operator.kind == "change" and not pile:
            pile.append("")
        before = pile.pop() if operator.kind == "change" else ""
        made = operator.act(scene, before, move.arg)
        if made is None or len(made) > LONGEST:
            return None
        pile.append(made)
    return GLUE.join(pile)


def named(recipe: Recipe) -> str:
    """Say in words what a recipe needs."""
    pile: list[str] = []
    for move in recipe:
        operator = move.operator
        if operator.kind == "join":
            pile = [f", {move.arg!r}, ".join(pile)]
            continue
        if operator.kind == "change":
            text = pile.pop() if pile else "nothing"
            pile.append(operator.words.format(text=text, arg=move.arg))
        else:
            pile.append(operator.words.format(arg=move.arg))
    return ", newline, ".join(pile) or "empty text"


def drawn_move(rng: random.Random, *, kind: str | None = None) -> Move:
    """Draw a move, of a kind if that is given; each operator is as likely as any other."""
    among = [each for each in DRAWN if kind in (None, each.kind)]
    operator = rng.choice(among)
    return Move(operator.name, rng.choice(operator.args))


def drawn_recipe(rng: random.Random) -> Recipe:
    """Draw a short recipe: answers and other texts, changed, joined, mostly in the form."""
    moves: list[Move] = []
    for _ in range(rng.choice((1, 1, 2, 2, 2, 3))):
        usual = rng.random() < 0.7
        moves.append(
            Move(rng.choice(("right_answer", "wrong_answer")))
            if usual
            else drawn_move(rng, kind="put")
        )
        while rng.random() < 0.35:
            moves.append(drawn_move(rng, kind="change"))
        if rng.random() < 0.3:
            moves.append(Move("in_form"))
    if rng.random() < 0.6:
        moves.append(Move(JOIN.name, rng.choice(JOIN.args)))
        if rng.random() < 0.4:
            moves.append(drawn_move(rng, kind="change"))
        if rng.random() < 0.7:
            moves.append(Move("in_form"))
    return tuple(moves[:MOST_MOVES])


def changed(recipe: Recipe, rng: random.Random, *, mate: Recipe = ()) -> Recipe:
    """Change a recipe in one place, or put it together with another one.

    Args:
        recipe: To be changed.
        rng: Draws where and how.
        mate: Whose end may become its end.
    """
    moves = list(recipe)
    place = rng.randrange(len(moves) + 1)
    way = rng.random()
    if mate and way < 0.2:
        moves = [*moves[:place], *mate[rng.randrange(len(mate)) :]]
    elif moves and way < 0.35:
        del moves[min(place, len(moves) - 1)]
    elif moves and way < 0.55:
        place = min(place, len(moves) - 1)
        args = moves[place].operator.args
        moves[place] = (
            Move(moves[place].name, rng.choice(args)) if len(args) > 1 else drawn_move(rng)
        )
    else:
        moves.insert(place, drawn_move(rng))
    return tuple(moves[:MOST_MOVES])


def holds(part: Recipe, whole: Recipe) -> bool:
    """Whether a recipe holds all moves of another one, in their order.

    Arguments do not count, but for what is put as it is: a seed or a word.
    """
    rest = iter([_kind(move) for move in whole])
    return all(_kind(move) in rest for move in part)


def _kind(move: Move) -> tuple[str, Any]:
    return move.name, move.arg if move.name in (SEED, LITERAL) else None
