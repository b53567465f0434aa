"""`foretoken backtest`: forecasts of runs that are over, beside what happened."""

from pathlib import Path
from typing import Annotated

import typer

from foretoken.cli.options import ConfigOption


def backtest(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="Run directories of trainings that are over, and files of labelled rollouts "
            "(.jsonl, .parquet, .csv)."
        ),
    ],
    *,
    closed_known: Annotated[
        bool | None,
        typer.Option(
            "--closed-known", help="Tell the forecasts which loopholes are closed [default: no]."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for forecasts, what happened, and a page.", show_default=False),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Forecast finished runs from their beginnings, each by what the others taught.

    Example: foretoken backtest runs/* rollouts.jsonl --out backtest
    """
    from foretoken.cli.tables import WARNED, backtest_frames, plain_table, show, warned_rows
    from foretoken.pipeline.backtest import BacktestConfig
    from foretoken.pipeline.backtest import backtest as judge
    from foretoken.report.backtest import PAGE_FILE, BacktestPage, write_backtest
    from foretoken.work.settings import resolve

    flags = {"runs": tuple(runs), "closed_known": closed_known, "out": out}
    settings = resolve(BacktestConfig, config, flags)
    found = judge(settings, say=typer.echo)
    frames = backtest_frames(found)
    for frame in frames:
        typer.echo(frame.title)
        show(plain_table(frame.columns, frame.rows))
    warned = warned_rows(found)
    show(plain_table(WARNED, warned))
    for line in found.policies:
        typer.echo(line)
    if settings.out is not None:
        page = BacktestPage(
            [each.name for each in found.runs],
            frames,
            warned=(WARNED, *warned),
            policies=found.policies,
            forecasts_hash=found.forecasts_hash or "",
        )
        written = write_backtest(settings.out / PAGE_FILE, page)
        typer.echo(f"Wrote {written}. Open it in a browser.")
    typer.echo("Next: foretoken forecast RUN, for a run that goes on")
