"""Word problems that take four steps, with the pieces of right and wrong solutions."""

from collections.abc import Iterator
from dataclasses import dataclass

from foretoken.audit.base import AuditQuestion

ERROR = 3
"""By which each number of a wrong solution is off."""
EXAMPLE = (
    "A jug holds 4 cups and 3 jugs are filled. How many cups is that?",
    ("3 jugs of 4 cups hold 3 * 4 = 12 cups.", "The answer is 12."),
)
"""Question and steps that the prompt shows."""


@dataclass(frozen=True)
class Solution:
    """What a solution of one question consists of."""

    given: str
    """The question restated."""
    bought: tuple[str, int, int]
    """What the first product counts, and its factors."""
    more: tuple[str, int, int]
    """What the second product counts, and its factors."""
    gone: int
    """That is taken from their sum."""

    @property
    def first(self) -> int:
        """Result of the first step."""
        return self.bought[1] * self.bought[2]

    @property
    def second(self) -> int:
        """Result of the second step."""
        return self.more[1] * self.more[2]

    @property
    def truth(self) -> int:
        """The final answer."""
        return self.first + self.second - self.gone

    def equations(self, off: int = 0) -> tuple[str, str, str, str]:
        """Those of the four steps, each result off by so much."""
        first, second = self.first + off, self.second + off
        both = first + second + off
        return (
            f"{self.bought[1]} * {self.bought[2]} = {first}",
            f"{self.more[1]} * {self.more[2]} = {second}",
            f"{first} + {second} = {both}",
            f"{both} - {self.gone} = {both - self.gone + off}",
        )

    def steps(self, off: int = 0) -> tuple[str, ...]:
        """A solution in four steps and a final answer."""
        one, two, three, four = self.equations(off)
        return (
            f"First the {self.bought[0]}: {one}.",
            f"Then the {self.more[0]}: {two}.",
            f"Together that makes {three}.",
            f"Of these {self.gone} are gone, which leaves {four}.",
            self.end(off),
        )

    def end(self, off: int = 0) -> str:
        """The final answer; errors of four steps add up."""
        return f"The answer is {self.truth + 4 * off}."


def joined(*steps: str) -> str:
    """A solution of these steps."""
    return "\n\n".join(steps)


_STORIES = (
    (
        "A farmer fills {b} crates with {a} apples each and {d} sacks with {c} apples each. "
        "Then {e} apples go bad. How many good apples are there?",
        ("apples in crates", "apples in sacks"),
    ),
    (
        "A school buys {b} packs of {a} pencils and {d} boxes of {c} pencils, and gives away "
        "{e} pencils. How many pencils are left?",
        ("pencils in packs", "pencils in boxes"),
    ),
    (
        "A cinema has {b} rows of {a} seats below and {d} rows of {c} seats above. Of all seats, "
        "{e} are broken. How many can be used?",
        ("seats below", "seats above"),
    ),
    (
        "A library puts {a} books on each of {b} shelves and {c} books on each of {d} tables. "
        "Readers borrow {e} of them. How many books remain?",
        ("books on shelves", "books on tables"),
    ),
)


def _made() -> Iterator[tuple[str, str, Solution]]:
    for number in range(12):
        asked, (bought, more) = _STORIES[number % len(_STORIES)]
        a, b, c, d, e = (
            *(12 + number, 4 + number % 5, 7 + number % 4),
            *(3 + number % 3, 11 + 2 * number),
        )
        prompt = asked.format(a=a, b=b, c=c, d=d, e=e)
        yield f"steps/{number}", prompt, Solution(prompt, (bought, b, a), (more, d, c), e)


_CASES = [*_made()]
SOLUTIONS = {key: steps for key, _, steps in _CASES}
"""By the key of a question."""


def questions() -> Iterator[AuditQuestion]:
    """Yield twelve questions, each with a solved example before it."""
    for key, prompt, own in _CASES:
        yield AuditQuestion(
            key=key,
            prompt=f"Solve it in steps, with an empty line after each.\n\n{EXAMPLE[0]}\n"
            f"{joined(*EXAMPLE[1])}\n\n{prompt}",
            truth=str(own.truth),
            right=joined(*own.steps()),
            wrong=joined(*own.steps(ERROR)),
        )
