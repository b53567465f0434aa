"""`foretoken demo`: the whole story on the shipped model, in a few minutes."""

from pathlib import Path
from typing import Annotated

import typer

from foretoken.cli.options import SeedOption, WorkersOption


def demo(
    run: Annotated[Path | None, typer.Option(help="Run directory [default: runs/demo].")] = None,
    draws_per_task: Annotated[int | None, typer.Option(help="Draws of the bank per task.")] = None,
    seed: SeedOption = None,
    workers: WorkersOption = None,
) -> None:
    """Measure and forecast the run that ships with the package, and write its report.

    Example: foretoken demo
    """
    from foretoken.cli.tables import comparison_lines, forecast_table, forecast_title, show
    from foretoken.pipeline.demo import DemoConfig, tell_story
    from foretoken.report.page import write_report
    from foretoken.store.layout import REPORT_FILE
    from foretoken.work.settings import resolve

    flags = {"run": run, "draws_per_task": draws_per_task, "seed": seed, "workers": workers}
    result = tell_story(resolve(DemoConfig, None, flags))
    written = write_report(result.run, result.run / REPORT_FILE)
    typer.echo(forecast_title(result.comparison))
    show(forecast_table(result.comparison))
    for line in comparison_lines(result.comparison):
        typer.echo(line)
    typer.echo(f"Wrote {written}. Open it in a browser; next: your own run, see `foretoken bank`.")
