"""`foretoken demo`: the whole story on the shipped model, in a few minutes."""

from pathlib import Path
from typing import Annotated

import typer

from foretoken.cli.options import SeedOption, WorkersOption

DURATION = "6 to 8 minutes of processor time, no GPU, no network"
DISK = "17 MB"


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
    from foretoken.report.load import load
    from foretoken.report.page import write_report
    from foretoken.report.story import tell
    from foretoken.store.layout import REPORT_FILE
    from foretoken.work.settings import resolve

    flags = {"run": run, "draws_per_task": draws_per_task, "seed": seed, "workers": workers}
    settings = resolve(DemoConfig, None, flags)
    typer.echo(
        f"The run that ships with the package is measured and forecast: {DURATION}. It writes "
        f"{settings.run} ({DISK}), and at the end {settings.run / REPORT_FILE}. Killed and "
        "started again, it goes on where it was."
    )
    folder = tell_story(settings)
    written = write_report(folder, folder / REPORT_FILE)
    found = tell(load(folder)).comparison
    typer.echo(forecast_title(found))
    show(forecast_table(found))
    for line in comparison_lines(found):
        typer.echo(line)
    typer.echo(f"Wrote {written}. Open it in a browser; next: your own run, see `foretoken bank`.")
