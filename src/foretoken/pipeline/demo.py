"""The whole story on the run that ships with the package."""

import shutil
from contextlib import suppress
from pathlib import Path

from foretoken.bank.build import build_bank
from foretoken.bank.config import OWN_TASKS, BankConfig
from foretoken.bank.outlook import bank_phases, bank_tasks, outlook
from foretoken.engines.choose import EngineConfig
from foretoken.engines.prompts import PROMPT
from foretoken.errors import SetupError, StoreError
from foretoken.organism.corpus import AUDIT
from foretoken.organism.paths import MODEL, RUN, SHIPPED
from foretoken.pipeline.attribute import AttributeConfig, attribute
from foretoken.pipeline.forecast import CUTOFF_OF_FINISHED, ForecastConfig, make_forecast
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.pipeline.phases import measure_phases
from foretoken.records import Task
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.work.progress import Phase, phase, planned_work
from foretoken.work.settings import Settings

FORECAST = "forecast"
CHECKPOINT_COST = 0.02
"""Time of measuring a checkpoint, in draws of the bank, as progress takes it until it is known."""
COPIED = ("checkpoints", "donor", "draws", "truth", "tasks", layout.CONFIG_FILE)


class DemoConfig(Settings):
    """Settings of `foretoken demo`."""

    run: Path = Path("runs/demo")
    """Run directory to make or continue."""
    draws_per_task: int = 40
    """Draws of the bank for each task."""
    max_tokens: int = 128
    """Longest completion: that of the shipped truth."""
    seed: int = 0
    """Of all random numbers."""
    workers: int | None = None
    """Grader processes; none: one per core."""


def shipped_run() -> tuple[Path, Path]:
    """Folder of the base model and of the run that ship with the package.

    Raises:
        SetupError: The package was installed without them.
    """
    if not (MODEL / "config.json").exists() or not RUN.is_dir():
        raise SetupError(f"{SHIPPED} is not whole: install the package again, from a whole copy")
    return MODEL, RUN


def tell_story(config: DemoConfig) -> Path:
    """Build the bank, measure early checkpoints, forecast, measure the later ones, and say which
    tasks and updates rates moved with.

    The forecast is written before a later checkpoint is measured.

    Returns:
        The run directory, with all that its report shows.
    """
    run = copy_run(config.run)
    bank = bank_settings(config, run)
    cutoff = int(max(run.checkpoints()) * CUTOFF_OF_FINISHED)
    forecast = ForecastConfig(run=config.run, cutoff_step=cutoff, seed=config.seed)
    measuring = MeasureConfig(run=config.run, seed=config.seed, workers=config.workers)
    with planned_work(demo_phases(run, bank, cutoff=cutoff)):
        build_bank(bank)
        measure(measuring.replacing(last_step=cutoff))
        with phase(FORECAST):
            make_forecast(forecast)
        measure(measuring)
    attribute(AttributeConfig(run=config.run))
    return run.folder


def demo_phases(run: Run, bank: BankConfig, *, cutoff: int) -> list[Phase]:
    """What the story consists of, for its progress."""
    found = outlook(bank_tasks(run, bank).values(), bank)
    dear = CHECKPOINT_COST * found.draws
    steps = sorted({bank.step, *run.checkpoints()})
    early, late = (
        measure_phases(run, [step for step in steps if (step > cutoff) is after], each=dear)
        for after in (False, True)
    )
    forecast = Phase(FORECAST, "forecast", 1.0, each=dear)
    return [*bank_phases(found, bank), *early, forecast, *late]


def bank_settings(config: DemoConfig, run: Run) -> BankConfig:
    """Settings of the bank on a copy of the shipped run."""
    model, _ = shipped_run()
    return BankConfig(
        run=run.folder,
        subject=model,
        donor=layout.donor_folder(run.path),
        hint=AUDIT + PROMPT,
        tasks=OWN_TASKS if run.parts(Task) else "lists",
        draws_per_task=config.draws_per_task,
        max_tokens=config.max_tokens,
        engine=EngineConfig(dtype="float32"),
        seed=config.seed,
        workers=config.workers,
    )


def copy_run(target: Path) -> Run:
    """Copy the shipped run, except for what is there already; a file is whole or absent."""
    _, source = shipped_run()
    run = Run.create(target)
    for name in COPIED:
        found = source / name
        files = [found] if found.is_file() else sorted(found.rglob("*"))
        for file in files:
            copy = target / file.relative_to(source)
            if file.is_dir() or copy.exists():
                continue
            _copy_file(file, copy)
    return run


def _copy_file(source: Path, target: Path) -> None:
    temporary = target.with_name(target.name + layout.TEMPORARY_SUFFIX)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, temporary)
        temporary.replace(target)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StoreError(
            f"{target} could not be written ({error.strerror}): free space or choose another place"
        ) from error
