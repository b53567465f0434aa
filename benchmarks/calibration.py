"""Estimators on systems of known rate, at equal sampled texts: `python benchmarks/calibration.py`.

2,000 completions of 120, 240 and 480 tokens, true rates from 1e-3 to 1e-8, a donor that strays by
0.4 nats at every token, 200 repetitions of each. Prints the root mean square error in decades of
every estimator, and for `switch` what else must hold; a drifting subject over ten checkpoints; how
often a missing route is noticed; what the densities of many hits cost (`--densities` prints that
table alone). About 40 minutes of processor time.
"""

import argparse
import resource
import time
from collections.abc import Sequence
from functools import partial

import numpy as np
from rich.console import Console
from rich.table import Table

from foretoken.calibration.calibrate import CalibrateConfig, Calibration, calibrate
from foretoken.calibration.toy_series import bank_series, prefix_series, steps_to
from foretoken.calibration.toys import audit_routes, draw_bank
from foretoken.calibration.workers import processes
from foretoken.estimate.doubts import MOST_UNCOVERED
from foretoken.estimate.mixture import default_components, log_ratios
from foretoken.testsystems.systems import system_at

LENGTHS = (120, 240, 480)
RATES = (1e-3, 1e-4, 1e-6, 1e-8)
NAMES = ("switch", "count", "donor", "ladder", "path", "prefix", "corrected prefix")
MOST_ERROR = 0.20
MOST_BIAS = 0.03
MOST_VIOLATIONS = 0.025
LEAST_COVERED = 0.93
CHECKPOINT_RATES = tuple(np.geomspace(1e-8, 0.4, 10).tolist())
WANDER = 0.0006
"""Drift of the subject per step, in nats: 0.2 at the last of some 360 steps, at every token."""
SERIES_DRAWS = 4000
SERIES_ROLLOUTS = 200
HITS, HIT_TOKENS = 20_000, 1000


def main() -> None:
    """Run every setting and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--densities", action="store_true")
    chosen = parser.parse_args()
    console = Console(width=120)
    console.print(density_table())
    if chosen.densities:
        return
    found: dict[tuple[int, float], dict[str, Calibration]] = {}
    for tokens in LENGTHS:
        for rate in RATES:
            config = CalibrateConfig(
                rate=rate, tokens=tokens, repetitions=chosen.repetitions, seed=chosen.seed
            )
            found[tokens, rate] = {each.estimator: each for each in calibrate(config)}
            by_name = found[tokens, rate]
            errors = ", ".join(f"{name} {_error(each)}" for name, each in by_name.items())
            print(f"{tokens} tokens, rate {rate:g}: {errors}", flush=True)
    console.print(error_table(found))
    console.print(switch_table([(*key, each["switch"]) for key, each in found.items()]))
    with processes() as workers:
        seeds = range(chosen.seed, chosen.seed + chosen.repetitions)
        series = [list(workers.map(partial(series_errors, each), seeds)) for each in LENGTHS]
        console.print(series_table(series))
        shares = [list(workers.map(partial(route_share, each), seeds)) for each in ROUTES]
        console.print(route_table(shares))


def density_table() -> Table:
    """Processor time and memory of the density recursion, of many hits under every component."""
    components = default_components(HIT_TOKENS)
    rng = np.random.default_rng(0)
    scored = {strength: rng.normal(0.0, 0.5, (HITS, HIT_TOKENS)) for strength in (0.5, 1.0)}
    before = time.process_time()
    log_ratios(scored, components)
    spent = time.process_time() - before
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    table = Table(title=f"{HITS:,} hits x {len(components)} components x {HIT_TOKENS:,} tokens")
    for name in ("processor s", "bar", "peak memory, MiB", "bar"):
        table.add_column(name, justify="right")
    table.add_row(f"{spent:.1f}", "< 10", f"{most:,.0f}", "< 2,048")
    return table


ROUTES = ("two-routes", "pivot")


def series_errors(tokens: int, seed: int) -> tuple[list[float], ...]:
    """Errors in decades at each checkpoint: level and difference, of banks and of the recipe."""
    system = system_at("pivot", CHECKPOINT_RATES[0], length=tokens, tasks=20, wander=WANDER)
    steps = steps_to(system, CHECKPOINT_RATES)
    bank = SERIES_DRAWS - SERIES_ROLLOUTS * len(steps)
    ours = bank_series(system, steps, draws=bank, rollouts=SERIES_ROLLOUTS, seed=seed)
    recipe = prefix_series(system, steps, draws=SERIES_DRAWS, seed=seed)
    truth = np.log(CHECKPOINT_RATES)
    decades = np.log(10.0)
    off = [(seen.log_rate_c - truth[: len(seen.steps)]) / decades for seen in ours]
    level = [float(each[-1]) for each in off]
    difference = [float(each[-1] - each[-2]) for each in off[1:]]
    recipe_off = (recipe - truth) / decades
    return level, difference, recipe_off.tolist(), np.diff(recipe_off).tolist()


def series_table(found: Sequence[Sequence[tuple[list[float], ...]]]) -> Table:
    """Error of the level as it was seen then, and of the difference to the checkpoint before."""
    table = Table(
        title=f"Ten checkpoints from 1e-8 to 0.4, {SERIES_DRAWS:,} texts in all: errors in decades"
    )
    for name in ("tokens", "switch level", "difference", "prefix level", "prefix difference"):
        table.add_column(name, justify="right")
    for tokens, repetitions in zip(LENGTHS, found, strict=True):
        cells = [str(tokens)]
        for which in range(4):
            off = np.array([each[which] for each in repetitions])
            off = off[np.isfinite(off).all(axis=1)]
            cells.append(f"{np.sqrt(np.mean(off**2)):.3f}")
        table.add_row(*cells)
    return table


def route_share(name: str, seed: int) -> float:
    """Share of 50 spontaneous exploits that a bank does not cover."""
    system = system_at(name, 1e-3, length=60, tasks=20)
    bank = draw_bank(system, draws=2000, seed=seed)
    return audit_routes(bank, exploits=50, seed=seed) or 0.0


def route_table(shares: Sequence[Sequence[float]]) -> Table:
    """How often the coverage audit speaks, with a route missing and without."""
    table = Table(title="Coverage audit on 50 spontaneous exploits")
    for name in ("system", "median share uncovered", "doubt raised"):
        table.add_column(name, justify="right")
    for name, own in zip(ROUTES, shares, strict=True):
        raised = np.mean(np.array(own) > MOST_UNCOVERED)
        table.add_row(name, f"{np.median(own):.2f}", f"{raised:.1%}")
    return table


def error_table(found: dict[tuple[int, float], dict[str, Calibration]]) -> Table:
    """Root mean square error in decades; for estimates of 0 the share that is silent."""
    table = Table(title="Root mean square error of log10 rate (share of estimates that are 0)")
    for name in ("tokens", "rate", *NAMES):
        table.add_column(name, justify="right")
    for (tokens, rate), by_name in found.items():
        cells = [_error(by_name[name]) if name in by_name else "none" for name in NAMES]
        table.add_row(str(tokens), f"{rate:g}", *cells)
    return table


def _error(found: Calibration) -> str:
    error = "" if found.error_decades is None else f"{found.error_decades:.2f}"
    return f"{error} ({found.silent:.0%})" if found.silent else error


def switch_table(rows: Sequence[tuple[int, float, Calibration]]) -> Table:
    """What must hold of `switch`, and whether it does."""
    table = Table(title="switch: bias, bounds and intervals")
    names = ("tokens", "rate", "rms", "mean / truth", "lower bound too high", "published")
    for name in (*names, "covered", "holds"):
        table.add_column(name, justify="right")
    for tokens, rate, each in rows:
        covered = each.covered if each.covered is not None else 1.0
        holds = (
            (each.error_decades or 9.0) <= MOST_ERROR
            and abs(each.mean_ratio - 1) <= MOST_BIAS
            and each.lower_bound_violated <= MOST_VIOLATIONS
            and covered >= LEAST_COVERED
        )
        table.add_row(
            str(tokens),
            f"{rate:g}",
            f"{each.error_decades:.3f}",
            f"{each.mean_ratio:.3f}",
            f"{each.lower_bound_violated:.1%}",
            f"{each.published:.0%}",
            f"{covered:.1%}",
            "yes" if holds else "no",
        )
    return table


if __name__ == "__main__":
    main()
