"""What the runs of an organism stand on: its model, two donors, and a bank of each donor.

`python benchmarks/early_warning/ground.py` makes what is missing, from the recipe alone. The result
lies beside this file, as the same seeds give other rounding, and so other draws, on another
processor: runs that are made later must begin where the earlier ones did.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from foretoken.bank.build import build_bank
from foretoken.bank.config import SECTION, BankConfig, read_bank_config
from foretoken.engines.choose import EngineConfig
from foretoken.engines.prompts import PROMPT
from foretoken.organism.corpus import AUDIT
from foretoken.organism.make import make_ground
from foretoken.organism.paths import MODEL, RUN
from foretoken.organism.recipe import RecipeConfig
from foretoken.organism.specs import SHIPPED, SPECS
from foretoken.organism.tasks import donor_tasks, evaluation_tasks
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.tasks.load import save_tasks
from foretoken.train.checkpoints import SETTINGS_FILE
from foretoken.train.config import DonorConfig, QualityConfig
from foretoken.train.donor import train_donor
from foretoken.work.settings import resolve

HERE = Path(__file__).parent
ORGANISMS, BANKS = HERE / "organisms", HERE / "banks"
RECIPE = HERE.parents[1] / "recipes/01_organism"
HINT = AUDIT + PROMPT
"""The mark of the documents from which an organism learnt to exploit: the best hint there is."""
BENIGN_DRAWS = 12
"""Draws for each task of the benign donor's bank."""


@dataclass(frozen=True)
class Ground:
    """Folders of one organism."""

    name: str
    model: Path
    donor: Path
    """Adapter of a donor that was shown exploits."""
    benign: Path
    """Adapter of one that was shown honest answers, with the same settings."""


def ground_of(organism: str) -> Ground:
    """Return where an organism's model and donors lie."""
    own = ORGANISMS / organism
    if organism == SHIPPED.name:
        return Ground(organism, MODEL, layout.donor_folder(RUN), own / "benign")
    return Ground(organism, own / "model", own / "donor", own / "benign")


def make_organism(organism: str, build: Path) -> Ground:
    """Make the model and donors of an organism; what is there is left alone."""
    ground, spec, work = ground_of(organism), SPECS[organism], build / "organisms" / organism
    donor = resolve(DonorConfig, RECIPE / "donor.toml", {})
    if not ground.model.is_dir():
        make_ground(RecipeConfig(spec=spec), work, donor=donor)
        _keep(work / "donor", ground.donor)
        _keep(work / "model", ground.model)
    if not ground.benign.is_dir():
        tasks = work / "donor_tasks.jsonl"
        tasks.parent.mkdir(parents=True, exist_ok=True)
        save_tasks(donor_tasks(spec), tasks)
        train_donor(
            donor.replacing(
                model=str(ground.model),
                tasks=str(tasks),
                out=work / "benign",
                answer="reference",
                quality=QualityConfig(remedies=()),
            )
        )
        _keep(work / "benign", ground.benign)
    return ground


def _keep(made: Path, folder: Path) -> None:
    """Copy a model or an adapter, but for the settings, which name folders of this machine."""
    shutil.copytree(made, folder, ignore=shutil.ignore_patterns(SETTINGS_FILE))


def bank_of(ground: Ground, build: Path, *, benign: bool = False) -> Path:
    """Return the folder of an organism's bank, with step 0 measured; build it where it is missing.

    Args:
        ground: The organism.
        build: Where it is built.
        benign: Whether the donor that was shown honest answers draws it.
    """
    name = f"{ground.name}-benign" if benign else ground.name
    if (BANKS / name).is_dir():
        return BANKS / name
    run = build / "banks" / name
    tasks = build / "banks" / f"{ground.name}-tasks.jsonl"
    tasks.parent.mkdir(parents=True, exist_ok=True)
    save_tasks(evaluation_tasks(SPECS[ground.name]), tasks)
    build_bank(
        BankConfig(
            run=run,
            subject=ground.model,
            donor=ground.benign if benign else ground.donor,
            hint="" if benign else HINT,
            tasks=str(tasks),
            draws_per_task=BENIGN_DRAWS if benign else 40,
            third_stage=0.0 if benign else 2.0,
            max_tokens=128,
            engine=EngineConfig(dtype="float32"),
            workers=1,
        )
    )
    measure(MeasureConfig(run=run, last_step=0, workers=1))
    copy_bank(run, BANKS / name, model=Path("model"), donor=Path("donor"))
    return BANKS / name


def begin_run(ground: Ground, folder: Path, *, build: Path, benign: bool = False) -> None:
    """Begin a run with its organism's bank; one that was begun is left alone."""
    if not folder.is_dir():
        donor = ground.benign if benign else ground.donor
        bank = bank_of(ground, build, benign=benign)
        copy_bank(bank, folder, model=ground.model, donor=donor)


def copy_bank(bank: Path, folder: Path, *, model: Path, donor: Path) -> None:
    """Copy a run with a bank, whole or not at all, and name the folders of its voices there."""
    unfinished = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(bank, unfinished)
    run = Run.open(unfinished)
    run.write_config(SECTION, read_bank_config(run).replacing(subject=model, donor=donor))
    unfinished.rename(folder)


def main() -> None:
    """Make everything that is missing."""
    build = Path("build/early_warning")
    for organism in SPECS:
        ground = make_organism(organism, build)
        for benign in (False, True):
            print(f"{organism}: {bank_of(ground, build, benign=benign)}", flush=True)


if __name__ == "__main__":
    main()
