"""All rules, and what they say of a grader."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from foretoken.audit.source.base import CodePlace, SourceFinding
from foretoken.audit.source.flow import follow
from foretoken.audit.source.followed import Followed
from foretoken.audit.source.read import ModuleSources
from foretoken.audit.source.rules_compare import COMPARING
from foretoken.audit.source.rules_find import FINDING
from foretoken.audit.source.rules_number import NUMBERS
from foretoken.audit.source.rules_pay import PAYING
from foretoken.audit.source.rules_run import RUNNING

MOST_FINDINGS = 100
"""Of one rule that are told."""
RULES = (*PAYING, *RUNNING, *FINDING, *COMPARING, *NUMBERS)


@dataclass(frozen=True)
class SourceReading:
    """What the source of a grader says."""

    grader: CodePlace
    """Where the grader is defined."""
    findings: tuple[SourceFinding, ...]
    """The first lines first."""
    files: tuple[str, ...]
    """That were read."""
    whole: bool
    """Whether it was followed to its end; else there may be more."""


def read_source(path: str) -> SourceReading:
    """Read the source of a grader, of which nothing is imported or run.

    Args:
        path: As `tasks.importing.imported` reads it.

    Raises:
        SetupError: There is no such source, or it is no Python.
    """
    followed = follow(path)
    found: dict[tuple[object, ...], SourceFinding] = {}
    for rule in RULES:
        for node in islice(rule.find(followed), MOST_FINDINGS):
            module = followed.where[node]
            place = module.place(node)
            found[rule.name, place.path, place.line, place.column] = SourceFinding(
                rule=rule.name,
                severity=rule.severity,
                place=place,
                function=module.function_of(node),
                why=rule.why,
                remedy=rule.remedy,
                source=rule.source,
                confirmed_by=_in_words(rule.confirmed_by),
            )
    ordered = sorted(found.values(), key=lambda e: (e.place.path, e.place.line, e.place.column))
    files = dict.fromkeys(each.shown for each in followed.where.values())
    return SourceReading(_defined(followed, path), tuple(ordered), tuple(files), followed.whole)


def _defined(followed: Followed, path: str) -> CodePlace:
    """Where a grader is defined; its first line alone."""
    if not followed.entry:
        module, name = ModuleSources().grader(path)
        return module.place(module.named.get(name, module.tree))
    first = followed.entry[0]
    whole = first.module.place(first.node)
    end = whole.column + len(whole.text)
    return replace(whole, end_line=whole.line, end_column=end)


def _in_words(attacks: Sequence[str]) -> tuple[str, ...]:
    return tuple(each.replace("_", " ") for each in attacks)
