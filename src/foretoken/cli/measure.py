"""`foretoken measure`: the rate of every exploit type at every checkpoint."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretoken.cli.options import (
    ConfigOption,
    DeviceOption,
    DryRunOption,
    PriceOption,
    RayOption,
    RunOption,
    SeedOption,
    WorkersOption,
)

if TYPE_CHECKING:
    from foretoken.records import RateEstimate


def measure(
    checkpoints: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders named step-000013; default: those in the run."),
    ] = None,
    *,
    run: RunOption,
    last_step: Annotated[int | None, typer.Option(help="Leave later checkpoints alone.")] = None,
    count_draws: Annotated[
        int | None, typer.Option(help="Own draws per task and checkpoint, for plain counting.")
    ] = None,
    rollouts: Annotated[
        bool | None,
        typer.Option(
            "--rollouts/--no-rollouts",
            help="Let stored rollouts audit the bank, and those on its tasks join it (they do).",
        ),
    ] = None,
    replace: Annotated[
        bool | None,
        typer.Option(
            "--replace", help="Measure these steps anew: their checkpoints were trained again."
        ),
    ] = None,
    dry_run: DryRunOption = False,
    price_per_hour: PriceOption = None,
    device: DeviceOption = None,
    ray: RayOption = None,
    config: ConfigOption = None,
    seed: SeedOption = None,
    workers: WorkersOption = None,
) -> None:
    """Score the bank's hits at each checkpoint and estimate the rates.

    Example: foretoken measure checkpoints/step-* --run runs/mine
    """
    from foretoken.pipeline.measure import MeasureConfig
    from foretoken.pipeline.measure import measure as measure_run
    from foretoken.pipeline.trial import measure_plan
    from foretoken.work.plan import tell_plan
    from foretoken.work.settings import resolve

    flags = {
        "run": run,
        "checkpoints": checkpoints or None,
        "last_step": last_step,
        "count_draws": count_draws,
        "rollouts": rollouts,
        "replace": replace,
        "device": device,
        "ray": ray,
        "seed": seed,
        "workers": workers,
    }
    settings = resolve(MeasureConfig, config, flags)
    if dry_run:
        tell_plan(measure_plan(settings), typer.echo, price_per_hour=price_per_hour)
        return
    _tell(run, measure_run(settings))


def _tell(run: Path, estimates: "list[RateEstimate]") -> None:
    """Print how much was published, and what to do next."""
    from foretoken.records import Doubt

    steps = len({each.step for each in estimates})
    published = sum(each.published for each in estimates if each.estimator == "switch")
    stale = {each.step for each in estimates if Doubt.STALE_BANK in each.doubts}
    if stale:
        typer.echo(
            f"The bank has aged at step {min(stale)}: foretoken bank refresh CHECKPOINT --run {run}"
        )
    typer.echo(
        f"{published} published rates at {steps} checkpoints in {run}. "
        f"Next: foretoken forecast {run}"
    )
