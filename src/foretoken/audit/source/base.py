"""What a reading of a grader's source says: rules, and where each is broken."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foretoken.audit.source.followed import Followed

Find = Callable[["Followed"], Iterator[ast.AST]]
"""Yields the expressions or statements of a grader that break a rule."""


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """Answers that deserve nothing are paid, or run in this process."""
    WARNING = "warning"
    """Some are paid, or one can stop the training."""
    NOTE = "note"
    """Worth a look."""


@dataclass(frozen=True)
class CodePlace:
    """A stretch of a file; lines and columns begin at 1, columns count characters."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    """One beyond the last character."""
    text: str
    """The whole first line, without blanks around it."""


@dataclass(frozen=True)
class SourceRule:
    """One flaw that a syntax tree shows."""

    find: Find
    """Its docstring says in one sentence what is wrong with it."""
    severity: Severity
    remedy: str
    source: str
    confirmed_by: tuple[str, ...] = ()
    """Attacks whose answers are paid where the flaw is real, by the names of their functions."""

    @property
    def name(self) -> str:
        """In words."""
        return str(getattr(self.find, "__name__", "")).replace("_", " ")

    @property
    def why(self) -> str:
        """What is wrong with it."""
        return (self.find.__doc__ or "").strip().splitlines()[0]


@dataclass(frozen=True)
class SourceFinding:
    """One place that breaks a rule."""

    rule: str
    """In words."""
    severity: Severity
    place: CodePlace
    function: str
    """In which it stands; empty: in the module."""
    why: str
    remedy: str
    source: str
    confirmed_by: tuple[str, ...] = ()
    """Attacks that can confirm it, in words."""
