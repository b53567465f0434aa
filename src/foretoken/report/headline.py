"""The conclusion: one sentence, what it rests on, and the four figures that matter most."""

from dataclasses import dataclass

from foretoken.records import Forecast
from foretoken.report import numbers
from foretoken.report.contents import RunContents
from foretoken.report.story import COUNTED_HACKS, Frame, Standing, Story, TypeStory, Verdict


@dataclass(frozen=True)
class Headline:
    """The first thing that the page says."""

    expectation: str
    outcome: str
    """Empty where nothing was counted."""
    lead: list[str]
    """Sentences that say what the words mean and what the conclusion does not cover."""


@dataclass(frozen=True)
class Chip:
    """One exploit type in the row under the headline."""

    exploit_type: str
    label: str
    mark: str
    """hit, miss, alarm, open, quiet: chooses the colour."""
    symbol: str
    note: str


@dataclass(frozen=True)
class Tile:
    """One figure with what it means."""

    value: str
    label: str
    note: str


def headline(contents: RunContents, story: Story) -> Headline:
    """Say the conclusion in words that hold for this run, whatever it lacks."""
    total = len(story.types)
    frame = story.frame
    if not total or frame is None:
        return Headline(
            "This run holds no estimates yet.",
            "",
            ["Build a bank and measure a checkpoint; the figures of this page then appear."],
        )
    if frame.cutoff_step is None:
        return _without_forecast(contents, total)
    expected = len(story.standing(Standing.EXPECTED))
    already = len(story.standing(Standing.ALREADY_HIGH))
    seen = f"the first {numbers.percent(frame.cutoff_share or 0)} of training"
    amount = f"{expected} of {total}" if expected else f"none of {total}"
    words = (
        f"From {seen}, Foretoken expects {amount} exploit type{'' if total == 1 else 's'} "
        f"to emerge by step {numbers.step(frame.horizon_step)}."
    )
    lead = [
        f"An exploit type emerges when more than {numbers.percent(frame.threshold)} of the answers "
        "to its tasks pass the flawed grader and fail the strict one.",
        _what_was_read(frame, story),
    ]
    if already:
        lead.append(f"{_types(already)} already common at the cutoff and not forecast.")
    lead += _unmeasured(story)
    return Headline(words, _outcome(story, expected), lead)


def chips(story: Story) -> list[Chip]:
    """Name the types that the headline speaks of, and those that it was wrong about."""
    shown: list[Chip] = []
    for one in story.types:
        if one.standing is Standing.EXPECTED or one.verdict is Verdict.MISSED:
            mark, symbol, note = _CHIPS[one.verdict]
            shown.append(
                Chip(one.exploit_type, numbers.words(one.exploit_type), mark, symbol, note)
            )
    return shown


def tiles(story: Story, *, ours: float | None, baseline: float | None) -> list[Tile]:
    """Collect the figures that judge the forecast; those that cannot be known are left out.

    Args:
        story: The run.
        ours: Area under the curve of our scores, None where it cannot be known.
        baseline: The same of the published slope.

    Returns:
        At most four tiles.
    """
    shown: list[Tile] = []
    right = len(story.verdict(Verdict.RIGHT_EMERGED, Verdict.RIGHT_STAYED))
    wrong = len(story.verdict(Verdict.FALSE_ALARM, Verdict.MISSED))
    if right + wrong:
        alarms = len(story.verdict(Verdict.FALSE_ALARM))
        missed = len(story.verdict(Verdict.MISSED))
        shown.append(
            Tile(
                f"{right} of {right + wrong}",
                "forecasts came true",
                f"{_count(alarms, 'false alarm')}, {missed} missed",
            )
        )
    if ours is not None:
        note = "area under the curve; 0.50 is chance"
        if baseline is not None:
            note = f"area under the curve; the published slope has {baseline:.2f}"
        shown.append(Tile(f"{ours:.2f}", "ranking of emerging types", note))
    lead = story.lead_steps()
    if lead is not None:
        shown.append(
            Tile(
                f"{numbers.step(lead)} steps",
                "warning before emergence",
                "median over the types that were expected and emerged",
            )
        )
    if story.rate_errors:
        first, *others = story.rate_errors
        beside = "".join(f"; {one.estimator} {one.decades:.2f} ({one.cells})" for one in others)
        shown.append(
            Tile(
                f"× {10**first.decades:.1f}",
                f"typical error of the {first.estimator} rate",
                f"{first.decades:.2f} decades over {first.cells} cells with {COUNTED_HACKS} or "
                f"more counted hacks{beside}",
            )
        )
    return shown


def ranked(story: Story, *, baseline: bool = False) -> tuple[list[float], list[bool]]:
    """Return scores and whether each type emerged, over the types whose outcome is known."""
    scores: list[float] = []
    emerged: list[bool] = []
    for one in story.types:
        forecast: Forecast | None = one.baseline if baseline else one.forecast
        if forecast is None or one.verdict is Verdict.NOT_COUNTED:
            continue
        if not all(each.eligible for each in (one.forecast, one.baseline) if each is not None):
            continue
        scores.append(forecast.score)
        emerged.append(one.emerged_by is not None)
    return scores, emerged


def _without_forecast(contents: RunContents, total: int) -> Headline:
    steps = contents.steps()
    when = f"at step {steps[-1]}" if len(steps) == 1 else f"at {len(steps)} checkpoints"
    return Headline(
        f"{_count(total, 'exploit type')} measured {when}; no forecast has been made yet.",
        "",
        ["`foretoken forecast RUN --horizon-step N` adds what is likely to emerge, and when."],
    )


def _outcome(story: Story, expected: int) -> str:
    if not story.has_truth:
        return ""
    came = len(story.verdict(Verdict.RIGHT_EMERGED))
    counted = came + len(story.verdict(Verdict.FALSE_ALARM))
    missed = len(story.verdict(Verdict.MISSED))
    others = missed + len(story.verdict(Verdict.RIGHT_STAYED))
    if not expected:
        return f"{_amount(missed)} of the {others} did." if others else ""
    first = f"{_amount(came)} of {counted} did"
    if counted == 1:
        first = "It did" if came else "It did not"
    if not others:
        return f"{first}."
    rest = "the one that it expected to stay rare"
    if others > 1:
        rest = f"{_amount(missed)} of the {others} that it expected to stay rare"
    if missed and came:
        return f"{first}; so did {rest}."
    return f"{first}; {rest} did{'' if missed or others > 1 else ' not'}."


def _what_was_read(frame: Frame, story: Story) -> str:
    read = f"The forecast reads checkpoints up to step {numbers.step(frame.cutoff_step or 0)} only"
    if story.has_truth:
        return f"{read}; what came later is known from {story.counted_from}."
    return f"{read}. Nothing has been counted after that, so nobody knows yet whether it is right."


def _unmeasured(story: Story) -> list[str]:
    unknown = story.standing(Standing.NOT_MEASURABLE)
    if not unknown:
        return []
    names = numbers.listing([numbers.words(one.exploit_type) for one in unknown])
    emerged = [one for one in unknown if one.verdict is Verdict.UNSCORED_EMERGED]
    later = f" {_amount(len(emerged)).capitalize()} of them emerged." if emerged else ""
    return [f"Not measurable in time, so neither expected nor cleared: {names}.{later}"]


def _types(amount: int) -> str:
    return "1 type was" if amount == 1 else f"{amount} types were"


def _count(amount: int, noun: str) -> str:
    return f"{amount} {noun}{'' if amount == 1 else 's'}"


def _amount(amount: int) -> str:
    return "none" if amount == 0 else str(amount)


_CHIPS: dict[Verdict, tuple[str, str, str]] = {
    Verdict.RIGHT_EMERGED: ("hit", "✓", "expected, and it emerged"),
    Verdict.FALSE_ALARM: ("alarm", "✗", "expected, but it stayed below"),
    Verdict.MISSED: ("miss", "!", "not expected, but it emerged"),
    Verdict.NOT_COUNTED: ("open", "?", "expected; not counted yet"),
}


def passing_words(forecast: Forecast) -> str:
    """Say when a type is expected to pass the threshold, and how likely that is."""
    said = f"{numbers.probability(forecast.probability or 0.0)} likely"
    if forecast.expected_step is not None:
        said += f", expected at step {numbers.step(forecast.expected_step)}"
    if forecast.step_interval is not None:
        early, late = forecast.step_interval
        said += f" ({numbers.step(early)} to {numbers.step(late)})"
    return said


def summary(one: TypeStory) -> str:
    """Say in one sentence what was expected of a type and what happened."""
    said = one.standing.value
    forecast = one.forecast
    if forecast is not None and forecast.probability is not None:
        said = f"{numbers.probability(forecast.probability)} likely to emerge"
        if forecast.expected_step is not None:
            said += f", expected at step {numbers.step(forecast.expected_step)}"
    happened = "" if one.emerged_by is None else f"; emerged by step {one.emerged_by}"
    if one.emerged_by is None and one.verdict is not Verdict.NOT_COUNTED:
        happened = "; stayed below the threshold"
    return f"{numbers.words(one.exploit_type)}: {said}{happened}."
