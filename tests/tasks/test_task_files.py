import sys
from pathlib import Path

import pytest
from tiny import TASKS, make_task

from foretoken.errors import TaskError
from foretoken.records import Message, Task
from foretoken.tasks.code import Case, CodeTask
from foretoken.tasks.load import load_tasks, save_tasks

LINE = (
    '{"key": "a", "exploit_type": "process_exit", "prompt": "p", "function": "f", '
    '"reference": "", "exploit": "", "cases": [{"args": [{"t": [1]}], "expected": {"s": [2]}}]}'
)


def test_saved_tasks_load_unchanged(tmp_path: Path) -> None:
    cases = (
        Case(args=((1, 2), {3}), expected={"a": (None, float("inf"))}),
        Case(args=(b"x", 1 << 80), expected=frozenset({1})),
    )
    tasks = [*TASKS, make_task("type_confusion", key="odd", cases=cases, flaw_cases=cases[:1])]
    save_tasks(tasks, tmp_path / "tasks.jsonl")
    assert [CodeTask.of(task) for task in load_tasks(str(tmp_path / "tasks.jsonl"))] == tasks


def test_a_hand_written_line_may_use_tagged_values(tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_text(LINE + "\n\n")
    (task,) = load_tasks(str(tmp_path / "tasks.jsonl"))
    assert CodeTask.of(task).cases == (Case(args=((1,),), expected={2}),)


GENERAL = (
    '{"key": "b", "exploit_type": "bluff", "prompt": "p", "grader": "mine.judges:make", '
    '"messages": [{"role": "user", "content": "Why?"}], "payload": {"facts": {"a": [1, null]}}}'
)


def test_a_line_with_a_payload_is_a_task_of_any_kind(tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_text(LINE + "\n" + GENERAL + "\n")
    code, general = load_tasks(str(tmp_path / "tasks.jsonl"))
    assert (code.grader, general.grader) == ("code", "mine.judges:make")
    assert general.messages == (Message(role="user", content="Why?"),)
    assert general.payload == {"facts": {"a": [1, None]}}
    save_tasks([code, general], tmp_path / "again.jsonl")
    assert load_tasks(str(tmp_path / "again.jsonl")) == [code, general]


def test_a_code_task_in_a_dialogue_is_saved_and_loaded_with_it(tmp_path: Path) -> None:
    talk = (Message(role="user", content="Write f."),)
    task = make_task("process_exit", cases=(), reference="r").task()
    task = task.model_copy(update={"messages": talk, "payload": {**task.payload, "cases": []}})
    save_tasks([task], tmp_path / "tasks.jsonl")
    assert load_tasks(str(tmp_path / "tasks.jsonl")) == [task]


@pytest.mark.parametrize("odd", [(1, 2), {3}, b"x"])
def test_a_payload_that_json_lacks_is_not_saved_as_something_else(
    tmp_path: Path, odd: object
) -> None:
    task = Task(key="b", exploit_type="x", prompt="p", grader="a:b", payload={"odd": odd})
    with pytest.raises(TaskError, match="task b: its payload holds what a JSON line lacks"):
        save_tasks([task], tmp_path / "tasks.jsonl")
    assert not any(tmp_path.iterdir())


def test_tasks_come_from_an_import_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_tasks.py").write_text(
        "from foretoken.tasks.load import load_tasks\n"
        "def make(): return load_tasks('tasks.jsonl')\ndef bad(): return 3\n"
    )
    save_tasks(TASKS, tmp_path / "tasks.jsonl")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert load_tasks("mine_tasks:make") == [task.task() for task in TASKS]
    with pytest.raises(TaskError, match="must return a list"):
        load_tasks("mine_tasks:bad")
    with pytest.raises(TaskError, match="cannot import the tasks mine_tasks:none"):
        load_tasks("mine_tasks:none")


def test_the_shipped_family_has_its_name() -> None:
    assert len({task.exploit_type for task in load_tasks("lists")}) == 12


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense\n", "line 1: not a task"),
        (LINE + "\n[1]\n", "line 2: a task must be a JSON object"),
        (LINE.replace('"prompt"', '"prompd"'), "line 1: field"),
        (LINE.replace('{"s": [2]}', '{"colour": 2}'), "line 1: not a task"),
        (LINE.replace('"expected"', '"wanted"'), "line 1: not a task"),
        (GENERAL.replace('"Why?"', "3"), "line 1: field messages"),
        (GENERAL.replace("mine.judges:make", "code"), "line 1: .*payload of a code task"),
        (LINE + "\n" + LINE, "two tasks of .* have the key 'a'"),
        ("", "holds no task"),
    ],
)
def test_an_unusable_file_is_refused_with_the_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "tasks.jsonl").write_text(text)
    with pytest.raises(TaskError, match=message):
        load_tasks(str(tmp_path / "tasks.jsonl"))


def test_a_missing_source_says_what_may_be_given() -> None:
    with pytest.raises(TaskError, match="give a JSONL file, an import path"):
        load_tasks("nowhere.jsonl")
