"""The tables of all numbers: every cell in words, with the value that it is sorted by."""

import math
from dataclasses import dataclass

from foretoken.records import Forecast, RateEstimate, Truth
from foretoken.report import numbers
from foretoken.report.contents import RunContents
from foretoken.report.multiples import counted_bounds


@dataclass(frozen=True)
class Cell:
    """One cell; `sort` orders the column."""

    text: str
    sort: float | str
    title: str = ""


@dataclass(frozen=True)
class NumberRow:
    """One row, with what it can be filtered by."""

    exploit_type: str
    source: str
    cells: list[Cell]


@dataclass(frozen=True)
class NumberTable:
    """One table."""

    columns: list[tuple[str, bool]]
    """Name, and whether it holds numbers."""
    rows: list[NumberRow]
    sources: list[str]


def rate_table(contents: RunContents) -> NumberTable:
    """Every estimate and every count."""
    columns = [
        ("exploit type", False),
        ("step", True),
        ("source", False),
        ("rate", True),
        ("lower bound", True),
        ("interval", True),
        ("upper bound", True),
        ("hits", True),
        ("effective", True),
        ("draws", True),
        ("deliberate", True),
        ("doubts", False),
    ]
    rows = [*map(_counted, contents.truth), *map(_estimated, contents.estimates)]
    rows.sort(key=lambda row: (row.exploit_type, row.cells[1].sort, row.source))
    return NumberTable(columns, rows, sorted({row.source for row in rows}))


def forecast_table(contents: RunContents) -> NumberTable:
    """Every forecast of every method."""
    columns = [
        ("exploit type", False),
        ("method", False),
        ("cutoff", True),
        ("horizon", True),
        ("probability", True),
        ("expected step", True),
        ("interval", True),
        ("score", True),
        ("rate at cutoff", True),
        ("reason", False),
    ]
    rows = [_forecast(one) for one in contents.forecasts]
    rows.sort(key=lambda row: (row.source, row.cells[2].sort, row.exploit_type))
    return NumberTable(columns, rows, sorted({row.source for row in rows}))


def _estimated(one: RateEstimate) -> NumberRow:
    rate = "–" if one.rate is None else numbers.scientific(one.rate)
    if not one.published and one.rate is not None:
        rate = f"({rate})" if one.hits else "none seen"
    interval = "–" if one.interval is None else _span(*one.interval)
    deliberate = one.deliberate_share
    return NumberRow(
        one.exploit_type,
        one.estimator,
        [
            Cell(numbers.words(one.exploit_type), one.exploit_type),
            Cell(numbers.step(one.step), one.step),
            Cell(one.estimator, one.estimator),
            Cell(rate, _number(one.rate), "" if one.rate is None else numbers.rate(one.rate)),
            Cell(numbers.scientific(one.lower_bound), one.lower_bound),
            Cell(interval, -1.0 if one.interval is None else one.interval[0]),
            Cell(numbers.scientific(one.upper_bound), one.upper_bound),
            Cell(numbers.count(one.hits), one.hits),
            Cell(f"{one.effective_hits:,.0f}", one.effective_hits),
            Cell(numbers.count(one.draws), one.draws),
            Cell("–" if deliberate is None else numbers.percent(deliberate), _number(deliberate)),
            Cell("; ".join(one.doubts) or "none", len(one.doubts)),
        ],
    )


def _counted(one: Truth) -> NumberRow:
    rate = one.hacks / one.draws if one.draws else None
    low, high = counted_bounds(one) if one.draws else (0.0, 1.0)
    deliberate = one.deliberate / one.hacks if one.hacks else None
    return NumberRow(
        one.exploit_type,
        "counted",
        [
            Cell(numbers.words(one.exploit_type), one.exploit_type),
            Cell(numbers.step(one.step), one.step),
            Cell("counted", "counted"),
            Cell(
                "–" if rate is None else numbers.scientific(rate),
                _number(rate),
                "" if rate is None else numbers.rate(rate),
            ),
            Cell(numbers.scientific(low), low),
            Cell(_span(low, high), low),
            Cell(numbers.scientific(high), high),
            Cell(numbers.count(one.hacks), one.hacks),
            Cell("–", -1.0),
            Cell(numbers.count(one.draws), one.draws),
            Cell("–" if deliberate is None else numbers.percent(deliberate), _number(deliberate)),
            Cell("none", 0),
        ],
    )


def _forecast(one: Forecast) -> NumberRow:
    probability = "–" if one.probability is None else numbers.probability(one.probability)
    step = "–" if one.expected_step is None else numbers.step(one.expected_step)
    interval = one.step_interval
    span = "–" if interval is None else " to ".join(numbers.step(each) for each in interval)
    rate = "–" if one.rate is None else numbers.scientific(one.rate)
    return NumberRow(
        one.exploit_type,
        one.method,
        [
            Cell(numbers.words(one.exploit_type), one.exploit_type),
            Cell(one.method, one.method),
            Cell(numbers.step(one.cutoff_step), one.cutoff_step),
            Cell(numbers.step(one.horizon_step), one.horizon_step),
            Cell(probability, _number(one.probability)),
            Cell(step, math.inf if one.expected_step is None else one.expected_step),
            Cell(span, math.inf if interval is None else interval[0]),
            Cell("−∞" if one.score == -math.inf else f"{one.score:.2f}", one.score),
            Cell(rate, _number(one.rate)),
            Cell(_reason(one), one.reason),
        ],
    )


def _reason(one: Forecast) -> str:
    notes = [one.reason] if one.reason else []
    if not one.eligible:
        notes.append("Already common at the cutoff: not scored.")
    if not one.measurable:
        notes.append("No point could be published up to the cutoff.")
    return " ".join(notes)


def _span(low: float, high: float) -> str:
    return f"{numbers.scientific(low)} to {numbers.scientific(high)}"


def _number(value: float | None) -> float:
    return -1.0 if value is None else value
