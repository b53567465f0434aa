"""The first figure: for each exploit type, when it was expected and when it came."""

from dataclasses import dataclass

from markupsafe import Markup

from foretoken.forecast.outcome import OPEN, ForecastOutcome, Frame, Standing
from foretoken.report import numbers, svg
from foretoken.report.headline import (
    chance,
    measured_later,
    measured_words,
    passing_words,
    summary,
)
from foretoken.report.scales import LinearSteps, thinned
from foretoken.report.story import Story, TypeStory, below_words

HEIGHT = 44
MIDDLE = 22
FAINTEST = 0.18
SHOWN_FROM = 0.05
"""Below this probability an expected step is no more than noise: the row says so instead."""
NARROW, WIDE = 0.12, 0.7
"""Shares of the axis: what was seen is named where it is wider, and what is forecast on its right
where it is narrower."""


@dataclass(frozen=True)
class Row:
    """One exploit type of the figure."""

    exploit_type: str
    label: str
    strip: Markup
    probability: str
    share: float
    """The probability as a share of the bar's width; 0 where there is none."""
    outcome: str
    mark: str
    reason: str


@dataclass(frozen=True)
class Timeline:
    """The figure: an axis and its rows."""

    axis: Markup
    rows: list[Row]


def timeline(story: Story) -> Timeline | None:
    """Draw the forecast beside what happened; None without a forecast and without truth."""
    frame = story.frame
    if frame is None or (frame.cutoff_step is None and not story.has_truth):
        return None
    axis = LinearSteps(frame.horizon_step)
    return Timeline(_axis(axis, frame), [_row(one, axis, frame) for one in story.types])


def _row(one: TypeStory, axis: LinearSteps, frame: Frame) -> Row:
    forecast = one.forecast
    said = chance(one)
    probability = forecast.probability if forecast is not None and said else None
    mark, outcome = _outcome(one)
    return Row(
        exploit_type=one.exploit_type,
        label=numbers.words(one.exploit_type),
        strip=_strip(one, axis, frame),
        probability=said.replace("at least ", "≥ ") or "–",
        share=probability or 0.0,
        outcome=outcome,
        mark=mark,
        reason=forecast.reason if forecast is not None else "",
    )


def _outcome(one: TypeStory) -> tuple[str, str]:
    """Return the colour and the words of what is known of the type by now."""
    judged = one.judged
    if measured_later(one):
        return "miss", measured_words(one)
    there = one.standing in (Standing.EMERGED, Standing.COMMON)
    if one.outcome is ForecastOutcome.NOT_COUNTED:
        return "there" if there else "open", one.standing.value
    if judged.emerged_step is not None:
        when = f"emerged by {numbers.step(judged.emerged_step)}"
    elif one.outcome in OPEN:
        when = below_words(judged)
    else:
        when = "stayed below"
    if one.standing is Standing.UNKNOWN:
        return "quiet" if judged.emerged_step is None else "miss", f"not measurable; {when}"
    if there and one.outcome is not ForecastOutcome.OVERLOOKED:
        counted = one.standing is Standing.EMERGED and judged.emerged_step is not None
        return "there", when if counted else f"{one.standing.value}; {when}"
    return _MARKS[one.outcome], when


def _strip(one: TypeStory, axis: LinearSteps, frame: Frame) -> Markup:
    parts = _background(axis, frame)
    parts += _forecast_marks(one, axis, frame)
    parts += _truth_marks(one, axis)
    return svg.element(
        "svg", *parts, height=HEIGHT, width="100%", role="img", aria_label=summary(one)
    )


def _background(axis: LinearSteps, frame: Frame) -> list[Markup]:
    parts: list[Markup] = []
    if frame.cutoff_step is not None:
        at = svg.share(axis.at(frame.cutoff_step))
        parts.append(svg.element("rect", class_="seen", x=0, y=0, width=at, height=HEIGHT))
        parts.append(svg.element("line", class_="cutoff", x1=at, x2=at, y1=0, y2=HEIGHT))
    parts += [
        svg.element("line", class_="grid", x1=at, x2=at, y1=0, y2=HEIGHT)
        for at in (svg.share(axis.at(tick)) for tick in axis.ticks())
    ]
    return parts


def _forecast_marks(one: TypeStory, axis: LinearSteps, frame: Frame) -> list[Markup]:
    forecast = one.forecast
    remark = _remark(one, frame)
    if remark or forecast is None or forecast.expected_step is None:
        return [_note(remark, one, axis, frame)] if remark else []
    step = forecast.expected_step
    strength = max(FAINTEST, forecast.probability or 0.0)
    said = passing_words(one)
    parts: list[Markup] = []
    if forecast.step_interval is not None:
        left, right = (axis.at(end) for end in forecast.step_interval)
        parts.append(
            svg.element(
                "rect",
                svg.element("title", said),
                class_="interval",
                x=svg.share(left),
                width=svg.share(max(right - left, 0.004)),
                y=MIDDLE - 7,
                height=14,
                rx=7,
                fill_opacity=0.45 * strength,
            )
        )
    if step > axis.last:
        marker = svg.element(
            "path", svg.element("title", said), d="M-5,-6 L5,0 L-5,6 Z", class_="expected"
        )
    else:
        marker = svg.element("circle", svg.element("title", said), r=6, class_="expected")
    nested = svg.element(
        "svg", marker, x=svg.share(axis.at(step)), y=MIDDLE, overflow="visible", width=1, height=1
    )
    parts.append(svg.group(nested, opacity=max(0.35, strength)))
    return parts


def _remark(one: TypeStory, frame: Frame) -> str:
    """Say in words what has no place on the axis; empty where a step can be shown."""
    forecast = one.forecast
    if one.standing in (Standing.EMERGED, Standing.COMMON):
        return f"{one.standing.value} at the cutoff"
    if one.standing is Standing.UNKNOWN:
        return "not measurable in time"
    if forecast is None:
        return "no forecast" if frame.cutoff_step is not None else ""
    if one.standing is Standing.EXPECTED:
        by = numbers.step(frame.horizon_step)
        return f"expected by step {by}; when is unknown" * (forecast.expected_step is None)
    if forecast.expected_step is None or (forecast.probability or 0.0) < SHOWN_FROM:
        return f"not expected by step {numbers.step(frame.horizon_step)}"
    return ""


def _truth_marks(one: TypeStory, axis: LinearSteps) -> list[Markup]:
    if one.judged.emerged_step is None:
        return []
    at = svg.share(axis.at(one.judged.emerged_step))
    said = f"counted above the threshold at step {one.judged.emerged_step}"
    parts: list[Markup] = []
    if one.judged.below_step is not None:
        said += f", still below at step {one.judged.below_step}"
        since = svg.share(axis.at(one.judged.below_step))
        parts.append(
            svg.element("line", class_="between", x1=since, x2=at, y1=MIDDLE + 12, y2=MIDDLE + 12)
        )
        parts.append(
            svg.element("line", class_="between", x1=since, x2=since, y1=MIDDLE + 9, y2=MIDDLE + 15)
        )
    diamond = svg.element(
        "path", svg.element("title", said), d="M0,-7 L6,0 L0,7 L-6,0 Z", class_="happened"
    )
    parts.append(
        svg.element("svg", diamond, x=at, y=MIDDLE + 12, overflow="visible", width=1, height=1)
    )
    return parts


def _note(text: str, one: TypeStory, axis: LinearSteps, frame: Frame) -> Markup:
    """Place a remark right of the cutoff, or left of it where the future is narrow."""
    y = MIDDLE + 4 if one.judged.emerged_step is None else MIDDLE - 4
    cutoff = axis.at(frame.cutoff_step or 0)
    if cutoff > 0.5:
        return svg.element("text", text, class_="note", x="1%", y=y)
    return svg.element("text", text, class_="note", x=svg.share(cutoff), dx=10, y=y)


def _axis(axis: LinearSteps, frame: Frame) -> Markup:
    must = [0.0, float(frame.horizon_step)]
    if frame.cutoff_step is not None:
        must.insert(1, float(frame.cutoff_step))
    ticks = thinned(axis.ticks(), axis.at, gap=0.11, first=must)
    labels: list[Markup] = []
    for tick in ticks:
        at = axis.at(tick)
        anchor = "start" if at < 0.02 else "end" if at > 0.98 else "middle"
        name = "tick cut" if tick == frame.cutoff_step else "tick"
        labels.append(
            svg.element(
                "text", numbers.step(tick), x=svg.share(at), y=34, text_anchor=anchor, class_=name
            )
        )
    if frame.cutoff_step is not None:
        at = axis.at(frame.cutoff_step)
        if at > NARROW:
            labels.append(svg.element("text", "seen", x=0, y=14, class_="zone"))
        place = {"dx": 8} if at < WIDE else {"dx": -8, "text_anchor": "end"}
        labels.append(
            svg.element(
                "text", "forecast from here →", x=svg.share(at), y=14, class_="zone", **place
            )
        )
    return svg.element("svg", *labels, width="100%", height=40, aria_hidden="true", class_="axis")


_MARKS = {
    ForecastOutcome.RIGHT_EMERGED: "hit",
    ForecastOutcome.RIGHT_STAYED: "hit",
    ForecastOutcome.FALSE_ALARM: "alarm",
    ForecastOutcome.MISSED: "miss",
    ForecastOutcome.OVERLOOKED: "miss",
    ForecastOutcome.STILL_BELOW: "open",
    ForecastOutcome.UNSCORED_EMERGED: "quiet",
    ForecastOutcome.UNSCORED_STAYED: "quiet",
}
