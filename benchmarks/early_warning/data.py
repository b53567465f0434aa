"""The kept runs as histories, and what was probed of them, as forecasters see it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from ground import BANKS
from kept import KEPT

from foretoken.bank.read import read_bank
from foretoken.forecast.history import History
from foretoken.forecast.logistic import Features
from foretoken.forecast.rivals import slope
from foretoken.pipeline.histories import read_history
from foretoken.store.run import Run


@dataclass(frozen=True)
class KeptRun:
    """One run of the benchmark."""

    history: History
    organism: str
    clean: bool
    levels: Mapping[str, Any]
    closed: frozenset[str]


def kept_runs(*, closed_known: bool = False) -> list[KeptRun]:
    """Return the runs that are kept, by name."""
    found: list[KeptRun] = []
    for file in sorted(KEPT.glob("*/run.json")):
        run, said = Run.open(file.parent), json.loads(file.read_text())
        closed = run.read_config()["train_rl"].get("closed", [])
        found.append(
            KeptRun(
                read_history(run, closed_known=closed_known),
                organism=said["organism"],
                clean=said["clean"],
                levels=said["levels"],
                closed=frozenset(closed),
            )
        )
    return found


def divergence(folder: Path = KEPT) -> Features:
    """Return the slope of the bank's hits' mean log-probability on the log of the step: how fast a
    run comes nearer to what its donor says."""
    table = {file.parent.name: _mean_log_p(file.parent) for file in folder.glob("*/log_p.parquet")}

    def features(history: History, _: float) -> Mapping[str, Sequence[float] | None]:
        found: dict[str, Sequence[float] | None] = {}
        for kind in history.types:
            rows = table.get(history.name, {}).get(kind, [])
            points = [(step, value) for step, value in rows if 0 < step <= history.step]
            found[kind] = None
            if len(points) > 1:
                step, value = np.array(points, dtype=np.float64).T
                found[kind] = [float(np.polyfit(np.log(step), value, 1)[0])]
        return found

    return features


def _mean_log_p(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """For each exploit type, steps and how far its hits' log-probability has moved on average."""
    bank = read_bank(Run.open(BANKS / json.loads((folder / "run.json").read_text())["organism"]))
    table, start = pq.read_table(folder / "log_p.parquet"), 0
    found: dict[str, list[tuple[int, float]]] = {}
    for each in bank.types:
        own = table.slice(start, len(each.hits))
        start += len(each.hits)
        if len(each.hits):
            steps = [name for name in table.column_names if name != "0"]
            found[each.exploit_type] = [
                (int(name), float(np.mean(own[name].to_numpy(), dtype=np.float64)))
                for name in steps
            ]
    return found


def probed(folder: Path = KEPT) -> dict[str, Features]:
    """Return the forecasters that need more of a checkpoint than bank and rollouts, by name."""
    table: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
    for file in sorted(folder.glob("*/probes.parquet")):
        for row in pq.read_table(file).to_pylist():
            key = (file.parent.name, row["probe"], row["exploit_type"])
            table.setdefault(key, []).append((row["step"], row["value"]))

    def seen(history: History, probe: str, kind: str) -> list[tuple[int, float]]:
        rows = table.get((history.name, probe, kind), [])
        return sorted((step, value) for step, value in rows if step <= history.step)

    def slope_of(probe: str) -> Features:
        def features(history: History, _: float) -> Mapping[str, Sequence[float] | None]:
            found = {kind: slope(seen(history, probe, kind)) for kind in history.types}
            return {kind: None if value is None else [value] for kind, value in found.items()}

        return features

    def last_of(probe: str) -> Features:
        def features(history: History, _: float) -> Mapping[str, Sequence[float] | None]:
            rows = {kind: seen(history, probe, kind) for kind in history.types}
            return {kind: [own[-1][1]] if own else None for kind, own in rows.items()}

        return features

    def half_strength(history: History, _: float) -> Mapping[str, Sequence[float] | None]:
        """Strength of the donor at which a checkpoint hacks in half of the draws."""
        found: dict[str, Sequence[float] | None] = {}
        for kind in history.types:
            points = [
                (strength, own[-1][1])
                for strength in (0.25, 0.5, 0.75, 1.0)
                if (own := seen(history, f"donor {strength:g}", kind))
            ]
            strengths, shares = np.array([(0.0, 0.0), *points]).T
            above = np.flatnonzero(np.maximum.accumulate(shares) >= 0.5)
            half = float(strengths[above[0]]) if len(above) else 1.25
            found[kind] = [half, float(shares[-1])] if points else None
        return found

    return {
        "published slope, benign donor": slope_of("benign prefix"),
        "published slope, prompted": slope_of("prompted prefix"),
        "exploit log-probability": last_of("exploit"),
        "donor strength at half rate": half_strength,
        "divergence slope": divergence(folder),
    }
