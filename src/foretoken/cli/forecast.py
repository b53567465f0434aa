"""`foretoken forecast`: which exploit types will emerge, from the early checkpoints alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretoken.cli.options import ConfigOption, RunArgument

if TYPE_CHECKING:
    from foretoken.records import Forecast


def forecast(
    run: RunArgument,
    *,
    horizon_step: Annotated[
        int | None, typer.Option(help="Last step of the training; default: as the run says.")
    ] = None,
    cutoff: Annotated[
        float | None,
        typer.Option(
            help="Share of the training that may be read [default: all so far; 0.2 if it is over]."
        ),
    ] = None,
    cutoff_step: Annotated[
        int | None, typer.Option(help="The same as a step; wins over --cutoff.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Rate that counts as emerged [default: 0.1].")
    ] = None,
    rollouts_per_step: Annotated[
        float | None,
        typer.Option(help="Rollouts of one type in a training step; default: as the run says."),
    ] = None,
    closed: Annotated[
        list[str] | None,
        typer.Option(help="Exploit type that the run's own grader does not pay; may be repeated."),
    ] = None,
    audit: Annotated[
        Path | None,
        typer.Option(help="Audit of the run's grader: what it tried and was not paid is closed."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be read, and write nothing.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Forecast every exploit type from all that is known up to the cutoff.

    Example: foretoken forecast runs/mine --horizon-step 400 --threshold 0.1
    """
    from foretoken.pipeline.forecast import ForecastConfig, forecast_words, make_forecast
    from foretoken.work.settings import resolve

    flags = {
        "run": run,
        "horizon_step": horizon_step,
        "cutoff": cutoff,
        "cutoff_step": cutoff_step,
        "threshold": threshold,
        "rollouts_per_step": rollouts_per_step,
        "closed": tuple(closed) if closed else None,
        "audit": audit,
    }
    settings = resolve(ForecastConfig, config, flags)
    if dry_run:
        typer.echo(f"{forecast_words(settings)} Nothing was written.")
        return
    _tell(run, make_forecast(settings))


def _tell(run: Path, forecasts: "list[Forecast]") -> None:
    """Print what was forecast, beside what is known so far."""
    from foretoken.cli.tables import forecast_table, show
    from foretoken.forecast.outcome import compare, frame_of
    from foretoken.forecast.taught import shipped
    from foretoken.report.load import load

    read = load(run)
    last = forecasts[0].cutoff_step
    comparison = compare(
        frame_of(forecasts),
        forecasts=forecasts,
        estimates=[one for one in read.estimates if one.step <= last],
        truth=[one for one in read.truth if one.step <= last],
        own=[one for one in read.own_hacks if one.step <= last],
    )
    show(forecast_table(comparison))
    typer.echo(shipped().words(forecasts[0].horizon_step))
    typer.echo(f"Wrote {run}/forecasts. Next: foretoken report {run}")
