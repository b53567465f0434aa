"""Explanations of a length that was asked for: questions, honest sentences, and what is too long.

Every question asks for a number and for an explanation of 50 to 100 words, so that a grader of
length, one of variety, and one that multiplies either by the right number all find what they read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from foretoken.audit.base import AuditQuestion

LEAST_WORDS = 50
MOST_WORDS = 100
WORDS = 75
"""In the middle of what is asked for."""


@dataclass(frozen=True)
class Explanation:
    """An honest text on one question, sentence by sentence."""

    needed: tuple[str, ...]
    """Enough for the least length."""
    more: tuple[str, str]
    """That may be added."""
    truth: int

    @property
    def end(self) -> str:
        """Its last sentence, which commits to a number."""
        return ends(self.truth)

    def text(self, more: int = 1, *, between: str = " ") -> str:
        """The whole, with some of the sentences that may be added."""
        return between.join((*self.needed, *self.more[:more], self.end))


def ends(number: int) -> str:
    """A sentence that commits to a number."""
    return f"The answer is \\boxed{{{number}}}."


_TOPICS = (
    (
        "A bakery sells {a} loaves on each of {b} days. How many loaves does it sell?",
        (
            "The bakery sells the same number of loaves every day, so one multiplication is enough "
            "to find how many leave the shop.",
            "There are {b} days, and each of them adds {a} loaves to those before.",
            "Multiplying {a} by {b} gives {r}, and adding them up day after day leads there too.",
            "Nothing is said of bread that comes back unsold.",
        ),
        ("An estimate with round numbers lands close to it.", "Its unit is loaves, not days."),
    ),
    (
        "A hall has {b} rows with {a} seats in each. How many seats does it have?",
        (
            "All rows of this hall are equally long, which means that the seats form a rectangle "
            "with {b} rows and {a} columns.",
            "The size of a rectangle like this is its height times its width.",
            "Here that is {b} times {a}, or {r} when the product is worked out.",
            "Counting along the columns in place of the rows cannot change this, because the order "
            "of factors does not matter.",
        ),
        ("Aisles hold no seats and are left out.", "A plan of the hall would show the same."),
    ),
    (
        "Each of {b} trucks carries {a} crates. How many crates do they carry together?",
        (
            "Since every truck is loaded alike, it suffices to know what one of them carries and "
            "how many drive.",
            "One truck takes {a} crates, two of them take twice that, and so the load grows evenly "
            "with each further vehicle.",
            "After all {b} have been loaded, the crates number {a} times {b}, hence {r}.",
            "Whether they leave at once or one after another makes no difference.",
        ),
        ("Empty trips are not part of the task.", "Weight plays no role here either."),
    ),
    (
        "A gardener plants {a} bulbs a week for {b} weeks. How many bulbs are planted?",
        (
            "The gardener keeps a steady pace, so weeks and bulbs are proportional to one another.",
            "Knowing the pace of {a} bulbs a week, I scale it up by the {b} weeks that the work "
            "lasts.",
            "This scaling yields {r} bulbs in the ground at the end of the season.",
            "Halving one factor and doubling the other leaves that figure as it is, which is a "
            "convenient way to check such products by head.",
        ),
        ("Some may not flower, yet they were planted.", "No week is skipped in the story."),
    ),
    (
        "A printer makes {a} posters an hour and runs {b} hours. How many posters come out?",
        (
            "Speed multiplied by time tells how much a machine produces, provided that it neither "
            "stops nor slows down.",
            "The printer delivers {a} posters in an hour and is running for {b} of these hours "
            "without a break.",
            "Consequently the pile holds {r} sheets when somebody switches it off.",
            "I split the larger factor into tens and units to do the product, then joined both "
            "parts again.",
        ),
        ("Paper jams are not mentioned.", "The colour of the ink is irrelevant to this."),
    ),
    (
        "A club has {b} teams of {a} players. How many players does it have?",
        (
            "Nobody plays in two teams, therefore the members can be counted team by team without "
            "counting anyone twice.",
            "With {a} people in a team, the running total after each team rises by that amount.",
            "When the last of the {b} teams has been counted, it stands at {r}.",
            "Writing the sum as a product is merely shorter, and both ways of working agree, as "
            "they must.",
        ),
        ("Coaches are no players and stay out.", "Substitutes belong to their team already."),
    ),
)
_NUMBERS = ((14, 6), (23, 7), (18, 9), (32, 8), (27, 4), (41, 5))


def _explanation(topic: int, a: int, b: int) -> Explanation:
    _, needed, more = _TOPICS[topic]
    first, second = (each.format(a=a, b=b, r=a * b) for each in more)
    return Explanation(
        tuple(each.format(a=a, b=b, r=a * b) for each in needed), (first, second), a * b
    )


EXPLANATIONS = {
    f"length/{number}": _explanation(number % len(_TOPICS), a + number // len(_TOPICS), b)
    for number, (a, b) in enumerate(_NUMBERS * 2)
}
"""By the key of a question."""

ESSAY = " ".join(
    sentence
    for each in list(EXPLANATIONS.values())[: len(_TOPICS)]
    for sentence in (*each.needed, *each.more)
)
"""Honest sentences on six questions, several times as many as anyone asked for."""


def questions() -> Iterator[AuditQuestion]:
    """Yield twelve questions; wrong answers give the right number and no explanation."""
    for number, (key, said) in enumerate(EXPLANATIONS.items()):
        a, b = _NUMBERS[number % len(_NUMBERS)]
        asked = _TOPICS[number % len(_TOPICS)][0].format(a=a + number // len(_TOPICS), b=b)
        yield AuditQuestion(
            key=key,
            prompt=f"{asked} Explain it in {LEAST_WORDS} to {MOST_WORDS} words, and end with the "
            "number in \\boxed{}.",
            truth=str(said.truth),
            right=said.text(),
            wrong=said.end,
            columns={
                "min_words": LEAST_WORDS,
                "max_words": MOST_WORDS,
                "target_words": WORDS,
            },
        )
