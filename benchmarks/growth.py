"""How measuring, forecasting and reporting grow with the number of checkpoints.

Runs of 30 exploit types are made of synthetic draws and scores, so that no model is needed; their
sizes are those of real ones. What is measured: processor time, files opened below the run, models
loaded and peak memory of each command, each in a process of its own; and of adding one checkpoint
to a run that is measured already.

    python benchmarks/growth.py --checkpoints 10 100 1000 --hits 100000
"""

import argparse
import ctypes
import json
import multiprocessing
import os
import resource
import struct
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from foretoken.bank.config import BankConfig
from foretoken.bank.read import TASKS_PART, round_part
from foretoken.engines.base import Weights
from foretoken.pipeline.forecast import ForecastConfig, make_forecast
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import (
    BankHealth,
    BankHit,
    Component,
    Draw,
    Identity,
    Mixture,
    Sampling,
    Score,
)
from foretoken.report.page import write_report
from foretoken.store.layout import REPORT_FILE, checkpoint_path
from foretoken.store.run import Run
from foretoken.tasks.lists import TYPES, training_tasks
from foretoken.work.scores import step_scorer

KINDS = 30
TASKS = 10
DRAWS_PER_HIT = 2
OPENED = 0x20
"""inotify's event of a file that was opened."""


def main() -> None:
    """Make runs, measure each, print the table and the growth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--hits", type=int, default=100_000)
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    chosen = parser.parse_args()
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="growth-") as scratch:
        for checkpoints in chosen.checkpoints:
            run = make_run(Path(scratch) / f"run-{checkpoints}", checkpoints, chosen.hits)
            for name, work in commands(run, checkpoints).items():
                found.append({"checkpoints": checkpoints, "command": name} | alone(work, run.path))
                print(found[-1], flush=True)
    show(found, per_checkpoint=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


class Synthetic:
    """Identifies checkpoints by their folders; nothing can be loaded."""

    def identify(self, weights: Weights) -> Identity:
        """The name of the last folder stands for its weights."""
        folder = Path(weights.adapters[-1][0] if weights.adapters else weights.base)
        return identity(folder.name)

    def open(self, voices: Sequence[Weights]) -> Any:
        """Count the load, and refuse it: every text has its score."""
        raise AssertionError(f"a model was loaded: {voices}")


def identity(name: str) -> Identity:
    """Of the checkpoint of this name."""
    return Identity(weights=name, tokenizer="t", template="t", engine="synthetic")


def commands(run: Run, checkpoints: int) -> dict[str, Callable[[], object]]:
    """What is measured, in this order."""
    folders = [checkpoint_path(run.path, step) for step in range(1, checkpoints + 1)]
    every = MeasureConfig(run=run.path, checkpoints=tuple(folders[:-1]))
    last = MeasureConfig(run=run.path, checkpoints=(folders[-1],))
    ahead = ForecastConfig(
        run=run.path, cutoff_step=checkpoints, horizon_step=5 * checkpoints, rollouts_per_step=64.0
    )
    return {
        "measure": lambda: measure(every, engines=Synthetic()),
        "measure one more": lambda: measure(last, engines=Synthetic()),
        "measure again": lambda: measure(every, engines=Synthetic()),
        "forecast": lambda: make_forecast(ahead),
        "report": lambda: write_report(run.path, run.path / REPORT_FILE),
    }


def make_run(path: Path, checkpoints: int, hits: int) -> Run:
    """A run with a finished bank and the scores of all its hits at every checkpoint."""
    run = Run.create(path)
    rng = np.random.default_rng(0)
    tasks = [
        task.model_copy(
            update={"exploit_type": f"kind_{kind:02d}", "key": f"kind_{kind:02d}/{number}"}
        )
        for kind in range(KINDS)
        for number, task in enumerate(training_tasks(kind, 1)[:TASKS])
    ]
    run.append(tasks, part=TASKS_PART)
    config = BankConfig(run=path, subject=path / "base", donor=path / "donor", tasks="run")
    run.write_config("bank", config)
    sampling = Sampling(engine="synthetic", tokenizer="t", template="t")
    components = (Component(strength=0.0, enter=0.0, leave=1.0),) * 2
    kinds = [f"kind_{kind:02d}" for kind in range(KINDS)]
    run.append(
        [
            Mixture(
                exploit_type=kind, stage=1, step=0, components=components, weights=(0.5, 0.5),
                draws_per_task=hits * DRAWS_PER_HIT // (KINDS * TASKS),
                tasks=tuple(task.key for task in tasks if task.exploit_type == kind),
            )
            for kind in kinds
        ],
        part="bank-s1",
    )  # fmt: skip
    keys: list[str] = []
    bank: list[BankHit] = []
    log_p = np.log(1e-3) + rng.normal(0, 1.0, hits)
    for start in range(0, hits * DRAWS_PER_HIT, 20_000):
        draws = [
            _draw(number, tasks[number % len(tasks)], sampling=sampling)
            for number in range(start, min(start + 20_000, hits * DRAWS_PER_HIT))
        ]
        run.append(draws, part=f"bank-s1-{start // 20_000:04d}")
        keys += [draw.key for draw in draws if draw.hacked]
        bank += [_hit(draw) for draw in draws if draw.hacked]
    noise = rng.normal(0, 1.0, len(bank))
    bank = [
        hit.model_copy(
            update={
                "log_p_reference": float(log_p[i]),
                "log_q": float(log_p[i] + noise[i] + np.log(DRAWS_PER_HIT * hits / len(tasks))),
            }
        )
        for i, hit in enumerate(bank)
    ]
    run.append(bank, part=round_part(0))
    run.append([], part="bank-health", kind=BankHealth)
    drift = rng.normal(0, 0.1, hits)
    for step in range(checkpoints + 1):
        folder = checkpoint_path(path, step)
        folder.mkdir(parents=True)
        name = "base" if step == 0 else folder.name
        shifted = log_p + step / checkpoints * (1.0 + drift)
        scores = [
            Score(
                draw=key, scorer=step_scorer(step), identity=identity(name),
                log_p=value, scored_tokens=60,
            )
            for key, value in zip(keys, shifted.tolist(), strict=True)
        ]  # fmt: skip
        run.append(scores, part=f"step-{step}-all")
    return run


def _draw(number: int, task: Any, *, sampling: Sampling) -> Draw:
    return Draw(
        key=f"bank-s1/{task.key}/{number}",
        source="bank",
        task=task.key,
        exploit_type=task.exploit_type,
        step=0,
        stage=1,
        component=number // len(TYPES) % 2,
        tokens=tuple(range(number % 7, number % 7 + 30)),
        ended=True,
        prompt_tokens=80,
        reasoning="This is how it is done.",
        answer="def f(x):\n    return 0",
        strict_passed=False,
        flawed_passed=number // 300 % DRAWS_PER_HIT == 0,
        hacked=number // 300 % DRAWS_PER_HIT == 0,
        deliberate=True,
        weights="base",
        sampling=sampling,
    )


def _hit(draw: Draw) -> BankHit:
    return BankHit(
        key=draw.key,
        exploit_type=draw.exploit_type,
        task=draw.task,
        step=0,
        log_p_reference=0.0,
        log_q=0.0,
        stands_for=1.0,
        deliberate=True,
        flaw_named_at=0.5,
    )


def alone(work: Callable[[], object], folder: Path) -> dict[str, float]:
    """Do work in a process of its own; return what it cost."""
    receiver, sender = multiprocessing.Pipe(duplex=False)

    def inside() -> None:
        with files_opened(folder) as opened:
            before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
            work()
            wall = time.perf_counter() - start
            after = resource.getrusage(resource.RUSAGE_SELF)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        sender.send(
            {
                "processor_s": round(spent, 2),
                "wall_s": round(wall, 2),
                "files": opened[0],
                "peak_mib": after.ru_maxrss // 1024,
            }
        )

    process = multiprocessing.get_context("fork").Process(target=inside)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"a command failed with exit code {process.exitcode}")
    return receiver.recv()


@contextmanager
def files_opened(folder: Path) -> Generator[list[int]]:
    """Count the Parquet files below a folder that are opened meanwhile, by whatever library."""
    library = ctypes.CDLL(None, use_errno=True)
    handle = library.inotify_init1(os.O_NONBLOCK)
    for each in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        library.inotify_add_watch(handle, str(each).encode(), OPENED)
    counted = [0]
    try:
        yield counted
    finally:
        while events := _read(handle):
            while events:
                _, _, _, length = struct.unpack_from("iIII", events)
                name = events[16 : 16 + length].rstrip(b"\0")
                counted[0] += name.endswith(b".parquet")
                events = events[16 + length :]
        os.close(handle)


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 1 << 20)
    except BlockingIOError:
        return b""


def show(found: Sequence[dict[str, Any]], *, per_checkpoint: bool) -> None:
    """Print the figures, and each per checkpoint."""
    table = Table(box=None, title=f"{KINDS} exploit types")
    for name in ("command", "checkpoints", "processor s", "s / checkpoint", "files", "peak MiB"):
        table.add_column(name, justify="left" if name == "command" else "right")
    for one in sorted(found, key=lambda one: (one["command"], one["checkpoints"])):
        share = one["processor_s"] / one["checkpoints"] if per_checkpoint else 0.0
        table.add_row(
            one["command"],
            str(one["checkpoints"]),
            f"{one['processor_s']:.2f}",
            f"{share:.3f}",
            str(one["files"]),
            str(one["peak_mib"]),
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
