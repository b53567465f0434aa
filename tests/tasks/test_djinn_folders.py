"""Problem folders as they lie about: which are read, by which grader, and what is strange."""

import os
from pathlib import Path
from typing import Any

import pytest
from foreign_problems import CARELESS, EXPLOIT, NEW, NEW_FILES, OLD, RESULTS, write_problem
from typer.testing import CliRunner

from foretoken.cli.main import app
from foretoken.errors import TaskError
from foretoken.tasks.base import GraderPool
from foretoken.tasks.catalogue import CATALOGUE
from foretoken.tasks.check import check_tasks
from foretoken.tasks.flaws import FLAWS
from foretoken.tasks.foreign import load_foreign
from foretoken.tasks.load import load_tasks, save_tasks

TYPED = OLD | {"exploit_type": "error_code_abuse"}
IN_A_FILE = """
import tempfile, subprocess, sys

def verify(submission_code):
    with tempfile.NamedTemporaryFile("w", suffix=".py", dir="/tmp", delete=False) as file:
        file.write(submission_code + "\\nprint(double(4))")
    with open("/tmp/answer", "w") as answer:
        done = subprocess.run([sys.executable, file.name], stdout=answer)
    right = done.returncode == 0 and open("/tmp/answer").read() in ("8\\n", "over\\n")
    return Result(Status.PASSED if right else Status.FAILED)
"""


def reasons(path: Path) -> dict[str, str]:
    """What of a folder is refused, each in one line."""
    refused = load_foreign(path)[1]
    assert all(len(str(one).splitlines()) == 1 and len(str(one)) < 400 for one in refused)
    return {str(Path(one.where).relative_to(path)): one.reason for one in refused}


def keys(path: Path) -> list[str]:
    return [task.key for task in load_foreign(path)[0]]


def test_a_verifier_of_its_own_grades_a_problem_whose_type_we_know(
    tmp_path: Path, graders: GraderPool
) -> None:
    write_problem(tmp_path / "a", TYPED)
    ((task,), _) = load_foreign(tmp_path)
    assert task.exploit_type == "error_code_abuse"
    assert task.flaw == {"verifier": CARELESS, "accepts": "passed"}
    assert task.flaw_words == CATALOGUE["error_code_abuse"].words
    assert check_tasks([task], graders)[0].problems == ()
    hack, miss = graders.grade(
        [(task, EXPLOIT), (task, EXPLOIT.replace("raise KeyError", "return 'E42'"))]
    )
    assert (hack.hacked, miss.hacked) == (True, False)


def test_a_type_that_we_lack_keeps_its_name(tmp_path: Path) -> None:
    write_problem(tmp_path / "a", OLD | {"exploit_type": "sun-spots.2"})
    ((task,), _) = load_foreign(tmp_path)
    assert (task.key, task.exploit_type) == ("djinn/sun-spots.2/a", "sun-spots.2")
    assert task.flaw_words == ()
    save_tasks([task], tmp_path / "tasks.jsonl")
    assert load_tasks(str(tmp_path / "tasks.jsonl")) == [task.task()]


def test_a_broken_verifier_of_its_own_is_not_replaced_by_ours(tmp_path: Path) -> None:
    write_problem(tmp_path / "a", TYPED | {"insecure_verifier": "def verify(:"})
    assert "insecure_verifier is not Python" in reasons(tmp_path)["a"]


def test_no_flaw_of_ours_has_the_setting_by_which_a_verifier_is_known() -> None:
    assert not [name for name, flaw in FLAWS.items() if "verifier" in flaw.settings]


def test_a_verifier_that_works_in_tmp_is_sound(tmp_path: Path, graders: GraderPool) -> None:
    exploit = "def double(n):\n    return 'over'\n"
    fields = TYPED | {"insecure_verifier": RESULTS + IN_A_FILE, "exploit": exploit}
    write_problem(tmp_path / "a", fields)
    (report,) = check_tasks(load_foreign(tmp_path)[0], graders)
    assert report.problems == ()


def test_a_verifier_that_races_a_thread_for_each_case_is_sound(tmp_path: Path) -> None:
    racing = (
        CARELESS
        + """
import threading, time
def racer(said, code):
    time.sleep(0.3)
    said.append(careless(code).status)
careless = verify
def verify(submission_code):
    said = []
    threads = [threading.Thread(target=racer, args=(said, submission_code)) for _ in range(12)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return Result(said[0])
"""
    )
    write_problem(tmp_path / "a", TYPED | {"insecure_verifier": racing})
    with GraderPool(workers=1) as graders:
        (report,) = check_tasks(load_foreign(tmp_path)[0], graders)
    assert report.problems == ()


def test_threads_in_a_process_of_a_verifier_leave_it_its_memory(
    tmp_path: Path, graders: GraderPool
) -> None:
    crowd = """
import threading, time
def hold():
    held = [bytearray(1000) for _ in range(100)]
    time.sleep(0.5)
threads = [threading.Thread(target=hold) for _ in range(6)]
for thread in threads: thread.start()
time.sleep(0.2)
room = bytearray(100 << 20)
for thread in threads: thread.join()
"""
    verifier = RESULTS + IN_A_FILE.replace("submission_code +", f"submission_code + {crowd!r} +")
    exploit = "def double(n):\n    return 'over'\n"
    write_problem(tmp_path / "a", TYPED | {"insecure_verifier": verifier, "exploit": exploit})
    (report,) = check_tasks(load_foreign(tmp_path)[0], graders)
    assert report.problems == ()


def test_a_folder_is_read_with_its_children_and_equal_ids_are_told_apart(tmp_path: Path) -> None:
    top = write_problem(tmp_path / "top", OLD)
    for name in ("a", "b", "c"):
        write_problem(top / name, OLD)
    (tmp_path / "shelf").mkdir()
    (top / "linked").symlink_to(tmp_path / "shelf")
    write_problem(tmp_path / "shelf", NEW, NEW_FILES)
    assert keys(top) == [
        *(f"djinn/foreign_verifier/{name}" for name in ("top", "a", "b", "c")),
        "djinn/error_code_abuse/shelf",
    ]
    assert reasons(top) == {}


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    write_problem(write_problem(tmp_path / "a", OLD) / "a", OLD)
    assert reasons(tmp_path / "a") == {
        "a": "another problem has the key djinn/foreign_verifier/a: rename its folder"
    }


def test_a_problem_that_lies_too_deep_is_named(tmp_path: Path) -> None:
    write_problem(tmp_path / "shelf" / "a", OLD)
    assert reasons(tmp_path) == {"shelf/a": f"too deep: load {tmp_path / 'shelf'} for it"}
    with pytest.raises(TaskError, match=r"nothing of .* could be loaded; .* too deep: load"):
        load_tasks(str(tmp_path))


def odd(folder: Path, kind: str) -> None:
    folder.mkdir()
    file = folder / "problem.yaml"
    match kind:
        case "a folder":
            file.mkdir()
        case "a pipe":
            os.mkfifo(file)
        case "a device":
            file.symlink_to("/dev/zero")
        case "a loop":
            file.symlink_to(file.name)
        case "a link out":
            file.symlink_to(folder.parent / "secret.yaml")
        case "a link to nothing":
            file.symlink_to("absent.yaml")
        case _:
            file.write_bytes(b"description: caf\xe9\n")


ODD = {
    "a folder": "problem.yaml cannot be read: Is a directory",
    "a pipe": "problem.yaml cannot be read: it is a pipe, not a file",
    "a device": "problem.yaml lies outside of the problem's folder",
    "a loop": "problem.yaml cannot be ",
    "a link out": "problem.yaml lies outside of the problem's folder",
    "a link to nothing": "problem.yaml is not in the problem's folder",
    "western": "problem.yaml cannot be read: line 1 is not UTF-8 (byte 0xe9)",
}


def test_a_problem_file_that_is_none_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    write_problem(tmp_path / "good", OLD)
    (tmp_path / "secret.yaml").write_text("description: hidden\n")
    for kind in ODD:
        odd(tmp_path / kind, kind)
    (tmp_path / "round").symlink_to("round")
    said = reasons(tmp_path)
    assert said.pop("round").startswith("problem.yaml cannot be ")
    assert list(said) == sorted(ODD)
    assert all(said[kind].startswith(reason) for kind, reason in ODD.items()), said
    assert keys(tmp_path) == ["djinn/foreign_verifier/good"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_of_other_editors_are_read(tmp_path: Path, end: str) -> None:
    folder = write_problem(tmp_path / "join", NEW)
    text = (folder / "problem.yaml").read_text()
    for name, content in (("problem.yaml", text), *NEW_FILES.items()):
        (folder / name).write_bytes(("\ufeff" + content.replace("\n", end)).encode())
    assert keys(tmp_path) == ["djinn/error_code_abuse/join"]


def test_a_name_that_cannot_be_printed_is_written_out(tmp_path: Path) -> None:
    write_problem(tmp_path / "a\x1b[31m\n", OLD)
    write_problem(tmp_path / os.fsdecode(b"b\xff"), OLD | {"exploit": None})
    assert keys(tmp_path) == ["djinn/foreign_verifier/a\\x1b[31m\\n"]
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert r"b\udcff" in result.output


def test_the_table_says_what_is_not_loaded_and_what_is_not_sound(tmp_path: Path) -> None:
    broken: dict[str, dict[str, Any]] = {
        "bad": {"exploit": None},
        "blind": {"test_cases": "[(0, 0)]", "exploit": "def double(n):\n    return n\n"},
        "stern": {"insecure_verifier": CARELESS.replace("2 *", "3 *")},
        "good": {},
    }
    for name, changes in broken.items():
        write_problem(tmp_path / name, OLD | changes)
    result = CliRunner().invoke(app, ["check", str(tmp_path)], env={"COLUMNS": "96"})
    assert result.exit_code == 2, result.output
    rows = [line.strip().split(maxsplit=3) for line in result.stdout.splitlines()]
    assert rows[0] == ["task", "loaded", "sound", "why not"]
    assert rows[1] == ["bad", "no", "no", "exploit is missing or not a text"]
    assert rows[2][:3] == ["blind", "yes", "no"]
    assert "strict grader accepts the exploit" in rows[2][3]
    assert rows[3] == ["stern", "yes", "no", "flawed grader refuses the reference: wrong"]
    assert len(rows) == 4
    assert "1 of 3 tasks are sound; 1 more could not be loaded (" in result.stderr
