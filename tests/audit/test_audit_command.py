"""`foretoken audit` as a user runs it, on a grader in a file."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

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
    found = json.loads(said[said.index("[") :])
    assert {"paid", "refused"} <= {each["fault"] for each in found}
    assert all(each["why"] and each["remedy"] for each in found)


def test_a_grader_that_pays_for_nothing_false_ends_with_0(graders: Path) -> None:
    code, said = audited(f"{graders}:exact")
    assert code == 0
    assert "it pays for 0 of " in said


def test_one_that_dies_or_hangs_is_told_of_and_the_rest_goes_on(graders: Path) -> None:
    code, said = audited(f"{graders}:moody", "--timeout-s", "1", "--json")
    assert code == 0
    found = {each["by"]: each for each in json.loads(said[said.index("[") :])}
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
