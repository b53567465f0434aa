"""`foretoken export`: what a run knows goes to trackers, once."""

from typing import Annotated

import typer

from foretoken.cli.options import ConfigOption, RunArgument


def export(
    run: RunArgument,
    *,
    to: Annotated[
        list[str] | None,
        typer.Option(
            help="trackio, wandb, mlflow, tensorboard, prime-rl or scout; may be repeated."
        ),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option(
            help="Place in the tracker: project, experiment or folder; with several, [into] in a "
            "file.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Send numbers, alarms or rollouts of a run to trackers: what they do not have yet.

    Example: foretoken export runs/mine --to tensorboard --into runs/tensorboard
    """
    from foretoken.errors import SetupError
    from foretoken.ports.command import export as send
    from foretoken.ports.config import ExportConfig
    from foretoken.work.settings import resolve

    if into is not None and len(to or ()) != 1:
        raise SetupError("--into names the place in one tracker: give one --to")
    flags = {"run": run, "to": tuple(to) if to else None}
    places = {to[0]: into} if to and into else None
    for line in send(resolve(ExportConfig, config, {**flags, "into": places})):
        typer.echo(line)
