"""The conclusion: one sentence, what it rests on, and the types that it is about."""

from collections.abc import Callable
from dataclasses import dataclass

from foretoken.forecast.outcome import OPEN, ForecastOutcome, Frame, Standing
from foretoken.forecast.track import ALREADY_EMERGED
from foretoken.report import numbers
from foretoken.report.contents import RunContents
from foretoken.report.story import Story, TypeStory, below_words


@dataclass(frozen=True)
class Headline:
    """The first thing that the page says."""

    expectation: str
    outcome: str
    """Empty where nothing was counted or measured later."""
    lead: list[str]
    """Sentences that say what the words mean and what the conclusion does not cover."""


@dataclass(frozen=True)
class Chip:
    """One exploit type in the row under the headline."""

    exploit_type: str
    label: str
    mark: str
    """hit, miss, alarm, there, open: chooses the colour."""
    symbol: str
    note: str


def headline(contents: RunContents, story: Story) -> Headline:
    """Say the conclusion in words that hold for this run, whatever it lacks."""
    frame = story.frame
    if not story.types or frame is None:
        return Headline(
            "This run holds no estimates yet.",
            "",
            ["Build a bank and measure a checkpoint; the figures of this page then appear."],
        )
    if frame.cutoff_step is None:
        return _without_forecast(contents, story, frame)
    lead = [
        f"An exploit type emerges when more than {numbers.percent(frame.threshold)} of the answers "
        "to its tasks pass the flawed grader and fail the strict one.",
        _what_was_read(frame, story),
        *_named(story, frame),
    ]
    return Headline(_expectation(story, frame), _outcome(story, frame), lead)


def chips(story: Story) -> list[Chip]:
    """Name the types to look at: expected ones, those that are there, those nobody foresaw."""
    shown: list[Chip] = []
    for one in story.types:
        unseen = one.outcome in (ForecastOutcome.MISSED, ForecastOutcome.OVERLOOKED)
        expected = one.standing is Standing.EXPECTED
        if measured_later(one):
            mark, symbol = ("hit", "✓") if expected else ("miss", "!")
            note = f"{one.standing.value}; {measured_words(one)}"
        elif expected or unseen:
            mark, symbol, note = _CHIPS[one.outcome]
        elif one.standing is Standing.UNKNOWN and one.judged.emerged_step is not None:
            mark, symbol, note = "miss", "!", "not measurable, and it emerged"
        elif one.standing in (Standing.EMERGED, Standing.COMMON):
            mark, symbol, note = "there", "!", f"{one.standing.value} at the cutoff"
        else:
            continue
        shown.append(Chip(one.exploit_type, numbers.words(one.exploit_type), mark, symbol, note))
    return shown


def measured_later(one: TypeStory) -> bool:
    """Whether a type that had not emerged was measured above the threshold, uncounted."""
    there = one.standing is Standing.EMERGED or one.judged.emerged_step is not None
    return one.judged.measured_above and not there


def measured_words(one: TypeStory) -> str:
    """Say by which step a type was measured above the threshold."""
    step = one.judged.latest.step if one.judged.latest is not None else 0
    return f"measured above by {numbers.step(step)}"


def _expectation(story: Story, frame: Frame) -> str:
    """Say every standing that a type has, the worst first; nothing that is not true of all."""
    total = len(story.types)
    by = f" by step {numbers.step(frame.horizon_step)}"
    expected = len(story.standing(Standing.EXPECTED))
    groups: list[tuple[int, Callable[[int], str]]] = [
        (len(story.standing(Standing.EMERGED)), lambda n: f"{_has(n)} already emerged"),
        (len(story.standing(Standing.COMMON)), lambda n: f"{_is(n)} already common"),
        (expected, lambda n: f"{_is(n)} expected to emerge{by}"),
        (len(_unknown(story)), lambda n: f"{_is(n)} unknown"),
        (
            len(story.standing(Standing.UNLIKELY)),
            lambda n: f"{_is(n)} not expected to{'' if expected else f' emerge{by}'}",
        ),
    ]
    (first, words), *others = [(many, words) for many, words in groups if many]
    share = numbers.percent(frame.cutoff_share or 0)
    seen = f"After the first {share} of training" if frame.cutoff_step else "At the start"
    if len(story.standing(Standing.UNLIKELY)) == total > 1:
        return f"{seen}, Foretoken expects none of {total} exploit types to emerge{by}."
    cleared = ": neither expected nor cleared" if len(_unknown(story)) == total else ""
    if total == 1:
        return f"{seen}, the only exploit type {words(1)}{cleared}."
    subject = f"{first} of {total}" if others else "both" if total == 2 else f"all {total}"
    clauses = [f"{subject} exploit types {words(first)}{cleared}"]
    clauses += [f"{many} {words(many)}" for many, words in others]
    return f"{seen}, {numbers.listing(clauses)}."


def _outcome(story: Story, frame: Frame) -> str:
    """Say of each group of types how many emerged, and what is not known yet."""
    above = [one for one in story.types if measured_later(one)]
    since = [
        f"Measured above {numbers.percent(frame.threshold)} since: "
        f"{numbers.listing([numbers.words(one.exploit_type) for one in above])}."
    ] * bool(above)
    if not story.has_truth:
        return " ".join(since)
    groups = [
        ("expected", story.standing(Standing.EXPECTED)),
        ("unknown", _unknown(story)),
        ("not expected", story.standing(Standing.UNLIKELY)),
        ("already common", story.standing(Standing.COMMON)),
    ]
    shares: list[str] = []
    for name, types in groups:
        known = [one for one in types if one.outcome is not ForecastOutcome.NOT_COUNTED]
        came = sum(one.judged.emerged_step is not None for one in known)
        if known:
            shares.append(f"{came} of {len(known)} {name}")
    waiting = [one for _, types in groups for one in types if one.outcome in OPEN]
    if not shares:
        return " ".join(since)
    so_far = " so far" if waiting else ""
    return " ".join([f"What emerged{so_far}: {numbers.listing(shares)}.", *since])


def _without_forecast(contents: RunContents, story: Story, frame: Frame) -> Headline:
    steps = contents.steps()
    when = f"at step {steps[-1]}" if len(steps) == 1 else f"at {len(steps)} checkpoints"
    above = [
        one
        for one in story.types
        if one.judged.emerged_step is not None or one.judged.measured_above
    ]
    found = ""
    if above:
        found = f", {len(above)} of them above {numbers.percent(frame.threshold)}"
    lead = ["`foretoken forecast RUN --horizon-step N` adds what is likely to emerge, and when."]
    unseen = [one for one in story.types if one.judged.latest is None and not one.counts]
    if unseen:
        lead.append(f"Nothing is known of the rate of {_names(unseen)}.")
    return Headline(
        f"{numbers.counted(len(story.types), 'exploit type')} measured {when}{found}; "
        "no forecast has been made yet.",
        "",
        lead,
    )


def _what_was_read(frame: Frame, story: Story) -> str:
    read = f"The forecast reads checkpoints up to step {numbers.step(frame.cutoff_step or 0)} only"
    if not story.has_truth:
        return f"{read}. Nothing has been counted after that, so nobody knows yet if it is right."
    said = f"{read}; what came later is known from {story.counted_from}."
    last = max(one.judged.counted_step or 0 for one in story.types)
    if any(one.outcome is ForecastOutcome.STILL_BELOW for one in story.types):
        said += f" Counts end at step {numbers.step(last)}: what is below by then may still emerge."
    return said


def _named(story: Story, frame: Frame) -> list[str]:
    """Name the types of the headline that the forecast does not speak for."""
    threshold, common = numbers.percent(frame.threshold), f"{100 * ALREADY_EMERGED:g} %"
    sentences = [
        (
            f"Above {threshold} at the cutoff, so already emerged",
            story.standing(Standing.EMERGED),
        ),
        (
            f"Already common at the cutoff (above {common}) and not forecast",
            story.standing(Standing.COMMON),
        ),
        (
            "Not measurable in time, so neither expected nor cleared",
            story.standing(Standing.UNKNOWN),
        ),
        ("Without a forecast, so nothing is said of them", story.standing(Standing.NO_FORECAST)),
        (
            "Counted above the threshold at the cutoff although the forecast called them unlikely",
            story.outcome(ForecastOutcome.OVERLOOKED),
        ),
        (
            "Expected by a lower bound alone, so at least that likely to emerge by step "
            f"{numbers.step(frame.horizon_step)}",
            [one for one in story.standing(Standing.EXPECTED) if _is_bound(one)],
        ),
    ]
    return [f"{said}: {_names(types)}." for said, types in sentences if types]


def _unknown(story: Story) -> list[TypeStory]:
    return story.standing(Standing.UNKNOWN, Standing.NO_FORECAST)


def _is_bound(one: TypeStory) -> bool:
    return one.forecast is not None and one.forecast.at_least


def _names(types: list[TypeStory]) -> str:
    return numbers.listing([numbers.words(one.exploit_type) for one in types])


def _is(amount: int) -> str:
    return "is" if amount == 1 else "are"


def _has(amount: int) -> str:
    return "has" if amount == 1 else "have"


_CHIPS: dict[ForecastOutcome, tuple[str, str, str]] = {
    ForecastOutcome.RIGHT_EMERGED: ("hit", "✓", "expected, and it emerged"),
    ForecastOutcome.FALSE_ALARM: ("alarm", "✗", "expected, but it stayed below"),
    ForecastOutcome.MISSED: ("miss", "!", "not expected, but it emerged"),
    ForecastOutcome.OVERLOOKED: ("miss", "!", "not expected, but it was there already"),
    ForecastOutcome.STILL_BELOW: ("open", "?", "expected; below so far"),
    ForecastOutcome.NOT_COUNTED: ("open", "?", "expected; not counted yet"),
}


def chance(one: TypeStory) -> str:
    """Say how likely a type is to emerge; empty where that is not forecast or says nothing."""
    forecast = one.forecast
    scored = one.standing in (Standing.EXPECTED, Standing.UNLIKELY, Standing.UNKNOWN)
    if forecast is None or not scored:
        return ""
    return numbers.chance(forecast.probability, is_bound=forecast.at_least)


def passing_words(one: TypeStory) -> str:
    """Say when a type is expected to pass the threshold, and how likely that is."""
    forecast = one.forecast
    said = f"{chance(one)} likely"
    if forecast is not None and forecast.expected_step is not None:
        said += f", expected at step {numbers.step(forecast.expected_step)}"
    if forecast is not None and forecast.step_interval is not None:
        early, late = forecast.step_interval
        said += f" ({numbers.step(early)} to {numbers.step(late)})"
    return said


def summary(one: TypeStory) -> str:
    """Say in one sentence what was expected of a type and what happened."""
    said = one.standing.value
    if chance(one):
        unknown = one.standing is Standing.UNKNOWN
        said = f"{f'{said}; ' if unknown else ''}{chance(one)} likely to emerge"
        if one.forecast is not None and one.forecast.expected_step is not None:
            said += f", expected at step {numbers.step(one.forecast.expected_step)}"
    return f"{numbers.words(one.exploit_type)}: {said}{_happened(one)}."


def _happened(one: TypeStory) -> str:
    if one.judged.emerged_step is not None:
        return f"; emerged by step {numbers.step(one.judged.emerged_step)}"
    if one.outcome is ForecastOutcome.NOT_COUNTED:
        return ""
    if one.outcome is ForecastOutcome.STILL_BELOW:
        return f"; {below_words(one.judged)}"
    return "; stayed below the threshold"
