"""Killed at any moment and started again, a command ends with the same result."""

from itertools import count
from pathlib import Path

import pytest
from world import World, bank_config

from foretoken.bank.build import build_bank
from foretoken.pipeline.forecast import ForecastConfig, make_forecast
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Draw, RateEstimate
from foretoken.store.run import Run
from warm import killed, started


def work(world: World, run: Path) -> None:
    """Build a bank, measure and forecast."""
    build_bank(bank_config(world, run, draws_per_task=30, third_stage=2.0, part_draws=64))
    measure(MeasureConfig(run=run, checkpoints=world.checkpoints[:1], count_draws=8))
    make_forecast(ForecastConfig(run=run, cutoff_step=4, horizon_step=50, rollouts_per_step=9))


def times_killed(world: World, run: Path, *, first_kill_s: float) -> int:
    """Do that work, killed again and again at growing delays; return how often."""
    for kills in count():
        process = started(work, world, run)
        process.join(first_kill_s * 1.17**kills)
        if process.exitcode is not None:
            assert process.exitcode == 0
            return kills
        killed(process)
    raise AssertionError


def parts(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*.parquet")}


@pytest.fixture(scope="module")
def unhurt(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("unhurt") / "run"
    work(world, run)
    return run


@pytest.mark.slow
def test_killed_at_many_moments_the_result_is_the_same(
    world: World, unhurt: Path, tmp_path: Path
) -> None:
    assert times_killed(world, tmp_path / "run", first_kill_s=0.4) >= 5
    assert parts(tmp_path / "run") == parts(unhurt)


def test_a_deleted_part_is_made_again_just_as_it_was(world: World, unhurt: Path) -> None:
    before = parts(unhurt)
    run = Run.open(unhurt)
    for name in (run.parts(Draw)[1], run.parts(Draw)[-1]):
        (unhurt / "draws" / f"{name}.parquet").unlink()
    (unhurt / "estimates" / f"{run.parts(RateEstimate)[0]}.parquet").unlink()
    work(world, unhurt)
    assert parts(unhurt) == before
