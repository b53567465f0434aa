"""`foretoken backtest`: forecasts of runs that are over, beside what happened."""

from pathlib import Path
from typing import Annotated

import typer

from foretoken.cli.options import ConfigOption


def backtest(
    runs: Annotated[list[Path], typer.Argument(help="Run directories of trainings that are over.")],
    *,
    closed_known: Annotated[
        bool | None,
        typer.Option(
            "--closed-known", help="Tell the forecasts which loopholes are closed [default: no]."
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Forecast finished runs from their beginnings, each by what the others taught.

    Example: foretoken backtest runs/*
    """
    from foretoken.cli.tables import backtest_table, show
    from foretoken.pipeline.backtest import BacktestConfig
    from foretoken.pipeline.backtest import backtest as judge
    from foretoken.work.settings import resolve

    flags = {"runs": tuple(runs), "closed_known": closed_known}
    lines = judge(resolve(BacktestConfig, config, flags))
    for frame in dict.fromkeys(line.frame for line in lines):
        own = [line for line in lines if line.frame == frame]
        typer.echo(
            f"At {frame.cutoff:.0%} of training, rate of {frame.threshold:.0%}: "
            f"{own[0].emerged} of {own[0].units} emerged"
        )
        show(backtest_table(own))
        typer.echo("")
    typer.echo("Next: foretoken forecast RUN, for a run that goes on")
