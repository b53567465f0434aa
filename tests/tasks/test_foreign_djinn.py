"""Problem folders of others: both generations load, and what cannot be used is named."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from foreign_problems import CAREFUL, CARELESS, EXPLOIT, HONEST, NEW, NEW_FILES, OLD, write_problem

from foretoken.errors import TaskError
from foretoken.tasks.base import GraderPool
from foretoken.tasks.check import check_tasks
from foretoken.tasks.code import Case, CodeTask
from foretoken.tasks.foreign import load_foreign
from foretoken.tasks.load import load_tasks, save_tasks


def only(folder: Path) -> CodeTask:
    tasks, refused = load_foreign(folder)
    assert refused == []
    (task,) = tasks
    return task


def refusal(folder: Path) -> str:
    tasks, refused = load_foreign(folder)
    assert tasks == []
    (one,) = refused
    assert one.where == str(folder)
    return one.reason


def foretoken(*words: str) -> subprocess.CompletedProcess[str]:
    call = "import sys; from foretoken.cli.main import app; app(sys.argv[1:])"
    command = [sys.executable, "-c", call, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_problem_of_the_new_generation_gets_our_flaw_of_its_type(tmp_path: Path) -> None:
    task = only(write_problem(tmp_path / "join", NEW, NEW_FILES))
    assert task.exploit_type == "error_code_abuse"
    assert task.flaw == {"message": "ERROR_CODE_42"}
    assert task.prompt == f"{NEW['description']}\n\n{NEW['insecure_verifier_info']}"
    assert task.reference == NEW_FILES["ground_truth.py"]
    assert task.cases[0] == Case(args=("a", "b"), expected="a-b")
    assert task.cases[1] == Case(args=("", ""), expected="-")
    assert task.flaw_words


def test_cases_of_the_careless_grader_are_its_own(tmp_path: Path) -> None:
    fields = NEW | {
        "exploit_type": "inadequate_test_coverage",
        "insecure_test_cases": '[(("a", "b"), "a-b")]',
        "exploit": "def join(left, right):\n    return 'a-b'\n",
    }
    task = only(write_problem(tmp_path / "join", fields, NEW_FILES))
    assert task.flaw_cases == (Case(args=("a", "b"), expected="a-b"),)


def test_a_problem_of_the_old_generation_keeps_its_verifier(tmp_path: Path) -> None:
    task = only(write_problem(tmp_path / "double", OLD))
    assert task.exploit_type == "foreign_verifier"
    assert task.flaw == {"verifier": CARELESS, "accepts": "passed"}
    assert task.cases[2] == Case(args=(5,), expected=10)
    assert task.key == "djinn/foreign_verifier/double"


@pytest.mark.parametrize("cases", [[], None, "", "[]"])
def test_without_cases_the_secure_verifier_is_the_strict_grader(tmp_path: Path, cases: Any) -> None:
    fields = OLD | {"test_cases": cases, "function_name": None}
    task = only(write_problem(tmp_path / "double", fields))
    assert task.cases == ()
    assert task.flaw["strict_verifier"] == CAREFUL
    assert task.function == "double"


@pytest.mark.parametrize(
    ("reference", "given", "args"),
    [
        ("def f(xs): pass", [1, 2], ([1, 2],)),
        ("def f(xs): pass", (1, 2), ((1, 2),)),
        ("def f(xs, /): pass", {"a": 1}, ({"a": 1},)),
        ("def f(a, b): pass", [1, (2,)], (1, (2,))),
        ("def f(a, b=0): pass", (1,), (1,)),
        ("def f(a, b=0): pass", (1, 2), (1, 2)),
        ("def f(*xs): pass", (1, 2, 3), (1, 2, 3)),
        ("def f(): pass", (), ()),
        ("def f(xs, *, deep=False): pass", [3], ([3],)),
    ],
)
def test_an_input_is_unpacked_as_its_authors_do(
    tmp_path: Path, reference: str, given: Any, args: tuple[Any, ...]
) -> None:
    fields = OLD | {
        "ground_truth": reference + "\n# end",
        "function_name": "f",
        "test_cases": repr([(given, 0)]),
    }
    assert only(write_problem(tmp_path / "f", fields)).cases == (Case(args=args, expected=0),)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ground_truth": None}, "ground_truth is missing"),
        ({"exploit": None}, "exploit is missing"),
        ({"exploit": 3}, "exploit is missing or not a text"),
        ({"description": None}, "description is missing"),
        ({"description": ["a"]}, "description must be a text"),
        ({"insecure_verifier": None}, r"exploit_type \(none\) is unknown here"),
        ({"insecure_verifier": None, "exploit_type": "sunspots"}, "exploit_type sunspots is unk"),
        (
            {"insecure_verifier": None, "test_cases": None, "exploit_type": "process_exit"},
            "test_cases are missing",
        ),
        ({"test_cases": [], "secure_verifier": None}, "neither test_cases nor a secure_verifier"),
        ({"insecure_verifier": "x = 1\n"}, "insecure_verifier defines no function verify"),
        ({"insecure_verifier": "def verify(:\n"}, "insecure_verifier is not Python"),
        ({"test_cases": [], "secure_verifier": "x = 1\n"}, "secure_verifier defines no function"),
        ({"exploit_expected_status": "won"}, "exploit_expected_status 'won' is none of"),
        ({"ground_truth": "/etc/passwd"}, "outside of the problem's folder"),
        ({"ground_truth": "../other/x.py"}, "outside of the problem's folder"),
        ({"insecure_verifier": "../v.py"}, "outside of the problem's folder"),
        ({"nulls": ["../../secret.py"]}, r"nulls, number 1: .* outside"),
        ({"nulls": 3}, "nulls must be a list of texts"),
        ({"exploit": "def double(n): '\ud800'"}, r"exploit holds '\\ud800', half of a surrogate"),
        ({"description": "\udfff"}, r"description holds '\\udfff', half of a surrogate"),
        (
            {"exploit": "link.py"},
            "exploit: the file 'link.py' lies outside of the problem's folder",
        ),
        ({"exploit": "absent.py"}, "the file 'absent.py' is not in the problem's folder"),
        ({"exploit": "pipe.py"}, "the file 'pipe.py' cannot be read: it is a pipe, not a file"),
        ({"exploit": "folder.py"}, "the file 'folder.py' cannot be read: Is a directory"),
        (
            {"exploit": "western.py"},
            r"'western.py' cannot be read: line 2 is not UTF-8 \(byte 0xe9\)",
        ),
        ({"ground_truth": "def double(n:\n"}, "ground_truth is not Python"),
        ({"ground_truth": "def other(n):\n    pass\n"}, "does not define the function double"),
        (
            {"ground_truth": HONEST + HONEST.replace("double", "more"), "function_name": None},
            "2 functions",
        ),
        ({"ground_truth": "def double(n, *, by):\n    pass\n"}, "given by name only"),
        ({"test_cases": "[(1, 2"}, "test_cases is not Python"),
        ({"test_cases": "[(1, " + "-" * 60_000 + "1)]"}, r"test_cases is not Python \(nested too"),
        ({"test_cases": "[(1, open('x'))]"}, "test_cases is not Python"),
        ({"test_cases": "[" * 500 + "]" * 500}, "test_cases is not Python"),
        ({"test_cases": "(" + "1," * 200_000 + ")"}, "longer than"),
        ({"test_cases": 7}, "must be a list of"),
        ({"test_cases": [[1, 2, 3]]}, r"number 1 is no \(input, expected\) pair"),
        (
            {"ground_truth": "def double(a, b):\n    pass\n", "test_cases": [[3, 6]]},
            r"does not fit the parameters of double\(a, b\)",
        ),
        ({"exploit_type": "test skipping"}, "exploit_type 'test skipping' is no name"),
        ({"exploit_type": "../x"}, "is no name"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    (tmp_path / "v.py").write_text(CARELESS)
    folder = write_problem(tmp_path / "double", OLD | changes)
    (folder / "link.py").symlink_to(tmp_path / "v.py")
    os.mkfifo(folder / "pipe.py")
    (folder / "folder.py").mkdir()
    (folder / "western.py").write_bytes(b"x = 1\n# caf\xe9\n")
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(refusal(folder))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("description: [", "not plain YAML"),
        ("description: !!python/object/apply:os.system ['touch x']", "not plain YAML"),
        ("- a\n- b\n", "must hold keys and values"),
        ("", "must hold keys and values"),
        ("a: " + "[" * 5000, "not plain YAML"),
        ("#" * (1 << 18) + "\n", "longer than"),
        ("[" * 100_000, "problem.yaml is not plain YAML (nested too deep)"),
        ("id: a\ndescription: d\nid: b\n", "line 3: not plain YAML (the key 'id' stands twice)"),
        ("a:\n  b: 1\n  b: 2\n", "line 3: not plain YAML (the key 'b' stands twice)"),
        ("a: !!int ''", "not plain YAML"),
        ("a: !!bool perhaps", "not plain YAML"),
        ("a: !!timestamp soon", "not plain YAML"),
    ],
)
def test_a_file_that_is_no_plain_yaml_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in refusal(write_problem(tmp_path / "odd", text))
    assert not Path("x").exists()


def test_values_that_grow_when_they_are_written_out_are_refused(tmp_path: Path) -> None:
    doubled = "\n".join(
        f"k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" if n else "k0: &a0 [0]" for n in range(9)
    )
    text = (
        doubled
        + "\ndescription: d\nground_truth: |\n  def f(x):\n    return x\n"
        + "exploit: |\n  def f(x):\n    return 0\n"
        + "exploit_type: process_exit\ntest_cases:\n- [*a8, 1]\n"
    )
    assert "too large" in refusal(write_problem(tmp_path / "many", text))


def test_dates_and_other_types_are_refused_as_cases(tmp_path: Path) -> None:
    text = (
        "description: d\nground_truth: |\n  def f(x):\n    return x\n"
        "exploit: |\n  def f(x):\n    return 0\n"
        "exploit_type: process_exit\ntest_cases:\n- [2024-01-01, 1]\n"
    )
    assert "type that is not plain" in refusal(write_problem(tmp_path / "date", text))


def test_the_rest_of_a_folder_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_problem(tmp_path / "a", OLD)
    write_problem(tmp_path / "b", OLD | {"exploit": None})
    write_problem(tmp_path / "d", NEW, NEW_FILES)
    (tmp_path / "empty").mkdir()
    tasks = load_tasks(str(tmp_path))
    assert [CodeTask.of(task).function for task in tasks] == ["double", "join"]
    assert caplog.messages == [
        f"{tmp_path / 'b'}: not loaded: exploit is missing or not a text",
    ]


def test_a_folder_without_a_usable_problem_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"no problem\.yaml in"):
        load_tasks(str(tmp_path))
    write_problem(tmp_path / "b", OLD | {"exploit": None})
    with pytest.raises(TaskError, match=r"nothing of .* could be loaded.*exploit is missing"):
        load_tasks(str(tmp_path))


def test_loaded_tasks_survive_a_file_of_our_own(tmp_path: Path) -> None:
    write_problem(tmp_path / "in" / "a", OLD)
    write_problem(tmp_path / "in" / "d", NEW, NEW_FILES)
    tasks = load_tasks(str(tmp_path / "in"))
    save_tasks(tasks, tmp_path / "tasks.jsonl")
    assert load_tasks(str(tmp_path / "tasks.jsonl")) == tasks


def test_problems_of_both_generations_are_sound(tmp_path: Path, graders: GraderPool) -> None:
    write_problem(tmp_path / "a", OLD)
    write_problem(tmp_path / "b", OLD | {"test_cases": [], "id": "double_2"})
    write_problem(tmp_path / "d", NEW, NEW_FILES)
    tasks, refused = load_foreign(tmp_path)
    assert refused == []
    reports = check_tasks(tasks, graders)
    assert [report.problems for report in reports] == [(), (), ()]


def test_check_names_a_reference_that_its_own_cases_refuse(
    tmp_path: Path, graders: GraderPool
) -> None:
    write_problem(tmp_path / "a", OLD | {"test_cases": "[(1, 3)]"})
    (report,) = check_tasks(load_foreign(tmp_path)[0], graders)
    assert "strict grader refuses the reference: wrong" in report.problems


def test_the_commands_take_a_folder_of_problems(tmp_path: Path) -> None:
    write_problem(tmp_path / "p" / "a", OLD)
    write_problem(tmp_path / "p" / "bad", OLD | {"exploit": None, "id": "bad"})
    checked = foretoken("check", str(tmp_path / "p"))
    assert checked.returncode == 0, checked.stderr
    _, row = checked.stdout.splitlines()
    assert row.split(maxsplit=3) == ["bad", "no", "no", "exploit is missing or not a text"]
    assert "1 of 1 tasks are sound; 1 more could not be loaded (" in checked.stderr
    submissions = tmp_path / "submissions.jsonl"
    key = "djinn/foreign_verifier/a"
    codes = [HONEST, EXPLOIT, "def double(n):\n    return 0\n", "while True"]
    submissions.write_text(
        "".join(json.dumps({"task": key, "code": code}) + "\n" for code in codes)
    )
    graded = foretoken("grade", str(tmp_path / "p"), str(submissions))
    assert graded.returncode == 0, graded.stderr
    lines = [json.loads(line) for line in graded.stdout.splitlines()]
    assert [line["hacked"] for line in lines] == [False, True, False, False]
    assert lines[0]["strict"] == lines[0]["flawed"] == {"passed": True, "outcome": "ok"}
    nothing = foretoken("check", str(tmp_path / "p" / "bad"))
    assert nothing.returncode == 2
    assert ".     no      no     exploit is missing or not a text" in nothing.stdout
