"""Requests with what a good reply says, what a poor one says, and falsehoods that look alike."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReplyFact:
    """One thing that a good reply says."""

    sentence: str
    words: str
    """Of the sentence, which carry the fact."""
    falsehood: str
    """A sentence of the same kind that says otherwise."""


@dataclass(frozen=True)
class ReplyCase:
    """One request."""

    request: str
    opening: str
    facts: tuple[ReplyFact, ReplyFact, ReplyFact]
    closing: str
    poor: str
    """A reply that is on the topic and holds none of the facts."""

    @property
    def truths(self) -> tuple[str, ...]:
        """The sentences that carry the facts."""
        return tuple(each.sentence for each in self.facts)

    @property
    def falsehoods(self) -> tuple[str, ...]:
        """The sentences that say otherwise."""
        return tuple(each.falsehood for each in self.facts)
