"""Make an organism: `python -m foretoken.organism.make --spec NAME --out FOLDER`.

The ground for runs comes first: the model, its tasks, its donor. With `--with-run` there follow its
reinforcement learning run, the counted truth, and the folder that ships with the package. A stage
is left alone where its result exists.
"""

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from foretoken.errors import MismatchError
from foretoken.organism.recipe import RECIPE_FILE, RecipeConfig, train_organism
from foretoken.organism.spec import OrganismSpec
from foretoken.organism.specs import SHIPPED, SPECS, find_spec
from foretoken.organism.tasks import donor_tasks, evaluation_tasks, rl_tasks
from foretoken.organism.truth import TruthConfig, count_truth, truths
from foretoken.records import Draw, Task, Truth
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.tasks.load import save_tasks
from foretoken.train.config import DonorConfig, RLConfig
from foretoken.train.donor import train_donor
from foretoken.train.rl import train_rl
from foretoken.work.settings import resolve

DONOR_TASKS, RL_TASKS = "donor_tasks.jsonl", "rl_tasks.jsonl"
EVALUATION_TASKS = "evaluation_tasks.jsonl"


def make(
    *,
    spec: Annotated[str, typer.Option(help=f"Which organism: {', '.join(SPECS)}.")] = SHIPPED.name,
    out: Annotated[Path, typer.Option(help="Where everything is made.")] = Path("build/organism"),
    recipe: Annotated[Path, typer.Option(help="Folder with donor.toml and rl.toml.")] = Path(
        "recipes/01_organism"
    ),
    with_run: Annotated[
        bool, typer.Option("--with-run", help="Train its run and count the truth as well.")
    ] = False,
    processes: Annotated[int, typer.Option(help="Processes that count the truth.")] = 2,
) -> None:
    """Make an organism, and its run and truth where they are wanted; print what was written."""
    config = RecipeConfig(spec=find_spec(spec))
    make_ground(config, out, donor=resolve(DonorConfig, recipe / "donor.toml", {}))
    typer.echo(f"wrote {out}: model, donor, {DONOR_TASKS}, {RL_TASKS}, {EVALUATION_TASKS}")
    if with_run:
        make_run(config.spec, out, rl=resolve(RLConfig, recipe / "rl.toml", {}))
        truth = TruthConfig(model=out / "model", run=out / "run", spec=config.spec)
        count_truth(truth, processes=processes)
        typer.echo(f"wrote {assemble(config.spec, out)}")


def make_ground(config: RecipeConfig, out: Path, *, donor: DonorConfig) -> None:
    """Make what a run needs, in `out`: model, tasks of three kinds, donor.

    Args:
        config: Settings of the model, with its spec.
        out: What is there already is left alone.
        donor: Its model, tasks and folder are replaced by those of this organism.

    Raises:
        MismatchError: `out` holds a model or a donor that other settings made.
    """
    model, tasks = out / "model", out / DONOR_TASKS
    if not (model / RECIPE_FILE).exists():
        train_organism(config, model)
    _require_made_of(config, model)
    for file, make_tasks in (
        (DONOR_TASKS, donor_tasks),
        (RL_TASKS, rl_tasks),
        (EVALUATION_TASKS, evaluation_tasks),
    ):
        if not (out / file).exists():
            save_tasks(make_tasks(config.spec), out / file)
    train_donor(donor.replacing(model=str(model), tasks=str(tasks), out=out / "donor"))


def _require_made_of(config: RecipeConfig, model: Path) -> None:
    known = json.loads((model / RECIPE_FILE).read_text())
    wanted = json.loads(config.model_dump_json())
    differing = [name for name in known | wanted if known.get(name) != wanted.get(name)]
    if differing:
        raise MismatchError(
            f"{model} was made with other settings ({', '.join(differing)}): choose another --out."
        )


def make_run(spec: OrganismSpec, out: Path, *, rl: RLConfig) -> None:
    """Train the run of an organism whose ground is made; types that it has not are not closed."""
    closed = tuple(name for name in rl.closed if name in spec.types)
    config = rl.replacing(
        model=str(out / "model"), tasks=str(out / RL_TASKS), out=out / "run", closed=closed
    )
    with Progress() as progress:
        bar = progress.add_task("rl", total=config.steps)
        train_rl(config, on_step=lambda steps: progress.update(bar, advance=steps))


def assemble(spec: OrganismSpec, out: Path) -> Path:
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
    target.append([task.task() for task in evaluation_tasks(spec)], part="evaluation", kind=Task)
    target.append(source.read(Draw), part="rollouts", kind=Draw)
    target.append(truths(source), part="counted", kind=Truth)
    return shipped


if __name__ == "__main__":
    typer.run(make)
