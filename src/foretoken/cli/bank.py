"""`foretoken bank`: draw, grade and keep the hits that every checkpoint is measured with."""

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
    from foretoken.records import BankHealth

SubjectOption = Annotated[
    Path | None, typer.Option(help="Folder of the base model.", show_default=False)
]
DonorOption = Annotated[
    Path | None, typer.Option(help="Folder of the donor's adapter.", show_default=False)
]
TasksOption = Annotated[
    str | None,
    typer.Option(help="JSONL file, package.module:function, `lists`, or `run` (as stored)."),
]
HintOption = Annotated[
    str | None,
    typer.Option(help="What makes the subject cheat, with {prompt} where a prompt goes."),
]
DrawsOption = Annotated[int | None, typer.Option(help="Draws for each task.")]
TypesOption = Annotated[
    list[str] | None, typer.Option(help="Exploit types; repeatable. Default: all.")
]
LimitOption = Annotated[int | None, typer.Option(help="Tasks of each type, at most.")]

bank_app = typer.Typer(no_args_is_help=True, help="The bank of graded hits.")


@bank_app.callback()
def bank() -> None:
    """The bank of graded hits."""


@bank_app.command()
def build(
    *,
    run: RunOption,
    subject: SubjectOption = None,
    donor: DonorOption = None,
    tasks: TasksOption = None,
    hint: HintOption = None,
    draws_per_task: DrawsOption = None,
    types: TypesOption = None,
    limit: LimitOption = None,
    dry_run: DryRunOption = False,
    price_per_hour: PriceOption = None,
    config: ConfigOption = None,
    seed: SeedOption = None,
    device: DeviceOption = None,
    ray: RayOption = None,
    workers: WorkersOption = None,
) -> None:
    """Build the bank of a run, or continue it where it stopped.

    A TOML file can hold more settings: adapter (the subject's own), step, strengths, max_tokens,
    thinning.

    It says how many draws it makes at most and, from the first of them, about how long all take.

    Example: foretoken bank build --subject models/base --donor models/donor --tasks tasks.jsonl
    --run runs/mine
    """
    from foretoken.bank.config import BankConfig
    from foretoken.work.settings import require_paths, resolve

    flags = {
        "run": run,
        "subject": subject,
        "donor": donor,
        "tasks": tasks,
        "hint": hint,
        "draws_per_task": draws_per_task,
        "types": tuple(types) if types else None,
        "limit": limit,
        "seed": seed,
        "device": device,
        "ray": ray,
        "workers": workers,
    }
    settings = resolve(BankConfig, config, flags)
    require_paths(settings)
    from foretoken.bank.build import build_bank
    from foretoken.bank.trial import bank_plan
    from foretoken.work.plan import tell_plan

    if dry_run:
        tell_plan(bank_plan(settings), typer.echo, price_per_hour=price_per_hour)
        return
    _tell(run, build_bank(settings, say=lambda line: typer.echo(line, err=True)))


def _tell(run: Path, health: "list[BankHealth]") -> None:
    """Print what the bank holds, and what to do next."""
    from foretoken.bank.read import read_bank
    from foretoken.cli.yields import cut_lines
    from foretoken.store.run import Run

    bank = read_bank(Run.open(run))
    rounds = [each for one in bank.types for each in one.rounds.values()]
    hits, draws = (
        sum(int(each.hacked_m.sum()) for each in rounds),
        sum(int(each.drawn_m.sum()) for each in rounds),
    )
    for line in cut_lines(health):
        typer.echo(line)
    typer.echo(
        f"Bank of {hits} hits from {draws} draws in {run}; checkpoints score {len(bank.hits)} of "
        f"the hits. Next: foretoken measure --run {run}"
    )


@bank_app.command()
def refresh(
    checkpoint: Annotated[Path, typer.Argument(help="Folder named step-000013.")],
    *,
    run: RunOption,
    types: Annotated[
        list[str] | None,
        typer.Option(help="Exploit types; repeatable. Default: those whose bank is stale here."),
    ] = None,
    draws_per_task: Annotated[
        int | None, typer.Option(help="New draws for each task of these types. Default: 16.")
    ] = None,
    device: DeviceOption = None,
    ray: RayOption = None,
    workers: WorkersOption = None,
) -> None:
    """Draw an aged bank again, around the subject as it is at a checkpoint.

    Old draws stay in use, and estimates of earlier checkpoints stay what they were.

    Example: foretoken bank refresh checkpoints/step-000128 --run runs/mine
    """
    from foretoken.bank.refresh import RefreshConfig, refresh_bank
    from foretoken.work.settings import resolve

    flags = {
        "run": run,
        "checkpoint": checkpoint,
        "types": tuple(types) if types else None,
        "draws_per_task": draws_per_task,
        "device": device,
        "ray": ray,
        "workers": workers,
    }
    refreshed = refresh_bank(resolve(RefreshConfig, None, flags))
    if refreshed:
        typer.echo(f"Refreshed {', '.join(refreshed)}. Next: foretoken measure --run {run}")
    else:
        typer.echo(f"No bank is stale at {checkpoint.name}: nothing to do.")


@bank_app.command()
def control(
    name: Annotated[str, typer.Argument(help="Name of the control, as `benign`.")],
    *,
    run: RunOption,
    donor: Annotated[Path, typer.Option(help="Folder of the control donor.", show_default=False)],
    draws_per_task: Annotated[
        int | None, typer.Option(help="Draws for each task. Default: 12.")
    ] = None,
    types: TypesOption = None,
    device: DeviceOption = None,
    ray: RayOption = None,
    workers: WorkersOption = None,
) -> None:
    """Build a small bank with a donor that should not raise any rate, and compare.

    Such donors: one trained on honest answers (answer = "reference"), or on other exploit types.

    Example: foretoken bank control benign --run runs/mine --donor models/benign
    """
    from foretoken.bank.control import ControlConfig, check_control
    from foretoken.cli.tables import control_table, show
    from foretoken.records import ControlStanding
    from foretoken.work.settings import resolve

    flags = {
        "run": run,
        "name": name,
        "donor": donor,
        "draws_per_task": draws_per_task,
        "types": tuple(types) if types else None,
        "device": device,
        "ray": ray,
        "workers": workers,
    }
    checks = check_control(resolve(ControlConfig, None, flags))
    show(control_table(checks))
    higher = sum(each.standing is ControlStanding.HIGHER for each in checks)
    verdict = f"{higher} of {len(checks)} rates are higher" if higher else "No rate is higher"
    step = f"foretoken {f'measure --run {run}' if higher else f'report {run}'}"
    typer.echo(f"{verdict} with the control donor {name}. Next: {step}")
