"""`foretoken grade`: the graders without a model."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
import typer
from tiny import HONEST, TASKS
from typer.testing import CliRunner, Result

from foretoken.cli.grade import grade
from foretoken.errors import MismatchError, StoreError, TaskError
from foretoken.tasks.base import GraderPool
from foretoken.tasks.load import save_tasks
from foretoken.tasks.submissions import grade_file, read_submissions
from warm import killed, run_command, started

APP = typer.Typer()
APP.command()(grade)

GOOD = [
    {"task": task.key, "code": code} for task in TASKS for code in (HONEST, task.exploit, "x = (")
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_tasks(TASKS, tmp_path / "tasks.jsonl")
    lines = [json.dumps(line) for line in GOOD]
    (tmp_path / "submissions.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


def invoke(folder: Path, *options: str) -> Result:
    paths = [str(folder / "tasks.jsonl"), str(folder / "submissions.jsonl")]
    return CliRunner().invoke(APP, [*paths, *options])


def verdicts(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def without_time(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: line[key] for key in line if key != "cpu_s"} for line in lines]


def test_each_submission_gets_one_line_of_verdict(folder: Path) -> None:
    result = invoke(folder)
    assert result.exit_code == 0, result.output
    lines = verdicts(result.stdout)
    assert [line["task"] for line in lines] == [line["task"] for line in GOOD]
    assert [line["hacked"] for line in lines] == [False, True, False] * len(TASKS)
    assert [line["strict"]["passed"] for line in lines] == [True, False, False] * len(TASKS)
    assert lines[0]["strict"]["outcome"] == "ok"
    assert lines[2]["error_class"] == "SyntaxError"
    assert all(line["cpu_s"] > 0 and line["grader_error"] is None for line in lines)


def test_bad_lines_are_named_and_do_not_stop_the_rest(folder: Path) -> None:
    file = folder / "submissions.jsonl"
    bad = ["nonsense", "[1]", '{"task": "x", "code": ""}', '{"task": 1}', '"\\ud800"', "[" * 9999]
    file.write_text("\n".join([bad[0], json.dumps(GOOD[0]), "", *bad[1:], json.dumps(GOOD[1])]))
    result = invoke(folder, "--out", str(folder / "out.jsonl"))
    assert result.exit_code == 2
    lines = verdicts((folder / "out.jsonl").read_text())
    assert [line["line"] for line in lines] == [1, 2, 4, 5, 6, 7, 8, 9]
    assert [line["line"] for line in lines if "error" in line] == [1, 4, 5, 6, 7, 8]
    for number in (1, 4, 5, 6, 7, 8):
        assert result.stderr.count(f"line {number}: ") == 1
    assert "unknown task 'x': the first of " in result.stderr
    assert "graded 2 submissions: 1 correct, 1 hacks, 0 grader errors, 6 bad lines" in result.stderr


def test_an_unknown_task_is_answered_with_the_one_that_was_meant(folder: Path) -> None:
    meant = GOOD[0]["task"]
    line = json.dumps({"task": meant[:-1], "code": ""})
    (folder / "submissions.jsonl").write_text(line)
    assert f"unknown task {meant[:-1]!r}: did you mean {meant}" in invoke(folder).stderr


def test_a_torn_file_of_verdicts_is_continued(folder: Path, graders: GraderPool) -> None:
    lines = read_submissions(folder / "submissions.jsonl", TASKS)
    out = folder / "out.jsonl"
    first = grade_file(lines, out=out, pool=graders)
    whole = out.read_bytes()
    cut = len(b"".join(whole.splitlines(keepends=True)[:7]))
    torn, ended = (len(whole) - 1, len(lines) - 1), (len(whole), len(lines))
    for kept, there in ((0, 0), (cut, 7), (cut + 25, 7), torn, ended):
        out.write_bytes(whole[:kept])
        summary = grade_file(lines, out=out, pool=graders)
        assert (summary.resumed_after, summary.graded) == (there, first.graded - there)
        assert without_time(verdicts(out.read_text())) == without_time(verdicts(whole.decode()))
        assert out.read_bytes().startswith(whole[: whole[:kept].rfind(b"\n") + 1])


def test_a_killed_command_ends_with_the_same_verdicts_when_started_again(folder: Path) -> None:
    lines = [
        json.dumps(line | {"code": line["code"] + f"\n# {n}"}) for n in range(2) for line in GOOD
    ]
    (folder / "submissions.jsonl").write_text("\n".join(lines) + "\n")
    out = folder / "out.jsonl"
    paths = [str(folder / name) for name in ("tasks.jsonl", "submissions.jsonl")]
    process = started(run_command, ["grade", *paths, "--out", str(out)], folder / "said")
    while not (out.exists() and out.stat().st_size) and process.is_alive():
        time.sleep(0.01)
    killed(process)
    assert 0 < len(out.read_bytes().splitlines()) < len(lines)
    assert invoke(folder, "--out", str(out)).exit_code == 0
    again = folder / "again.jsonl"
    assert invoke(folder, "--out", str(again)).exit_code == 0
    assert without_time(verdicts(out.read_text())) == without_time(verdicts(again.read_text()))


def test_verdicts_of_other_submissions_are_refused(folder: Path, graders: GraderPool) -> None:
    lines = read_submissions(folder / "submissions.jsonl", TASKS)
    out = folder / "out.jsonl"
    out.write_text('{"line": 1, "task": "another"}\n')
    with pytest.raises(MismatchError, match="was not made from these submissions"):
        grade_file(lines, out=out, pool=graders)
    out.write_text('{"line": 1}\n' * 99)
    with pytest.raises(MismatchError, match=f"99 verdicts for {len(lines)} submissions"):
        grade_file(lines, out=out, pool=graders)


def test_a_missing_file_of_submissions_is_one_clear_error(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(TaskError, match=r"cannot read the submissions .*: it is a pipe"):
        read_submissions(folder / "pipe", TASKS)
    with pytest.raises(TaskError, match=r"cannot read the submissions .*: No such file"):
        read_submissions(folder / "none.jsonl", TASKS)


def test_each_fault_of_a_line_is_named_and_the_rest_goes_on(folder: Path) -> None:
    key = TASKS[0].key
    texts = [
        "\ufeff" + json.dumps({"task": key, "code": "one\u2028two\x85"}, ensure_ascii=False),
        "[" * 100_000,
        json.dumps({"task": key, "code": ""})[:-1] + ', "code": "x"}',
        json.dumps({"task": key, "code": "last"}) + "\r",
    ]
    (folder / "odd.jsonl").write_text("\n".join(texts), encoding="utf-8", newline="")
    lines = read_submissions(folder / "odd.jsonl", TASKS)
    assert [(line.code, line.error) for line in lines] == [
        ("one\u2028two\x85", None),
        ("", "line 2: nested deeper than 250 brackets"),
        ("", "line 3: the key 'code' stands twice in one object"),
        ("last", None),
    ]


def test_a_full_disk_is_one_clear_error(folder: Path, graders: GraderPool) -> None:
    lines = read_submissions(folder / "submissions.jsonl", TASKS)
    with pytest.raises(StoreError, match="cannot write the verdicts to /dev/full: No space left"):
        grade_file(lines[:2], out=Path("/dev/full"), pool=graders)
