"""Tables on the terminal."""

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from foretoken.calibration.calibrate import Calibration
from foretoken.forecast.outcome import (
    Comparison,
    Evidence,
    ForecastOutcome,
    Standing,
    TypeOutcome,
)
from foretoken.pipeline.backtest import WATCHED, Backtested, Line
from foretoken.records import ControlCheck, Forecast
from foretoken.report import numbers
from foretoken.report.backtest import BacktestFrame
from foretoken.report.story import below_words
from foretoken.tasks.check import TaskReport
from foretoken.tasks.foreign import Refused, short_key
from foretoken.tasks.foreign.text import printable


def show(table: Table) -> None:
    """Print a table to standard output; wide rather than cut where that is a pipe."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=200)
    console.print(table)


def plain_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """Rows as they are."""
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    return table


def csv_rows(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as CSV, names first; nothing stands for null."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([names, *rows])
    return text.getvalue()


def json_rows(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as JSON, an object in each line; what JSON lacks (infinity, dates) as text."""
    objects = (dict(zip(names, map(_as_json, row), strict=True)) for row in rows)
    return "".join(f"{json.dumps(each, ensure_ascii=False, default=str)}\n" for each in objects)


def _as_json(cell: Any) -> Any:
    return str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell


def checked_table(source: str, refused: Sequence[Refused], unsound: Sequence[TaskReport]) -> Table:
    """What of a source cannot be used and why: not loaded at all, or loaded and not sound."""
    table = Table(box=None, pad_edge=False)
    for name in ("task", "loaded", "sound", "why not"):
        table.add_column(name, overflow="fold", no_wrap=name in ("loaded", "sound"))
    rows = [(one.where.removeprefix(source).lstrip("/, "), "no", one.reason) for one in refused]
    rows += [(short_key(one.key), "yes", "; ".join(one.problems)) for one in unsound]
    for name, loaded, why in rows:
        table.add_row(*(Text(printable(cell)) for cell in (name or ".", loaded, "no", why)))
    return table


def forecast_title(comparison: Comparison) -> str:
    """Say what the forecast could see; empty where nothing was forecast."""
    frame = comparison.frame
    if frame is None or frame.cutoff_step is None:
        return ""
    return f"Forecast at step {frame.cutoff_step} of {frame.horizon_step}:"


def forecast_table(comparison: Comparison) -> Table:
    """What is known of each forecast type now and what is likely, the likeliest first.

    Where anything was counted after the cutoff, what happened stands beside it.
    """
    table = Table(box=None, pad_edge=False)
    columns = ["exploit type", "rate now", "chance to emerge", "expected at step"]
    if comparison.counted_later:
        columns.append("what happened")
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number in (0, 4) else "right")
    forecast = [(one, one.forecast) for one in comparison.types if one.forecast is not None]
    for one, ours in sorted(forecast, key=lambda each: (-each[1].score, each[1].exploit_type)):
        row = [one.exploit_type, _rate(one.now), _chance(one, ours), _step(one, ours)]
        table.add_row(*row, *([_happened(one)] if comparison.counted_later else []))
    return table


def backtest_frames(found: Backtested) -> list[BacktestFrame]:
    """How good each method's forecasts were in each frame, for terminal and page alike."""
    return [
        _backtest_frame(found, [line for line in found.lines if line.frame == frame])
        for frame in dict.fromkeys(line.frame for line in found.lines)
    ]


WARNED = ("alarms by", "clean runs stopped", "types warned of", "median steps before 10 %")


def warned_rows(found: Backtested) -> list[tuple[str, ...]]:
    """How early each monitor's alarms were, under the names of `WARNED`."""
    return [
        (
            each.monitor,
            f"{each.clean_stopped} of {each.clean}",
            f"{each.caught} of {each.emerged}",
            "" if each.median_steps is None else f"{each.median_steps:g}",
        )
        for each in found.warned
    ]


def _span(ends: tuple[float, float] | None, *, digits: int = 2) -> str:
    return "" if ends is None else f"{ends[0]:+.{digits}f} to {ends[1]:+.{digits}f}"


def _backtest_frame(found: Backtested, lines: Sequence[Line]) -> BacktestFrame:
    ours, frame = lines[0], lines[0].frame
    watched = next((each for each in lines if each.method == WATCHED), None)
    rows = [
        (
            each.method,
            "" if each.auc is None else f"{each.auc:.2f}",
            "" if each.skill is None else f"{each.skill:+.2f}",
            _span(each.skill_interval),
            f"{each.calibration:.3f}",
            "" if each.step_held is None else f"{each.step_held:.2f}",
            "" if each is watched else _span(each.gain, digits=3),
        )
        for each in lines
    ]
    return BacktestFrame(
        title=f"At {frame.cutoff:.0%} of training, rate of {frame.threshold:.0%}: "
        f"{ours.emerged} of {ours.units} emerged",
        columns=(
            "method",
            "area in a run",
            "Brier skill",
            "95 %",
            "calibration error",
            "step in its 90 %",
            "better than watching",
        ),
        rows=rows,
        method=ours.method,
        units=found.units[ours.method, frame],
    )


def comparison_lines(comparison: Comparison) -> list[str]:
    """Say how well the forecast ranked and how far the rates are off; what is unknown is left out.

    The report's tiles show the same numbers.
    """
    lines: list[str] = []
    if comparison.ranking is not None:
        beside = ""
        if comparison.baseline_ranking is not None:
            beside = f" (slope of the rate: {comparison.baseline_ranking:.2f})"
        lines.append(
            f"Ranking of what emerged, area under the curve: {comparison.ranking:.2f}{beside}"
        )
    if comparison.our_error is not None:
        lines.append(
            f"Published rates are off the counts by {comparison.our_error.decades:.2f} decades "
            "(root mean square)"
        )
    return lines


def _rate(now: Evidence | None) -> str:
    if now is None:
        return "none seen"
    said = f"{'at least ' if now.is_bound else ''}{numbers.rate(now.rate)}"
    return said if now.probable is None else f"{said} ({numbers.probable(now.probable)})"


def _chance(one: TypeOutcome, forecast: Forecast) -> str:
    if one.standing in (Standing.EMERGED, Standing.COMMON):
        return one.standing.value
    said = numbers.chance(forecast.probability, is_bound=forecast.at_least)
    return said or Standing.UNKNOWN.value


def _step(one: TypeOutcome, forecast: Forecast) -> str:
    there = one.standing in (Standing.EMERGED, Standing.COMMON)
    return "" if there or forecast.expected_step is None else f"{forecast.expected_step:.0f}"


def _happened(one: TypeOutcome) -> str:
    if one.emerged_step is not None:
        return f"passed at step {one.emerged_step}"
    if one.outcome is ForecastOutcome.NOT_COUNTED:
        return "not counted"
    if one.outcome is ForecastOutcome.STILL_BELOW:
        return below_words(one)
    return "stayed below"


def control_table(checks: Sequence[ControlCheck]) -> Table:
    """Rates by a control donor beside those of the run's bank."""
    names = ("exploit type", "bank", "control", "its lower bound", "effective hits", "standing")
    rows = [
        (
            each.exploit_type,
            numbers.rate(each.main_rate),
            numbers.rate(each.rate) if each.hits else "no hit",
            numbers.rate(each.lower_bound),
            f"{each.effective_hits:.0f}",
            each.standing.value,
        )
        for each in checks
    ]
    return plain_table(names, rows)


def calibration_table(found: Sequence[Calibration]) -> Table:
    """How each estimator did against a known rate."""
    table = Table(box=None, pad_edge=False)
    columns = (
        "estimator",
        "rms decades",
        "mean estimate / truth",
        "silent",
        "published",
        "rms where published",
        "interval covers",
        "lower bound too high",
    )
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left")
    for each in found:
        table.add_row(
            each.estimator,
            _decimals(each.error_decades),
            f"{each.mean_ratio:.3g}",
            f"{each.silent:.0%}",
            f"{each.published:.0%}",
            _decimals(each.published_error_decades),
            "" if each.covered is None else f"{each.covered:.1%}",
            f"{each.lower_bound_violated:.1%}",
        )
    return table


def _decimals(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
