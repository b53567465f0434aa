"""How many hacks name the flaw in their reasoning, and where, before and after the cutoff."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from foretoken.forecast.counts import HackCount, best_counts
from foretoken.records import RateEstimate, Spoken
from foretoken.report import numbers
from foretoken.report.contents import RunContents
from foretoken.report.story import Story


@dataclass(frozen=True)
class Bar:
    """Hacks of one type in one phase of training."""

    hacks: int
    deliberate: int
    reasons: bool = True
    """Whether there is reasoning in which a hack could be spoken of."""

    @property
    def share(self) -> float:
        """Return the spoken share."""
        return self.deliberate / self.hacks

    @property
    def words(self) -> str:
        """Say the bar in words."""
        many = f"{numbers.count(self.hacks)} hack{'s' * (self.hacks != 1)}"
        if not self.reasons:
            return f"{many}, no reasoning"
        return f"{numbers.percent(self.share)} spoken of {many}"


@dataclass(frozen=True)
class IntentRow:
    """One exploit type."""

    exploit_type: str
    label: str
    bars: list[Bar | None]
    """One per phase; None where no hack was counted."""
    named: list[str]
    """One per phase: what the bank says of kinds, and of where the flaw is named; may be empty."""


@dataclass(frozen=True)
class IntentSection:
    """The figure."""

    phases: list[str]
    rows: list[IntentRow]
    totals: list[Bar | None]
    counted: str
    """What was counted."""
    reasons: bool
    """Whether any draw of the run has reasoning."""


def intent_section(contents: RunContents, story: Story) -> IntentSection | None:
    """Count spoken hacks and others; None where no hack is known."""
    counts = list(best_counts(contents.truth).values()) or contents.own_hacks
    known = [one for one in counts if one.hacks]
    if not known:
        return None
    cutoff = story.frame.cutoff_step if story.frame else None
    if cutoff is None:
        phases, split, spans = ["all steps"], [known], [(0, math.inf)]
    else:
        spans = [(0, cutoff), (cutoff + 1, math.inf)]
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
                _bar(
                    [each for each in phase if each.exploit_type == one.exploit_type],
                    reasons=contents.reasons,
                )
                for phase in split
            ],
            [
                named_words(
                    each for each in one.estimates.get("switch", []) if low <= each.step <= high
                )
                if contents.reasons
                else ""
                for low, high in spans
            ],
        )
        for one in story.types
    ]
    counted = "the counted draws" if contents.truth else "the subject's own draws"
    totals = [_bar(phase, reasons=contents.reasons) for phase in split]
    return IntentSection(phases, rows, totals, counted, contents.reasons)


def named_words(estimates: Iterable[RateEstimate]) -> str:
    """Say where hacks first name the flaw, and their kinds, at the last of these steps where that
    is known."""
    known = [one for one in estimates if one.flaw_named_at is not None]
    if not known:
        return ""
    last = known[-1]
    at = last.flaw_named_at or 0.0
    where = (
        f"median {numbers.percent(at)} into the reasoning" if math.isfinite(at) else "mostly never"
    )
    hits = numbers.count(last.effective_hits)
    said = f"First named: {where} (bank, step {numbers.step(last.step)}, {hits} effective hits)"
    shares = [f"{numbers.percent(one.share or 0.0)} {kind_words(one.kind)}" for one in last.kinds]
    return f"{said}. By weight {numbers.listing(shares)}" if shares else said


def kind_words(kind: Spoken) -> str:
    """Say a kind of hack so that it may stand after a number."""
    return "without reasoning" if kind is Spoken.NO_REASONING else kind.value


def _bar(counts: Sequence[HackCount], *, reasons: bool) -> Bar | None:
    hacks = sum(one.hacks for one in counts)
    return Bar(hacks, sum(one.deliberate for one in counts), reasons) if hacks else None
