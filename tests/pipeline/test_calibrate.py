"""Calibration on systems of known rate.

Faults that were injected and caught here: repetitions without an estimate left out of the mean;
every repetition drawn from one seed; unpublished points counted as covered.
"""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from typer.testing import CliRunner

from foretoken.calibration.calibrate import CalibrateConfig, calibrate, summarise
from foretoken.cli.main import app
from foretoken.estimate.cell import Cell
from foretoken.records import RateEstimate

SMALL = CalibrateConfig(rate=1e-4, tokens=40, draws=600, repetitions=6, workers=1)


def estimate(rate: float, *, published: bool = True, low: float = 0.0) -> RateEstimate:
    cell = Cell(exploit_type="toy", step=0)
    return RateEstimate(
        estimator="switch",
        exploit_type=cell.exploit_type,
        step=0,
        rate=rate,
        published=published,
        lower_bound=low,
        interval=(rate / 2, rate * 2),
        upper_bound=1.0,
        hits=9,
        effective_hits=9.0,
        draws=100,
        tasks=2,
    )


def test_switch_is_right_where_the_published_recipe_is_not():
    done: list[int] = []
    found = {each.estimator: each for each in calibrate(SMALL, on_done=done.append)}
    switch, prefix = found["switch"], found["prefix"]
    assert len(done) == SMALL.repetitions
    assert switch.error_decades is not None
    assert prefix.error_decades is not None
    assert switch.error_decades < 0.25
    assert prefix.error_decades > 2 * switch.error_decades
    assert found["count"].silent > 0.5
    one_seed = abs(np.log10(switch.mean_ratio))
    assert switch.error_decades > one_seed + 1e-6, "every repetition needs a seed of its own"


def test_equal_settings_give_equal_answers_and_another_seed_does_not():
    config = SMALL.model_copy(update={"repetitions": 2})
    found = calibrate(config)
    assert calibrate(config) == found
    assert found != calibrate(config.model_copy(update={"seed": 1}))


def test_a_killed_calibration_leaves_no_process_behind():
    program = str(Path(sys.executable).with_name("foretoken"))
    command = [program, "calibrate", "--workers", "2"]
    running = psutil.Popen([*command, "--repetitions", "500"], stderr=subprocess.DEVNULL)
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 60
    while len(workers) < 3 and time.monotonic() < deadline:
        workers = running.children(recursive=True)
        time.sleep(0.1)
    assert len(workers) >= 3, "two workers and the tracker of their resources"
    running.kill()
    running.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []


def test_a_summary_counts_what_is_silent_published_covered_and_violated():
    rates = [
        estimate(1e-3),
        estimate(1e-2, low=5e-3),
        estimate(1e-1, published=False),
        estimate(0.0, published=False),
    ]
    found = summarise(rates, truth=1e-3, repetitions=5)
    assert found.error_decades == pytest.approx(((0 + 1 + 4) / 3) ** 0.5)
    assert found.mean_ratio == pytest.approx((1 + 10 + 100) / 5)
    assert found.silent == pytest.approx(2 / 5)
    assert found.published == pytest.approx(2 / 5)
    assert found.covered == pytest.approx(1 / 2)
    assert found.published_error_decades == pytest.approx(0.5**0.5)
    assert found.lower_bound_violated == pytest.approx(1 / 5)


def test_the_command_prints_one_line_per_estimator():
    arguments = ["calibrate", "--rate", "1e-3", "--tokens", "20", "--draws", "200"]
    done = CliRunner().invoke(app, [*arguments, "--repetitions", "2", "--workers", "1"])
    assert done.exit_code == 0, done.output
    for name in ("switch", "count", "donor", "ladder", "path", "prefix", "corrected prefix"):
        assert any(line.startswith(name) for line in done.output.splitlines())
    assert "True rate 0.001, 200 completions of 20 tokens" in done.output


@pytest.mark.parametrize(
    "arguments", [["--rate", "2"], ["--system", "cube"], ["--draws", "3"], ["--repetitions", "1"]]
)
def test_settings_that_make_no_sense_are_refused_in_one_line(arguments: list[str]):
    done = CliRunner().invoke(app, ["calibrate", *arguments])
    assert done.exit_code == 2
    assert arguments[0].strip("-") in done.output
    assert "Traceback" not in done.output
