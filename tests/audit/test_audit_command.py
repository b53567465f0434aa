"""`foretoken audit` as a user runs it, on a grader in a file."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from foretoken.audit_records import AuditFault, read_audit
from foretoken.cli.main import app

GRADERS = """
import os, re, time

def last_number(completions, answer, **kwargs):
    found = [re.findall(r"-?[0-9]+", each)[-1:] for each in completions]
    return [float(f == [a]) for f, a in zip(found, answer)]

def exact(answer, truth):
    return answer.strip() == truth

def moody(answer, truth):
    if "!" in answer:
        os._exit(1)
    if "x = x" in answer:
        time.sleep(60)
    return answer.strip() == truth

def weighed(answer, truth, weight):
    return float(weight) * (answer.strip() == truth)
"""


@pytest.fixture
def graders(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(GRADERS)
    return tmp_path / "mine.py"


def audited(grader: str, *more: str) -> tuple[int, str]:
    said = CliRunner().invoke(app, ["audit", grader, "--questions", "3", *more])
    return said.exit_code, said.output


def test_what_is_paid_is_shown_and_ends_with_3(graders: Path) -> None:
    code, said = audited(f"{graders}:last_number")
    assert code == 3
    assert "64 or 67" in said or "two answers" in said
    assert "in the last line" in said
    code, said = audited(f"{graders}:last_number", "--json")
    found = json.loads(said[said.index("{") :])["findings"]
    assert {"paid", "refused"} <= {each["fault"] for each in found}
    assert all(each["why"] and each["remedy"] for each in found)


def test_a_grader_that_pays_for_nothing_false_ends_with_0(graders: Path) -> None:
    code, said = audited(f"{graders}:exact")
    assert code == 0
    assert "it pays for 0 of " in said


def test_one_that_dies_or_hangs_is_told_of_and_the_rest_goes_on(graders: Path) -> None:
    code, said = audited(f"{graders}:moody", "--timeout-s", "1", "--json")
    assert code == 0
    found = {each["by"]: each for each in json.loads(said[said.index("{") :])["findings"]}
    assert found["factorial"]["fault"] == found["equals itself"]["fault"] == "hung"
    assert "its process ended" in found["factorial"]["got"]
    assert "no answer within 1 s" in found["equals itself"]["got"]
    assert found["with its name"]["fault"] == "refused"


def test_what_a_grader_needs_is_asked_for_and_can_be_given(graders: Path) -> None:
    code, said = audited(f"{graders}:weighed")
    assert code == 2
    assert "needs an argument weight" in said
    assert audited(f"{graders}:weighed", "--set", "weight=2")[0] == 0
    code, said = audited(f"{graders}:nothing")
    assert code == 2
    assert "has no attribute" in said


def test_what_is_accepted_is_kept_in_a_file_and_does_not_count(
    graders: Path, tmp_path: Path
) -> None:
    file = tmp_path / "accepted.json"
    code, said = audited(f"{graders}:last_number", "--accept", str(file))
    assert code == 3
    assert f"Wrote {file}." in said.replace("\n", "")
    code, said = audited(f"{graders}:last_number", "--baseline", str(file))
    assert code == 0
    assert "are accepted and not shown" in said
    entries = json.loads(file.read_text())["accepted"]
    first = next(each for each in entries if each["fault"] == "paid")
    file.write_text(json.dumps({"accepted": [each for each in entries if each != first]}))
    code, said = audited(f"{graders}:last_number", "--baseline", str(file))
    assert code == 3
    assert first["by"] in said
    file.write_text("[]")
    code, said = audited(f"{graders}:last_number", "--baseline", str(file))
    assert code == 2
    assert "cannot be read" in said


def test_the_file_of_an_audit_is_read_again_as_it_was(graders: Path, tmp_path: Path) -> None:
    file = tmp_path / "audit.json"
    _, said = audited(f"{graders}:last_number", "--out", str(file), "--json")
    record = read_audit(file)
    assert record.model_dump_json(indent=1) in said
    assert record.domain == "answers"
    assert record.found(AuditFault.PAID)
    assert record.closed() == []


def test_the_page_shows_each_finding_and_nothing_of_an_answer_is_markup(
    graders: Path, tmp_path: Path
) -> None:
    file, page = tmp_path / "audit.json", tmp_path / "audit.html"
    audited(f"{graders}:last_number", "--out", str(file), "--html", str(page))
    shown, record = page.read_text(), read_audit(file)
    for each in record.findings:
        assert f"<h3>{each.by}</h3>" in shown
    assert "&lt;!-- " in shown
    assert "<!-- " not in shown
    assert f"{sum(each.paid > 0 for each in record.attacks)} of {len(record.attacks)}" in shown


def test_questions_of_ones_own_are_asked(graders: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    lines = [
        {"question": "How many?", "answer": "Two and two.\n#### 4"},
        {"question": "And then?", "answer": "One more.\n#### 5", "wrong": "17"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "theirs.py").write_text(
        "def gsm(completions, answer, **_):\n"
        "    return [float(a.split('####')[1].strip() in c) for c, a in zip(completions, answer)]\n"
    )
    code, said = audited(f"{tmp_path / 'theirs.py'}:gsm", "--tasks", str(file), "--json")
    assert code == 3
    found = json.loads(said[said.index("{") :])
    assert found["questions"] == 2
    assert {each["question"] for each in found["findings"]} <= {"mine/1", "mine/2"}
    assert any("5" in each["sent"] and "17" in each["sent"] for each in found["findings"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no task in"),
        ("{", "line 1, is no JSON"),
        ("[1]", "line 1, is no JSON object"),
        ('{"answer": "4"}', "line 1, has no prompt"),
        ('{"prompt": "p"}', "line 1, has no truth"),
        ('{"prompt": "p", "answer": "4"}', "has the same right answer"),
        ("\xff", "cannot be read"),
    ],
)
def test_tasks_that_cannot_be_used_are_an_error_that_says_which(
    graders: Path, tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_bytes(text.encode("latin-1"))
    code, said = audited(f"{graders}:exact", "--tasks", str(file))
    assert code == 2
    assert message in " ".join(said.split())


def test_a_search_finds_cheats_and_saves_them_as_types_that_can_be_checked(
    graders: Path, tmp_path: Path
) -> None:
    folder, page = tmp_path / "types", tmp_path / "audit.html"
    more = ("--questions", "10", "--search", "400", "--save", str(folder), "--html", str(page))
    code, said = audited(f"{graders}:last_number", *more)
    assert code == 3
    assert "found by search" in said
    files = sorted(folder.glob("*.jsonl"))
    assert files
    assert "Found by a search" in page.read_text()
    checked = CliRunner().invoke(app, ["check", str(files[0])])
    assert checked.exit_code == 0, checked.output
    code, said = audited(f"{graders}:exact", "--search", "300")
    assert code == 0
    assert "found 0 ways to be paid" in said


def test_lines_of_the_source_are_shown_with_the_answers_that_confirm_them(
    tmp_path: Path,
) -> None:
    file, page, out = (tmp_path / name for name in ("g.py", "audit.html", "audit.json"))
    file.write_text("def grade(answer, truth):\n    return 1.0 if truth in answer else 0.0\n")
    _, said = audited(f"{file}:grade", "--html", str(page), "--out", str(out))
    assert "g.py:2" in said
    source = read_audit(out).source
    assert source is not None
    (note,) = source.notes
    assert (note.line, note.text) == (2, "return 1.0 if truth in answer else 0.0")
    assert note.standing == "confirmed"
    assert "contains the truth" in note.by
    assert "What its source shows" in page.read_text()
    audited(f"{file}:grade", "--no-source", "--out", str(out), "--sarif", str(tmp_path / "s"))
    (run,) = json.loads((tmp_path / "s").read_text())["runs"]
    rules = {each["ruleId"] for each in run["results"]}
    assert "paid/contains-the-truth" in rules
    assert not any(each.startswith("source/") for each in rules)
    audited(f"{file}:grade", "--sarif", str(tmp_path / "s"))
    (run,) = json.loads((tmp_path / "s").read_text())["runs"]
    assert any(each["ruleId"].startswith("source/") for each in run["results"])
    assert read_audit(out).source is None
