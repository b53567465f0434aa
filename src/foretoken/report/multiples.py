"""The second figure: per exploit type, estimates with bounds over the counted rate."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from foretoken.estimate.bounds import clopper_pearson_lower, clopper_pearson_upper
from foretoken.forecast.counts import ESTIMATORS, HackCount
from foretoken.forecast.outcome import OPEN, ForecastOutcome, Frame, Standing
from foretoken.forecast.words import refuted_words
from foretoken.records import RateEstimate, Truth
from foretoken.report import numbers, svg
from foretoken.report.headline import passing_words
from foretoken.report.scales import LogRates, LogSteps, lowest_decade, thinned
from foretoken.report.story import Story, TypeStory, below_words

WIDTH, HEIGHT = 280, 186
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 14, 22
INSET = 7
"""Room between the axis and step 0, so that its mark does not cover an axis label."""
DODGE = {"switch": 0.0, "prefix": -3.5, "count": 3.5}
"""Sideways shift in pixels, so that marks at one step do not cover each other."""


@dataclass(frozen=True)
class Panel:
    """One exploit type."""

    exploit_type: str
    label: str
    figure: Markup
    state: str
    note: str


@dataclass(frozen=True)
class Multiples:
    """All panels on the same axes."""

    panels: list[Panel]
    estimators: list[str]
    counted: bool
    bounds_only: bool
    """Whether any mark is a lower bound alone."""
    forecast: bool
    """Whether any panel shows when the threshold is expected to be passed."""


@dataclass(frozen=True)
class _Axes:
    steps: LogSteps
    rates: LogRates

    def x(self, step: float) -> float:
        return LEFT + INSET + self.steps.at(step) * (WIDTH - LEFT - RIGHT - INSET)

    def y(self, rate: float) -> float:
        return TOP + self.rates.at(rate) * (HEIGHT - TOP - BOTTOM)


def multiples(story: Story) -> Multiples | None:
    """Draw one panel per exploit type; None where nothing was measured or counted."""
    shown = [one for one in story.types if one.estimates or one.counts]
    if not shown or story.frame is None:
        return None
    axes = _Axes(LogSteps(_last_step(shown, story.frame)), LogRates(lowest_decade(_rates(shown))))
    present = [name for name in ESTIMATORS if any(one.estimates.get(name) for one in shown)]
    return Multiples(
        panels=[_panel(one, axes, story.frame) for one in shown],
        estimators=present,
        counted=any(one.counts for one in shown),
        bounds_only=any(
            not each.published and each.lower_bound > 0
            for one in shown
            for each in one.lead_estimates
        ),
        forecast=any(_passing(one, axes, story.frame) for one in shown),
    )


def counted_bounds(one: Truth | HackCount) -> tuple[float, float]:
    """Return the exact 95 % interval of a counted rate."""
    low = clopper_pearson_lower(one.hacks, one.draws)
    return low, clopper_pearson_upper(one.hacks, one.draws)


def _last_step(shown: list[TypeStory], frame: Frame) -> float:
    steps = [each.step for one in shown for each in one.counts]
    steps += [each.step for one in shown for group in one.estimates.values() for each in group]
    return max([*steps, frame.horizon_step])


def _rates(shown: list[TypeStory]) -> Iterable[float]:
    for one in shown:
        for each in one.lead_estimates:
            yield each.rate if each.published and each.rate else each.lower_bound
        for counted in one.counts:
            if counted.hacks:
                yield counted.rate


def _panel(one: TypeStory, axes: _Axes, frame: Frame) -> Panel:
    layers = [*_ground(axes, frame), *_passing(one, axes, frame), *_truth(one.counts, axes)]
    for name in reversed(ESTIMATORS):
        marks = _estimates(one.estimates.get(name, []), name, axes, frame)
        if marks:
            layers.append(svg.group(*marks, class_=f"series {name}"))
    description = _description(one)
    figure = svg.element(
        "svg", *layers, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=description
    )
    state, note = _state(one)
    return Panel(one.exploit_type, numbers.words(one.exploit_type), figure, state, note)


def _state(one: TypeStory) -> tuple[str, str]:
    judged = one.judged
    if judged.emerged_step is not None:
        return "emerged", f"emerged by {numbers.step(judged.emerged_step)}"
    if judged.measured_above:
        return "emerged", "measured above"
    if one.outcome is ForecastOutcome.STILL_BELOW:
        return "open", below_words(judged)
    if one.outcome not in OPEN:
        return "stayed", "stayed below"
    if one.standing in (Standing.EMERGED, Standing.COMMON):
        return "emerged", one.standing.value
    if one.lead_estimates and not any(each.published for each in one.lead_estimates):
        return "unmeasured", "lower bounds only"
    return "open", ""


def _ground(axes: _Axes, frame: Frame) -> list[Markup]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts: list[Markup] = []
    if frame.cutoff_step is not None:
        at = axes.x(frame.cutoff_step)
        parts.append(
            svg.element("rect", class_="seen", x=LEFT, y=TOP, width=at - LEFT, height=bottom - TOP)
        )
    for exponent in axes.rates.exponents():
        y = axes.y(10.0**exponent)
        parts.append(svg.element("line", class_="grid", x1=LEFT, x2=right, y1=y, y2=y))
        label = numbers.power_of_ten(exponent)
        parts.append(
            svg.element("text", label, class_="tick", x=LEFT - 5, y=y + 3.5, text_anchor="end")
        )
    last = axes.steps.last
    for tick in thinned(axes.steps.ticks(), axes.steps.at, gap=0.1, first=[0.0, last]):
        anchor = "end" if tick == last else "middle"
        x = right + 4 if tick == last else axes.x(tick)
        label = numbers.step(tick)
        parts.append(
            svg.element("text", label, class_="tick", x=x, y=HEIGHT - 7, text_anchor=anchor)
        )
    y = axes.y(frame.threshold)
    parts.append(svg.element("line", class_="threshold", x1=LEFT, x2=right, y1=y, y2=y))
    if frame.cutoff_step is not None:
        at = axes.x(frame.cutoff_step)
        parts.append(svg.element("line", class_="cutoff", x1=at, x2=at, y1=TOP, y2=bottom))
    return parts


def _passing(one: TypeStory, axes: _Axes, frame: Frame) -> list[Markup]:
    """Mark on the threshold when the type is expected to pass it, where that is likely."""
    forecast = one.forecast
    if one.standing is not Standing.EXPECTED or forecast is None or forecast.expected_step is None:
        return []
    y = axes.y(frame.threshold)
    title = svg.element("title", passing_words(one))
    marks: list[Markup] = []
    if forecast.step_interval is not None:
        early, late = forecast.step_interval
        ends = {"x1": axes.x(early), "x2": axes.x(late)}
        marks.append(svg.element("line", title, class_="passing", y1=y, y2=y, **ends))
    x = axes.x(forecast.expected_step)
    marks.append(svg.element("line", title, class_="passing step", x1=x, x2=x, y1=y - 5, y2=y + 5))
    return marks


def _truth(truth: Iterable[HackCount], axes: _Axes) -> list[Markup]:
    marks: list[Markup] = []
    lines: list[list[tuple[float, float]]] = [[]]
    for one in truth:
        low, high = counted_bounds(one)
        x = axes.x(one.step)
        said = f"step {one.step}: counted {numbers.count(one.hacks)} of {numbers.count(one.draws)}"
        if not one.hacks:
            lines.append([])
            said += f", so at most {numbers.rate(high)}"
            y = axes.y(high)
            marks.append(
                svg.element(
                    "path",
                    svg.element("title", said),
                    d=f"M{x - 3.5:.1f},{y - 2:.1f} h7 l-3.5,6 Z",
                    class_="none",
                )
            )
            continue
        y = axes.y(one.rate)
        said += f", {numbers.rate(one.rate)}"
        lines[-1].append((x, y))
        marks.append(
            svg.element("line", class_="spread", x1=x, x2=x, y1=axes.y(high), y2=axes.y(low))
        )
        marks.append(svg.element("circle", svg.element("title", said), cx=x, cy=y, r=3.2))
    if not marks:
        return []
    drawn = [svg.path(line, class_="course") for line in lines if len(line) > 1]
    return [svg.group(*drawn, *marks, class_="series truth")]


def _estimates(estimates: list[RateEstimate], name: str, axes: _Axes, frame: Frame) -> list[Markup]:
    marks: list[Markup] = []
    line: list[tuple[float, float]] = []
    for one in estimates:
        x = axes.x(one.step) + DODGE[name]
        title = svg.element("title", said(one))
        later = frame.cutoff_step is not None and one.step > frame.cutoff_step
        if not one.published or not one.rate:
            if one.lower_bound > 0:
                marks.append(_at_least(x, axes.y(one.lower_bound), title))
            continue
        y = axes.y(one.rate)
        line.append((x, y))
        if one.interval is not None:
            low, high = one.interval
            ends = {"y1": axes.y(high), "y2": axes.y(low)}
            marks.append(svg.element("line", class_="spread", x1=x, x2=x, **ends))
        marks.append(_point(name, x, y, title, later=later))
    if len(line) > 1:
        marks.insert(0, svg.path(line, class_="course"))
    return marks


def _point(name: str, x: float, y: float, title: Markup, *, later: bool) -> Markup:
    state = "point later" if later else "point"
    if name == "prefix":
        return svg.element(
            "path", title, d=f"M{x - 3:.1f},{y - 3:.1f} l6,6 m0,-6 l-6,6", class_=state
        )
    if name == "count":
        return svg.element("rect", title, x=x - 2.6, y=y - 2.6, width=5.2, height=5.2, class_=state)
    return svg.element("circle", title, cx=x, cy=y, r=3.4, class_=state)


def _at_least(x: float, y: float, title: Markup) -> Markup:
    """A lower bound alone: a foot that stands on the bound, and an arrow up from it."""
    drawn = f"M{x - 3.5:.1f},{y:.1f} h7 M{x:.1f},{y:.1f} v-9 m-2.6,3 l2.6,-3 l2.6,3"
    return svg.element("path", title, d=drawn, class_="atleast")


def said(one: RateEstimate) -> str:
    """Say one estimate in words, with what is doubtful about it."""
    words = f"step {one.step}, {one.estimator}: "
    if one.published and one.rate is not None:
        words += numbers.rate(one.rate)
        if one.interval is not None:
            low, high = one.interval
            words += f", 95 % interval {numbers.span(low, high)}"
        if one.own_draws:
            words += f"; a route not seen so far: up to {numbers.rate(one.unseen_route)}"
    elif one.lower_bound > 0:
        words += f"at least {numbers.rate(one.lower_bound)}; no point is published"
    else:
        words += f"not measurable; at most {numbers.rate(one.upper_bound)}"
    if not one.published and one.probable is not None:
        words += f", {numbers.probable(one.probable)}"
    words += f" ({numbers.count(one.hits)} hits, {one.effective_hits:.0f} effective)"
    if one.contradicted_at is not None:
        words += f"; {refuted_words(one.contradicted_at)}"
    if one.contradicted_at is not None and one.counted is not None:
        hacks, draws = one.counted
        words += f": since step {one.counted_from}, {hacks} hacks in {numbers.count(draws)}"
        if one.counted_lower_bound is not None:
            words += f", on average at least {numbers.rate(one.counted_lower_bound)} so far"
    return words + "".join(f"; {doubt.value}" for doubt in one.doubts)


def _description(one: TypeStory) -> str:
    words = [numbers.words(one.exploit_type)]
    lead = one.lead_estimates
    if lead:
        words += [said(lead[0]), *([said(lead[-1])] if len(lead) > 1 else [])]
    if one.counts:
        last = one.counts[-1]
        words.append(f"counted at step {last.step}: {numbers.rate(last.rate)}")
    return ". ".join(words) + "."
