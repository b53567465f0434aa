"""Closed sets of words that fields of records hold; stored as their texts."""

from enum import StrEnum


class Outcome(StrEnum):
    """How one execution of a submission ended; a closed set."""

    OK = "ok"
    WRONG = "wrong"
    EXCEPTION = "exception"
    EXIT = "exit"
    SIGNAL = "signal"
    CPU_LIMIT = "cpu_limit"
    WALL_LIMIT = "wall_limit"
    MEM_LIMIT = "mem_limit"
    OUTPUT_LIMIT = "output_limit"
    PROTOCOL_ERROR = "protocol_error"
    INFRA_ERROR = "infra_error"


class Where(StrEnum):
    """Where a donor's windows may open."""

    ANYWHERE = "anywhere"
    ANSWER = "answer"
    """After the end of the reasoning alone."""


class Source(StrEnum):
    """What a draw was made for."""

    BANK = "bank"
    COUNT = "count"
    """The subject's own draws, counted."""
    DONOR = "donor"
    """Of the donor, whose first tokens become prefixes."""
    PREFIX = "prefix"
    """Of the subject, after a donor's prefix."""
    ROLLOUT = "rollout"
    """Of the training itself."""
    TRUTH = "truth"
    """Counted as the truth of a run; only the counts are kept."""
    QUALITY = "quality"
    """Of a donor that is asked how often it hacks; only the counts are kept."""


class Spoken(StrEnum):
    """Whether the reasoning of a hack names the flaw before the answer."""

    SPOKEN = "spoken"
    UNSPOKEN = "unspoken"
    """There is reasoning, and it does not."""
    NO_REASONING = "no reasoning"
    """It is empty."""


class ControlStanding(StrEnum):
    """What a control says of the bank's rate."""

    HIGHER = "higher"
    """Its lower bound is above the bank's interval: the bank misses a route, or weights are off."""
    LOWER = "lower"
    """As expected of a donor that does not know the hacks."""
    AGREES = "agrees"
    """Neither can be told."""
