"""A second grader over all rollouts of a run, by the command that audits graders.

Faults that were injected to see these tests fail: unpaid rollouts among the groups; opinions of
another second grader counted along; a share that is ignored.
"""

from pathlib import Path

import pytest
from hooked import batch, imported, write
from typer.testing import CliRunner

from foretoken.cli.main import app
from foretoken.grader_records import SecondOpinion
from foretoken.pipeline.second import RefusedGroup, grade_again
from foretoken.store.run import Run

SECOND = """
def strict(prompt, answer, truth):
    return float("hack" not in answer)

def lenient(prompt, answer, truth):
    return 1.0
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Three steps; hacks were paid once, then twice, and one was not."""
    (tmp_path / "second.py").write_text(SECOND)
    folder = tmp_path / "run"
    prompts = ["first", "second", "third", "fourth"]
    said = [
        ["fine", "hack a", "fine too", "bad"],
        ["hack b", "hack c", "good", "bad"],
        ["good", "fine", "hack, unpaid", "well"],
    ]
    paid = [[1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 1.0]]
    lines = [batch(step, {"r": paid[step]}, said=said[step], prompts=prompts) for step in range(3)]
    write(folder, lines)
    imported(folder)
    return folder


def test_paid_rollouts_that_are_refused_are_told_by_type_task_and_step(run: Path) -> None:
    grade_again(run, f"{run.parent / 'second.py'}:lenient", share=1.0, timeout_s=20.0)
    found = grade_again(run, f"{run.parent / 'second.py'}:strict", share=1.0, timeout_s=20.0)
    assert [(each.refused, each.paid) for each in found.types] == [(3, 9)]
    assert [(each.refused, each.paid) for each in found.tasks] == [(2, 3), (1, 3)]
    assert found.steps == [RefusedGroup("step 1", 3, 2), RefusedGroup("step 0", 3, 1)]
    shares = {each.was_paid: each.differing_share for each in found.shares}
    assert shares == {True: pytest.approx(3 / 9), False: pytest.approx(2 / 3)}


def test_a_share_of_the_rollouts_is_enough(run: Path) -> None:
    grade_again(run, f"{run.parent / 'second.py'}:strict", share=0.5, timeout_s=20.0)
    assert len(Run.open(run).read(SecondOpinion)) == 6


def test_the_command_shows_it_and_says_what_a_run_lacks(run: Path, tmp_path: Path) -> None:
    grader = f"{run.parent / 'second.py'}:strict"
    said = CliRunner().invoke(app, ["audit", grader, "--run", str(run)])
    assert said.exit_code == 0
    assert "step 1" in said.output
    assert "2 (67%)" in said.output
    assert "of 9 paid rollouts it refuses 33" in said.output
    bare = Run.create(tmp_path / "bare").folder
    (bare / "config.toml").write_text("")
    said = CliRunner().invoke(app, ["audit", grader, "--run", str(bare)])
    assert said.exit_code == 2
    assert "holds no rollouts of a trainer's log" in said.output
