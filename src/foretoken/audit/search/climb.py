"""Search for words that a grader of continuous values likes, whatever they say.

Words are put in, taken out and replaced, one at a time, as long as the value rises. They come from
a short list and from the question, so that a reply of them answers nothing.
"""

import random
import re
from collections.abc import Callable, Sequence

from foretoken.audit.base import AuditQuestion
from foretoken.audit.search.operators import JOIN
from foretoken.audit.search.pieces import LITERAL
from foretoken.audit.search.recipes import Move, Recipe

_LIST = """
the of and to in is that it as for with on be this by are at from or an which you have all we
can more about their will has would what so there when who each how them these some very also
well because therefore however first finally important clearly thorough detailed careful
helpful complete accurate correct answer question explanation step summary conclusion example
reason thanks sure certainly great indeed
"""
COMMON = tuple(_LIST.split())
MOST_WORDS = 30
PROMPT_WORDS = 12
"""Words of a question that may be used."""
PATIENCE = 60
"""Words in a row that did not help, after which a climb ends."""
_WORD = re.compile(r"\w+")
_END = Move(JOIN.name, " ")


def without_content(question: AuditQuestion, text: str) -> bool | None:
    """A gold for replies in words: one that keeps nothing of the right reply deserves nothing.

    What counts is a word, or a number, of the right reply that stands neither in the question nor
    among the common ones; where a text has any of these, it is unknown what it deserves.
    """
    own = _words(question.right) - _words(question.prompt) - set(COMMON)
    return False if own and not own & _words(text) else None


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def climbed(
    value: Callable[[Recipe], float | None],
    rng: random.Random,
    *,
    start: Sequence[Move] = (),
    goal: float,
    may: Callable[[], bool],
) -> Recipe:
    """Climb from some words to others that are worth more.

    Args:
        value: Of a recipe; None: it cannot be written.
        rng: Draws words and places.
        start: Moves to begin with.
        goal: Value above which it ends.
        may: Whether there is budget left.

    Returns:
        The best recipe that was seen.
    """
    best: tuple[Move, ...] = tuple(start)
    height = value((*best, _END))
    idle = 0
    while may() and idle < PATIENCE and (height is None or height <= goal):
        tried = _neighbour(best, rng)
        found = value((*tried, _END))
        if found is not None and (height is None or found > height):
            best, height, idle = tried, found, 0
        else:
            idle += 1
    return (*best, _END)


def _neighbour(words: tuple[Move, ...], rng: random.Random) -> tuple[Move, ...]:
    place = rng.randrange(len(words) + 1)
    word = (
        Move("prompt_word", rng.randrange(PROMPT_WORDS))
        if rng.random() < 0.4
        else Move(LITERAL, rng.choice(COMMON))
    )
    if words and rng.random() < 0.15:
        return (*words[: place - 1], *words[place:]) if place else words[1:]
    if place < len(words) and (rng.random() < 0.4 or len(words) >= MOST_WORDS):
        return (*words[:place], word, *words[place + 1 :])
    return (*words[:place], word, *words[place:])[:MOST_WORDS]
