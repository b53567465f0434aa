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
import pyarrow as pa
import pyarrow.parquet as pq
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
    Source,
    Spoken,
    Task,
)
from foretoken.report.page import write_report
from foretoken.store import codec
from foretoken.store.layout import REPORT_FILE, checkpoint_path, part_path
from foretoken.store.run import Run
from foretoken.work.scores import step_scorer

KINDS = 30
TASKS = 10
DRAWS_PER_HIT = 2
PART = 20_000
"""Draws of one part."""
SAMPLING = Sampling(engine="synthetic", tokenizer="t", template="t")
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
    tasks = make_tasks()
    run.append(tasks, part=TASKS_PART)
    run.write_config(
        "bank", BankConfig(run=path, subject=path / "base", donor=path / "donor", tasks="run")
    )
    run.append(make_mixtures(tasks, hits), part="bank-s1")
    bank: list[BankHit] = []
    for start in range(0, hits * DRAWS_PER_HIT, PART):
        numbers = range(start, min(start + PART, hits * DRAWS_PER_HIT))
        draws = [_draw(number, tasks[number % len(tasks)]) for number in numbers]
        run.append(draws, part=f"bank-s1-{start // PART:04d}")
        bank += [_hit(draw) for draw in draws if draw.hacked]
    log_p = np.log(1e-3) + rng.normal(0, 1.0, len(bank))
    log_q = log_p + rng.normal(0, 1.0, len(bank)) + np.log(len(bank) / len(tasks))
    weighed = [
        hit.replacing(log_p_reference=p, log_q=q)
        for hit, p, q in zip(bank, log_p.tolist(), log_q.tolist(), strict=True)
    ]
    run.append(weighed, part=round_part(0))
    run.append([], part="bank-health", kind=BankHealth)
    drift = 1.0 + rng.normal(0, 0.1, len(bank))
    table = codec.to_table(make_scores(bank), Score)
    for step in range(checkpoints + 1):
        checkpoint_path(path, step).mkdir(parents=True)
        write_scores(run, table, step, log_p + step / checkpoints * drift)
    return run


def make_tasks() -> list[Task]:
    """A few of each kind."""
    return [
        Task(key=f"kind_{kind:02d}/{number}", exploit_type=f"kind_{kind:02d}", prompt="Add them.")
        for kind in range(KINDS)
        for number in range(TASKS)
    ]


def make_mixtures(tasks: Sequence[Task], hits: int) -> list[Mixture]:
    """One stage, of the subject and one other component."""
    return [
        Mixture(
            exploit_type=kind,
            stage=1,
            step=0,
            components=(Component(strength=0.0, enter=0.0, leave=1.0),) * 2,
            weights=(0.5, 0.5),
            draws_per_task=hits * DRAWS_PER_HIT // (KINDS * TASKS),
            tasks=tuple(task.key for task in tasks if task.exploit_type == kind),
        )
        for kind in sorted({task.exploit_type for task in tasks})
    ]


def make_scores(bank: Sequence[BankHit]) -> list[Score]:
    """Of all hits, by nobody yet."""
    return [Score(draw=hit.key, scorer="", log_p=0.0, scored_tokens=60) for hit in bank]


def write_scores(run: Run, table: pa.Table, step: int, log_p: np.ndarray) -> None:
    """Store one checkpoint's scores, as columns: there are too many to be records first."""
    scorer = step_scorer(step)
    of = codec.encode(identity("base" if step == 0 else f"step-{step:06d}").model_dump())
    changed = {"scorer": scorer, "identity": of}
    for name, value in changed.items():
        column = pa.array([value] * len(log_p), pa.string())
        table = table.set_column(table.column_names.index(name), name, column)
    table = table.set_column(table.column_names.index("log_p"), "log_p", pa.array(log_p))
    file = part_path(run.path, Score, f"step-{step}-all", scorer)
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, file, compression="zstd")


def _draw(number: int, task: Task) -> Draw:
    return Draw(
        key=f"bank-s1/{task.key}/{number}",
        source=Source.BANK,
        task=task.key,
        exploit_type=task.exploit_type,
        step=0,
        stage=1,
        component=number // 7 % 2,
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
        sampling=SAMPLING,
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
        spoken=Spoken.SPOKEN,
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
