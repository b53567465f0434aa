"""The same on a pretrained model: `python benchmarks/early_warning/second_tier.py --jobs 2`.

SmolLM2-135M-Instruct is warmed up, and gets a donor and a bank, by the second recipe; then three
seeds are trained with the loopholes open, and three with all of them closed. What is kept lies in
`second_tier/NAME`, as for the other runs; one that is kept is left alone. About an hour of one core
each, and one for the ground.
"""

import argparse
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from design import RunSpec
from ground import copy_bank
from kept import SECOND_TIER, is_kept, keep, log_p_of

from foretoken.bank.build import build_bank
from foretoken.bank.config import BankConfig
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import RateEstimate
from foretoken.store.run import Run
from foretoken.tasks.load import load_tasks
from foretoken.train.config import DonorConfig, RLConfig, WarmupConfig
from foretoken.train.donor import train_donor
from foretoken.train.rl import train_rl
from foretoken.train.warmup import train_warmup
from foretoken.work.settings import resolve

RECIPE = Path(__file__).parents[2] / "recipes/02_smollm2"
BUILD = Path("build/smollm2")
SEEDS = (1, 2, 3)
STEPS, CHECKPOINTS = 80, 10
COUNTED = {STEPS: 8}
"""Draws of each evaluation task by which these checkpoints are counted."""


def runs() -> list[RunSpec]:
    """Return the runs; each seed with its loopholes open, and closed."""
    types = tuple(sorted({task.exploit_type for task in load_tasks(f"{RECIPE}/tasks.py:training")}))
    return [
        RunSpec("smollm2", seed, clean=clean, levels={}, closed=types if clean else ())
        for seed in SEEDS
        for clean in (False, True)
    ]


def main() -> None:
    """Make all runs that are not kept yet, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--one", help="Make this run here.")
    given = parser.parse_args()
    wanted = {run.name: run for run in runs()}
    if given.one:
        make_run(wanted[given.one])
        return
    make_ground()
    with ThreadPoolExecutor(given.jobs) as pool:
        failed = [name for name in pool.map(_apart, wanted.values()) if name]
    if failed:
        raise SystemExit(f"These failed (see {BUILD}/logs): {', '.join(failed)}")


def make_ground() -> Path:
    """Make model, warm-up, donor and bank where they are missing; return the bank's run."""
    bank = BUILD / "bank"
    if not (BUILD / "model").is_dir():
        subprocess.run([sys.executable, str(RECIPE / "get_model.py")], check=True)
    train_warmup(resolve(WarmupConfig, RECIPE / "warmup.toml", {}))
    train_donor(resolve(DonorConfig, RECIPE / "donor.toml", {}))
    if not bank.is_dir():
        unfinished = bank.with_name("bank.tmp")
        settings = resolve(_BankFile, RECIPE / "bank.toml", {})
        build_bank(BankConfig.model_validate({**settings.model_dump(), "run": unfinished}))
        measure(MeasureConfig(run=unfinished, last_step=0))
        unfinished.rename(bank)
    return bank


class _BankFile(BankConfig):
    """Settings of the recipe's bank; its command names the run."""

    run: Path = Path("run")


def _apart(run: RunSpec) -> str | None:
    if is_kept(run.name, SECOND_TIER):
        return None
    folder = BUILD / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{run.name}.txt").open("a") as log:
        done = subprocess.run(
            [sys.executable, __file__, "--one", run.name],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=False,
        )
    print(f"{run.name}: {'kept' if done.returncode == 0 else 'failed'}", flush=True)
    return run.name if done.returncode else None


def make_run(run: RunSpec) -> None:
    """Train one run, measure and count it, keep what is needed, and delete the rest."""
    folder, bank = BUILD / "runs" / run.name, make_ground()
    if not folder.is_dir():
        copy_bank(bank, folder, model=BUILD / "warm", donor=BUILD / "donor")
    recipe = resolve(RLConfig, RECIPE / "rl.toml", {})
    train_rl(
        recipe.replacing(
            out=folder,
            steps=STEPS,
            checkpoints=CHECKPOINTS,
            seed=run.number,
            closed=run.closed,
            save_every=8,
            workers=1,
        )
    )
    opened = Run.open(folder)
    checkpoints = opened.checkpoints()
    measure(MeasureConfig(run=folder, workers=1))
    estimates, log_p = opened.read(RateEstimate), log_p_of(opened)
    for step, draws in COUNTED.items():
        at = (checkpoints[step],)
        measure(MeasureConfig(run=folder, checkpoints=at, count_draws=draws, workers=1))
    keep(run, folder, estimates=estimates, log_p=log_p, into=SECOND_TIER)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
