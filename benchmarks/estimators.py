"""Estimators against counted truth on the shipped run: `python benchmarks/estimators.py`.

Prints the root mean square error of log10 rates over all (checkpoint, exploit type) cells with at
least 20 counted hacks, at equal sampled tokens; the tokens that scoring a bank costs over the
floor; and how well forecasts from the first 20 % of training rank what emerged. About 15 minutes
on two cores; a run that was stopped continues.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from foretoken.pipeline.bank import BankConfig, build_bank
from foretoken.pipeline.baselines import prepared_baselines
from foretoken.pipeline.compare import (
    FEWEST_HACKS,
    best_counts,
    first_above,
    log_errors,
    ranking,
    root_mean_square,
)
from foretoken.pipeline.demo import DemoConfig, bank_settings, copy_run
from foretoken.pipeline.forecast import ForecastConfig, make_forecast
from foretoken.pipeline.hits import read_bank
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.pipeline.prefixes import PrefixConfig
from foretoken.records import Draw, Forecast, RateEstimate, Score, Truth
from foretoken.store.run import Run

LENGTHS = (2, 5, 10, 20, 30)
MOST_ERROR = 0.35
MOST_TOKENS = 1.15


@dataclass(frozen=True)
class Row:
    """One estimator over all yardstick cells."""

    name: str
    estimates: list[RateEstimate]
    published_only: bool
    sampled_tokens: int


def main() -> None:
    """Build what is missing, then print three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/benchmark"))
    parser.add_argument("--draws-per-task", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    config = DemoConfig(run=chosen.run, draws_per_task=chosen.draws_per_task, seed=chosen.seed)
    run = copy_run(config.run)
    bank = bank_settings(config, run)
    build_bank(bank)
    prefixes = measure_all(run, bank)
    console = Console(width=120)
    console.print(error_table(run, prefixes))
    console.print(token_table(run))
    console.print(forecast_table(run))


def measure_all(run: Run, bank: BankConfig) -> list[RateEstimate]:
    """Measure every checkpoint by all estimators, each with the bank's tokens to spend.

    Returns:
        The estimates of the published recipe, at each length of its prefix.
    """
    count_draws = max(1, round(bank.draws_per_task / (len(run.checkpoints()) + 1)))
    found: list[RateEstimate] = []
    for prefix in prefix_settings(run, bank):
        measured = measure(
            MeasureConfig(run=run.path, count_draws=count_draws, prefix=prefix, seed=bank.seed)
        )
        found += [each for each in measured if each.prefix_tokens in prefix.prefix_tokens]
    return found


def prefix_settings(run: Run, bank: BankConfig) -> list[PrefixConfig]:
    """The published recipe at each length, with as many continuations as the bank's tokens buy.

    A continuation is as long as what the donor's trace holds after the prefix, about.
    """
    donor_draws = max(1, bank.draws_per_task * 2 // 5)
    with prepared_baselines(
        run,
        read_bank(run),
        count_draws=0,
        prefix=PrefixConfig(donor_draws=donor_draws),
        seed=bank.seed,
        workers=bank.workers,
    ) as prepared:
        traces = prepared.traces
    if traces is None:
        return []
    tokens = sampled(run, "bank") - sampled(run, "donor")
    found: list[PrefixConfig] = []
    for length in LENGTHS:
        own = [each for each in traces.draws if traces.reasoning_tokens[each.key] >= length]
        cost = sum(len(each.tokens) - length for each in own) * (len(run.checkpoints()) + 1)
        more = max(1, round(tokens / max(cost, 1)))
        found.append(
            PrefixConfig(prefix_tokens=(length,), donor_draws=donor_draws, continuations=more)
        )
    return found


def error_table(run: Run, prefixes: Sequence[RateEstimate]) -> Table:
    """Error of each estimator against the counts."""
    truth = run.read(Truth)
    cells = sum(each.hacks >= FEWEST_HACKS for each in best_counts(truth).values())
    table = Table(title=f"Error of log10 rate over {cells} cells with >= {FEWEST_HACKS} hacks")
    columns = ("estimator", "cells", "rms decades", "median", "worst", "above 1", "sampled tokens")
    for name in columns:
        table.add_column(name, justify="left" if name == "estimator" else "right")
    for row in rows(run, prefixes):
        errors = log_errors(row.estimates, truth, published_only=row.published_only)
        sizes = np.abs([each.decades for each in errors]) if errors else np.array([np.nan])
        table.add_row(
            row.name,
            str(len(errors)),
            _number(root_mean_square(errors)),
            _number(float(np.median(sizes))),
            _number(float(sizes.max())),
            str(sum((each.rate or 0) > 1 + 1e-9 for each in row.estimates)),
            f"{row.sampled_tokens:,}",
        )
    return table


def rows(run: Run, prefixes: Sequence[RateEstimate]) -> list[Row]:
    """Every estimator, and the tokens that were sampled for it."""
    estimates = run.read(RateEstimate)
    switch = [each for each in estimates if each.estimator == "switch"]
    bank, count = sampled(run, "bank"), sampled(run, "count")
    donor = sampled(run, "donor")
    found = [
        Row("switch, published points", switch, published_only=True, sampled_tokens=bank),
        Row("switch, every point", switch, published_only=False, sampled_tokens=bank),
        Row(
            "count",
            [each for each in estimates if each.estimator == "count"],
            published_only=False,
            sampled_tokens=count,
        ),
    ]
    for length in LENGTHS:
        own = [each for each in prefixes if each.prefix_tokens == length]
        tokens = donor + sum(each.sampled_tokens for each in own)
        name = f"prefix of {length} tokens"
        found.append(Row(name, own, published_only=False, sampled_tokens=tokens))
    return found


def sampled(run: Run, source: str) -> int:
    """Tokens of all draws of one source."""
    table = run.table(Draw, where=pc.field("source") == source, columns=["tokens"])
    return sum(len(tokens) for tokens in table["tokens"].to_pylist())


def token_table(run: Run) -> Table:
    """Tokens through the model at each checkpoint over the floor of one pass per distinct hit."""
    bank = read_bank(run)
    distinct = {(hit.task, hit.tokens): hit for hit in bank.hits}
    floor = sum(hit.prompt_tokens + len(hit.tokens) for hit in distinct.values())
    costs = {
        step: sum(
            each.scored_tokens
            for each in run.read(Score, where=pc.field("scorer") == f"step:{step}")
        )
        for step in run.checkpoints()
    }
    table = Table(title=f"Tokens through the model for {len(distinct):,} distinct hits")
    for name in ("floor", "mean", "most", "most over floor", "allowed"):
        table.add_column(name, justify="right")
    most = max(costs.values())
    table.add_row(
        f"{floor:,}",
        f"{np.mean(list(costs.values())):,.0f}",
        f"{most:,}",
        f"{most / floor:.3f}",
        f"{MOST_TOKENS}",
    )
    return table


def forecast_table(run: Run) -> Table:
    """Area under the curve of forecasts from the early checkpoints."""
    forecasts = make_forecast(ForecastConfig(run=run.path))
    first = forecasts[0]
    emerged = first_above(run.read(Truth), after_step=first.cutoff_step, threshold=first.threshold)
    count = sum(step is not None for step in emerged.values())
    table = Table(
        title=f"Forecast at step {first.cutoff_step} of {first.horizon_step}: {count} of "
        f"{len(emerged)} types pass {first.threshold:.0%}"
    )
    for name in ("method", "area under the curve", "types ranked"):
        table.add_column(name, justify="left" if name == "method" else "right")
    for method in ("discovery", "slope"):
        table.add_row(
            method, _number(ranking(forecasts, emerged, method=method)), _ranked(forecasts)
        )
    return table


def _ranked(forecasts: Sequence[Forecast]) -> str:
    return str(sum(each.method == "discovery" and each.eligible for each in forecasts))


def _number(value: float | None) -> str:
    return "none" if value is None or np.isnan(value) else f"{value:.2f}"


if __name__ == "__main__":
    main()
