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
    from foretoken.cli.tables import forecast_table, show
    from foretoken.pipeline.demo import DemoConfig, tell_story
    from foretoken.report.page import write_report
    from foretoken.store.layout import REPORT_FILE
    from foretoken.work.settings import resolve

    flags = {"run": run, "draws_per_task": draws_per_task, "seed": seed, "workers": workers}
    story = tell_story(resolve(DemoConfig, None, flags))
    written = write_report(story.run, story.run / REPORT_FILE)
    first = story.forecasts[0]
    typer.echo(f"Forecast at step {first.cutoff_step} of {first.horizon_step}:")
    show(forecast_table(story.forecasts, story.emerged))
    for line in _verdict(story.error_decades, story.ranking, story.baseline_ranking):
        typer.echo(line)
    typer.echo(f"Wrote {written}. Open it in a browser; next: your own run, see `foretoken bank`.")


def _verdict(error: float | None, ours: float | None, baseline: float | None) -> list[str]:
    lines: list[str] = []
    if ours is not None:
        beside = "" if baseline is None else f" (slope of the rate: {baseline:.2f})"
        lines.append(f"Ranking of what emerged, area under the curve: {ours:.2f}{beside}")
    if error is not None:
        lines.append(
            f"Published rates are off the counts by {error:.2f} decades (root mean square)"
        )
    return lines
