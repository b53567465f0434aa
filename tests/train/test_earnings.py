"""A training says what its rollouts earn, and that nothing is learnt where they earn nothing."""

import re
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from foretoken.cli.earnings import nothing_learnt, step_line
from foretoken.cli.main import app
from foretoken.store.run import Run
from foretoken.store.toml import dump_toml
from foretoken.train.config import RLConfig
from foretoken.train.earnings import Earnings, Rollout, earnings_of, stored_earnings
from foretoken.train.rl import train_rl
from foretoken.work import progress
from foretoken.work.progress import ProgressBar, duration
from foretoken.work.settings import resolve

SETTINGS: dict[str, object] = {
    "tasks": "lists",
    "steps": 6,
    "checkpoints": 1,
    "prompts_per_step": 2,
    "generations": 2,
    "max_tokens": 4,
    "workers": 1,
}


def settings_file(model: Path, folder: Path) -> Path:
    file = folder / "rl.toml"
    values = {"model": str(model), "out": str(folder / "run"), **SETTINGS}
    file.write_text(dump_toml(values))
    return file


def rollout(*, passed: bool | None, hacked: bool = False, ended: bool = True) -> Rollout:
    return Rollout("process_exit", ended, hacked, None, None, passed, passed and not hacked)


def test_a_run_without_any_reward_says_so_as_it_goes_and_at_its_end(
    tiny_llama: Path, tmp_path: Path
) -> None:
    file = settings_file(tiny_llama, tmp_path)
    shown = CliRunner().invoke(app, ["train", "rl", "--config", str(file)])
    assert shown.exit_code == 0, shown.output
    first, *_ = shown.stderr.splitlines()
    assert first.startswith("step 1/6  reward 0.000  ended ")
    assert "no gradient 100% of groups  hacks so far: none  nothing learnt so far" in first
    (advice,) = [line for line in shown.stderr.splitlines() if "goes on" in line]
    assert advice.startswith("None of 20 completions earned a reward")
    assert "None of 24 completions earned a reward" in shown.stdout
    assert "foretoken train warmup" in shown.stdout
    again = CliRunner().invoke(app, ["train", "rl", "--config", str(file)])
    assert again.stdout == shown.stdout


def test_what_each_step_earned_is_what_is_stored(tiny_llama: Path, tmp_path: Path) -> None:
    config = resolve(RLConfig, settings_file(tiny_llama, tmp_path), {})
    told: dict[int, Earnings] = {}
    train_rl(config, on_earned=told.__setitem__)
    assert list(told) == list(range(6))
    run = Run.open(config.out)
    assert stored_earnings(run, config, before=6) == sum(told.values(), Earnings())
    assert stored_earnings(run, config, before=1) == told[0]
    assert told[0].rollouts == 4
    assert told[0].groups == 2


def test_groups_whose_rewards_are_equal_have_no_gradient(tmp_path: Path) -> None:
    config = RLConfig.model_validate({"model": "m", "out": tmp_path, **SETTINGS})
    hack = rollout(passed=True, hacked=True, ended=False)
    flat = [hack, rollout(passed=True), rollout(passed=None), rollout(passed=False)]
    found = earnings_of(flat, config)
    assert (found.groups, found.flat, found.taught) == (2, 2, False)
    assert (found.mean_reward, found.ended_share) == (0.5, 0.75)
    assert found.hacks == {"process_exit": 1}
    mixed = earnings_of([rollout(passed=True), rollout(passed=False)], config)
    assert (found + mixed).taught
    closed = config.replacing(closed=("process_exit",))
    assert earnings_of([hack, rollout(passed=True)], closed).taught


def test_equal_rewards_and_none_at_all_ask_for_different_remedies() -> None:
    solved = Earnings(rollouts=8, ended=8, reward=8.0, groups=2, flat=2)
    assert "Give harder tasks" in nothing_learnt(solved)
    cut = Earnings(rollouts=8, ended=2, groups=2, flat=2)
    assert "only 25% ended: raise max_tokens" in nothing_learnt(cut)
    assert "max_tokens" not in nothing_learnt(Earnings(rollouts=8, ended=8, groups=2, flat=2))


def test_lines_of_all_steps_stand_under_each_other() -> None:
    earned = Earnings(rollouts=8, ended=8, reward=4.0, groups=2, flat=1)
    lines = [step_line(step, 120, earned, earned) for step in (0, 9, 119)]
    assert len({line.index("reward") for line in lines}) == 1
    assert "no gradient  50% of groups" in lines[0]
    assert "nothing" not in lines[0]


@pytest.mark.parametrize("terminal", [True, False])
def test_seldom_lines_are_few_and_say_the_time_left_where_no_bar_does(
    terminal: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    bar = ProgressBar(Console(stderr=True, force_terminal=terminal), "work", 10)
    bar(1)
    for _ in range(4):
        bar(1)
        bar.say("said", seldom=True)
    bar.say("always")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0] == "said" if terminal else lines[0].endswith(" s left")
    assert lines[1] == "always"


def test_a_log_file_is_told_each_half_minute_how_far_the_work_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, 25))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    for terminal in (False, True):
        bar = ProgressBar(Console(stderr=True, force_terminal=terminal), "work", 40)
        for _ in range(40):
            bar(1)
    lines = capsys.readouterr().err.splitlines()
    assert 8 <= len(lines) <= 20
    assert all(re.fullmatch(r"work: \d+ of 40, .* left", line) for line in lines)


def test_durations_are_said_in_units_of_their_size() -> None:
    assert [duration(seconds) for seconds in (4, 59, 90, 3599, 36_000)] == [
        "4 s", "59 s", "2 min", "1 h 00 min", "10 h 00 min",
    ]  # fmt: skip
