"""`foretoken import`: the rollouts of another trainer's run."""

from pathlib import Path
from typing import Annotated

import typer

from foretoken.cli.options import ConfigOption, RunOption, ShadowOption, WorkersOption


def import_(
    logs: Annotated[
        Path | None,
        typer.Argument(
            help="A trainer's log of rollouts, or the folder of its logs; default: what our hooks "
            "wrote into the run.",
            show_default=False,
        ),
    ] = None,
    *,
    run: RunOption,
    tasks: Annotated[
        str | None,
        typer.Option(help="Tasks that grade the rollouts; default: those in the run."),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help="Column or metric that says whether a rollout hacked, in place of them."),
    ] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="Folder of the model, where the log has token ids.")
    ] = None,
    step: Annotated[
        int | None, typer.Option(help="Step of the model, where the log does not say.")
    ] = None,
    rollouts_per_step: Annotated[
        int | None, typer.Option(help="To count steps off by, where the log has none.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of the whole training.")] = None,
    shadow: ShadowOption = None,
    config: ConfigOption = None,
    workers: WorkersOption = None,
) -> None:
    """Read what is new in the logs of TRL, verl, prime-rl, verifiers, OpenRLHF and others.

    The layout is found by what is in the files. Run it again as they grow.

    Example: foretoken import outputs/completions --run runs/mine --tasks tasks.jsonl
    """
    from foretoken.pipeline.logged import ImportConfig, import_logs
    from foretoken.work.settings import require_paths, resolve

    flags = {
        "logs": logs,
        "run": run,
        "tasks": tasks,
        "label": label,
        "tokenizer": tokenizer,
        "step": step,
        "rollouts_per_step": rollouts_per_step,
        "steps": steps,
        "shadow": shadow,
        "workers": workers,
    }
    settings = resolve(ImportConfig, config, flags)
    require_paths(settings)
    for line in import_logs(settings).lines():
        typer.echo(line)
    typer.echo(f"Wrote {run}. Next: foretoken forecast {run}")
