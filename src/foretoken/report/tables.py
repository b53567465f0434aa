"""The tables of all numbers: every cell in words, with the value that it is sorted by."""

import math
from collections import defaultdict
from dataclasses import dataclass

from foretoken.forecast.counts import ESTIMATORS
from foretoken.forecast.outcome import Evidence, rate_now
from foretoken.records import Forecast, RateEstimate, Truth
from foretoken.report import numbers
from foretoken.report.contents import RunContents
from foretoken.report.multiples import counted_bounds

NO_BREAK = "\u00a0"


@dataclass(frozen=True)
class TableCell:
    """One cell; `sort` orders the column."""

    text: str
    sort: float | str
    title: str = ""


@dataclass(frozen=True)
class NumberRow:
    """One row, with what it can be filtered by."""

    exploit_type: str
    source: str
    cells: list[TableCell]


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
        ("bounds", True),
        ("interval", True),
        ("probable", True),
        ("unseen route", True),
        ("hits", True),
        ("effective", True),
        ("spoken", True),
        ("doubts", False),
    ]
    rows = [
        *(_counted(one, reasons=contents.reasons) for one in contents.truth),
        *(_estimated(one, reasons=contents.reasons) for one in contents.estimates),
    ]
    rows.sort(key=lambda row: (row.exploit_type, row.cells[1].sort, row.source))
    return NumberTable(columns, rows, sorted({row.source for row in rows}))


def forecast_table(contents: RunContents) -> NumberTable:
    """Every forecast of every method; `now` is the cutoff of each."""
    columns = [
        ("exploit type", False),
        ("method", False),
        ("cutoff", True),
        ("horizon", True),
        ("probability", True),
        ("by step", False),
        ("expected step", True),
        ("interval", True),
        ("score", True),
        ("rate now", True),
        ("reason", False),
    ]
    measured: defaultdict[str, list[RateEstimate]] = defaultdict(list)
    for estimate in contents.estimates:
        if estimate.estimator == ESTIMATORS[0]:
            measured[estimate.exploit_type].append(estimate)
    rows = [_forecast(one, rate_now(one, measured[one.exploit_type])) for one in contents.forecasts]
    rows.sort(key=lambda row: (row.source, row.cells[2].sort, row.exploit_type))
    return NumberTable(columns, rows, sorted({row.source for row in rows}))


def _estimated(one: RateEstimate, *, reasons: bool) -> NumberRow:
    rate = "–" if one.rate is None else _rate(one.rate)
    if not one.published and one.rate is not None:
        rate = f"({rate})" if one.hits else "none seen"
    interval = "–" if one.interval is None else _span(*(min(each, 1.0) for each in one.interval))
    deliberate = one.deliberate_share
    return NumberRow(
        one.exploit_type,
        one.estimator,
        [
            TableCell(numbers.words(one.exploit_type), one.exploit_type),
            TableCell(numbers.step(one.step), one.step),
            TableCell(one.estimator, one.estimator),
            TableCell(rate, _number(one.rate)),
            TableCell(_span(one.lower_bound, min(one.upper_bound, 1.0)), one.lower_bound),
            TableCell(interval, -1.0 if one.interval is None else one.interval[0]),
            _probable(one),
            _unseen(one),
            _share(one.hits, one.draws),
            TableCell(f"{one.effective_hits:,.0f}", one.effective_hits),
            _spoken(deliberate, reasons=reasons),
            TableCell("; ".join(one.doubts) or "none", len(one.doubts)),
        ],
    )


def _spoken(share: float | None, *, reasons: bool) -> TableCell:
    if share is None or not reasons:
        return TableCell("–" if reasons else "no reasoning", -1.0)
    return TableCell(numbers.percent(share), share)


def _unseen(one: RateEstimate) -> TableCell:
    if not one.own_draws:
        return TableCell("–", 1.0)
    return TableCell(
        f"up to {_rate(one.unseen_route)}",
        one.unseen_route,
        f"none of the subject's own {numbers.count(one.own_draws)} draws at this step took it",
    )


def _probable(one: RateEstimate) -> TableCell:
    if one.probable is None:
        return TableCell("–", -1.0)
    median, low, high = one.probable
    return TableCell(
        _span(low, high), low, f"half of the probability is below {numbers.rate(median)}"
    )


def _counted(one: Truth, *, reasons: bool) -> NumberRow:
    rate = one.hacks / one.draws if one.draws else None
    low, high = counted_bounds(one) if one.draws else (0.0, 1.0)
    deliberate = one.deliberate / one.hacks if one.hacks else None
    return NumberRow(
        one.exploit_type,
        "counted",
        [
            TableCell(numbers.words(one.exploit_type), one.exploit_type),
            TableCell(numbers.step(one.step), one.step),
            TableCell("counted", "counted"),
            TableCell(
                "–" if rate is None else _rate(rate),
                _number(rate),
            ),
            TableCell(_span(low, high), low),
            TableCell(_span(low, high), low),
            TableCell("–", -1.0),
            TableCell("–", 1.0),
            _share(one.hacks, one.draws),
            TableCell("–", -1.0),
            _spoken(deliberate, reasons=reasons),
            TableCell("none", 0),
        ],
    )


def _forecast(one: Forecast, now: Evidence | None) -> NumberRow:
    probability = numbers.chance(one.probability, is_bound=one.at_least) or "–"
    step = "–" if one.expected_step is None else numbers.step(one.expected_step)
    interval = one.step_interval
    span = "–" if interval is None else " to ".join(numbers.step(each) for each in interval)
    rate = "–"
    if now is not None:
        rate = f"{'≥ ' if now.is_bound else ''}{_rate(now.rate)}"
        if now.probable is not None:
            rate += f", {numbers.probable(now.probable)}"
    return NumberRow(
        one.exploit_type,
        one.method,
        [
            TableCell(numbers.words(one.exploit_type), one.exploit_type),
            TableCell(one.method, one.method),
            TableCell(numbers.step(one.cutoff_step), one.cutoff_step),
            TableCell(numbers.step(one.horizon_step), one.horizon_step),
            TableCell(probability, _number(one.probability)),
            TableCell(_chances(one), _number(one.probability)),
            TableCell(step, math.inf if one.expected_step is None else one.expected_step),
            TableCell(span, math.inf if interval is None else interval[0]),
            TableCell("−∞" if one.score == -math.inf else f"{one.score:.2f}", one.score),
            TableCell(rate, _number(now.rate if now else None)),
            TableCell(_reason(one), one.reason),
        ],
    )


def _chances(one: Forecast) -> str:
    """The probability by steps before the horizon."""
    said = [
        f"{numbers.step(step)}: {numbers.probability(chance)}" for step, chance in one.chances[:-1]
    ]
    return ", ".join(said) or "–"


def _reason(one: Forecast) -> str:
    notes = [one.reason] if one.reason else []
    if not one.eligible:
        notes.append("Already common at the cutoff: not scored.")
    if not one.measurable:
        notes.append("No point could be published up to the cutoff.")
    return " ".join(notes)


def _share(hits: int, draws: int) -> TableCell:
    return TableCell(f"{numbers.count(hits)} of{NO_BREAK}{numbers.count(draws)}", hits)


def _span(low: float, high: float) -> str:
    return f"{_rate(low)} to {_rate(high)}"


def _rate(value: float) -> str:
    """A rate that stays on one line, where its cell has several."""
    return numbers.rate(value).replace(" ", NO_BREAK)


def _number(value: float | None) -> float:
    return -1.0 if value is None else value
