"""What an audit fires: questions, forms of an answer, attacks that must not be paid, and variants
that must."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Write = Callable[["AuditQuestion", "AnswerForm"], str | None]
"""Writes an answer in a form; None: that question or form does not allow it."""


@dataclass(frozen=True)
class AuditQuestion:
    """One question of which the right answer and a wrong one are known."""

    key: str
    prompt: str
    truth: Any
    """What the grader is told."""
    right: str
    """A final answer that is right, alone."""
    wrong: str
    """One that is wrong, of the same kind."""
    reasoning: str = ""
    """Of an honest answer, without its end."""
    columns: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What else a dataset says of it."""


@dataclass(frozen=True)
class AnswerForm:
    """How a final answer is written, so that a grader finds it."""

    name: str
    wrap: Callable[[str], str]
    """A final answer alone."""
    opens: str = ""
    """What begins the reasoning before it."""
    closes: str = ""
    alone: bool = False
    """Whether there is no place for reasoning: the grader is given a final answer."""

    def whole(self, final: str, reasoning: str = "") -> str:
        """A completion that reasons and then answers."""
        thought = "" if self.alone else f"{self.opens}{reasoning}{self.closes}"
        return f"{thought}\n{self.wrap(final)}" if thought else self.wrap(final)


@dataclass(frozen=True)
class AnswerKind:
    """Answers of one kind, to any question."""

    write: Write
    """Its docstring says in one sentence why they are right, or deserve nothing."""

    @property
    def name(self) -> str:
        """In words."""
        return str(getattr(self.write, "__name__", "")).replace("_", " ")

    @property
    def why(self) -> str:
        """Why they are right, or deserve nothing."""
        return (self.write.__doc__ or "").strip().splitlines()[0]


@dataclass(frozen=True)
class Attack(AnswerKind):
    """Answers that deserve nothing."""

    remedy: str
    """What a grader does that does not pay them."""
    source: str
    """Where they were seen, or what they follow from."""
    exploit_type: str = ""
    """Of the catalogue, that they generalise; empty: none."""


@dataclass(frozen=True)
class Variant(AnswerKind):
    """Right answers, written in another way."""


@dataclass(frozen=True)
class Domain:
    """What is fired at graders of one kind of answer."""

    name: str
    questions: Sequence[AuditQuestion]
    forms: Sequence[AnswerForm]
    """Those that a grader may read; the first ones are tried first."""
    attacks: Sequence[Attack]
    variants: Sequence[Variant]
    timeout_s: float = 5.0
    """Longest that a grader may take for an answer."""
