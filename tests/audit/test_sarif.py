"""An audit as SARIF: what the format asks for, and what code scanning of GitHub needs on top.

Which properties an object of SARIF may and must have is written down here from its schema (OASIS,
version 2.1.0), for the objects that are used.

Faults that were injected to see these tests fail: columns count bytes; a fingerprint holds the
number of its line; two equal lines share a fingerprint; a path is written as the machine's.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from foretoken.audit.sarif import sarif
from foretoken.audit.source.confirm import confirm
from foretoken.audit.source.rules import SourceReading, read_source
from foretoken.audit_records import AuditFault, AuditFinding

SOURCE = '''"""Mine."""


def helper(text):
    return text.strip()


def graded(answer, truth):
    said = "größer 𝒳", helper(answer)
    return truth in answer
'''
MUST: dict[str, set[str]] = {
    "log": {"version", "runs"},
    "run": {"tool"},
    "driver": {"name"},
    "rule": {"id"},
    "result": {"message"},
    "location": set(),
    "region": set(),
}
MAY: dict[str, set[str]] = {
    "log": {"$schema", "version", "runs", "inlineExternalProperties", "properties"},
    "run": {"tool", "results", "columnKind", "artifacts", "invocations", "originalUriBaseIds"},
    "driver": {"name", "version", "semanticVersion", "informationUri", "rules", "properties"},
    "rule": {"id", "name", "shortDescription", "fullDescription", "help", "helpUri"}
    | {"defaultConfiguration", "properties"},
    "result": {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"}
    | {"suppressions"},
    "location": {"id", "physicalLocation", "logicalLocations", "message"},
    "region": {"startLine", "startColumn", "endLine", "endColumn", "snippet"},
}


def paid(by: str = "contains the truth", sent: str = "7427") -> AuditFinding:
    return AuditFinding(
        fault=AuditFault.PAID,
        by=by,
        count=3,
        of=20,
        sent=sent,
        question="answers/0",
        prompt="What is 40 + 2?",
        got="1",
        forms=("alone",),
        why="A longer number.",
        remedy="compare the whole",
        source="logic",
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def reading(folder: Path, source: str = SOURCE, name: str = "graders/my file.py") -> SourceReading:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(source)
    return read_source(f"{name}:graded")


def written(read: SourceReading, *findings: AuditFinding) -> dict[str, Any]:
    confirmed = confirm(read.findings, findings, fired=["contains the truth", "hedge"])
    whole = sarif(findings, confirmed, grader=read.grader, version="1.2")
    return json.loads(json.dumps(whole))


def check(kind: str, said: dict[str, Any]) -> dict[str, Any]:
    assert MUST[kind] <= set(said) <= MAY[kind], (kind, set(said))
    return said


def test_each_object_has_what_the_format_asks_for_and_nothing_else(folder: Path) -> None:
    log = check("log", written(reading(folder), paid()))
    assert log["version"] == "2.1.0"
    (run,) = (check("run", each) for each in log["runs"])
    driver = check("driver", run["tool"]["driver"])
    ids = [check("rule", each)["id"] for each in driver["rules"]]
    assert (
        ids
        == sorted(set(ids))
        == [
            "paid/contains-the-truth",
            "source/the-truth-anywhere-in-the-answer",
        ]
    )
    for rule in driver["rules"]:
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
        assert rule["help"]["markdown"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    assert len(run["results"]) == 2
    for result in run["results"]:
        check("result", result)
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        (location,) = (check("location", each) for each in result["locations"])
        region = check("region", location["physicalLocation"]["region"])
        assert 1 <= region["startLine"] <= region["endLine"]
        assert region["startColumn"] >= 1
        assert region["endColumn"] > region["startColumn"]


def test_results_point_into_the_file_by_characters(folder: Path) -> None:
    fired, read = written(reading(folder), paid())["runs"][0]["results"]
    place = fired["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {
        "uri": "graders/my%20file.py",
        "uriBaseId": "%SRCROOT%",
    }
    lines = SOURCE.splitlines()
    assert lines[place["region"]["startLine"] - 1] == "def graded(answer, truth):"
    region = read["locations"][0]["physicalLocation"]["region"]
    line = lines[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "truth in answer"
    wide = SOURCE.replace("    return truth", '    return "größer 𝒳" and truth')
    region = written(reading(folder, wide))["runs"][0]["results"][0]["locations"][0]
    region = region["physicalLocation"]["region"]
    line = wide.splitlines()[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "truth in answer"


def test_a_file_outside_of_the_folder_has_an_absolute_address(folder: Path) -> None:
    (folder / "here").mkdir()
    (folder / "mine.py").write_text(SOURCE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / "here")
        log = written(read_source("../mine.py:graded"))
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": (folder / "mine.py").as_uri()}


def prints(log: dict[str, Any]) -> list[str]:
    found = [each["partialFingerprints"] for each in log["runs"][0]["results"]]
    assert all(len(each) == 1 for each in found)
    return [value for each in found for value in each.values()]


def test_a_fingerprint_stays_while_lines_move_and_differs_where_findings_do(folder: Path) -> None:
    before = prints(written(reading(folder), paid()))
    moved = SOURCE.replace('"""Mine."""', '"""Mine."""\n\nimport re\n')
    assert prints(written(reading(folder, moved), paid())) == before
    assert len(set(before)) == 2
    twice = SOURCE.replace(
        "    return truth in answer", "    if truth in answer:\n        return 1\n" * 2
    )
    log = written(reading(folder, twice), paid(), paid("hedge"))
    assert len(prints(log)) == len(set(prints(log))) == 4


def test_messages_say_whether_firing_confirms_what_the_source_says(folder: Path) -> None:
    _, confirmed = written(reading(folder), paid())["runs"][0]["results"]
    assert "Confirmed by firing: contains the truth." in confirmed["message"]["text"]
    (vain,) = written(reading(folder))["runs"][0]["results"]
    assert "Fired in vain: contains the truth, hedge." in vain["message"]["text"]


def test_what_is_accepted_is_marked_as_suppressed(folder: Path) -> None:
    known = paid().replacing(accepted=True)
    results = written(reading(folder), known, paid("hedge"))["runs"][0]["results"]
    assert [each.get("suppressions") for each in results] == [[{"kind": "external"}], None, None]


def test_answers_that_no_text_can_hold_are_written_all_the_same(folder: Path) -> None:
    log = written(reading(folder), paid(sent="\ud800\0" + "(" * 4000))
    assert "\\ud800" in log["runs"][0]["results"][0]["message"]["text"]
    assert len(log["runs"][0]["results"][0]["message"]["text"]) < 400
