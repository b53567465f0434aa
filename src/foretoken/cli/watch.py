"""`foretoken watch`: a training is measured, forecast and told of while it runs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from foretoken.cli.errors import ALARM
from foretoken.cli.options import ConfigOption, DeviceOption, MergeOption, ShadowOption


def watch(
    run: Annotated[
        Path, typer.Argument(help="Run directory of the training, or that hooks write to.")
    ],
    *,
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option(help="Folder in which the trainer saves checkpoints; default: as known."),
    ] = None,
    logs: Annotated[
        Path | None, typer.Option(help="Logs of rollouts, as for `foretoken import`.")
    ] = None,
    tasks: Annotated[str | None, typer.Option(help="Tasks that grade these rollouts.")] = None,
    label: Annotated[
        str | None, typer.Option(help="Column of these logs that says whether a rollout hacked.")
    ] = None,
    merge_with: MergeOption = None,
    horizon_step: Annotated[
        int | None, typer.Option(help="Last step of the training; default: as the run says.")
    ] = None,
    shadow: ShadowOption = None,
    serve: Annotated[bool, typer.Option("--serve", help="Serve a live page.")] = False,
    port: Annotated[int | None, typer.Option(help="Of the live page; 0: any.")] = None,
    host: Annotated[
        str | None, typer.Option(help="Address of the live page; any but loopback needs a token.")
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(help="Address to which alarms are posted as JSON.")
    ] = None,
    stop: Annotated[
        bool | None,
        typer.Option("--stop", help="Ask the trainer to stop at an alarm: a file `stop`."),
    ] = None,
    once: Annotated[bool | None, typer.Option("--once", help="Look once and end.")] = None,
    device: DeviceOption = None,
    config: ConfigOption = None,
) -> None:
    """Watch a training: rollouts, checkpoints, forecasts, alarms, and a page that follows.

    It ends with the training, with exit code 3 if there was an alarm. It can be killed and started
    again at any time.

    Example: foretoken watch runs/mine --serve
    """
    from foretoken.watch.command import run_watch
    from foretoken.watch.config import WatchConfig
    from foretoken.work.settings import resolve

    flags = {
        "run": run,
        "checkpoints": tuple(checkpoints) if checkpoints else None,
        "logs": logs,
        "tasks": tasks,
        "label": label,
        "merge_with": merge_with,
        "horizon_step": horizon_step,
        "shadow": shadow,
        "webhook": webhook,
        "stop": stop,
        "once": once,
        "device": device,
    }
    page = _page(config, {"on": serve or None, "port": port, "host": host})
    seen = run_watch(resolve(WatchConfig, config, {**flags, "serve": page or None}), say=typer.echo)
    if seen.alarmed:
        raise typer.Exit(ALARM)


def _page(config: Path | None, given: dict[str, Any]) -> dict[str, Any]:
    """Settings of the live page: those of the file, over which flags win."""
    from foretoken.work.settings import read_toml

    page: dict[str, Any] = {} if config is None else read_toml(config).get("serve", {})
    return page | {name: value for name, value in given.items() if value is not None}
