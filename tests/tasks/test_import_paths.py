"""Tasks and graders by import path: modules of the current folder are found, and single files."""

import sys
from pathlib import Path

import pytest

from foretoken.errors import TaskError
from foretoken.records import Task
from foretoken.tasks.graders import Graders
from foretoken.tasks.load import load_tasks

TASKS = """
from foretoken.records import Task
from {beside} import KEY

def make():
    return [Task(key=KEY, exploit_type="flattery", prompt="Say please.", grader="{beside}:Grader")]
"""
BESIDE = """
KEY = "flattery/0"

class Grader:
    def grade(self, jobs):
        return []
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that no import path leads to, with two modules."""
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each not in {"", str(tmp_path)}])
    beside = f"beside_{tmp_path.name}"
    (tmp_path / f"tasks_{tmp_path.name}.py").write_text(TASKS.format(beside=beside))
    (tmp_path / f"{beside}.py").write_text(BESIDE)
    return tmp_path


def test_modules_in_the_current_folder_are_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"tasks_{folder.name}:make"
    with pytest.raises(TaskError, match="cannot import the tasks"):
        load_tasks(source)
    monkeypatch.chdir(folder)
    (task,) = load_tasks(source)
    assert task.key == "flattery/0"


def test_a_grader_in_the_current_folder_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    grader = f"beside_{folder.name}:Grader"
    task = Task(key="a", exploit_type="flattery", prompt="Say please.", grader=grader)
    with Graders() as graders:
        graders.prepare([task])
        assert graders.grade([]) == []


def test_a_function_of_a_file_gives_tasks_and_finds_what_lies_beside_it(folder: Path) -> None:
    source = f"{folder}/tasks_{folder.name}.py:make"
    assert [task.key for task in load_tasks(source)] == ["flattery/0"]
    assert [task.key for task in load_tasks(source)] == ["flattery/0"]
    with pytest.raises(TaskError, match=r"ImportError: there is no file .*absent\.py"):
        load_tasks(f"{folder}/absent.py:make")
    with pytest.raises(TaskError, match="has no attribute 'other'"):
        load_tasks(f"{folder}/tasks_{folder.name}.py:other")


def test_a_file_that_raises_is_one_error_with_its_line(folder: Path) -> None:
    file = folder / "raising.py"
    file.write_text("KEY = 1\nraise RuntimeError('not yet')\n")
    for _ in range(2):
        with pytest.raises(TaskError, match=r"RuntimeError: not yet \(raising.py, line 2\)"):
            load_tasks(f"{file}:make")
