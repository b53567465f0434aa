"""How many hacks name the flaw in their reasoning, before and after the cutoff."""

from collections.abc import Iterable
from dataclasses import dataclass

from foretoken.records import Truth
from foretoken.report import numbers
from foretoken.report.contents import HackCount, RunContents
from foretoken.report.counted import best_counts
from foretoken.report.story import Story


@dataclass(frozen=True)
class Bar:
    """Hacks of one type in one phase of training."""

    hacks: int
    deliberate: int

    @property
    def share(self) -> float:
        """Return the deliberate share."""
        return self.deliberate / self.hacks

    @property
    def words(self) -> str:
        """Say the bar in words."""
        many = numbers.count(self.hacks)
        return f"{numbers.percent(self.share)} deliberate of {many} hack{'s' * (self.hacks != 1)}"


@dataclass(frozen=True)
class IntentRow:
    """One exploit type."""

    exploit_type: str
    label: str
    bars: list[Bar | None]
    """One per phase; None where no hack was counted."""


@dataclass(frozen=True)
class IntentSection:
    """The figure."""

    phases: list[str]
    rows: list[IntentRow]
    totals: list[Bar | None]
    counted: str
    """What was counted."""


def intent_section(contents: RunContents, story: Story) -> IntentSection | None:
    """Count deliberate and accidental hacks; None where no hack is known."""
    counts: Iterable[Truth | HackCount] = best_counts(contents.truth) or contents.own_hacks
    known = [one for one in counts if one.hacks]
    if not known:
        return None
    cutoff = story.frame.cutoff_step if story.frame else None
    if cutoff is None:
        phases, split = ["all steps"], [known]
    else:
        phases = [f"up to step {cutoff}", f"after step {cutoff}"]
        split = [
            [one for one in known if one.step <= cutoff],
            [one for one in known if one.step > cutoff],
        ]
    rows = [
        IntentRow(
            one.exploit_type,
            numbers.words(one.exploit_type),
            [
                _bar(each for each in phase if each.exploit_type == one.exploit_type)
                for phase in split
            ],
        )
        for one in story.types
    ]
    counted = "the counted draws" if contents.truth else "the subject's own draws"
    return IntentSection(phases, rows, [_bar(phase) for phase in split], counted)


def _bar(counts: Iterable[Truth | HackCount]) -> Bar | None:
    listed = list(counts)
    hacks = sum(one.hacks for one in listed)
    return Bar(hacks, sum(one.deliberate for one in listed)) if hacks else None
