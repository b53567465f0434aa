"""Estimators on systems of known rate, at equal sampled texts: `python benchmarks/calibration.py`.

2,000 completions of 120, 240 and 480 tokens, true rates from 1e-3 to 1e-8, a donor that strays by
0.4 nats at every token, 200 repetitions of each. Prints the root mean square error in decades of
every estimator, and for `switch` what else must hold. About 40 minutes of processor time.
"""

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from foretoken.pipeline.calibrate import CalibrateConfig, Calibration, calibrate

LENGTHS = (120, 240, 480)
RATES = (1e-3, 1e-4, 1e-6, 1e-8)
NAMES = ("switch", "count", "donor", "ladder", "path", "prefix", "corrected prefix")
MOST_ERROR = 0.20
MOST_BIAS = 0.03
MOST_VIOLATIONS = 0.025
LEAST_COVERED = 0.93


def main() -> None:
    """Run every setting and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    found: dict[tuple[int, float], dict[str, Calibration]] = {}
    for tokens in LENGTHS:
        for rate in RATES:
            config = CalibrateConfig(
                rate=rate, tokens=tokens, repetitions=chosen.repetitions, seed=chosen.seed
            )
            found[tokens, rate] = {each.estimator: each for each in calibrate(config)}
            print(f"{tokens} tokens, rate {rate:g}: done", flush=True)
    console = Console(width=120)
    console.print(error_table(found))
    console.print(switch_table([(*key, each["switch"]) for key, each in found.items()]))


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
