"""What is kept of a run: a small run directory, from which all else follows.

Beside what `foretoken backtest` reads (settings, sums of rollouts and of counted draws, estimates):

* `run.json`: factors, and hashes of the checkpoints' weights;
* `log_p.parquet`: log-probability of each of the bank's hits at step 0, and how far each
  checkpoint's is from that, in half precision;
* `probes.parquet`: what other forecasters need.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from design import RunSpec
from probes import Probe

from foretoken.bank.read import read_bank
from foretoken.records import RateEstimate
from foretoken.store.run import Run
from foretoken.train.config import RLConfig
from foretoken.work.scores import read_log_p, step_scorer
from foretoken.work.tallies import read_tallies

KEPT, SECOND_TIER = (Path(__file__).parent / name for name in ("runs", "second_tier"))


def is_kept(name: str, into: Path = KEPT) -> bool:
    """Whether all of a run is kept."""
    return (into / name / "run.json").is_file()


def keep(
    run: RunSpec,
    folder: Path,
    *,
    estimates: Sequence[RateEstimate],
    log_p: Mapping[int, np.ndarray],
    probes: Sequence[Probe] = (),
    into: Path = KEPT,
) -> None:
    """Keep a run, whole or not at all; `estimates` and `log_p` are those of before the counting."""
    unfinished = into / f"{run.name}.tmp"
    shutil.rmtree(unfinished, ignore_errors=True)
    kept = Run.create(unfinished)
    made = Run.open(folder)
    folders = {"model": "model", "tasks": "tasks", "out": "run"}
    settings = {**made.read_config()["train_rl"], **folders}
    kept.write_config("train_rl", RLConfig.model_validate(settings))
    kept.append(read_tallies(made), part="all")
    kept.append(list(estimates), part="all")
    tables = {"log_p": _compact(log_p)}
    if probes:
        tables["probes"] = pa.Table.from_pylist([asdict(each) for each in probes])
    for name, table in tables.items():
        file = unfinished / f"{name}.parquet"
        pq.write_table(table, file, compression="zstd", compression_level=19, use_dictionary=False)
    said = {
        "organism": run.organism,
        "number": run.number,
        "clean": run.clean,
        "levels": run.levels,
        "weights": {each.step: each.weights for each in sorted(estimates, key=lambda e: e.step)},
    }
    (unfinished / "run.json").write_text(json.dumps(said, indent=1) + "\n")
    shutil.rmtree(into / run.name, ignore_errors=True)
    unfinished.rename(into / run.name)


def _compact(log_p: Mapping[int, np.ndarray]) -> pa.Table:
    first = log_p[0].astype(np.float32)
    moved = {str(step): (log_p[step] - first).astype(np.float16) for step in sorted(log_p) if step}
    return pa.table({"0": first, **moved})


def log_p_of(run: Run) -> dict[int, np.ndarray]:
    """Log-probabilities of the bank's hits by step, in the order of the bank's types and hits."""
    bank = read_bank(run)
    return {
        step: np.concatenate(
            [
                read_log_p(run, step_scorer(step)).of(each.keys)[0]
                for each in bank.types
                if each.hits
            ]
        )
        for step in (0, *run.checkpoints())
    }
