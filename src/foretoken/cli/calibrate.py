"""`foretoken calibrate`: what would each estimator have said of a rate that is known?"""

from typing import Annotated

import typer

from foretoken.cli.options import ConfigOption, SeedOption, WorkersOption


def calibrate(
    *,
    system: Annotated[
        str | None, typer.Option(help="pivot (default), diffuse or two-routes.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="True rate. Default 1e-5.")] = None,
    tokens: Annotated[int | None, typer.Option(help="Length of a completion. Default 120.")] = None,
    draws: Annotated[
        int | None, typer.Option(help="Completions each estimator may sample. Default 2000.")
    ] = None,
    repetitions: Annotated[int | None, typer.Option(help="Default 40.")] = None,
    config: ConfigOption = None,
    seed: SeedOption = None,
    workers: WorkersOption = None,
) -> None:
    """Try every estimator on a toy system whose true rate is known exactly.

    Shows how many draws a rate needs. A settings file may also hold tasks, drift (how far the donor
    strays at every token, in nats) and prefix_tokens.

    Example: foretoken calibrate --rate 1e-6 --tokens 240 --draws 2000
    """
    from foretoken.calibration.calibrate import CalibrateConfig
    from foretoken.calibration.calibrate import calibrate as calibrate_estimators
    from foretoken.cli.tables import calibration_table, show
    from foretoken.work.progress import progress_bar
    from foretoken.work.settings import resolve

    flags = {
        "system": system,
        "rate": rate,
        "tokens": tokens,
        "draws": draws,
        "repetitions": repetitions,
        "seed": seed,
        "workers": workers,
    }
    settings = resolve(CalibrateConfig, config, flags)
    with progress_bar("calibrating", settings.repetitions) as advance:
        found = calibrate_estimators(settings, on_done=advance)
    show(calibration_table(found))
    typer.echo(
        f"True rate {settings.rate:g}, {settings.draws} completions of {settings.tokens} tokens "
        "for each estimator. Next: foretoken bank build --help"
    )
