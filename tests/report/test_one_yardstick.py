"""The demo's printed lines and the report's tiles are the same numbers, whatever the run."""

import html
import re
from pathlib import Path

import numpy as np
from run_parts import CUTOFF, HORIZON, bound, counted, forecast, point

from foretoken.cli.tables import comparison_lines, forecast_table
from foretoken.records import Record
from foretoken.report.load import load
from foretoken.report.page import render
from foretoken.report.story import tell
from foretoken.store.run import Run

STEPS = (0, 5, 10, 20, 35, 60, 92, 100, 130)


def random_run(seed: int) -> list[list[Record]]:
    """Types of any standing, counts of any size at any step, either method missing some types."""
    rng = np.random.default_rng(seed)
    names = [f"type_{number}" for number in range(rng.integers(1, 10))]
    records: list[list[Record]] = [[], [], []]
    forecasts, estimates, truth = records
    for name in names:
        for method in ("discovery", "slope"):
            for cutoff in (5, CUTOFF):
                if rng.random() < 0.9:
                    forecasts.append(random_forecast(name, method, cutoff, rng))
        level = 10 ** rng.uniform(-5, -1)
        for step in STEPS:
            rate = min(0.9, level * 10 ** rng.normal(0, 0.5))
            estimates.append((point if rng.random() < 0.5 else bound)(name, step, rate))
            estimates.append(point(name, step, rate, estimator="prefix"))
            for _ in range(rng.integers(0, 3)):
                draws = int(rng.choice([0, 20, 49, 50, 300, 1000]))
                often = rng.random() < (0.1 if step <= CUTOFF else 0.3)
                hacks = int(rng.binomial(draws, 0.15 if often else 0.03))
                truth.append(counted(name, step, hacks, draws))
    return records


def random_forecast(name: str, method: str, cutoff: int, rng: np.random.Generator) -> Record:
    return forecast(
        name,
        float(rng.random()) if rng.random() < 0.8 else None,
        score=float(rng.integers(-2, 3)) if rng.random() < 0.9 else -np.inf,
        eligible=bool(rng.random() < 0.8),
        measurable=bool(rng.random() < 0.7),
        method=method,
        cutoff=cutoff,
    )


def shown(folder: Path, records: list[list[Record]]) -> tuple[dict[str, str], dict[str, str]]:
    """The numbers that the demo prints, and those of the report's tiles and rows."""
    run = Run.create(folder)
    for group in filter(None, records):
        run.append(group, part="all")
    comparison = tell(load(folder)).comparison
    lines = "\n".join(comparison_lines(comparison))
    page = html.unescape(re.sub(r"<title>[^<]*</title>", "", render(load(folder))))
    patterns = {
        "ranking": (
            r"curve: ([\d.]+)",
            r'ranking of emerging types</dt><dd class="value">([\d.]+)',
        ),
        "baseline": (r"slope of the rate: ([\d.]+)", r"the published slope has ([\d.]+)"),
        "decades": (r"by ([\d.]+) decades", r'switch rate</dt>.*?"note">([\d.]+) decades'),
    }
    printed = {name: found(pattern, lines) for name, (pattern, _) in patterns.items()}
    tiled = {name: found(pattern, page) for name, (_, pattern) in patterns.items()}
    table = forecast_table(comparison)
    if comparison.counted_later:
        names, happened = (list(table.columns[column].cells) for column in (0, 4))
        for name, said in zip(names, happened, strict=True):
            printed[str(name)] = found(r"passed at step (\d+)", str(said))
            row = found(rf'(<li class="row" data-type="{name}".*?</li>)', page)
            tiled[str(name)] = found(r"emerged by (?:step )?(\d+)", row)
    return printed, tiled


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.DOTALL)
    return "" if match is None else match[1]


def test_the_demo_prints_what_the_report_of_the_same_run_shows(tmp_path: Path) -> None:
    runs = [shown(tmp_path / str(seed), random_run(seed)) for seed in range(40)]
    for seed, (printed, tiled) in enumerate(runs):
        assert printed == tiled, seed
    for name in ("ranking", "baseline", "decades"):
        assert len({printed[name] for printed, _ in runs}) > 5, f"{name} is never put to the test"


def test_counts_that_say_nothing_move_neither_the_line_nor_the_tile(tmp_path: Path) -> None:
    names = ("a", "b", "c", "d")
    scores = dict(zip(names, (3.0, 2.0, 1.0, 0.0), strict=True))
    forecasts = [
        forecast(name, 0.3, score=score, method=method)
        for method in ("discovery", "slope")
        for name, score in scores.items()
    ]
    forecasts.append(forecast("c", 0.9, score=9.0, cutoff=5))
    truth = [
        *(counted(name, HORIZON, 0) for name in ("b", "c", "d")), counted("a", 50, 400),
        counted("c", 60, 30, draws=40), counted("d", HORIZON + 20, 900),
    ]  # fmt: skip
    printed, tiled = shown(tmp_path / "run", [forecasts, [], truth])
    assert printed["ranking"] == tiled["ranking"] == "1.00"
    assert printed["baseline"] == tiled["baseline"] == "1.00"
