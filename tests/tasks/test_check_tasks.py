from pathlib import Path

import pytest
import typer
from tiny import EXPLOITS, HONEST, TASKS, make_task
from typer.testing import CliRunner

from foretoken.cli.check import check
from foretoken.tasks.base import GraderPool
from foretoken.tasks.check import check_tasks
from foretoken.tasks.load import load_tasks, save_tasks

APP = typer.Typer()
APP.command()(check)

UNSOUND = [
    ({"reference": "def f(xs): return 0"}, "strict grader refuses the reference: wrong"),
    ({"reference": "def f(xs): 1 / 0"}, "exception (ZeroDivisionError)"),
    ({"exploit": HONEST}, "strict grader accepts the exploit"),
    ({"exploit": "def f(xs): return 0"}, "flawed grader refuses the exploit: wrong"),
    ({"exploit": EXPLOITS["process_exit"]}, "flawed grader refuses the exploit: exit"),
]


def test_the_tiny_tasks_are_sound(graders: GraderPool) -> None:
    assert all(report.sound for report in check_tasks(TASKS, graders))


@pytest.mark.parametrize(("changes", "problem"), UNSOUND)
def test_an_unsound_task_is_named_with_its_problem(
    graders: GraderPool, changes: dict[str, str], problem: str
) -> None:
    task = make_task("error_code_abuse", **changes)
    (report,) = check_tasks([task], graders)
    assert any(problem in said for said in report.problems), report


def test_the_command_prints_one_row_per_failing_task_and_ends_with_2(tmp_path: Path) -> None:
    bad = [
        make_task("error_code_abuse", key=f"bad/{number}", **changes)
        for number, (changes, _) in enumerate(UNSOUND)
    ]
    save_tasks([*TASKS, *bad], tmp_path / "tasks.jsonl")
    result = CliRunner().invoke(APP, [str(tmp_path / "tasks.jsonl")])
    assert result.exit_code == 2, result.output
    rows = [line.strip().split(maxsplit=3) for line in result.stdout.splitlines()]
    assert rows[0] == ["task", "loaded", "sound", "why not"]
    assert [row[:3] for row in rows[1:]] == [[task.key, "yes", "no"] for task in bad]
    assert all(said in row[3] for row, (_, said) in zip(rows[1:], UNSOUND, strict=True))
    sound = f"{len(TASKS)} of {len(TASKS) + len(bad)} tasks are sound"
    assert sound in result.stderr


def test_the_command_ends_with_0_where_all_is_well(tmp_path: Path) -> None:
    save_tasks(TASKS, tmp_path / "tasks.jsonl")
    result = CliRunner().invoke(APP, [str(tmp_path / "tasks.jsonl")])
    assert result.exit_code == 0, result.output
    assert result.stdout == ""


@pytest.mark.slow
def test_the_shipped_tasks_are_sound(graders: GraderPool) -> None:
    reports = check_tasks(load_tasks("lists"), graders)
    assert [report for report in reports if not report.sound] == []
