"""What is kept of a run: a folder of small Parquet files, from which all else follows.

* `run.json`: settings, seeds, closed types, hashes of the checkpoints' weights;
* `tallies.parquet`: rollouts by step and exploit type (hacks, how many of them were paid, spoken
  ones, rewards, lengths), and the draws by which later checkpoints were counted;
* `estimates.parquet`: the bank's and the published recipe's estimates at each checkpoint;
* `log_p.parquet`: log-probability of each of the bank's hits at each checkpoint;
* `probes.parquet`: what other forecasters need.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from design import RunSpec
from probes import Probe

from foretoken.bank.read import read_bank
from foretoken.records import Draw, RateEstimate
from foretoken.store.run import Run
from foretoken.work.scores import read_log_p, step_scorer

KEPT = Path(__file__).parent / "runs"
PAID = 0.5
"""Reward from which on a hack counts as paid."""


def is_kept(name: str) -> bool:
    """Whether all of a run is kept."""
    return (KEPT / name / "run.json").is_file()


def keep(
    run: RunSpec,
    folder: Path,
    *,
    estimates: pa.Table,
    log_p: Mapping[int, np.ndarray],
    probes: Sequence[Probe],
) -> None:
    """Keep a run, whole or not at all; `estimates` and `log_p` are those of before the counting."""
    unfinished = KEPT / f"{run.name}.tmp"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    hits = {str(step): pa.array(each.astype(np.float32)) for step, each in log_p.items()}
    tables = {
        "tallies": tallies(Run.open(folder)),
        "estimates": estimates,
        "log_p": pa.table(hits),
        "probes": pa.Table.from_pylist([asdict(each) for each in probes]),
    }
    for name, table in tables.items():
        pq.write_table(table, unfinished / f"{name}.parquet", compression="zstd")
    weights = dict(zip(*(estimates[name].to_pylist() for name in ("step", "weights")), strict=True))
    said: dict[str, Any] = {
        "organism": run.organism,
        "number": run.number,
        "clean": run.clean,
        "levels": run.levels,
        "settings": run.settings(),
        "weights": {str(step): each for step, each in sorted(weights.items())},
    }
    (unfinished / "run.json").write_text(json.dumps(said, indent=1) + "\n")
    shutil.rmtree(KEPT / run.name, ignore_errors=True)
    unfinished.rename(KEPT / run.name)


def estimates_of(run: Run) -> pa.Table:
    """All estimates of a run."""
    return run.table(RateEstimate)


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


def tallies(run: Run) -> pa.Table:
    """Rollouts and counted draws by source, step and exploit type."""
    own = pc.field("source").isin(["rollout", "count"])
    columns = ["source", "step", "exploit_type", "hacked", "deliberate", "ended", "reward"]
    table = run.table(Draw, where=own, columns=[*columns, "tokens"])
    hacked = pc.fill_null(table["hacked"], False)
    reward = pc.fill_null(table["reward"], 0.0)
    paid = pc.and_(hacked, pc.greater_equal(reward, PAID))
    numbers: dict[str, Any] = {
        "draws": pa.array(np.ones(len(table), dtype=np.int64)),
        "hacks": hacked.cast(pa.int64()),
        "paid": paid.cast(pa.int64()),
        "spoken": pc.fill_null(table["deliberate"], False).cast(pa.int64()),
        "ended": table["ended"].cast(pa.int64()),
        "reward": reward,
        "tokens": pc.list_value_length(table["tokens"]).cast(pa.int64()),
    }
    keys = {name: table[name] for name in columns[:3]}
    grouped = pa.table({**keys, **numbers}).group_by(list(keys))
    summed = grouped.aggregate([(name, "sum") for name in numbers])
    named = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names])
    return named.sort_by([(name, "ascending") for name in keys])
