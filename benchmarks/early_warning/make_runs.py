"""Make the runs of the benchmark: `python benchmarks/early_warning/make_runs.py --jobs 2`.

A run is trained, its checkpoints are measured, and what the benchmark needs of it is kept in
`benchmarks/early_warning/runs/NAME`; a run that is kept is left alone, and one that was interrupted
goes on. About 15 minutes of one core each.
"""

import argparse
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from design import RunSpec, design
from ground import bank_of, begin_run, ground_of
from kept import KEPT, is_kept, keep, log_p_of
from probes import PREFIX_DRAWS, PREFIX_TOKENS, probe

from foretoken.baselines.prefix import PrefixConfig
from foretoken.organism.specs import SPECS
from foretoken.organism.tasks import rl_tasks
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import RateEstimate
from foretoken.store.run import Run
from foretoken.tasks.load import save_tasks
from foretoken.train.config import RLConfig
from foretoken.train.rl import train_rl

PROBED = (1, 3, 5, 8, 19)
"""Checkpoints that are probed: the last ones before each cutoff, and some for slopes."""
COUNTED = {43: 4, 100: 4}
"""Draws of each evaluation task by which checkpoints are counted: the end, and the last one before
the blatant types of a curriculum begin."""


def main() -> None:
    """Make all runs that are not kept yet, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build/early_warning"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[], help="Names of runs, or of organisms.")
    parser.add_argument("--one", help="Make this run here.")
    given = parser.parse_args()
    runs = {run.name: run for run in design()}
    if given.one:
        make_run(runs[given.one], given.build)
        return
    wanted = [
        run
        for run in runs.values()
        if not given.only or run.name in given.only or run.organism in given.only
    ]
    for organism in dict.fromkeys(run.organism for run in wanted):
        bank_of(ground_of(organism), given.build)
    with ThreadPoolExecutor(given.jobs) as pool:
        failed = [name for name in pool.map(lambda run: _apart(run, given.build), wanted) if name]
    print(f"{sum(is_kept(run.name) for run in wanted)} of {len(wanted)} runs are in {KEPT}")
    if failed:
        raise SystemExit(f"These failed (see log.txt in their folders): {', '.join(failed)}")


def _apart(run: RunSpec, build: Path) -> str | None:
    """Make a run in a process of its own; return its name if that failed."""
    if is_kept(run.name):
        return None
    folder = build / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, "--build", str(build), "--one", run.name]
    with (folder / f"{run.name}.txt").open("a") as log:
        done = subprocess.run(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=False,
        )
    print(f"{run.name}: {'kept' if done.returncode == 0 else 'failed'}", flush=True)
    return run.name if done.returncode else None


def make_run(run: RunSpec, build: Path) -> None:
    """Train one run, measure it, keep what is needed, and delete the rest."""
    ground = ground_of(run.organism)
    folder = build / "runs" / run.name
    begin_run(ground, folder, build=build)
    tasks = build / "tasks" / f"{run.name}.jsonl"
    tasks.parent.mkdir(parents=True, exist_ok=True)
    save_tasks(
        rl_tasks(
            SPECS[run.organism],
            run.seed,
            vague_share=run.levels["vague_share"],
            styles=(run.levels["style"],),
        ),
        tasks,
    )
    train_rl(
        RLConfig.model_validate(
            {
                **run.settings(),
                "model": str(ground.model),
                "tasks": str(tasks),
                "out": folder,
                "workers": 1,
            }
        )
    )
    opened = Run.open(folder)
    checkpoints = opened.checkpoints()
    prefix = PrefixConfig(donor_draws=PREFIX_DRAWS, prefix_tokens=(PREFIX_TOKENS,))
    probed = {step: checkpoints[step] for step in PROBED}
    measure(MeasureConfig(run=folder, checkpoints=tuple(probed.values()), prefix=prefix, workers=1))
    others = tuple(path for step, path in checkpoints.items() if step not in PROBED)
    measure(MeasureConfig(run=folder, checkpoints=others, workers=1))
    probes = probe(ground, folder, build=build, checkpoints=probed)
    estimates, log_p = opened.read(RateEstimate), log_p_of(opened)
    for step, draws in COUNTED.items():
        at = (checkpoints[step],)
        measure(MeasureConfig(run=folder, checkpoints=at, count_draws=draws, workers=1))
    keep(run, folder, estimates=estimates, log_p=log_p, probes=probes)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
