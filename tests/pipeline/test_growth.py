"""What is done again as checkpoints are added: nothing.

Faults that were injected and caught here: scores of all scorers read for each checkpoint; the bank
read for each checkpoint; a model opened where nothing is missing; estimates made again though
nothing changed.
"""

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from world import ENGINES, World, bank_config

from foretoken.bank.build import build_bank
from foretoken.engines.base import Engine, Weights
from foretoken.pipeline import measure as measuring
from foretoken.pipeline.forecast import ForecastConfig, make_forecast
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Identity
from foretoken.report.page import write_report
from foretoken.store import run as store

MOST = 8


@dataclass
class Counting:
    """Engines that count what is loaded."""

    loaded: list[Sequence[Weights]] = field(default_factory=list)

    def identify(self, weights: Weights) -> Identity:
        return ENGINES.identify(weights)

    def open(self, voices: Sequence[Weights]) -> AbstractContextManager[Engine]:
        self.loaded.append(voices)
        return ENGINES.open(voices)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every part that is read."""
    found: list[Path] = []
    real = store.read_parts

    def counted(paths: Sequence[Path], *rest: object, **others: object) -> object:
        found.extend(paths)
        return real(paths, *rest, **others)

    monkeypatch.setattr(store, "read_parts", counted)
    return found


@pytest.fixture(scope="module")
def folders(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Checkpoints with steps of their own."""
    target = tmp_path_factory.mktemp("many")
    return tuple(
        shutil.copytree(world.checkpoints[step % 2], target / f"step-{step:06d}")
        for step in range(1, MOST + 1)
    )


@pytest.fixture(scope="module")
def runs(
    world: World, folders: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory
) -> dict[int, Path]:
    """Runs with so many measured checkpoints."""
    first = tmp_path_factory.mktemp("growth") / "run"
    build_bank(bank_config(world, first))
    made: dict[int, Path] = {}
    for count in (2, 4, MOST):
        made[count] = Path(shutil.copytree(first, first.with_name(f"run-{count}")))
        measure(MeasureConfig(run=made[count], checkpoints=folders[:count]))
    return made


def grows_linearly(found: dict[int, int]) -> bool:
    """Whether the second doubling adds at most twice what the first one did."""
    return found[8] - found[4] <= 2 * (found[4] - found[2])


def test_measuring_again_loads_nothing_and_reads_each_file_once(
    runs: dict[int, Path],
    folders: tuple[Path, ...],
    opened: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []
    real = measuring.switch_rate
    monkeypatch.setattr(
        measuring, "switch_rate", lambda **given: (made.append(""), real(**given))[1]
    )
    files: dict[int, int] = {}
    for count, run in runs.items():
        engines = Counting()
        opened.clear()
        measure(MeasureConfig(run=run, checkpoints=folders[:count]), engines=engines)
        assert engines.loaded == []
        assert len(opened) - len(set(opened)) <= 1, "one part twice: settings, then draws"
        files[count] = len(opened)
    assert made == []
    assert grows_linearly(files), files


def test_estimating_again_loads_nothing_and_reads_each_score_once(
    runs: dict[int, Path], folders: tuple[Path, ...], opened: list[Path]
) -> None:
    files: dict[int, int] = {}
    for count, run in runs.items():
        copied = shutil.copytree(run, run.with_name(f"{run.name}-again"))
        shutil.rmtree(copied / "estimates")
        engines = Counting()
        opened.clear()
        measure(MeasureConfig(run=copied, checkpoints=folders[:count]), engines=engines)
        assert engines.loaded == []
        scores = [path for path in opened if "scores" in path.parts]
        assert len(set(scores)) == len(scores)
        files[count] = len(opened)
    assert grows_linearly(files), files


def test_one_more_checkpoint_costs_the_same_after_two_and_after_four(
    world: World, runs: dict[int, Path], folders: tuple[Path, ...], opened: list[Path]
) -> None:
    costs: list[tuple[int, int]] = []
    for count in (2, 4):
        run = shutil.copytree(runs[count], runs[count].with_name(f"more-{count}"))
        engines = Counting()
        opened.clear()
        measure(MeasureConfig(run=run, checkpoints=(folders[-1],)), engines=engines)
        said = [path for path in opened if "estimates" in path.parts]
        assert len(said) == len(set(said)) == count + 1, "each earlier interval once: it is audited"
        costs.append((len(opened) - len(said), len(engines.loaded)))
    assert costs[0] == costs[1]
    assert costs[0][1] == 1


@pytest.mark.parametrize("command", ["forecast", "report"])
def test_forecast_and_report_read_each_file_once(
    runs: dict[int, Path], opened: list[Path], command: str
) -> None:
    files: dict[int, int] = {}
    for count, run in runs.items():
        opened.clear()
        if command == "forecast":
            settings = ForecastConfig(
                run=run, cutoff_step=count, horizon_step=100, rollouts_per_step=9
            )
            make_forecast(settings)
        else:
            write_report(run, run / "report.html")
        files[count] = len(opened)
    assert grows_linearly(files), files
