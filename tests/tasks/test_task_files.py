import os
import re
import sys
from pathlib import Path

import pytest
from tiny import TASKS, make_task
from typer.testing import CliRunner

from foretoken.cli.main import app
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
    cases = [{"args": ["a"], "expected": 1}]
    task = make_task("process_exit", cases=(), reference="r").task()
    task = task.model_copy(update={"messages": talk, "payload": {**task.payload, "cases": cases}})
    save_tasks([task], tmp_path / "tasks.jsonl")
    (loaded,) = load_tasks(str(tmp_path / "tasks.jsonl"))
    assert (loaded.messages, CodeTask.of(loaded)) == (talk, CodeTask.of(task))


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


BAD_MODULES = {
    "1 / 0": r"cannot import the tasks odd_tasks:make: Zero.*: .* \(odd_tasks.py, line 1\)$",
    "def make(:": r"cannot import the tasks odd_tasks:make: SyntaxError: .*, line 1\)$",
    "x = 1": r"cannot import the tasks odd_tasks:make: AttributeError: .*'make'$",
    "raise SystemExit(0)": r"cannot import the tasks odd_tasks:make: SystemExit: 0",
    "make = 3": r"odd_tasks:make\(\) raised: TypeError",
    "def make():\n    raise KeyError('a\\nb')": r"raised: KeyError: .* \(odd_tasks.py, line 2\)",
    "def make():\n    return make()": r"odd_tasks:make\(\) raised: RecursionError",
    "from foretoken.errors import TaskError\ndef make(): raise TaskError('mine')": "^mine$",
}


@pytest.mark.parametrize(("text", "message"), BAD_MODULES.items())
def test_a_module_that_raises_is_named_with_its_error_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    (tmp_path / "odd_tasks.py").write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "odd_tasks", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with pytest.raises(TaskError, match=message) as caught:
        load_tasks("odd_tasks:make")
    assert len(str(caught.value).splitlines()) == 1


def test_tasks_of_a_module_are_refused_by_name_where_nothing_can_be_graded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep_tasks.py").write_text(
        "from foretoken.tasks.code import Case, CodeTask\n"
        "deep = 0\n"
        "for _ in range(100): deep = [deep]\n"
        "case = Case(args=(), expected=deep)\n"
        "def make(): return [CodeTask(key='k', exploit_type='process_exit', prompt='p', "
        "function='f', reference='', exploit='', cases=(case,))]\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(TaskError, match=r"task k: field cases\.0\.expected: .*too deep"):
        load_tasks("deep_tasks:make")


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_a_text_that_holds_a_line_separator_survives_a_file(tmp_path: Path, separator: str) -> None:
    text = f"one{separator}two"
    tasks = [make_task("process_exit", prompt=text, key="a"), make_task("process_exit", key="b")]
    save_tasks(tasks, tmp_path / "tasks.jsonl")
    assert load_tasks(str(tmp_path / "tasks.jsonl")) == [task.task() for task in tasks]


@pytest.mark.parametrize("before", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_of_other_editors_are_read(tmp_path: Path, before: str, end: str) -> None:
    text = before + LINE + end + end + GENERAL + end
    (tmp_path / "tasks.jsonl").write_bytes(text.encode())
    assert [task.key for task in load_tasks(str(tmp_path / "tasks.jsonl"))] == ["a", "b"]


def test_a_pipe_a_device_and_another_encoding_are_refused_in_one_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "western").write_bytes(b'{"key": "a"}\n{"key": "\xe9"}\n')
    reasons = {
        str(tmp_path / "pipe"): "it is a pipe, not a file",
        "/dev/zero": "it is a device, not a file",
        str(tmp_path / "western"): r"line 2 is not UTF-8 \(byte 0xe9\)",
    }
    for source, reason in reasons.items():
        with pytest.raises(TaskError, match=rf"cannot read the tasks {source}: {reason}"):
            load_tasks(source)


def test_the_shipped_family_has_its_name() -> None:
    assert len({task.exploit_type for task in load_tasks("lists")}) == 12


CODE_PAYLOAD = (
    '{"key": "b", "exploit_type": "process_exit", "prompt": "p", "payload": '
    '{"function": "f", "reference": "", "exploit": "", "cases": []}}'
)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('{"colour": 2}', "'colour' is no tag: write a dict as"),
        ("{}", "'' is no tag"),
        ('{"t": [1], "s": [2]}', "'t' is no tag"),
        ('{"t": "ab"}', "the tag 't' must hold a list"),
        ('{"b": [1]}', "the tag 'b' must hold a str"),
        ('{"d": ["ab"]}', "the tag 'd' must hold pairs"),
        ('{"d": [[[1], 2]]}', "unhashable"),
        ('{"b": "xyz"}', "non-hexadecimal"),
        ('{"i": "g"}', "invalid literal"),
        ('{"f": "much"}', "could not convert"),
        ('{"c": []}', "out of range"),
        ('[{"t": [{"o": ["Thing", "x"]}]}]', "'o' is no tag"),
    ],
)
def test_a_value_that_is_not_in_the_tagged_form_is_named_by_its_field(
    tmp_path: Path, value: str, message: str
) -> None:
    (tmp_path / "tasks.jsonl").write_text("\n" + LINE.replace('{"s": [2]}', value))
    with pytest.raises(TaskError, match=rf"line 2: field cases\.0\.expected: .*{message}"):
        load_tasks(str(tmp_path / "tasks.jsonl"))
    (tmp_path / "tasks.jsonl").write_text(LINE.replace('{"t": [1]}', value))
    with pytest.raises(TaskError, match=rf"line 1: field cases\.0\.args\.0: .*{message}"):
        load_tasks(str(tmp_path / "tasks.jsonl"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense\n", "line 1: not JSON"),
        ("[" * 300 + "]" * 300, "line 1: nested deeper than 250 brackets"),
        ("[" * 100_000 + "\n", "line 1: nested deeper than 250 brackets"),
        (LINE + "\n[1]\n", "line 2: a task must be a JSON object"),
        (LINE.replace('"prompt"', '"prompd"'), "line 1: field"),
        (LINE.replace('"expected"', '"wanted"'), r"line 1: field cases\.0\.expected: missing"),
        (LINE.replace('{"s": [2]}', "[" * 100 + "]" * 100), r"1: field cases\.0\.expected: .*deep"),
        (LINE.replace('[{"t": [1]}]', "3"), r"line 1: field cases\.0\.args: must be a list"),
        (LINE.replace('{"args"', '3, {"args"'), r"line 1: field cases\.0: must be an object"),
        (re.sub(r'"cases": .*', '"cases": []}', LINE), "line 1: field cases: empty"),
        (re.sub(r'"cases": .*', '"cases": 3}', LINE), "line 1: field cases: must be a list"),
        (LINE.replace('"cases"', '"flaw_cases": [], "cases"'), "line 1: field flaw_cases: empty"),
        (LINE.replace('"cases"', '"key": "b", "cases"'), "line 1: the key 'key' stands twice"),
        (LINE.replace('{"s"', '{"s": [1], "s"'), "line 1: the key 's' stands twice"),
        (GENERAL.replace("Why", "\\udc00"), r"line 1: a text holds '\\udc00', half of a surrog"),
        (CODE_PAYLOAD, r"line 1: field cases: empty"),
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


@pytest.mark.parametrize("source", ["nowhere.jsonl", "a" * 5000, "a\0b", "a/b:c"])
def test_a_missing_source_says_what_may_be_given(source: str) -> None:
    with pytest.raises(TaskError, match="give a JSONL file, an import path"):
        load_tasks(source)


def test_a_name_in_an_error_is_printed_as_it_is() -> None:
    result = CliRunner().invoke(app, ["check", "a:bug:[red]"])
    assert result.exit_code == 2
    assert "cannot import the tasks a:bug:[red]: ModuleNotFoundError: No module" in result.stderr
    assert result.stderr.rstrip().endswith("named 'a'")
