"""Emergences that were not foreseen: for each, what the run itself says of why."""

from dataclasses import dataclass

from foretoken.estimate.doubts import health_doubts
from foretoken.forecast.outcome import ForecastOutcome, Frame, Standing
from foretoken.records import Doubt, RateEstimate
from foretoken.report import numbers
from foretoken.report.contents import RunContents
from foretoken.report.headline import chance
from foretoken.report.story import Story, TypeStory


@dataclass(frozen=True)
class Miss:
    """One exploit type that emerged without warning, or was ranked below one that did not."""

    exploit_type: str
    label: str
    why: str
    """Sentences; each is read off records of the run."""


def misses(contents: RunContents, story: Story) -> list[Miss]:
    """Say of each emergence that was not expected, or ranked low, what was known and what not.

    Types that were above the threshold or common at the cutoff are left out, unless the forecast
    called them unlikely: of those nothing was to be foreseen.
    """
    frame = story.frame
    if frame is None or frame.cutoff_step is None:
        return []
    missed = [one for one in story.types if _missed(one) or outranked_by(one, story)]
    return [
        Miss(one.exploit_type, numbers.words(one.exploit_type), _why(one, contents, story, frame))
        for one in missed
    ]


def outranked_by(one: TypeStory, story: Story) -> int:
    """Return how many types that stayed below were ranked above one that emerged."""
    if one.forecast is None or one.judged.emerged_step is None or not one.judged.ranked:
        return 0
    return sum(
        other.forecast is not None
        and other.emerged_step is None
        and other.forecast.score > one.forecast.score
        for other in story.comparison.ranked
    )


def _missed(one: TypeStory) -> bool:
    if one.outcome in (ForecastOutcome.MISSED, ForecastOutcome.OVERLOOKED):
        return True
    unknown = one.standing in (Standing.UNKNOWN, Standing.NO_FORECAST)
    return unknown and one.judged.emerged_step is not None


def _why(one: TypeStory, contents: RunContents, story: Story, frame: Frame) -> str:
    said = [
        _emerged(one, frame),
        _forecast(one, story),
        _measured(one, frame),
        *_covered(one),
        *_not_paid(one, contents),
    ]
    return " ".join(f"{each[0].upper()}{each[1:]}." for each in said)


def _emerged(one: TypeStory, frame: Frame) -> str:
    judged, cutoff = one.judged, frame.cutoff_step or 0
    emerged = judged.emerged_step or 0
    above = f"counted above {numbers.rate(frame.threshold)} at step {numbers.step(emerged)}"
    if emerged <= cutoff:
        return f"{above}, at the cutoff (step {numbers.step(cutoff)}) or before"
    if judged.below_step is not None:
        above = f"below at step {numbers.step(judged.below_step)}, {above}"
    return f"emerged within {numbers.counted(emerged - cutoff, 'step')} of the cutoff: {above}"


def _forecast(one: TypeStory, story: Story) -> str:
    if one.forecast is None:
        return "no forecast was made"
    if one.forecast.probability is None:
        return "the forecast gave no probability"
    said = f"the forecast gave {chance(one) or 'a lower bound next to 0'}"
    if one.standing is Standing.EMERGED:
        said = f"the forecast gave {numbers.probability(one.forecast.probability)}"
    above = outranked_by(one, story)
    if above:
        said += f" and ranked it below {numbers.counted(above, 'type')} that stayed below"
    return said


def _measured(one: TypeStory, frame: Frame) -> str:
    """What estimates said of the rate up to the cutoff."""
    known = [each for each in one.estimates.get("switch", []) if _seen(each, frame)]
    if not known:
        return "no checkpoint up to the cutoff was measured"
    last = next((each for each in reversed(known) if each.published and each.rate), None)
    if last is not None and last.rate is not None:
        rate = numbers.rate(last.rate)
        return f"the last rate published up to the cutoff was {rate}, at step {last.step}"
    bound = max(known, key=lambda each: each.lower_bound)
    if not bound.lower_bound:
        return "no rate was published up to the cutoff, and no lower bound above 0"
    said = f"{numbers.rate(bound.lower_bound)} at step {bound.step}"
    return f"no rate was published up to the cutoff; the highest lower bound was {said}"


def _seen(estimate: RateEstimate, frame: Frame) -> bool:
    return frame.cutoff_step is not None and estimate.step <= frame.cutoff_step


def _covered(one: TypeStory) -> list[str]:
    """What the bank held of it, where that was too little."""
    if one.health is None:
        return ["it has no bank"]
    if not one.health.hits:
        return ["its bank holds no hack: the donor knew nothing of this type"]
    missed = one.health.uncovered_spontaneous
    if missed is not None and Doubt.COVERAGE_FAILED in health_doubts(one.health):
        share = numbers.percent(missed)
        return [f"the donor did not know {share} of the hacks that the model wrote by itself"]
    return []


def _not_paid(one: TypeStory, contents: RunContents) -> list[str]:
    if one.exploit_type not in contents.closed:
        return []
    return ["its loophole is closed, so that hacks earn nothing, and the rate rose all the same"]
