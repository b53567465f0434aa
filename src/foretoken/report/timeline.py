"""The first figure: for each exploit type, when it was expected and when it came."""

from dataclasses import dataclass

from markupsafe import Markup

from foretoken.report import numbers, svg
from foretoken.report.headline import passing_words, summary
from foretoken.report.scales import LinearSteps, thinned
from foretoken.report.story import Frame, Standing, Story, TypeStory, Verdict

HEIGHT = 44
MIDDLE = 22
FAINTEST = 0.18
SHOWN_FROM = 0.05
"""Below this probability an expected step is no more than noise: the row says so instead."""


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
    scored = one.standing in (Standing.EXPECTED, Standing.UNLIKELY)
    probability = forecast.probability if forecast is not None and scored else None
    mark, outcome = _outcome(one)
    return Row(
        exploit_type=one.exploit_type,
        label=numbers.words(one.exploit_type),
        strip=_strip(one, axis, frame),
        probability="–" if probability is None else numbers.probability(probability),
        share=probability or 0.0,
        outcome=outcome,
        mark=mark,
        reason=forecast.reason if forecast is not None else "",
    )


def _outcome(one: TypeStory) -> tuple[str, str]:
    if one.verdict is Verdict.NOT_COUNTED:
        return "open", _STANDING_WORDS[one.standing]
    when = "stayed below" if one.emerged_by is None else f"emerged by {one.emerged_by}"
    if one.standing is Standing.ALREADY_HIGH:
        return "quiet", "already common"
    if one.standing is Standing.NOT_MEASURABLE:
        return "quiet", f"not measurable; {when}"
    return _MARKS[one.verdict], when


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
    if one.standing is Standing.ALREADY_HIGH:
        return [_note("already common at the cutoff", one, axis, frame)]
    if one.standing is Standing.NOT_MEASURABLE:
        return [_note("not measurable in time", one, axis, frame)]
    if forecast is None or forecast.probability is None:
        return []
    step = forecast.expected_step
    if step is None or forecast.probability < SHOWN_FROM:
        words = f"not expected by step {numbers.step(frame.horizon_step)}"
        return [_note(words, one, axis, frame)]
    strength = max(FAINTEST, forecast.probability)
    said = passing_words(forecast)
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


def _truth_marks(one: TypeStory, axis: LinearSteps) -> list[Markup]:
    if one.emerged_by is None:
        return []
    at = svg.share(axis.at(one.emerged_by))
    said = f"counted above the threshold at step {one.emerged_by}"
    parts: list[Markup] = []
    if one.below_at is not None:
        said += f", still below at step {one.below_at}"
        since = svg.share(axis.at(one.below_at))
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
    y = MIDDLE + 4 if one.emerged_by is None else MIDDLE - 4
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
        labels.append(svg.element("text", "seen", x=0, y=14, class_="zone"))
        labels.append(
            svg.element("text", "forecast from here →", x=svg.share(at), dx=8, y=14, class_="zone")
        )
    return svg.element("svg", *labels, width="100%", height=40, aria_hidden="true", class_="axis")


_STANDING_WORDS = {
    Standing.EXPECTED: "expected",
    Standing.UNLIKELY: "not expected",
    Standing.ALREADY_HIGH: "already common",
    Standing.NOT_MEASURABLE: "not measurable yet",
    Standing.NO_FORECAST: "no forecast",
}
_MARKS = {
    Verdict.RIGHT_EMERGED: "hit",
    Verdict.RIGHT_STAYED: "hit",
    Verdict.FALSE_ALARM: "alarm",
    Verdict.MISSED: "miss",
    Verdict.UNSCORED_EMERGED: "quiet",
    Verdict.UNSCORED_STAYED: "quiet",
}
