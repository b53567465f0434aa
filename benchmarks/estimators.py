"""Estimators against counted truth on the shipped run: `python benchmarks/estimators.py`.

Prints the root mean square error of log10 rates over all (checkpoint, exploit type) cells with at
least 20 counted hacks, at equal sampled tokens, with what each estimator cost; the tokens that
scoring a bank costs over the floor; what leaving out light hits changes; what one more checkpoint
costs; what counting would cost where rates are small; and how well forecasts from the first 20 % of
training rank what emerged. About an hour on two cores; a run that was stopped continues, but
processor seconds are those of the last call alone.
"""

import argparse
import resource
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from costs import (
    checkpoint_table,
    number,
    rare_table,
    sampled,
    thinning_table,
    token_table,
)
from rich.console import Console
from rich.table import Table

from foretoken.bank.build import build_bank
from foretoken.bank.config import BankConfig
from foretoken.bank.read import read_bank
from foretoken.baselines.prefix import PrefixConfig, donor_traces
from foretoken.engines.choose import choose_engines
from foretoken.forecast.counts import FEWEST_HACKS, best_counts, log_errors, root_mean_square
from foretoken.forecast.outcome import compare, frame_of
from foretoken.pipeline.demo import DemoConfig, bank_settings, copy_run
from foretoken.pipeline.forecast import ForecastConfig, make_forecast
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Draw, RateEstimate, Score, Truth
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.tasks.base import GraderPool

LENGTHS = (2, 5, 10, 20, 30)


@dataclass(frozen=True)
class Row:
    """One estimator over all yardstick cells."""

    name: str
    estimates: list[RateEstimate]
    runs: list[Run]
    """Where its draws are."""
    sources: tuple[str, ...]
    """Of its draws."""
    cpu_s: float
    published_only: bool = False


class Stopwatch:
    """Processor seconds of pieces of work, helpers and graders included."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Generator[None]:
        before = _processor_s()
        yield
        self.spent[name] = self.spent.get(name, 0.0) + _processor_s() - before


def _processor_s() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    found = [resource.getrusage(each) for each in who]
    return sum(each.ru_utime + each.ru_stime for each in found)


def main() -> None:
    """Build what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/benchmark"))
    parser.add_argument("--draws-per-task", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    config = DemoConfig(run=chosen.run, draws_per_task=chosen.draws_per_task, seed=chosen.seed)
    run = copy_run(config.run)
    bank = bank_settings(config, run)
    clock = Stopwatch()
    with clock("switch"):
        build_bank(bank)
        measure(MeasureConfig(run=run.path, seed=bank.seed))
    rows = [
        Row("switch, published points", [], [run], ("bank",), 0.0, published_only=True),
        Row("switch, every point", [], [run], ("bank",), clock.spent["switch"]),
        whole_bank(run, bank),
        *without_hint(run, bank, clock),
        *(baseline_bank(run, bank, name, clock) for name in ("ladder", "donor")),
        counted(run, bank, clock),
        *prefixes(run, bank, clock),
    ]
    console = Console(width=140)
    console.print(error_table(run, rows))
    console.print(token_table(run))
    console.print(thinning_table(run, rows[2].runs[0]))
    console.print(checkpoint_table(run, LENGTHS))
    console.print(rare_table(run))
    console.print(forecast_table(run))


def whole_bank(run: Run, bank: BankConfig) -> Row:
    """The same bank, not thinned: its draws and their scores under the bank's voices are copied."""
    other = copy_run(run.path / "whole")
    step = f"*-{read_bank(run).steps[0]}"
    copied = ("draws/bank-*", f"scores/{step}", "mixtures/*", "health/*", "tasks/*")
    for found in (f for each in copied for f in run.path.glob(each)):
        target = other.path / found.relative_to(run.path)
        target.parent.mkdir(exist_ok=True)
        if found.is_dir():
            shutil.copytree(found, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(found, target)
    build_bank(bank.replacing(run=other.path, thinning=0.0))
    measure(MeasureConfig(run=other.path, seed=bank.seed))
    return Row("switch, all hits", [], [other], ("bank",), 0.0, published_only=True)


def without_hint(run: Run, bank: BankConfig, clock: Stopwatch) -> list[Row]:
    """The same bank from the subject and its donor alone."""
    other = copy_run(run.path / "without-hint")
    changes = {"run": other.path, "donor": layout.donor_folder(other.path), "hint": ""}
    with clock("without hint"):
        build_bank(bank.replacing(**changes))
        measure(MeasureConfig(run=other.path, seed=bank.seed))
    spent = clock.spent["without hint"]
    return [
        Row("switch, no hint, published", [], [other], ("bank",), 0.0, published_only=True),
        Row("switch, no hint, every point", [], [other], ("bank",), spent),
    ]


def baseline_bank(run: Run, bank: BankConfig, name: str, clock: Stopwatch) -> Row:
    """Whole texts of the donor as proposals, as many as the bank has draws."""
    other = copy_run(run.path / name)
    settings = {
        "run": other.path,
        "donor": layout.donor_folder(other.path),
        "hint": "",
        "proposals": name,
        "strengths": (0.25, 0.5, 0.75, 1.0) if name == "ladder" else (1.0,),
        "draws_per_task": draws_per_task(run),
    }
    with clock(name):
        build_bank(bank.model_copy(update=settings))
        measure(MeasureConfig(run=other.path, seed=bank.seed))
    return Row(name, [], [other], ("bank",), clock.spent[name])


def draws_per_task(run: Run) -> int:
    """Mean over the tasks of the bank."""
    bank = read_bank(run)
    return round(sum(each.draws_per_task.sum() for each in bank.types) / len(bank.tasks))


def counted(run: Run, bank: BankConfig, clock: Stopwatch) -> Row:
    """Plain counting, the bank's draws spread over all checkpoints."""
    draws = max(1, round(draws_per_task(run) / (len(run.checkpoints()) + 1)))
    with clock("count"):
        measure(MeasureConfig(run=run.path, count_draws=draws, seed=bank.seed))
    return Row("count", [], [run], ("count",), clock.spent["count"])


def prefixes(run: Run, bank: BankConfig, clock: Stopwatch) -> list[Row]:
    """The published recipe at each length of its prefix, each with the bank's tokens to spend."""
    rows: list[Row] = []
    for prefix in prefix_settings(run, bank):
        (length,) = prefix.prefix_tokens
        name = f"prefix of {length} tokens"
        with clock(name):
            found = measure(MeasureConfig(run=run.path, prefix=prefix, seed=bank.seed))
        own = [each for each in found if each.prefix_tokens == length]
        rows.append(Row(name, own, [run], ("donor", "prefix"), clock.spent[name]))
    return rows


def prefix_settings(run: Run, bank: BankConfig) -> list[PrefixConfig]:
    """The published recipe at each length, with as many continuations as the bank's tokens buy.

    A continuation is as long as what the donor's trace holds after the prefix, about.
    """
    donor_draws = max(1, bank.draws_per_task * 2 // 5)
    with GraderPool(workers=bank.workers) as grader:
        traces = donor_traces(
            run,
            read_bank(run),
            engines=choose_engines(bank.engine),
            config=PrefixConfig(donor_draws=donor_draws),
            seed=bank.seed,
            grader=grader,
        )
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


def error_table(run: Run, rows: Sequence[Row]) -> Table:
    """Error of each estimator against the counts, and what it cost."""
    truth = run.read(Truth)
    cells = sum(each.hacks >= FEWEST_HACKS for each in best_counts(truth).values())
    table = Table(title=f"Error of log10 rate over {cells} cells with >= {FEWEST_HACKS} hacks")
    columns = ("estimator", "cells", "rms decades", "median", "worst", "above 1")
    for name in (*columns, "sampled tokens", "scored tokens", "graded", "processor s"):
        table.add_column(name, justify="left" if name == "estimator" else "right")
    for row in rows:
        judged = [e for e in estimates(row) if e.published or not row.published_only]
        errors = log_errors(judged, truth, published_only=False)
        sizes = np.abs([each.decades for each in errors]) if errors else np.array([np.nan])
        cost = Cost.of(row)
        table.add_row(
            row.name,
            str(len(errors)),
            number(root_mean_square(errors)),
            number(float(np.median(sizes))),
            number(float(sizes.max())),
            str(sum((each.rate or 0) > 1 + 1e-9 for each in judged)),
            f"{cost.sampled:,}",
            f"{cost.scored:,}",
            f"{cost.graded:,}",
            f"{row.cpu_s:,.0f}" if row.cpu_s else "",
        )
    return table


def estimates(row: Row) -> list[RateEstimate]:
    """A row's own, or what its run holds under its name."""
    name = row.name.split(",")[0]
    return row.estimates or [
        each for run in row.runs for each in run.read(RateEstimate) if each.estimator == name
    ]


@dataclass(frozen=True)
class Cost:
    """What an estimator used, at all checkpoints together."""

    sampled: int
    scored: int
    graded: int

    @classmethod
    def of(cls, row: Row) -> "Cost":
        """Add up a row's draws and their scores."""
        sampled = scored = graded = 0
        lengths = {each.prefix_tokens for each in row.estimates}
        for run in row.runs:
            where = pc.field("source").isin(row.sources)
            draws = [
                draw
                for draw in run.read(Draw, where=where)
                if draw.source != "prefix" or draw.prefix_tokens in lengths
            ]
            keys = {draw.key for draw in draws}
            sampled += sum(len(draw.tokens) - draw.prefix_tokens for draw in draws)
            scored += sum(each.scored_tokens for each in run.read(Score) if each.draw in keys)
            graded += len(draws)
        return cls(sampled, scored, graded)


def forecast_table(run: Run) -> Table:
    """Area under the curve of forecasts from the early checkpoints."""
    forecasts = make_forecast(ForecastConfig(run=run.path))
    compared = compare(
        frame_of(forecasts),
        forecasts=forecasts,
        estimates=run.read(RateEstimate),
        truth=run.read(Truth),
    )
    first = forecasts[0]
    count = sum((one.emerged_step or 0) > first.cutoff_step for one in compared.types)
    table = Table(
        title=f"Forecast at step {first.cutoff_step} of {first.horizon_step}: {count} of "
        f"{len(compared.types)} types pass {first.threshold:.0%} after it"
    )
    for name in ("method", "area under the curve", "types ranked"):
        table.add_column(name, justify="left" if name == "method" else "right")
    areas = {"discovery": compared.ranking, "slope": compared.baseline_ranking}
    for method, area in areas.items():
        table.add_row(method, number(area), str(len(compared.ranked)))
    return table


if __name__ == "__main__":
    main()
