"""Make the shipped organism again: `python -m foretoken.organism.make`.

Five stages, each left alone where its result exists: the model, its donor, its reinforcement
learning run, the counted truth, and the folder that ships with the package.
"""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from foretoken.organism.recipe import RecipeConfig, train_organism
from foretoken.organism.truth import TruthConfig, count_truth, truths
from foretoken.records import Draw, Task, Truth
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.tasks.lists import evaluation_tasks
from foretoken.train.config import DonorConfig, RLConfig, load_config
from foretoken.train.donor import train_donor
from foretoken.train.rl import train_rl


def make(
    out: Annotated[Path, typer.Option(help="Where everything is made.")] = Path("build/organism"),
    recipe: Annotated[Path, typer.Option(help="Folder with donor.toml and rl.toml.")] = Path(
        "recipes/01_organism"
    ),
    processes: Annotated[int, typer.Option(help="Processes that count the truth.")] = 2,
) -> None:
    """Make the organism, its run and its truth; print the folder that ships."""
    model, run, donor = out / "model", out / "run", out / "donor"
    if not (model / "recipe.json").exists():
        train_organism(RecipeConfig(), model)
    donor_config = load_config(DonorConfig, recipe / "donor.toml")
    train_donor(donor_config.replacing(model=str(model), out=donor))
    rl_config = load_config(RLConfig, recipe / "rl.toml")
    rl_config = rl_config.replacing(model=str(model), out=run)
    with Progress() as progress:
        bar = progress.add_task("rl", total=rl_config.steps)
        train_rl(rl_config, on_step=lambda steps: progress.update(bar, advance=steps))
    count_truth(TruthConfig(model=model, run=run), processes=processes)
    typer.echo(f"wrote {assemble(out)}")


def assemble(out: Path) -> Path:
    """Put together what ships: model, adapters, donor, tasks, rollouts, truth and settings.

    Rollouts lie in one part, so that they compress well.
    """
    shipped = out / "shipped"
    shutil.rmtree(shipped, ignore_errors=True)
    shutil.copytree(out / "model", shipped / "model")
    source, target = Run.open(out / "run"), Run.create(shipped / "run")
    shutil.copytree(out / "donor", layout.donor_folder(target.path))
    shutil.copytree(layout.checkpoints_folder(source.path), layout.checkpoints_folder(target.path))
    shutil.copyfile(source.folder / layout.CONFIG_FILE, target.folder / layout.CONFIG_FILE)
    target.append([task.task() for task in evaluation_tasks()], part="evaluation", kind=Task)
    target.append(source.read(Draw), part="rollouts", kind=Draw)
    target.append(truths(source), part="counted", kind=Truth)
    return shipped


if __name__ == "__main__":
    typer.run(make)
