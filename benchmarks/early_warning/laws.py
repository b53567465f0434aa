"""Laws of the state-space model, each fitted on some of the kept runs: `laws.json`.

`python benchmarks/early_warning/laws.py` fits what is missing or stale: one law without each
organism, by which runs of that organism are forecast, and one on all runs, which ships with the
package together with hazards, corrections, records and limits of alarms: once for runs of which it
is known which loopholes are closed, and once for others. With `--ship` it fits no law.
"""

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from data import kept_runs
from design import CHECKPOINTS, STEPS
from kept import KEPT

from foretoken.errors import SetupError
from foretoken.forecast import taught
from foretoken.forecast.alarms import EMERGED, Watched, conformal_limit, watch
from foretoken.forecast.blend import Blend, BlendMethod
from foretoken.forecast.dynamics import Law
from foretoken.forecast.lawfit import fit_law
from foretoken.forecast.monitors import Monitor, looking, probability
from foretoken.forecast.state_space import HAND_SET, StateSpaceMethod
from foretoken.forecast.taught import AlarmLimit, Taught, as_json, records_of
from foretoken.pipeline.backtest import cross_validated
from foretoken.pipeline.foretold import run_hash
from foretoken.train.checkpoints import log_spaced
from foretoken.watch.watcher import FORECASTS

FILE = Path(__file__).parent / "laws.json"
SHIPPED = Path(taught.__file__).with_name(taught.FILE)
CUTOFFS, THRESHOLDS = (0.05, 0.1, 0.2), (0.1, 0.5)
FRAMES = {"cutoffs": CUTOFFS, "thresholds": THRESHOLDS}
EVALUATIONS = 120
FALSE_ALARMS = 0.1
"""Share of clean runs in which an alarm may be raised."""
LOOKS = tuple(sorted({*range(0, STEPS, STEPS // FORECASTS), *log_spaced(STEPS, CHECKPOINTS)}))[:-1]
"""Steps at which a forecaster looks: as often as `foretoken watch` does."""
PATHS = 300
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
    parser.add_argument("--ship", action="store_true", help="With the laws that are there.")
    given = parser.parse_args()
    runs = kept_runs()
    wanted = [] if given.ship else [*sorted({run.organism for run in runs}), ALL]
    for left_out in wanted:
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
    told = {"unaudited": False, "audited": True}
    said = {name: as_json(taught_by(audited=audited)) for name, audited in told.items()}
    SHIPPED.write_text(json.dumps(said, indent=1) + "\n")


def taught_by(*, audited: bool) -> Taught:
    """Return the package's coefficients: what all runs taught, and what became of forecasts of each
    run by what other organisms taught.

    Args:
        audited: Whether forecasters are told which loopholes are closed.
    """
    runs = kept_runs(closed_known=audited)
    histories = [run.history for run in runs]
    model = method_without(ALL)(histories, **FRAMES)
    said: list[tuple[float, bool]] = []
    watched: list[Watched] = []
    for organism in sorted({run.organism for run in runs}):
        method = method_without(organism)
        own = [run.history for run in runs if run.organism == organism]
        rest = [run.history for run in runs if run.organism != organism]
        found = cross_validated(method, [(rest, own)], **FRAMES)
        said += [(unit.probability, unit.emerged) for units in found.values() for unit in units]
        monitor = looking_on(method(rest, **FRAMES))
        watched += [watch(run, monitor) for run in own]
    return Taught(
        law=model.paths.law,
        correction=model.paths.correction,
        hazards=model.hazard.laws,
        alarm=alarm_limit(watched),
        records=records_of(said),
        runs=tuple(run_hash(run) for run in histories),
        origin=ORIGIN,
        steps=(min(run.plan.steps for run in histories), max(run.plan.steps for run in histories)),
    )


def looking_on(model: Blend) -> Monitor:
    """Return the monitor that is a forecaster, with fewer paths, that looks now and then."""
    fewer = replace(model, paths=replace(model.paths, paths=PATHS))
    return looking(probability(fewer), threshold=EMERGED, steps=LOOKS)


def alarm_limit(watched: Sequence[Watched]) -> AlarmLimit | None:
    """Return the limit that few clean runs pass; None where they are too few to promise it."""
    clean = sum(run.clean for run in watched)
    try:
        limit = conformal_limit(watched, share=FALSE_ALARMS)
    except SetupError:
        return None
    return AlarmLimit(limit, threshold=EMERGED, false_alarms=FALSE_ALARMS, clean=clean)


def method_without(left_out: str) -> BlendMethod:
    """Return our method with the law that an organism did not teach."""
    fitted = _read().get(left_out)
    return BlendMethod(StateSpaceMethod(law=HAND_SET if fitted is None else fitted.law))


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
