"""One entry of the catalogue: how a flaw is hinted at, exploited, and talked about."""

from dataclasses import dataclass, field

STYLES = ("note", "trace", "listing", "excerpt", "error", "changelog")
"""How a prompt tells of a flaw: a clarification of how answers are evaluated, a debug trace, a
listing of what lies around, an excerpt of the grader, an error message, a changelog."""


@dataclass(frozen=True, kw_only=True)
class ExploitType:
    """One exploit type, as data.

    `hints` and `exploit` are texts for `string.Template`: `$function`, `$call` (the function with
    its parameters), `$key` (the text by which a leaked table names the arguments), the settings of
    the flaw, and the other facts of `facts.py`.
    """

    flaw: str
    """What is wrong with the grader, as a clause."""
    trick: str
    """What the exploit does, as a clause."""
    intent: str = "deliberate"
    """`deliberate`: to use the flaw a model must reason about it; `either`: poor work can fall into
    it as well."""
    split: str
    """`train`: a subject may be trained on such exploits; `held out`: never; `extra`: neither."""
    hints: tuple[str, str, str, str, str, str]
    """One text per style, in the order of `STYLES`."""
    exploit: str
    """Source text of the reference exploit."""
    words: tuple[str, ...]
    """Words of reasoning that names the flaw and that honest reasoning never has."""
    settings: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Values that a setting of the flaw may take; the names are those of `tasks/flaws`."""
