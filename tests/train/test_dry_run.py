"""A training says what it would draw and learn from, tries two steps elsewhere, and writes nothing.

Faults that were injected: the trial made in the run directory; the first step timed, which loads
what the others find loaded; the steps of a run that was begun counted again.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from test_rl import config
from typer.testing import CliRunner

from foretoken.cli.main import app
from foretoken.store.run import Run
from foretoken.train import trial
from foretoken.train.rl import train_rl
from foretoken.train.trial import rl_plan
from foretoken.work.plan import Trial, tell_plan


def test_a_reinforcement_learning_run_is_planned_and_not_begun(
    tiny_llama: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    plan = rl_plan(config(tiny_llama, out))
    assert plan.words.startswith(
        "5 of 5 steps, each of 3 prompts with 4 completions, on tasks of 2 types: 60 draws of at "
        "most 12 tokens, 720 in all."
    )
    lines: list[str] = []
    tell_plan(plan, lines.append, price_per_hour=1.0)
    assert re.match(r"Time: at most about .* on this machine, where a step took", lines[1])
    assert not out.exists()


def test_steps_that_are_done_are_not_planned_again(tiny_llama: Path, tmp_path: Path) -> None:
    settings = config(tiny_llama, tmp_path / "run", steps=2, checkpoints=1)
    train_rl(settings)
    before = sorted(Run.open(settings.out).folder.rglob("*"))
    plan = rl_plan(settings)
    assert plan.items == 0
    assert plan.words.startswith("0 of 2 steps")
    assert sorted(Run.open(settings.out).folder.rglob("*")) == before


def test_the_first_step_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = iter([50.0, 52.5])
    monkeypatch.setattr(trial.time, "monotonic", lambda: next(ends))

    def train(tell: Callable[[int], None]) -> None:
        tell(1)
        tell(1)

    assert trial.timed_steps(train) == Trial(1, 2.5, "a step")


def test_a_donor_is_planned_on_the_command_line_and_not_trained(
    tiny_llama: Path, tmp_path: Path
) -> None:
    out = tmp_path / "donor"
    file = tmp_path / "donor.toml"
    file.write_text(
        f'model = "{tiny_llama}"\ntasks = "lists"\nout = "{out}"\n'
        'types = ["process_exit"]\nsteps = 3\nbatch = 4\nbefore_answer = ""\n'
    )
    words = ["train", "donor", "--config", str(file), "--dry-run", "--price-per-hour", "2"]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.output
    assert "3 steps of 4 pairs of prompt and answer, " in said.stdout
    assert "at most 12 rounds of 3 steps more" in said.stdout
    assert "where a step took" in said.stdout
    assert "at 2 an hour." in said.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["donor.toml"]
    plain = CliRunner().invoke(app, [*words, "--no-quality"])
    assert "rounds" not in plain.stdout
