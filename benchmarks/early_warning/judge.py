"""How early a run's exploits can be forecast: `python benchmarks/early_warning/judge.py`.

From the kept runs alone, in minutes. Methods are fitted on three organisms and judged on the
fourth, which no choice was made on; then with each organism, each run and each kind of dynamics
left out in turn: once knowing which loopholes are closed, as an audit of the grader tells, and once
not. A headline that a control matches is withdrawn. All figures go to `results.json`.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controls import Control, controls, matched_by
from data import KeptRun, kept_runs, probed
from design import HELD_OUT
from laws import CUTOFFS, THRESHOLDS, data_hash, law_without
from rich.console import Console
from rich.table import Table

from families import simulated
from foretoken.forecast.base import Method
from foretoken.forecast.blend import Blend, BlendMethod
from foretoken.forecast.dynamics import Law
from foretoken.forecast.history import History
from foretoken.forecast.logistic import logistic
from foretoken.forecast.skill import Unit, error_terms, interval_by_run, interval_share
from foretoken.forecast.state_space import StateSpace, StateSpaceMethod
from foretoken.pipeline.backtest import Line, Vantage, foretell_folds, line_of, methods
from foretoken.pipeline.foretold import Foretold, judged, outcomes, write_forecasts
from shapes import curriculum, shapes

RESULTS = Path(__file__).parent / "results.json"
MAIN = Vantage(0.2, 0.1)
"""The frame of the headline."""
OURS = Blend.name
RIVALS = ("rollout count", "published slope")
"""Methods that ours must be better than."""
AUDITED, UNAUDITED = "audited", "unaudited"
SEED = 0
BUILD = Path("build/early_warning/forecasts")
FRAMES = {"cutoffs": CUTOFFS, "thresholds": THRESHOLDS}
AREA, SKILL, CALIBRATION, HELD = 0.90, 0.30, 0.08, (0.85, 0.95)
"""What is aimed at: area within runs and Brier skill at 20 %, calibration error, and how often the
step lies in its 90 % interval."""


@dataclass(frozen=True)
class Fold:
    """Runs that teach, runs that are forecast, and the law that neither its fit nor its correction
    took from the latter."""

    taught: Sequence[History]
    asked: Sequence[History]
    law: Law


@dataclass(frozen=True)
class Judged:
    """Every method in every frame."""

    title: str
    digest: str
    """SHA-256 of the file of forecasts."""
    units: Mapping[tuple[str, Vantage], Sequence[Unit]] = field(repr=False)

    def lines(self) -> list[Line]:
        """How good each was."""
        return [
            line_of(name, frame, units, seed=SEED) for (name, frame), units in self.units.items()
        ]

    def gain(self, rival: str, frame: Vantage) -> tuple[float, float] | None:
        """How much smaller our Brier score is than a rival's; 95 %."""
        ours, theirs = self.units[OURS, frame], self.units[rival, frame]
        return interval_by_run(theirs, error_terms, seed=SEED, others=ours)


def main() -> None:
    """Print every table, and the verdict; write all figures."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    console = Console(width=170, highlight=False)
    runs = kept_runs()
    console.print(shapes(runs), curriculum(runs))
    names = [run.history.name for run in runs]
    found: dict[str, Any] = {"runs": len(runs), "data": data_hash(names)}
    for audited in (True, False):
        name = AUDITED if audited else UNAUDITED
        console.rule(name)
        found[name] = judge_all(kept_runs(closed_known=audited), name, console)
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")


def judge_all(runs: Sequence[KeptRun], what: str, console: Console) -> dict[str, Any]:
    """Judge every method by every way of leaving runs out, and the controls; print all of it.

    Args:
        runs: With or without what an audit knows.
        what: Which of these.
        console: That it is printed on.
    """
    plain = methods(StateSpaceMethod(SEED))
    every = {**plain, **{name: logistic(name, seen) for name, seen in probed().items()}}
    found_out = [
        judge(f"{title}, {what}", folds, used)
        for title, folds, used in (
            (f"held-out organism ({HELD_OUT})", by_organism(runs, only=HELD_OUT), every),
            ("each organism left out", by_organism(runs), every),
            ("each run left out", by_run(runs), every),
            ("each kind of dynamics left out", by_dynamics(runs, audited=what == AUDITED), plain),
        )
        if folds
    ]
    for each in found_out:
        console.print(table(each))
    found = controls([run.history for run in runs], frame=MAIN, seed=SEED)
    console.print(controls_table(found))
    said = verdict(found_out, found)
    for line in said:
        console.print(line)
    return figures(found_out, found, said)


def by_organism(runs: Sequence[KeptRun], *, only: str | None = None) -> list[Fold]:
    """One fold for each organism, or for one."""
    found: list[Fold] = []
    for name in sorted({run.organism for run in runs}):
        asked = [run.history for run in runs if run.organism == name]
        taught = [run.history for run in runs if run.organism != name]
        if taught and only in (None, name):
            found.append(Fold(taught, asked, _law(name)))
    return found


def by_run(runs: Sequence[KeptRun]) -> list[Fold]:
    """One fold for each run; the law is that which its organism did not teach."""
    every = [run.history for run in runs]
    return [
        Fold([o for o in every if o is not run.history], [run.history], _law(run.organism))
        for run in runs
    ]


def by_dynamics(runs: Sequence[KeptRun], *, audited: bool) -> list[Fold]:
    """One fold for each simulated family, taught by the others and the real runs, and one for the
    real runs, taught by the simulated ones; the law is set by hand."""
    groups = {**simulated(SEED, closed_known=audited), "real": [run.history for run in runs]}
    return [
        Fold([run for name, own in groups.items() if name != left for run in own], asked, Law())
        for left, asked in groups.items()
    ]


def _law(organism: str) -> Law:
    fitted = law_without(organism)
    return Law() if fitted is None else fitted.law


def judge(title: str, folds: Sequence[Fold], used: Mapping[str, Method]) -> Judged:
    """Forecast by every method, ours with the law of the fold; then look at what happened.

    All forecasts are written and hashed before any outcome of their runs is looked up.
    """
    said: dict[str, list[Foretold]] = {name: [] for name in used}
    known: dict[Law, StateSpaceMethod] = {}
    for fold in folds:
        paths = known.setdefault(fold.law, StateSpaceMethod(SEED, law=fold.law))
        ours = {OURS: BlendMethod(paths), StateSpace.name: paths}
        for name, method in {**used, **ours}.items():
            said[name] += foretell_folds(method, [(fold.taught, fold.asked)], **FRAMES)
    asked = [run for fold in folds for run in fold.asked]
    every = [each for own in said.values() for each in own]
    digest = write_forecasts(BUILD / title.replace(" ", "-"), every, asked)
    happened = outcomes(every, asked)
    units = {
        (name, frame): each
        for name, own in said.items()
        for frame, each in judged(own, happened).items()
    }
    return Judged(title, digest, units)


def table(shown: Judged) -> Table:
    """Every method in every frame."""
    made = Table(title=shown.title)
    names = ("cutoff", "threshold", "emerged", "method", "area in a run", "Brier skill", "95 %")
    for name in (*names, "calibration error", "ours is better by (Brier, 95 %)", "step held"):
        made.add_column(name, justify="left" if name == "method" else "right")
    for line in sorted(shown.lines(), key=lambda e: (e.frame.cutoff, e.frame.threshold)):
        units = shown.units[line.method, line.frame]
        gain = None if line.method == OURS else shown.gain(line.method, line.frame)
        made.add_row(
            f"{line.frame.cutoff:.0%}",
            f"{line.frame.threshold:.0%}",
            f"{line.emerged} of {line.units}",
            line.method,
            number(line.auc),
            number(line.skill),
            interval(line.skill_interval),
            f"{line.calibration:.3f}",
            interval(gain, digits=3),
            number(interval_share(units)),
        )
    return made


def controls_table(found: Sequence[Control]) -> Table:
    """Evidence that must say nothing, beside evidence that should."""
    made = Table(title="controls: our forecasts, each run left out, 20 %, 10 %")
    for name in ("evidence", "area in a run", "95 %", "Brier skill", "95 %", "must fail"):
        made.add_column(name, justify="left" if name == "evidence" else "right")
    for each in found:
        made.add_row(
            each.name,
            number(each.area),
            interval(each.area_interval),
            number(each.skill),
            interval(each.skill_interval),
            "yes" if each.must_fail else "",
        )
    return made


def verdict(found_out: Sequence[Judged], found: Sequence[Control]) -> list[str]:
    """What holds and what does not, by how much; a headline only where no control matches it."""
    held, *rest = found_out
    line = next(e for e in held.lines() if (e.method, e.frame) == (OURS, MAIN))
    share = interval_share(held.units[OURS, MAIN])
    said = [
        _aim("area within runs", line.auc, AREA),
        _aim("Brier skill", line.skill, SKILL),
        _aim("calibration error", line.calibration, CALIBRATION, below=True),
    ]
    for other in rest:
        each = next(e for e in other.lines() if (e.method, e.frame) == (OURS, MAIN))
        said.append(_aim(f"the same, {other.title}", each.calibration, CALIBRATION, below=True))
    for rival in RIVALS:
        gain = held.gain(rival, MAIN)
        better = gain is not None and gain[0] > 0
        said.append(
            f"better than the {rival}: {'yes' if better else 'NO'} ({interval(gain, digits=3)})"
        )
    inside = share is not None and HELD[0] <= share <= HELD[1]
    said.append(f"step in its 90 % interval: {number(share)}, {'met' if inside else 'MISSED'}")
    matched = matched_by(found)
    if matched:
        return [f"The headline is withdrawn: {', '.join(matched)} is as good.", *said]
    return [
        f"On {held.title}: area {number(line.auc)}, Brier skill {number(line.skill)} "
        f"({interval(line.skill_interval)}), {line.emerged} of {line.units} types emerged.",
        *said,
    ]


def _aim(name: str, value: float | None, aim: float, *, below: bool = False) -> str:
    met = value is not None and (value <= aim if below else value >= aim)
    return f"{name}: {number(value)} (aim {aim:g}), {'met' if met else 'MISSED'}"


def figures(
    found_out: Sequence[Judged],
    found: Sequence[Control],
    said: Sequence[str],
) -> dict[str, Any]:
    """All that was found, as JSON."""
    return {
        "verdict": list(said),
        "forecasts": {each.title: each.digest for each in found_out},
        "methods": [
            {
                "folds": each.title,
                "method": line.method,
                "cutoff": line.frame.cutoff,
                "threshold": line.frame.threshold,
                "units": line.units,
                "emerged": line.emerged,
                "area": line.auc,
                "skill": line.skill,
                "skill_interval": line.skill_interval,
                "calibration": line.calibration,
                "step_held": interval_share(each.units[line.method, line.frame]),
            }
            for each in found_out
            for line in each.lines()
        ],
        "controls": [vars(each) for each in found],
    }


def number(value: float | None) -> str:
    """Two digits, or nothing."""
    return "" if value is None else f"{value:.2f}"


def interval(value: tuple[float, float] | None, *, digits: int = 2) -> str:
    """Both ends, or nothing."""
    return "" if value is None else f"{value[0]:+.{digits}f} to {value[1]:+.{digits}f}"


if __name__ == "__main__":
    main()
