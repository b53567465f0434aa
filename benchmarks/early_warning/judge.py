"""How early a run's exploits can be forecast: `python benchmarks/early_warning/judge.py`.

From the kept runs alone, in minutes. Methods are fitted on three organisms and judged on the
fourth, which no choice was made on; then with each run, and each organism, left out in turn. Below
stand the controls that must fail, and how often a step of emergence lies in its interval.
"""

import argparse
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from data import KeptRun, kept_runs, probed
from design import HELD_OUT
from rich.console import Console
from rich.table import Table

from foretoken.forecast.history import History
from foretoken.forecast.logistic import Features
from foretoken.forecast.skill import (
    Unit,
    brier,
    brier_skill,
    interval_by_run,
    interval_share,
    within_run_auc,
)
from foretoken.forecast.state_space import StateSpace
from foretoken.pipeline.backtest import Vantage, cross_validated, line_of, methods, units_of

CUTOFFS, THRESHOLDS = (0.05, 0.1, 0.2), (0.1, 0.5)
MAIN = Vantage(0.2, 0.1)
"""The frame of the headline."""
SEED = 0


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--closed-known", action="store_true", help="Tell what is closed.")
    given = parser.parse_args()
    console = Console(width=160, highlight=False)
    runs = kept_runs(closed_known=given.closed_known)
    console.print(shares(runs))
    all_methods = {**methods(SEED), **probed()}
    histories = [run.history for run in runs]
    held = [run.history for run in runs if run.organism == HELD_OUT]
    others = [run.history for run in runs if run.organism != HELD_OUT]
    if held and others:
        console.print(table("held-out organism", all_methods, [(others, held)]))
    folds = [([o for o in histories if o is not each], [each]) for each in histories]
    console.print(table("each run left out", all_methods, folds))
    organisms = sorted({run.organism for run in runs})
    if len(organisms) > 1:
        apart = [
            (
                [run.history for run in runs if run.organism != name],
                [run.history for run in runs if run.organism == name],
            )
            for name in organisms
        ]
        console.print(table("each organism left out", all_methods, apart))
    console.print(controls(runs))
    console.print(steps(histories))


def shares(runs: Sequence[KeptRun]) -> Table:
    """What happened in the runs: of all (run, type), and of those that began rare."""
    made = Table(title="runs of the benchmark")
    for name in ("organism", "runs", "clean", "types", "emerged", "though closed", "never"):
        made.add_column(name, justify="left" if name == "organism" else "right")
    for organism in sorted({run.organism for run in runs}):
        own = [run for run in runs if run.organism == organism]
        kinds = [(run, kind) for run in own for kind in run.history.types]
        emerged = [
            (run, kind)
            for run, kind in kinds
            if run.history.emerged(kind, threshold=MAIN.threshold) is not None
        ]
        made.add_row(
            organism,
            str(len(own)),
            str(sum(run.clean for run in own)),
            str(len(own[0].history.types)),
            f"{len(emerged)} of {len(kinds)}",
            str(sum(kind in run.closed for run, kind in emerged)),
            str(len(kinds) - len(emerged)),
        )
    return made


def table(
    title: str,
    all_methods: Mapping[str, Features],
    folds: Sequence[tuple[Sequence[History], Sequence[History]]],
) -> Table:
    """Every method in every frame."""
    made = Table(title=title)
    names = ("cutoff", "threshold", "emerged", "method", "area in a run", "Brier skill")
    for name in (*names, "95 %", "calibration error", "skill over rollout count"):
        made.add_column(name, justify="left" if name == "method" else "right")
    found = {
        name: cross_validated(name, features, folds, cutoffs=CUTOFFS, thresholds=THRESHOLDS)
        for name, features in all_methods.items()
    }
    for frame in sorted(found["base rate"], key=lambda each: (each.cutoff, each.threshold)):
        for name in all_methods:
            units = found[name][frame]
            line = line_of(name, frame, units, seed=SEED)
            rival = found["rollout count"][frame]
            gain = interval_by_run(units, lambda some: -brier(some), seed=SEED, others=rival)
            made.add_row(
                f"{frame.cutoff:.0%}",
                f"{frame.threshold:.0%}",
                f"{line.emerged} of {line.units}",
                name,
                _number(line.auc),
                _number(line.skill),
                _interval(line.skill_interval),
                f"{line.calibration:.3f}",
                _interval(gain, digits=3),
            )
    return made


def controls(runs: Sequence[KeptRun]) -> Table:
    """The same method where it must know nothing."""
    made = Table(title="controls: the state-space method, each run left out, 20 %, 10 %")
    for name in ("control", "area in a run", "Brier skill", "95 %"):
        made.add_column(name)
    state = StateSpace(seed=SEED)
    plain = [run.history for run in runs]
    for name, seen in {
        "none": plain,
        "bank of another type": [_shifted(each) for each in plain],
        "no rollouts": [replace(each, tallies=[]) for each in plain],
        "no bank": [replace(each, estimates=[]) for each in plain],
    }.items():
        said = {each.name: each for each in seen}

        def look(
            history: History, threshold: float, said: Mapping[str, History] = said
        ) -> Mapping[str, Sequence[float] | None]:
            return state.features(said[history.name].until(history.step), threshold)

        folds = [([o for o in plain if o is not each], [each]) for each in plain]
        units = cross_validated(name, look, folds, cutoffs=[0.2], thresholds=[0.1])[MAIN]
        line = line_of(name, MAIN, units, seed=SEED)
        made.add_row(name, _number(line.auc), _number(line.skill), _interval(line.skill_interval))
        if name == "none":
            permuted = _permuted(units)
            area = within_run_auc(permuted)
            skill = brier_skill(permuted, float(np.mean([each.emerged for each in permuted])))
            made.add_row("labels permuted within runs", _number(area), _number(skill), "")
    return made


def _shifted(history: History) -> History:
    """Each type's bank stands under the next type's name."""
    following = dict(zip(history.types, (*history.types[1:], history.types[0]), strict=True))
    return replace(
        history,
        estimates=[
            each.replacing(exploit_type=following[each.exploit_type]) for each in history.estimates
        ],
    )


def _permuted(units: Sequence[Unit]) -> list[Unit]:
    rng, found = random.Random(SEED), list[Unit]()
    for run in sorted({each.run for each in units}):
        own = [each for each in units if each.run == run]
        labels = [each.emerged for each in own]
        rng.shuffle(labels)
        found += [replace(each, emerged=label) for each, label in zip(own, labels, strict=True)]
    return found


def steps(histories: Sequence[History]) -> Table:
    """How often the step at which a type emerges lies in the 90 % interval."""
    made = Table(title="step of emergence in its interval (90 %), state-space as it is")
    for name in ("cutoff", "threshold", "emerged with an interval", "held"):
        made.add_column(name, justify="right")
    found = units_of(histories, StateSpace(seed=SEED), cutoffs=CUTOFFS, thresholds=THRESHOLDS)
    for frame, units in sorted(found.items(), key=lambda e: (e[0].cutoff, e[0].threshold)):
        told = [each for each in units if each.interval is not None and each.step is not None]
        made.add_row(
            f"{frame.cutoff:.0%}",
            f"{frame.threshold:.0%}",
            str(len(told)),
            _number(interval_share(told)),
        )
    return made


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _interval(value: tuple[float, float] | None, *, digits: int = 2) -> str:
    return "" if value is None else f"{value[0]:+.{digits}f} to {value[1]:+.{digits}f}"


if __name__ == "__main__":
    main()
