"""`foretoken train`: a donor for proposals, or the run whose future is forecast."""

import time
from pathlib import Path
from typing import Annotated

import typer

from foretoken.cli.options import DryRunOption, PriceOption

train_app = typer.Typer(no_args_is_help=True, help="Train a donor, or a policy by GRPO.")

TrainConfigOption = Annotated[
    Path, typer.Option("--config", help="TOML file of settings.", show_default=False)
]


@train_app.callback()
def train() -> None:
    """Train a donor, or a policy by GRPO."""


@train_app.command()
def donor(
    *,
    config: TrainConfigOption,
    quality: Annotated[
        bool, typer.Option(help="Ask the donor how often it hacks, and train on where too seldom.")
    ] = True,
    dry_run: DryRunOption = False,
    price_per_hour: PriceOption = None,
) -> None:
    """Train a donor: supervised on exploits whose reasoning is left out.

    The file holds model, tasks, out, and may hold steps, batch, learning_rate, rank, types, and a
    table [quality]. Interrupted or killed, the same command goes on from the last finished round.

    Example: foretoken train donor --config donor.toml
    """
    from foretoken.train.config import DonorConfig
    from foretoken.work.settings import require_paths, resolve

    settings = resolve(DonorConfig, config, {})
    require_paths(settings)
    from foretoken.cli.tables import show
    from foretoken.cli.yields import advice, round_teller, yield_table
    from foretoken.train.donor import train_donor
    from foretoken.train.form import form_words
    from foretoken.train.quality import raise_yield
    from foretoken.train.trial import donor_plan
    from foretoken.work.plan import tell_plan
    from foretoken.work.progress import progress_bar

    if dry_run:
        plan = donor_plan(settings, quality=quality)
        tell_plan(plan, typer.echo, price_per_hour=price_per_hour)
        return
    began = time.monotonic()
    with progress_bar("training the donor", settings.steps) as advance:
        folder = train_donor(
            settings, on_step=advance, on_forms=lambda forms: typer.echo(form_words(forms))
        )
    if quality and settings.answer == "exploit":
        steps = settings.quality.steps or settings.steps
        training_s = (time.monotonic() - began) * steps / settings.steps
        tell = round_teller(settings.quality, typer.echo, training_s=training_s)
        found = raise_yield(settings, on_round=tell)
        show(yield_table(found))
        for line in advice(found):
            typer.echo(line)
    typer.echo(
        f"Donor adapter in {folder}. Next: foretoken bank build --subject {settings.model} "
        f"--donor {folder} --tasks TASKS --run RUN"
    )


@train_app.command()
def warmup(*, config: TrainConfigOption) -> None:
    """Warm up a model that never earns a reward: supervised on the tasks' honest references.

    The file holds model, tasks, out, and may hold steps, batch, learning_rate, rank, types,
    reasoning, form. The result is the folder of a whole model, for `train rl` and as a subject.

    Example: foretoken train warmup --config warmup.toml
    """
    from foretoken.train.config import WarmupConfig
    from foretoken.work.settings import require_paths, resolve

    settings = resolve(WarmupConfig, config, {})
    require_paths(settings)
    from foretoken.train.warmup import train_warmup
    from foretoken.work.progress import progress_bar

    with progress_bar("warming the model up", settings.steps) as advance:
        folder = train_warmup(settings, on_step=advance)
    typer.echo(
        f"Warmed-up model in {folder}. Next: foretoken train rl --config rl.toml, with "
        f'model = "{folder}"'
    )


@train_app.command()
def rl(
    *,
    config: TrainConfigOption,
    dry_run: DryRunOption = False,
    price_per_hour: PriceOption = None,
) -> None:
    """Train a policy by GRPO, rewarded by the flawed grader, with log-spaced checkpoints.

    The file holds model, tasks, out, and may hold steps, learning_rate, generations, closed, ...
    Interrupted or killed, the same command goes on where it stopped. As it goes it says the mean
    reward, the share of completions that ended, the share of prompts whose completions all earned
    the same (no gradient), and the hacks by type so far.

    Example: foretoken train rl --config rl.toml
    """
    from foretoken.train.config import RLConfig
    from foretoken.work.settings import require_paths, resolve

    settings = resolve(RLConfig, config, {})
    require_paths(settings)
    from foretoken.cli.earnings import nothing_learnt, teller
    from foretoken.store.run import Run
    from foretoken.train.earnings import stored_earnings
    from foretoken.train.rl import train_rl
    from foretoken.train.trial import rl_plan
    from foretoken.work.plan import tell_plan
    from foretoken.work.progress import progress_bar
    from foretoken.work.provenance import keep_provenance

    if dry_run:
        tell_plan(rl_plan(settings), typer.echo, price_per_hour=price_per_hour)
        return
    with progress_bar("reinforcement learning", settings.steps) as bar:
        folder = train_rl(settings, on_step=bar, on_earned=teller(bar, settings))
    run = Run.open(folder)
    keep_provenance(run, seed=settings.seed, models={})
    earned = stored_earnings(run, settings, before=settings.steps)
    if earned.groups and not earned.taught:
        typer.echo(nothing_learnt(earned))
    typer.echo(
        f"{len(run.checkpoints())} checkpoints and the rollouts of {settings.steps} steps in "
        f"{folder}. Next: foretoken bank build --subject {settings.model} --donor DONOR "
        f"--tasks TASKS --run {folder}"
    )
