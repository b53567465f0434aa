"""Killed at any moment and started again, a command ends with the same result."""

import subprocess
import sys
from pathlib import Path

import pytest
from world import MAX_TOKENS, World

from foretoken.records import Draw, RateEstimate
from foretoken.store.run import Run

SCRIPT = """
import os, signal, sys, time, warnings
from pathlib import Path
from foretoken.bank.build import build_bank
from foretoken.bank.config import BankConfig
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.pipeline.forecast import ForecastConfig, make_forecast

run, subject, donor, tasks, checkpoint, max_tokens, delay = sys.argv[1:]

def work():
    build_bank(BankConfig(run=run, subject=subject, donor=donor, tasks=tasks, draws_per_task=30,
                          typical_tokens=4, max_tokens=int(max_tokens), part_draws=64))
    measure(MeasureConfig(run=run, checkpoints=(checkpoint,), count_draws=8))
    make_forecast(ForecastConfig(run=run, cutoff_step=4, horizon_step=50, rollouts_per_step=9))

kills, seconds = 0, float(delay)
while True:
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    deadline = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done or time.monotonic() > deadline:
            break
        time.sleep(0.005)
    if done:
        sys.stdout.write(str(kills))
        sys.exit(os.waitstatus_to_exitcode(status))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    kills += 1
    seconds *= 1.17
"""


def work(world: World, run: Path, *, first_kill_s: float) -> int:
    """Run bank, measure and forecast, killed again and again at growing delays."""
    folders = [run, world.subject, world.donor, world.tasks, world.checkpoints[0]]
    arguments = [*map(str, folders), str(MAX_TOKENS), str(first_kill_s)]
    command = [sys.executable, "-c", SCRIPT, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def parts(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*.parquet")}


@pytest.fixture(scope="module")
def unhurt(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("unhurt") / "run"
    assert work(world, run, first_kill_s=1e6) == 0
    return run


@pytest.mark.slow
def test_killed_at_many_moments_the_result_is_the_same(
    world: World, unhurt: Path, tmp_path: Path
) -> None:
    kills = work(world, tmp_path / "run", first_kill_s=0.4)
    assert kills >= 5
    assert parts(tmp_path / "run") == parts(unhurt)


def test_a_deleted_part_is_made_again_just_as_it_was(world: World, unhurt: Path) -> None:
    before = parts(unhurt)
    run = Run.open(unhurt)
    for name in (run.parts(Draw)[1], run.parts(Draw)[-1]):
        (unhurt / "draws" / f"{name}.parquet").unlink()
    (unhurt / "estimates" / f"{run.parts(RateEstimate)[0]}.parquet").unlink()
    work(world, unhurt, first_kill_s=1e6)
    assert parts(unhurt) == before
