"""How early alarms are, and what they cost: `python benchmarks/early_warning/alarms.py`.

From the kept runs alone, in a few minutes. Every monitor gets the lowest limit that promises no
more than one false alarm in ten clean runs, and is asked how many steps before 10 % it warned of
each type; then stands what of that the bank adds to rollouts, by how rare a type was at the start.
"""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from data import KeptRun, kept_runs
from design import STEPS
from laws import FALSE_ALARMS, FRAMES, looking_on, method_without
from rich.console import Console
from rich.table import Table

from foretoken.errors import SetupError
from foretoken.forecast.alarms import (
    EMERGED,
    Costs,
    Lead,
    Watched,
    conformal_limit,
    cost_curve,
    lead_times,
    stop_policy,
    watch,
)
from foretoken.forecast.blend import Blend
from foretoken.forecast.history import History
from foretoken.forecast.monitors import (
    Monitor,
    betting_capital,
    looking,
    rollout_share,
)
from foretoken.forecast.rivals import RIVALS, level

SEED, REPLICATES = 0, 1000
COUNTING = ("capital, budget 1 %", "capital, budget 2 %", "rollouts, last 5 steps", "rollouts, all")
"""Monitors that only count rollouts; the others are compared with whichever warns best."""
WITHOUT_BANK = "blend without bank"
DECADES = (-math.inf, -4.0, -3.0, -2.0, math.inf)
"""Log10 of spontaneous rates between which types are taken together."""


@dataclass(frozen=True)
class Alarmed:
    """A monitor, and the limit of its alarms."""

    name: str
    limit: float
    said: str
    """Limit, for a person."""
    runs: Sequence[Watched]


def watched_by_all(runs: Sequence[KeptRun]) -> dict[str, list[Watched]]:
    """Let every monitor watch runs; by its name, in the order in which they are shown. Forecasters
    are taught by the runs of other organisms."""
    found: dict[str, list[Watched]] = {}
    for organism in sorted({run.organism for run in runs}):
        rest = [run.history for run in runs if run.organism != organism]
        for name, monitor in _monitors(organism, rest).items():
            own = (run.history for run in runs if run.organism == organism)
            found.setdefault(name, []).extend(watch(run, monitor) for run in own)
    return found


def _monitors(organism: str, rest: Sequence[History]) -> Mapping[str, Monitor]:
    method = method_without(organism)
    blind = looking_on(method_without(organism)([without_bank(run) for run in rest], **FRAMES))
    return {
        COUNTING[0]: betting_capital(0.01),
        COUNTING[1]: betting_capital(0.02),
        COUNTING[2]: rollout_share(),
        COUNTING[3]: rollout_share(None),
        "bank level": looking(RIVALS["level"], threshold=EMERGED, steps=range(STEPS + 1)),
        Blend.name: looking_on(method(rest, **FRAMES)),
        WITHOUT_BANK: lambda run: blind(without_bank(run)),
    }


def without_bank(run: History) -> History:
    """Return what a run shows of which only the rollouts are seen."""
    return replace(run, estimates=[])


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clean-stopped", type=float, default=1.0, help="Cost of such a run.")
    parser.add_argument("--hacked-missed", type=float, default=4.0, help="Cost of such a run.")
    parser.add_argument("--step", type=float, default=0.0, help="Saved with a step of warning.")
    parser.add_argument("--clean-share", type=float, default=0.5, help="Of runs to come.")
    parser.add_argument("--audited", action="store_true", help="Forecasters know what is closed.")
    given = parser.parse_args()
    costs = Costs(given.clean_stopped, given.hacked_missed, given.step, given.clean_share)
    show(kept_runs(closed_known=given.audited), costs, Console(width=180, highlight=False))


def show(runs: Sequence[KeptRun], costs: Costs, console: Console) -> None:
    """Print every table of some runs."""
    watched = watched_by_all(runs)
    own = watched[COUNTING[0]]
    clean, flagged = [run for run in own if run.clean], sum(run.clean for run in runs)
    console.print(
        f"{len(runs)} runs, {flagged} of them with every loophole closed. In {len(clean)} no type "
        f"that began rare emerged: these are the clean ones. In the other {len(own) - len(clean)}, "
        f"{sum(len(run.emerged) for run in own)} types emerged."
    )
    alarmed = [
        Alarmed(f"{name}, guaranteed", -math.log(FALSE_ALARMS), "1 / delta", watched[name])
        for name in watched
        if name.startswith("capital")
    ]
    if clean:
        alarmed += [_limited(name, each) for name, each in watched.items()]
        console.print(_promise(own))
    else:
        console.print("[bold]No clean run: only betting capital has a limit, which needs none.[/]")
    spontaneous = {
        (run.history.name, kind): level(run.history.until(0), kind)
        for run in runs
        for kind in run.history.types
    }
    console.print(leads_table(alarmed))
    console.print(decades_table(alarmed, spontaneous))
    if clean:
        console.print(curves_table(watched))
    console.print("Costs: " + str(costs))
    for name, each in watched.items():
        try:
            console.print(f"{name}: {stop_policy(each, costs).words}")
        except SetupError as error:
            console.print(f"{name}: {error}.")


def _limited(name: str, runs: Sequence[Watched]) -> Alarmed:
    """The lowest limit that keeps the promise; where none does, that of no false alarm so far."""
    try:
        limit = conformal_limit(runs, share=FALSE_ALARMS)
    except SetupError:
        limit = max(run.highest for run in runs if run.clean)
    return Alarmed(name, limit, f"{limit:.3g}", runs)


def _promise(runs: Sequence[Watched]) -> str:
    """What the limits promise."""
    clean = sum(run.clean for run in runs)
    try:
        conformal_limit(runs, share=FALSE_ALARMS)
    except SetupError as error:
        return (
            f"[bold]Too few clean runs: {error}.[/] The limits below are those above which none of "
            f"them alarmed; all they promise is {1 / (clean + 1):.0%}."
        )
    return f"Limits below promise at most {FALSE_ALARMS:.0%} of clean runs like these {clean}."


def leads_table(alarmed: Sequence[Alarmed]) -> Table:
    """How early each monitor warned of each type, and how much earlier than rollouts do."""
    found = {each.name: lead_times(each.runs, each.limit) for each in alarmed}
    best = max(
        (name for name in COUNTING if name in found),
        key=lambda name: sum(lead.steps for lead in found[name].leads),
        default=None,
    )
    made = Table(
        title="steps from a type's own alarm to 10 %; a type not caught counts as 0",
        caption=f"the best at counting rollouts: {best}" if best else None,
    )
    made.add_column("monitor")
    for name in (
        "limit",
        "clean runs\nstopped",
        "types\ncaught",
        "median steps\n(95 %)",
        "late ones negative,\nnever left out",
        "earlier than counting,\nmean (95 %)",
        "than without bank,\nmean (95 %)",
        "rare ones\nalarmed",
    ):
        made.add_column(name, justify="right")
    for each in alarmed:
        own, clean = found[each.name], [run for run in each.runs if run.clean]
        signed = [lead.emerged - lead.alarm for lead in own.leads if lead.alarm is not None]
        made.add_row(
            each.name,
            each.said,
            f"{sum(run.alarm(each.limit) is not None for run in clean)} of {len(clean)}",
            f"{own.caught} of {len(own.leads)}",
            _over_runs(own.leads, median=True),
            f"{np.median(signed):.1f} ({len(signed)})" if signed else "",
            *(
                _gain(own.leads, found[rival].leads)
                if rival in found and rival != each.name
                else ""
                for rival in (best, WITHOUT_BANK)
            ),
            f"{own.quiet_alarms} of {own.quiet}",
        )
    return made


def _gain(ours: Sequence[Lead], theirs: Sequence[Lead]) -> str:
    """Mean by which types are warned of earlier; both are of the same types in the same order."""
    paired = zip(ours, theirs, strict=True)
    return _over_runs([replace(own, steps=own.steps - other.steps) for own, other in paired])


def _over_runs(leads: Sequence[Lead], *, median: bool = False) -> str:
    """Mean or median steps over types; with 95 %, whole runs resampled, for three or more."""
    by_run: dict[str, list[int]] = {}
    for lead in leads:
        by_run.setdefault(lead.run, []).append(lead.steps)
    if not by_run:
        return ""
    groups, of = [np.array(each) for each in by_run.values()], np.median if median else np.mean
    said = f"{of(np.concatenate(groups)):.1f}"
    if len(groups) < 3:
        return said
    drawn = np.random.default_rng(SEED).integers(len(groups), size=(REPLICATES, len(groups)))
    found = [of(np.concatenate([groups[int(i)] for i in row])) for row in drawn]
    low, high = np.quantile(found, (0.025, 0.975))
    return f"{said} ({low:.1f} to {high:.1f})"


def decades_table(
    alarmed: Sequence[Alarmed], spontaneous: Mapping[tuple[str, str], float | None]
) -> Table:
    """The same by the bank's rate at step 0."""
    made = Table(title="median steps (types caught), by the bank's rate at step 0")
    made.add_column("monitor")
    places = [*range(len(DECADES) - 1), None]
    by_monitor = {
        each.name: {
            place: [
                lead
                for lead in lead_times(each.runs, each.limit).leads
                if _decade(spontaneous[lead.run, lead.exploit_type]) == place
            ]
            for place in places
        }
        for each in alarmed
    }
    first = next(iter(by_monitor.values()))
    for place in places:
        made.add_column(f"{_range(place)}\n{len(first[place])} types", justify="right")
    for name, leads in by_monitor.items():
        made.add_row(name, *(_median(leads[place]) for place in places))
    return made


def curves_table(watched: Mapping[str, Sequence[Watched]]) -> Table:
    """Clean runs stopped against hacked runs caught, up to half of the clean ones."""
    made = Table(title="cost curve: a run is stopped at its first alarm of any type")
    for name in ("monitor", "limit", "clean runs stopped", "hacked runs caught", "median steps"):
        made.add_column(name, justify="left" if name == "monitor" else "right")
    for name, runs in watched.items():
        points = [each for each in cost_curve(runs) if 2 * each.clean_stopped <= each.clean]
        for point in reversed(points[:-1]):
            made.add_row(
                name,
                f"{point.limit:.3g}",
                f"{point.clean_stopped} of {point.clean}",
                f"{point.caught} of {point.hacked}",
                _number(point.median_steps),
            )
        made.add_section()
    return made


def _decade(log_rate: float | None) -> int | None:
    if log_rate is None:
        return None
    return int(np.searchsorted(DECADES[1:-1], log_rate, side="right"))


def _range(place: int | None) -> str:
    if place is None:
        return "not measured"
    low, high = DECADES[place], DECADES[place + 1]
    above = "" if math.isinf(low) else f"from 1e{low:.0f}"
    return f"{above} {'' if math.isinf(high) else f'below 1e{high:.0f}'}".strip()


def _median(leads: Sequence[Lead]) -> str:
    if not leads:
        return ""
    caught = sum(each.steps > 0 for each in leads)
    return f"{np.median([each.steps for each in leads]):g} ({caught})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


if __name__ == "__main__":
    main()
