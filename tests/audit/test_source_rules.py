"""Graders whose flaw their source shows, and sound ones that look alike: which lines are accused?

Faults that were injected to see these tests fail: answer and truth are not told apart; arguments
of no known name hold the answer; what two branches hold is not joined; counting what was found,
matching the whole answer, or asking again within `except` excuses nothing; flags of patterns are
dropped; functions of other processes count as the grader's; lines are counted from 0.
"""

import re
from pathlib import Path

import pytest
from source_flaws import FLAWED
from source_sound import SOUND

from foretoken.audit.source.rules import RULES, SourceReading, read_source

GRADER = re.compile(r"^(?:async )?def (\w+)", re.MULTILINE)
MARK = re.compile(r"#! (.+)$")


def name_of(source: str) -> str:
    """The last function that is public; `unreachable` where that is there."""
    names = [each for each in GRADER.findall(source) if not each.startswith("_")]
    return "unreachable" if "unreachable" in names else names[-1]


def read(folder: Path, source: str) -> SourceReading:
    file = folder / "mine.py"
    file.write_text(source)
    return read_source(f"{file}:{name_of(source)}")


def accused(reading: SourceReading) -> set[tuple[int, str]]:
    return {(each.place.line, each.rule) for each in reading.findings}


@pytest.mark.parametrize("source", FLAWED, ids=name_of)
def test_each_flaw_is_found_on_its_line_and_nothing_else_is(source: str, tmp_path: Path) -> None:
    lines = enumerate(source.splitlines(), 1)
    marked = {(number, said[1]) for number, line in lines if (said := MARK.search(line))}
    assert marked
    assert accused(read(tmp_path, source)) == marked


@pytest.mark.parametrize("source", SOUND, ids=name_of)
def test_a_sound_grader_that_looks_alike_is_not_accused(source: str, tmp_path: Path) -> None:
    reading = read(tmp_path, source)
    assert reading.whole
    assert accused(reading) == set()


def test_there_is_a_flawed_grader_for_every_rule_and_enough_of_both() -> None:
    shown = {
        said[1] for source in FLAWED for line in source.splitlines() if (said := MARK.search(line))
    }
    assert shown == {rule.name for rule in RULES}
    assert len(set(FLAWED)) >= 45
    assert len(set(SOUND)) >= 50
