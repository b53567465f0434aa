"""`foretoken forecast`: which exploit types will emerge, from the early checkpoints alone."""

from typing import Annotated

import typer

from foretoken.cli.options import ConfigOption, RunArgument


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
    config: ConfigOption = None,
) -> None:
    """Forecast every exploit type from all that is known up to the cutoff.

    Example: foretoken forecast runs/mine --horizon-step 400 --threshold 0.1
    """
    from foretoken.cli.tables import forecast_table, show
    from foretoken.forecast.outcome import compare, frame_of
    from foretoken.forecast.taught import shipped
    from foretoken.pipeline.forecast import ForecastConfig, make_forecast
    from foretoken.records import RateEstimate, Truth
    from foretoken.store.run import Run
    from foretoken.work.settings import resolve

    flags = {
        "run": run,
        "horizon_step": horizon_step,
        "cutoff": cutoff,
        "cutoff_step": cutoff_step,
        "threshold": threshold,
        "rollouts_per_step": rollouts_per_step,
        "closed": tuple(closed) if closed else None,
    }
    forecasts = make_forecast(resolve(ForecastConfig, config, flags))
    read = Run.open(run)
    last = forecasts[0].cutoff_step
    comparison = compare(
        frame_of(forecasts),
        forecasts=forecasts,
        estimates=[one for one in read.read(RateEstimate) if one.step <= last],
        truth=[one for one in read.read(Truth) if one.step <= last],
    )
    show(forecast_table(comparison))
    typer.echo(shipped().words(forecasts[0].horizon_step))
    typer.echo(f"Wrote {run}/forecasts. Next: foretoken report {run}")
