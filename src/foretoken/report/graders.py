"""The graders: what reward functions failed at, and what a second grader says of what was paid."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from foretoken.grader_records import SecondOpinion
from foretoken.ledger.opinions import Opinions, ShadowShare
from foretoken.ledger.sums import Disagreement, GraderSum, Ledger, badness, called, troubles
from foretoken.report import numbers
from foretoken.report.contents import RunContents
from foretoken.report.hits import plain, visible
from foretoken.report.strips import failures_strip, shadow_strip

MOST_ROWS, MOST_PANELS = 12, 4
COLUMNS = [
    ("answers", "of training"),
    ("calls", "of the function"),
    ("time", "median of a call; 95 %; longest"),
    ("failed", "calls, or answers"),
    ("timed out", "calls, or answers"),
    ("no value", "answers"),
    ("NaN", "answers"),
    ("infinite", "answers"),
    ("outside", "of the range that was said"),
    ("unequal", "of answers that came more than once"),
]


@dataclass(frozen=True)
class LedgerCell:
    """One number of a reward function."""

    text: str
    poor: bool = False
    title: str = ""


@dataclass(frozen=True)
class LedgerRow:
    """One reward function."""

    grader: str
    cells: list[LedgerCell]


@dataclass(frozen=True)
class GraderPanel:
    """A figure over the steps."""

    label: str
    note: str
    figure: Markup


@dataclass(frozen=True)
class GraderExample:
    """A rollout that two graders, or one of them twice, judge differently."""

    title: str
    origin: str
    prompt: str
    answer: Markup


@dataclass(frozen=True)
class GradersSection:
    """All of it."""

    summary: str
    troubles: list[str]
    columns: list[tuple[str, str]]
    rows: list[LedgerRow]
    left_out: int
    """Reward functions without a row."""
    panels: list[GraderPanel]
    unequal: list[GraderExample]
    second: list[str]
    """Sentences about second graders."""
    second_panels: list[GraderPanel]
    disagreements: list[GraderExample]


def graders_section(contents: RunContents) -> GradersSection | None:
    """Return what is to be said of graders; None where a run tells nothing of them."""
    ledger, opinions = contents.ledger, contents.opinions
    if not ledger.totals and not opinions.totals:
        return None
    faulty = [one for one in ledger.totals if troubles(one)]
    return GradersSection(
        summary=_summary(ledger, faulty),
        troubles=[_trouble(one) for one in faulty[:MOST_ROWS]],
        columns=COLUMNS,
        rows=[_row(one) for one in ledger.totals[:MOST_ROWS]] if faulty else [],
        left_out=max(0, len(ledger.totals) - MOST_ROWS) if faulty else 0,
        panels=_panels(ledger, faulty),
        unequal=[each for one in ledger.disagreements for each in _unequal(one, contents)],
        second=_second(opinions),
        second_panels=_second_panels(opinions),
        disagreements=[each for one in opinions.widest for each in _differing(one, contents)],
    )


def _summary(ledger: Ledger, faulty: Sequence[GraderSum]) -> str:
    """One sentence, whole where nothing is amiss."""
    if not ledger.totals:
        return "The logs of this run tell nothing of reward functions."
    if faulty:
        many = numbers.counted(len(ledger.totals), "reward function")
        return f"{len(faulty)} of {many} failed, gave no number, or gave one answer two values."
    alone = ledger.totals[0]
    who = called(alone.grader) if len(ledger.totals) == 1 else "every reward function"
    said = f"{who[:1].upper()}{who[1:]} gave each answer a finite number"
    repeated = sum(one.repeated or 0 for one in ledger.totals)
    if repeated:
        again = numbers.count(repeated)
        said += f", and one and the same to each of {again} answers that came more than once"
    times = [one for one in ledger.totals if one.longest_s is not None]
    if times:
        slowest = max(times, key=lambda one: one.longest_s or 0.0)
        said += f"; a call took {_seconds(slowest.longest_s)} at most"
    return f"{said}."


def _trouble(one: GraderSum) -> str:
    name = visible(called(one.grader))
    return f"{name[:1].upper()}{name[1:]}: {'; '.join(troubles(one))}."


def _row(one: GraderSum) -> LedgerRow:
    by_calls = one.calls is not None
    return LedgerRow(
        visible(one.grader),
        [
            LedgerCell(numbers.count(one.answers)),
            _known(one.calls),
            _time(one),
            _bad(one.failed_calls if by_calls else one.failed),
            _bad(one.timed_out_calls if by_calls else one.timed_out),
            LedgerCell(numbers.count(one.no_value)),
            _bad(one.nan),
            _bad(one.infinite),
            _bad(one.outside, unknown="no range was said"),
            _unequal_cell(one),
        ],
    )


def _known(count: int | None) -> LedgerCell:
    if count is None:
        return LedgerCell("–", title="the log does not tell")
    return LedgerCell(numbers.count(count))


def _bad(count: int | None, *, unknown: str = "the log does not tell") -> LedgerCell:
    if count is None:
        return LedgerCell("–", title=unknown)
    return LedgerCell(numbers.count(count), poor=count > 0)


def _time(one: GraderSum) -> LedgerCell:
    if one.median_s is None:
        return LedgerCell("–", title="the log does not tell")
    return LedgerCell("; ".join(map(_seconds, (one.median_s, one.high_s, one.longest_s))))


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return (
        f"{1000 * value:.2g} ms"
        if value < 0.1
        else f"{value:,.2g} s"
        if value < 10
        else (f"{value:,.0f} s")
    )


def _unequal_cell(one: GraderSum) -> LedgerCell:
    if one.repeated is None or one.disagreeing is None:
        return LedgerCell("–", title="the log tells too little of what was graded")
    return LedgerCell(
        f"{numbers.count(one.disagreeing)} of {numbers.count(one.repeated)}",
        poor=one.disagreeing > 0,
    )


def _panels(ledger: Ledger, faulty: Sequence[GraderSum]) -> list[GraderPanel]:
    panels: list[GraderPanel] = []
    for one in faulty:
        steps = [each for each in ledger.steps if each.grader == one.grader]
        figure = failures_strip(steps) if badness(one)[0] else None
        if figure is not None:
            panels.append(
                GraderPanel(visible(one.grader), "answers without a usable number", figure)
            )
    return panels[:MOST_PANELS]


def _unequal(one: Disagreement, contents: RunContents) -> list[GraderExample]:
    found = contents.logged.get(one.low_key) or contents.logged.get(one.high_key)
    if found is None:
        return []
    title = f"{called(one.grader)}: {one.low:.4g} and {one.high:.4g} for one answer"
    return [
        GraderExample(
            visible(f"{title[:1].upper()}{title[1:]}"),
            visible(f"{one.times} times, as {one.low_key} and {one.high_key}"),
            visible(found.prompt or ""),
            plain(found.completion or f"{len(found.completion_ids)} tokens"),
        )
    ]


def _second(opinions: Opinions) -> list[str]:
    said: list[str] = []
    for grader in sorted({one.grader for one in opinions.totals}):
        own = [one for one in opinions.totals if one.grader == grader]
        asked, of = sum(one.asked for one in own), sum(one.stands_for for one in own)
        words = [_verdict(one) for one in sorted(own, key=lambda one: not one.was_paid)]
        failed = sum(one.failed for one in own)
        silent = asked - failed - sum(one.answered for one in own)
        said.append(
            f"{_short(grader)} was shown {numbers.count(asked)} of {numbers.count(of)} scored "
            f"rollouts, drawn at random. It {' and '.join(words)}."
            + (
                f" It failed for {numbers.count(failed)}, which count for nothing."
                if failed
                else ""
            )
            + (f" It abstained for {numbers.count(silent)}." if silent else "")
        )
    said += dict.fromkeys(map(_levels, opinions.widest))
    errors = [f"{visible(error)} ({count})" for error, count in opinions.errors]
    return [*said, f"Its errors: {'; '.join(errors)}."] if errors else said


def _short(grader: str) -> str:
    """A second grader without the folder that its file is in."""
    return visible(grader.rsplit("/", 1)[-1])


def _levels(one: SecondOpinion) -> str:
    return (
        f"Paid is a reward of {one.paid_from:.4g} or more, accepted a value of "
        f"{one.accepts_from:.4g} or more."
    )


def _verdict(one: ShadowShare) -> str:
    verb, what = ("refuses", "training paid") if one.was_paid else ("accepts", "it did not pay")
    if one.differing_share is None or one.interval is None:
        return f"gave no value to any rollout that {what}"
    low, high = one.interval
    return (
        f"{verb} {numbers.percent(one.differing_share)} of what {what} "
        f"({_span(low, high)} at 95 %; {one.differing:,} of {one.answered:,} seen)"
    )


def _span(low: float, high: float) -> str:
    return f"{numbers.percent(low)} to {numbers.percent(high)}"


def _second_panels(opinions: Opinions) -> list[GraderPanel]:
    panels: list[GraderPanel] = []
    for grader in sorted({one.grader for one in opinions.totals}):
        for was_paid in (True, False):
            steps = [
                one for one in opinions.steps if (one.grader, one.was_paid) == (grader, was_paid)
            ]
            figure = shadow_strip(steps)
            if figure is not None:
                note = "refused, of paid rollouts" if was_paid else "accepted, of unpaid rollouts"
                panels.append(GraderPanel(_short(grader), note, figure))
    return panels[:MOST_PANELS]


def _differing(one: SecondOpinion, contents: RunContents) -> list[GraderExample]:
    found = contents.logged.get(one.key)
    if found is None:
        return []
    verb = "refused" if one.was_paid else "accepted"
    title = f"Training paid {one.paid:.4g}, {verb} with {one.value or 0.0:.4g}"
    return [
        GraderExample(
            title,
            visible(f"step {one.step}, task {one.task}"),
            visible(found.prompt or ""),
            plain(found.completion or f"{len(found.completion_ids)} tokens"),
        )
    ]
