"""The page of a backtest: in each frame, how good methods were, and whether shares came true."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markupsafe import Markup

from foretoken.estimate.bounds import clopper_pearson_lower, clopper_pearson_upper
from foretoken.forecast.skill import BINS, Unit
from foretoken.report import numbers, svg
from foretoken.report.assets import render_page
from foretoken.store.run import write_atomically

PAGE_FILE = "backtest.html"
WIDTH, HEIGHT = 330, 296
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 12, 42
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class BacktestFrame:
    """One cutoff and threshold."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    """One a method, as the terminal shows it."""
    method: str
    """Whose forecasts are drawn."""
    units: Sequence[Unit]
    """They, beside what happened."""


@dataclass(frozen=True)
class BacktestPage:
    """What the page shows."""

    runs: Sequence[str]
    """Their names."""
    frames: Sequence[BacktestFrame]
    warned: Sequence[Sequence[str]]
    """How early alarms were: names of columns, then one row a monitor."""
    policies: Sequence[str]
    """When to stop a run, by each monitor."""
    forecasts_hash: str
    """SHA-256 of the file of forecasts."""


@dataclass(frozen=True)
class ReliabilityBin:
    """Forecasts of about one probability, and how many of them came true."""

    lowest: float
    highest: float
    mean: float
    """Of their probabilities."""
    forecasts: int
    emerged: int

    @property
    def share(self) -> float:
        """Return the share that came true."""
        return self.emerged / self.forecasts

    @property
    def interval(self) -> tuple[float, float]:
        """Return the exact 95 % interval of that share, the forecasts taken as independent."""
        return (
            clopper_pearson_lower(self.emerged, self.forecasts),
            clopper_pearson_upper(self.emerged, self.forecasts),
        )

    @property
    def said(self) -> str:
        """Say it in words."""
        low, high = map(numbers.percent, self.interval)
        return (
            f"forecast {numbers.percent(self.mean)} on average: {self.emerged} of "
            f"{self.forecasts} emerged, {numbers.percent(self.share)} (95 % interval {low} to "
            f"{high})"
        )


def reliability(units: Sequence[Unit]) -> list[ReliabilityBin]:
    """Return the bins of `skill.calibration_error`: equally many forecasts each, in order."""
    ordered = sorted(units, key=lambda each: each.probability)
    bins = min(BINS, len(ordered))
    edges = [round(number * len(ordered) / bins) for number in range(bins + 1)]
    groups = [ordered[start:end] for start, end in pairwise(edges)]
    return [
        ReliabilityBin(
            lowest=group[0].probability,
            highest=group[-1].probability,
            mean=sum(each.probability for each in group) / len(group),
            forecasts=len(group),
            emerged=sum(each.emerged for each in group),
        )
        for group in groups
    ]


def write_backtest(out: Path, page: BacktestPage) -> Path:
    """Write the page of a backtest.

    Args:
        out: The HTML file to write.
        page: What it shows.

    Returns:
        The file written.

    Raises:
        StoreError: The file cannot be written.
    """
    write_atomically(out, render_backtest(page).encode())
    return out


def render_backtest(page: BacktestPage) -> str:
    """Return the page as HTML text, with nothing to fetch."""
    drawn = [(frame, reliability(frame.units)) for frame in page.frames]
    frames = [(frame, bins, _figure(frame, bins)) for frame, bins in drawn]
    return render_page("backtest.html", {"page": page, "numbers": numbers, "frames": frames})


def _figure(frame: BacktestFrame, bins: Sequence[ReliabilityBin]) -> Markup:
    """How often it happened over how probable it was said to be."""
    marks = [mark for each in bins for mark in _marks(each)]
    return svg.element(
        "svg",
        *_axes(),
        svg.group(*marks, class_="series switch"),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=f"Reliability of {frame.method}. " + "; ".join(each.said for each in bins),
    )


def _marks(one: ReliabilityBin) -> list[Markup]:
    low, high = one.interval
    x = _x(one.mean)
    return [
        svg.element("line", class_="spread", x1=x, x2=x, y1=_y(high), y2=_y(low)),
        svg.element("circle", svg.element("title", one.said), cx=x, cy=_y(one.share), r=4.0),
    ]


def _axes() -> list[Markup]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts: list[Markup] = []
    for tick in TICKS:
        x, y, label = _x(tick), _y(tick), f"{100 * tick:.0f} %"
        parts += [
            svg.element("line", class_="grid", x1=LEFT, x2=right, y1=y, y2=y),
            svg.element("line", class_="grid", x1=x, x2=x, y1=TOP, y2=bottom),
            svg.element("text", label, x=LEFT - 6, y=y + 3.5, text_anchor="end"),
            svg.element("text", label, x=x, y=bottom + 16, text_anchor="middle"),
        ]
    middle = _x(0.5)
    return [
        *parts,
        svg.element("line", class_="cutoff", x1=LEFT, x2=right, y1=bottom, y2=TOP),
        svg.element("text", "forecast probability", x=middle, y=HEIGHT - 7, text_anchor="middle"),
    ]


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)
