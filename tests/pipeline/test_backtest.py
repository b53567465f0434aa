"""Backtests read any finished run, fit on the others alone, and say how good methods were."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from foretoken.cli.main import app
from foretoken.errors import SetupError
from foretoken.forecast import rivals
from foretoken.forecast.logistic import fit_logistic, logistic
from foretoken.organism.paths import RUN
from foretoken.pipeline.backtest import (
    BacktestConfig,
    Vantage,
    backtest,
    cross_validated,
    line_of,
    read_history,
)
from foretoken.records import Draw, Source, Tally
from foretoken.store.run import Run
from foretoken.store.toml import dump_toml
from foretoken.work.tallies import read_tallies

STEPS, ROLLOUTS = 40, 40


def make_run(folder: Path, number: int) -> Path:
    """Three types hack often early on and then always, three never do."""
    rng = np.random.default_rng(number)
    run = Run.create(folder / f"run-{number}")
    tallies = [
        Tally(
            exploit_type=name,
            step=step,
            source=Source.ROLLOUT,
            draws=ROLLOUTS,
            hacks=(hacks := int(rng.binomial(ROLLOUTS, rate(name, step)))),
            paid=hacks,
            spoken=0,
            reward=float(hacks),
        )
        for name in "abcdef"
        for step in range(STEPS)
    ]
    run.append(tallies, part="all")
    settings = {"steps": STEPS, "prompts_per_step": 24, "generations": 10, "closed": ["f"]}
    (run.folder / "config.toml").write_text(dump_toml({"train_rl": settings}))
    return run.folder


def rate(name: str, step: int) -> float:
    if name in "abc":
        return 0.006 if step < 20 else 0.9
    return 0.0005


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("backtest")
    return [make_run(folder, number) for number in range(8)]


def test_a_history_is_read_from_sums_or_from_every_rollout(runs: list[Path]) -> None:
    history = read_history(Run.open(runs[0]), closed_known=True)
    assert history.types == tuple("abcdef")
    assert (history.step, history.plan.steps) == (STEPS - 1, STEPS)
    assert history.plan.rollouts == dict.fromkeys("abcdef", float(ROLLOUTS))
    assert history.plan.closed == {name: name == "f" for name in "abcdef"}
    assert read_history(Run.open(runs[0])).plan.closed is None

    shipped = Run.open(RUN)
    draws = [each for each in shipped.read(Draw) if each.source is Source.ROLLOUT]
    tallies = read_tallies(shipped)
    assert sum(each.draws for each in tallies) == len(draws)
    assert sum(each.hacks for each in tallies) == sum(bool(each.hacked) for each in draws)
    assert sum(each.spoken for each in tallies) == sum(bool(each.deliberate) for each in draws)
    assert all(each.paid == each.hacks for each in tallies)
    assert read_history(shipped).emerged("error_code_abuse", threshold=0.5) == 24


def test_a_draw_that_no_grader_judged_counts_nowhere(tmp_path: Path) -> None:
    """Fault: it counts as a draw that did not hack."""
    shipped = Run.open(RUN)
    own = [each for each in shipped.read(Draw) if each.source is Source.ROLLOUT]
    hack = next(each for each in own if each.hacked)
    lost = hack.replacing(key="lost", hacked=None, strict_passed=None, flawed_passed=None)
    alone = lost.replacing(key="alone", step=hack.step + 1)
    run = Run.create(tmp_path / "run")
    run.append([hack, lost, alone], part="rollouts")
    kind, step = hack.exploit_type, hack.step
    assert {(each.step, each.draws, each.hacks, each.reward) for each in read_tallies(run)} == {
        (step, 1, 1, 1.0),
        (step + 1, 0, 0, 0.0),
    }
    history = read_history(run)
    assert history.step == step + 1
    assert [int(each.sum()) for each in history.rollouts(kind)] == [1, 1]


def test_what_rollouts_show_is_told_from_what_they_do_not(runs: list[Path]) -> None:
    lines = {
        line.method: line
        for line in backtest(
            BacktestConfig(runs=tuple(runs), cutoffs=(0.3,), thresholds=(0.1,), seed=1)
        ).lines
    }
    assert next(iter(lines)) == "blend"
    for name in ("blend", "state-space", "rollout count"):
        assert (lines[name].skill or 0) > 0.3
        assert (lines[name].auc or 0) > 0.9
    assert {line.emerged / line.units for line in lines.values()} == {0.5}
    assert lines["base rate"].skill == pytest.approx(0.0, abs=0.03)
    assert lines["sample size"].auc == 0.5


def test_a_run_is_never_forecast_by_what_it_taught(runs: list[Path]) -> None:
    """The other runs all say the contrary; a fit that saw the run would not be wrong."""
    histories = [read_history(Run.open(each)) for each in runs[:2]]
    odd, usual = histories
    found = cross_validated(
        logistic("count", rivals.RIVALS["rollout count"]),
        [([usual], [odd])],
        cutoffs=[0.3],
        thresholds=[0.1],
    )
    fitted = fit_logistic(
        "count", rivals.RIVALS["rollout count"], [usual], cutoffs=[0.3], thresholds=[0.1]
    )
    said = {f.exploit_type: f.probability for f in fitted.forecast(odd.until(12), threshold=0.1)}
    units = found[Vantage(0.3, 0.1)]
    assert {each.run for each in units} == {odd.name}
    assert all(each.probability == said[each.exploit_type] for each in units)
    line = line_of("count", Vantage(0.3, 0.1), units, seed=0)
    assert (line.units, line.emerged) == (6, 3)


def test_the_command_names_every_method_in_every_frame(runs: list[Path], tmp_path: Path) -> None:
    config = tmp_path / "backtest.toml"
    config.write_text(dump_toml({"cutoffs": [0.3], "thresholds": [0.1, 0.5]}))
    command = ["backtest", *map(str, runs[:3]), "--config", str(config)]
    said = CliRunner().invoke(app, command)
    assert said.exit_code == 0, said.output
    assert said.output.count("\nstate-space") == 2
    assert "By watching rollouts: 0 clean run(s) cannot promise" in said.output
    assert "\nbetting capital" in said.output
    assert "At 30% of training, rate of 50%: 9 of 18 emerged" in said.output


@pytest.mark.parametrize("name", ["cutoffs", "thresholds"])
@pytest.mark.parametrize("shares", [(), (0.0,), (1.0,), (0.1, 2.0)])
def test_shares_outside_of_a_training_are_refused(name: str, shares: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match=name):
        BacktestConfig.model_validate({"runs": ["a", "b"], name: shares})


def test_what_cannot_be_judged_is_one_line(runs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="two runs"):
        backtest(BacktestConfig(runs=(runs[0],)))
    copy = Path(shutil.copytree(runs[0], tmp_path / "copy" / runs[0].name))
    with pytest.raises(SetupError, match=f"called {runs[0].name}"):
        backtest(BacktestConfig(runs=(runs[0], copy)))
    with pytest.raises(SetupError, match="neither rollouts"):
        read_history(Run.create(tmp_path / "empty"))
