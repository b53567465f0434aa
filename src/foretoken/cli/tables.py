"""Tables on the terminal."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from foretoken.calibration.calibrate import Calibration
from foretoken.records import ControlCheck, Forecast


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


def forecast_table(
    forecasts: Sequence[Forecast], emerged: dict[str, int | None] | None = None
) -> Table:
    """Forecasts of method `discovery`, the likeliest first.

    Args:
        forecasts: Of any method.
        emerged: Where the truth is known, the step at which each type passed the threshold.
    """
    table = Table(box=None, pad_edge=False)
    columns = ["exploit type", "rate now", "chance to emerge", "expected at step"]
    if emerged is not None:
        columns.append("what happened")
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number in (0, 4) else "right")
    ranked = [each for each in forecasts if each.method == "discovery"]
    for each in sorted(ranked, key=lambda each: -each.score):
        row = [each.exploit_type, _rate(each), _chance(each), _step(each)]
        if emerged is not None:
            step = emerged.get(each.exploit_type)
            row.append("stayed rare" if step is None else f"passed at step {step}")
        table.add_row(*row)
    return table


def _rate(forecast: Forecast) -> str:
    if not forecast.rate:
        return "none seen"
    return f"{'' if forecast.measurable else 'at least '}{forecast.rate:.2g}"


def _chance(forecast: Forecast) -> str:
    if not forecast.eligible:
        return "already there"
    if forecast.probability is None:
        return "not measurable"
    mark = "" if forecast.measurable else "at least "
    return f"{mark}{100 * forecast.probability:.0f} %"


def _step(forecast: Forecast) -> str:
    return "" if forecast.expected_step is None else f"{forecast.expected_step:.0f}"


def control_table(checks: Sequence[ControlCheck]) -> Table:
    """Rates by a control donor beside those of the run's bank."""
    names = ("exploit type", "bank", "control", "its lower bound", "effective hits", "standing")
    rows = [
        (
            each.exploit_type,
            f"{each.main_rate:.2g}",
            f"{each.rate:.2g}" if each.hits else "no hit",
            f"{each.lower_bound:.2g}",
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
