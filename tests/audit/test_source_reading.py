"""How the source of a grader is found and followed, and how hostile sources end.

Faults that were injected to see these tests fail: the module is imported to find it; calls into
files beside it are not followed; a source may be of any size; nesting is not bounded; nodes are not
counted; any attack that was fired confirms a line.
"""

import sys
import time
from pathlib import Path

import pytest

from foretoken.audit.source.confirm import SourceStanding, confirm
from foretoken.audit.source.read import MOST_BYTES
from foretoken.audit.source.rules import RULES, SourceReading, read_source
from foretoken.audit_records import AuditFault, AuditFinding
from foretoken.errors import SetupError

FLAWED = "def graded(answer, truth):\n    return truth in answer\n"
SOON_S = 60.0
"""Processor time in which a hostile source has to end, on a machine that does other things."""


def lines(reading: SourceReading) -> list[tuple[str, int]]:
    return [(Path(each.place.path).name, each.place.line) for each in reading.findings]


def test_nothing_is_imported_or_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    package = tmp_path / "never_imported"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('imported')\n")
    (package / "inner.py").write_text(f"raise SystemExit('imported')\n{FLAWED}")
    assert lines(read_source("never_imported.inner:graded")) == [("inner.py", 3)]
    assert not any(name.startswith("never_imported") for name in sys.modules)


def test_an_installed_package_is_found() -> None:
    reading = read_source("foretoken.rewards.rules:LengthReward")
    assert Path(reading.files[0]).name == "rules.py"


def test_what_is_called_in_files_beside_it_is_followed(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("def has(text, part):\n    return part in text\n")
    (tmp_path / "unused.py").write_text(FLAWED)
    (tmp_path / "mine.py").write_text(
        "import unused\nfrom beside import has as holds\n"
        "def graded(answer, truth):\n    return holds(answer, truth)\n"
    )
    reading = read_source(f"{tmp_path}/mine.py:graded")
    assert lines(reading) == [("beside.py", 2)]
    assert [each.function for each in reading.findings] == ["has"]


def test_relative_imports_and_exports_of_a_package_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    package = tmp_path / "graders_of_mine"
    package.mkdir()
    (package / "__init__.py").write_text("from .made import graded\n")
    (package / "made.py").write_text(
        "from . import tools\ndef graded(answer, truth):\n    return tools.has(answer, truth)\n"
    )
    (package / "tools.py").write_text("def has(text, part):\n    return part in text\n")
    assert lines(read_source("graders_of_mine:graded")) == [("tools.py", 2)]


MADE = """
class Graded:
    def score(self, answer, truth):
        return truth in answer  #!
===
class Graded:
    def __call__(self, answer, truth):
        return truth in answer  #!
===
class Graded:
    def _has(self, text, part):
        return part in text  #!
    def score(self, answer, truth):
        return self._has(answer, truth)
===
class Base:
    def score(self, answer, truth):
        return truth in self.tidy(answer)  #!
class Graded(Base):
    def tidy(self, text):
        return text.strip()
===
def make():
    def inner(answer, truth):
        return truth in answer  #!
    return inner
Graded = make()
===
from functools import partial
def has(weight, answer, truth):
    return weight * (truth in answer)  #!
Graded = partial(has, 2.0)
===
Graded = lambda answer, truth: truth in answer  #!
===
def Graded():
    async def score(state, target):
        return target.text in state.output.completion  #!
    return score
===
def Graded(response, extra_info):
    return extra_info["ground_truth"] in response  #!
===
def Graded(answer, truth):
    match answer:
        case str(said):
            return truth in said  #!
===
def Graded(first, second, third):
    return third in second  #!
===
from concurrent.futures import ThreadPoolExecutor
def one(said, true):
    return float(true in said)  #!
def Graded(completions, answer, **kwargs):
    with ThreadPoolExecutor() as pool:
        return list(pool.map(one, completions, answer))
"""


@pytest.mark.parametrize("source", MADE.split("==="))
def test_graders_are_entered_however_they_are_made(source: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(source)
    (line,) = (n for n, text in enumerate(source.split("\n"), 1) if text.endswith("#!"))
    reading = read_source(f"{tmp_path}/mine.py:Graded")
    assert [(each.rule, each.place.line) for each in reading.findings] == [
        ("the truth anywhere in the answer", line)
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"def graded(answer:\n", "is no Python at line 1"),
        (b"def graded(answer):\0\n", "is no Python"),
        (b"\xff\xfe\xff", "is no Python"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "is no Python|nested too deeply"),
        (b"x = " + b"-" * 200_000 + b"1", "nested too deeply"),
        (b"graded = " + b"-" * 300 + b"1", "nested too deeply"),
        (b"x = " + b"1 + " * 100_000 + b"1", "nested too deeply"),
        (b"".join(b" " * i + b"if x:\n" for i in range(99)) + b" " * 99 + b"pass\n", None),
        (b"x = [" + b"0, " * 300_000 + b"]", "more than"),
        (b"# " + b"a" * 10_000_000, f"longer than {MOST_BYTES} bytes"),
        (b"graded = 3\n", None),
        (b"other = 3\n", "has no graded"),
    ],
)  # fmt: skip
def test_hostile_sources_end_soon_and_in_one_line(
    content: bytes, said: str | None, tmp_path: Path
) -> None:
    begin = time.process_time()
    (tmp_path / "mine.py").write_bytes(content)
    path = f"{tmp_path}/mine.py:graded"
    if said is None:
        if b"graded" not in content:
            (tmp_path / "mine.py").write_bytes(content + b"graded = 3\n")
        assert read_source(path).findings == ()
    else:
        with pytest.raises(SetupError, match=said) as raised:
            read_source(path)
        assert "\n" not in str(raised.value)
    assert time.process_time() - begin < SOON_S


def test_a_grader_of_a_million_ways_is_left_soon_and_says_so(tmp_path: Path) -> None:
    calls = "".join(
        f"def f{n}(a, b=None, c=None):\n    f{n + 1}(a, a, b)\n    f{n + 1}([a], b, a)\n"
        f"    f{n + 1}((a, b), c)\n    return f{n + 1}({{1: a}}, a)\n"
        for n in range(40)
    )
    ways = f"{calls}def f40(a, b=0, c=0):\n    return a\n"
    source = f"{FLAWED}{ways}".replace("truth in answer", "f0(truth in answer, answer)")
    many = "".join(f"    x{n} = truth in answer\n" for n in range(8_000))
    for text in (source, f"def graded(answer, truth):\n{many}    return x1\n"):
        begin = time.process_time()
        (tmp_path / "mine.py").write_text(text)
        assert 1 <= len(read_source(f"{tmp_path}/mine.py:graded").findings) <= 100
        assert time.process_time() - begin < SOON_S


@pytest.mark.parametrize("path", ["math:sqrt", "sys:exit", "_json:scanner", "no_such_module:x"])
def test_what_has_no_python_source_ends_in_one_line(path: str) -> None:
    with pytest.raises(SetupError, match=r"no Python file|no module") as raised:
        read_source(path)
    assert "\n" not in str(raised.value)


def test_every_rule_says_why_and_names_attacks_that_exist() -> None:
    folder = Path(sys.modules["foretoken.audit"].__file__ or "").parent / "attacks"
    known = "\n".join(each.read_text() for each in folder.glob("*.py"))
    for rule in RULES:
        assert rule.why.endswith(".")
        assert rule.remedy
        assert rule.source
        for attack in rule.confirmed_by:
            assert f"def {attack}(" in known, (rule.name, attack)
    assert len({rule.name for rule in RULES}) == len(RULES) == 29


def test_firing_confirms_contradicts_or_does_not_reach_what_the_source_says(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import subprocess, sys\n"
        "def graded(answer, truth):\n"
        "    if truth in answer:\n"
        "        return 1.0\n"
        "    said = answer.split('####')[1]\n"
        "    done = subprocess.run(f'echo {said}', shell=True, timeout=1, capture_output=True)\n"
        "    return done.stdout == truth\n"
    )
    reading = read_source(f"{tmp_path}/mine.py:graded")
    paid = AuditFinding(
        fault=AuditFault.PAID,
        by="two answers",
        count=1,
        of=1,
        sent="1 or 2",
        question="q",
        prompt="",
        got="1",
        forms=("alone",),
        why="",
        remedy="",
    )
    fired = ("two answers", "right first then wrong")
    confirmed = confirm(reading.findings, [paid], fired=fired)
    found = {each.finding.place.line: each for each in confirmed}
    assert (found[3].standing, found[3].by) == (SourceStanding.CONFIRMED, ("two answers",))
    assert found[5].standing is SourceStanding.CONTRADICTED
    assert found[5].by == ("right first then wrong",)
    assert (found[6].standing, found[6].by) == (SourceStanding.UNREACHED, ())
