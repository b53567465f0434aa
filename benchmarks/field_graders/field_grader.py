"""What is told of a grader of the field: where it is found, how it is called, what it is for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Use(StrEnum):
    """What its documentation offers a grader for."""

    REWARD = "reward of a training run"
    SCORER = "scorer of an evaluation"
    LIBRARY = "library of both"


@dataclass(frozen=True)
class FieldGrader:
    """One grader that people use."""

    name: str
    family: str
    """Its environment, and the file of its pins."""
    package: str
    """Distribution whose version is told."""
    path: str
    """Import path, in its environment and beside this file."""
    use: Use
    documentation: str
    """Where it is described."""
    says: str
    """What that says of its choices."""
    reproduce: tuple[str, str]
    """An import, and an expression of `said` and `truth` that gives its value."""
    shape: str | None = None
    given: Mapping[str, str] = field(default_factory=dict, hash=False)
    domain: str = "answers"


def beside(family: str, name: str) -> dict[str, object]:
    """Return where an adapter is, of a function of an answer and the truth."""
    module = f"adapters_{family}"
    return {
        "family": family,
        "path": f"{module}.py:{name}",
        "reproduce": (f"from {module} import {name}", f"{name}(said, truth)"),
    }


def listed(family: str, name: str) -> dict[str, object]:
    """The same of a function of lists, as TRL calls it."""
    return beside(family, name) | {
        "reproduce": (
            f"from adapters_{family} import {name}",
            f"{name}([said], solution=[truth])[0]",
        )
    }
