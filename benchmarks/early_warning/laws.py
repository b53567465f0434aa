"""Laws of the state-space model, each fitted on some of the kept runs: `laws.json`.

`python benchmarks/early_warning/laws.py` fits what is missing or stale: one law without each
organism, by which runs of that organism are forecast, and one on all runs, which ships with the
package together with its correction and its record.
"""

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from data import KeptRun, kept_runs
from kept import KEPT

from foretoken.forecast import taught
from foretoken.forecast.dynamics import Law
from foretoken.forecast.lawfit import fit_law
from foretoken.forecast.state_space import StateSpaceMethod
from foretoken.forecast.taught import Taught, as_json, records_of
from foretoken.pipeline.backtest import cross_validated
from foretoken.pipeline.foretold import run_hash

FILE = Path(__file__).parent / "laws.json"
SHIPPED = Path(taught.__file__).with_name(taught.FILE)
CUTOFFS, THRESHOLDS = (0.05, 0.1, 0.2), (0.1, 0.5)
EVALUATIONS = 120
ALL = "all"
ORIGIN = "runs of GRPO on small organisms that were made from templates and taught to exploit"


@dataclass(frozen=True)
class FittedLaw:
    """A law, and what it was fitted on."""

    law: Law
    runs: tuple[str, ...]
    data: str
    """Hash of these runs' files."""


def law_without(organism: str) -> FittedLaw | None:
    """Return the law that was fitted on all other organisms; None: it was not fitted yet."""
    return _read().get(organism)


def data_hash(names: Sequence[str]) -> str:
    """Return the hash of what forecasters read of some kept runs."""
    known = hashlib.sha256()
    for name in sorted(names):
        for kind in ("estimates", "tallies"):
            for file in sorted((KEPT / name / kind).glob("*.parquet")):
                known.update(f"{name}/{kind}/{file.name}\n".encode() + file.read_bytes())
    return known.hexdigest()[:16]


def main() -> None:
    """Fit what is missing or stale, and write what ships."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=EVALUATIONS)
    given = parser.parse_args()
    runs = kept_runs()
    for left_out in (*sorted({run.organism for run in runs}), ALL):
        own = [run for run in runs if run.organism != left_out]
        names = [run.history.name for run in own]
        known, data = _read().get(left_out), data_hash(names)
        if known is None or known.data != data:
            begin = known.law if known is not None else Law()
            law = fit_law(
                [run.history for run in own],
                cutoffs=CUTOFFS,
                thresholds=THRESHOLDS,
                begin=begin,
                evaluations=given.evaluations,
            )
            _write(left_out, FittedLaw(law, tuple(names), data))
        print(f"{left_out}: {len(own)} runs", flush=True)
    ship(runs)


def ship(runs: Sequence[KeptRun]) -> Taught:
    """Write the package's coefficients: the law of all runs, its correction, and what became of
    forecasts of each run by a law that its organism did not teach."""
    fitted, histories = _read()[ALL], [run.history for run in runs]
    method = StateSpaceMethod(law=fitted.law)
    model = method(histories, cutoffs=CUTOFFS, thresholds=THRESHOLDS)
    said: list[tuple[float, bool]] = []
    for organism in sorted({run.organism for run in runs}):
        own = [run.history for run in runs if run.organism == organism]
        rest = [run.history for run in runs if run.organism != organism]
        law = _read()[organism].law
        found = cross_validated(
            StateSpaceMethod(law=law), [(rest, own)], cutoffs=CUTOFFS, thresholds=THRESHOLDS
        )
        said += [(unit.probability, unit.emerged) for units in found.values() for unit in units]
    made = Taught(
        law=fitted.law,
        correction=model.correction,
        records=records_of(said),
        runs=tuple(run_hash(run) for run in histories),
        origin=ORIGIN,
        steps=(min(run.plan.steps for run in histories), max(run.plan.steps for run in histories)),
    )
    SHIPPED.write_text(json.dumps(as_json(made), indent=1) + "\n")
    return made


def _read() -> dict[str, FittedLaw]:
    if not FILE.is_file():
        return {}
    return {
        name: FittedLaw(Law(**said["law"]), tuple(said["runs"]), said["data"])
        for name, said in json.loads(FILE.read_text()).items()
    }


def _write(name: str, fitted: FittedLaw) -> None:
    known = {**_read(), name: replace(fitted)}
    FILE.write_text(json.dumps({each: asdict(law) for each, law in known.items()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
