"""What a name of a grader may hold: which of answer and truth it is made of, and of what type."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What a value is made of."""

    ANSWER = "answer"
    TRUTH = "truth"
    RAN = "ran"
    """An object that the answer's own code built, in the grader's process."""
    PROCESS = "process"
    """What a program of the answer left: its process, its output."""
    FILE = "file"
    """A path under which the answer was written."""
    FLOAT = "float"
    """A number read from text that may say `nan`."""
    CHANCE = "chance"
    """Drawn from a generator that nobody seeded."""


class Kind(StrEnum):
    """Of what type a value is, as far as rules must know."""

    NONE = "none"
    """Nothing yet."""
    TEXT = "text"
    GIVEN = "given"
    """An argument of which nothing says the type."""
    SEVERAL = "several"
    """A list, tuple, set or iterator."""
    RECORD = "record"
    """A mapping or object of columns."""
    NUMBER = "number"
    CLAIM = "claim"
    """True or false."""
    PATTERN = "pattern"
    MATCH = "match"
    FUNCTION = "function"
    OTHER = "other"


NOTHING = frozenset[Role]()


@dataclass(frozen=True)
class Held:
    """What a value may be."""

    roles: frozenset[Role] = NOTHING
    kind: Kind = Kind.NONE
    of: Kind = Kind.OTHER
    """What each of several is."""
    constant: Any = None
    """The value itself, or the pattern; None: not known."""
    made_by: str = ""
    """Name of the function of a library that made it."""
    function: Any = None
    """A function of the grader."""
    parts: "tuple[Held, ...]" = ()
    """Each of a tuple, or of each of several; of a function: arguments that were bound to it."""
    matched: str | None = None
    """Pattern that a text or match was found by."""

    def join(self, other: "Held") -> "Held":
        """What is one or the other."""
        if Kind.NONE in (self.kind, other.kind):
            known = other if self.kind is Kind.NONE else self
            return replace(known, roles=self.roles | other.roles)
        return Held(
            roles=self.roles | other.roles,
            kind=self.kind if self.kind is other.kind else Kind.OTHER,
            of=self.of if self.of is other.of else Kind.OTHER,
            constant=self.constant if self.constant == other.constant else None,
            made_by=self.made_by or other.made_by,
            function=self.function or other.function,
            parts=_joined_parts(self.parts, other.parts),
            matched=self.matched if self.matched == other.matched else None,
        )

    def element(self) -> "Held":
        """Each of several, or a part of it."""
        if self.kind is Kind.SEVERAL:
            kind = Kind.OTHER if self.parts else self.of
            return Held(
                self.roles, kind, made_by=self.made_by, matched=self.matched, parts=self.parts
            )
        if self.kind is Kind.MATCH:
            return Held(self.roles, Kind.TEXT, matched=self.matched)
        if self.kind in (Kind.TEXT, Kind.GIVEN, Kind.RECORD):
            return Held(self.roles, self.kind, made_by=self.made_by, matched=self.matched)
        return Held(self.roles, Kind.OTHER, made_by=self.made_by)

    def part(self, number: int) -> "Held":
        """One of a tuple."""
        known = self.kind is not Kind.FUNCTION and number < len(self.parts)
        return self.parts[number] if known else self.element()

    def has(self, *roles: Role) -> bool:
        """Whether it is made of all of these."""
        return all(each in self.roles for each in roles)


def _joined_parts(one: tuple[Held, ...], other: tuple[Held, ...]) -> tuple[Held, ...]:
    if one == other or len(one) != len(other):
        return one if one == other else ()
    return tuple(a.join(b) for a, b in zip(one, other, strict=True))


UNKNOWN = Held(kind=Kind.OTHER)


def joined(several: Iterable[Held]) -> Held:
    """What is any of several."""
    found = Held()
    for each in several:
        found = found.join(each)
    return found


def bounded(parts: Iterable[Held]) -> tuple[Held, ...]:
    """Parts of a tuple that have parts, and these none: what is held stays small."""
    return tuple(
        replace(each, parts=tuple(replace(inner, parts=()) for inner in each.parts))
        for each in parts
    )


def roles_of(several: Iterable[Held]) -> frozenset[Role]:
    """What several are made of."""
    return frozenset(role for each in several for role in each.roles)
