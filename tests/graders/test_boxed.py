"""What a grader executes can read this machine, and change nothing on it."""

from pathlib import Path
from typing import Any

import pytest

from foretoken.errors import SetupError
from foretoken.graders.process import GraderProcess, Reply

GRADER = """
import os, socket, subprocess, tempfile

def harmful(prompt, answer, truth):
    if answer == "write":
        try:
            open(prompt, "w").close()
        except OSError:
            return 0.0
        return 1.0
    if answer == "net":
        try:
            socket.create_connection(("127.0.0.1", int(truth)), timeout=1).close()
        except OSError:
            return 0.0
        return 1.0
    if answer == "temporary":
        with tempfile.TemporaryDirectory() as folder:
            open(folder + "/x", "w").close()
        return 1.0
    if answer == "helper":
        return float(subprocess.run(["true"]).returncode == 0)
    if answer == "see":
        return float(len([each for each in os.listdir("/proc") if each.isdigit()]))
    if answer == "hog":
        return float(len(bytearray(4 << 30)))
    if answer == "hang":
        while True:
            pass
    if answer == "die":
        os._exit(3)
    print("words that nobody asked for")
    return "text" if answer == "text" else [1.0]
"""


def job(answer: str, *, prompt: str = "?", truth: str = "") -> dict[str, object]:
    return {"prompt": prompt, "text": answer, "answer": answer, "truth": truth, "task": None}


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "mine.py").write_text(GRADER)
    return f"{tmp_path / 'mine.py'}:harmful"


def test_a_boxed_grader_harms_nothing_and_goes_on(path: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("whole")
    with GraderProcess(path, timeout_s=5.0, boxed=True, memory_mib=1024) as grader:

        def asked(answer: str, prompt: str = "?") -> Reply:
            return grader.ask(job(answer, prompt=prompt, truth="9"))

        assert asked("write", str(victim)).value == 0.0
        assert asked("write", str(Path.home() / "foretoken-was-here")).value == 0.0
        assert asked("net").value == 0.0
        assert asked("temporary").value == 1.0
        assert asked("helper").value == 1.0
        assert (asked("see").value or 99.0) <= 3.0
        assert "MemoryError" in (asked("hog").error or "")
        grader.timeout_s = 0.5
        assert asked("hang").died
        grader.timeout_s = 20.0
        assert asked("die").died
        assert "text" in (asked("text").error or "")
        fine = asked("fine")
    assert (fine.value, fine.error) == (1.0, None)
    assert 0.0 <= (fine.seconds or -1.0) < 5.0
    assert victim.read_text() == "whole"
    assert not (Path.home() / "foretoken-was-here").exists()


def test_a_grader_that_is_not_there_is_named(tmp_path: Path) -> None:
    refusal = pytest.raises(SetupError, match=r"the grader no/such.py:fn cannot be used")
    with GraderProcess("no/such.py:fn", timeout_s=5.0, boxed=True) as grader, refusal:
        grader.ask(job("x"))


def test_an_answer_that_replaces_how_lines_are_written_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "patched.py").write_text(
        "import json\n"
        "def grade(answer, truth):\n"
        "    if answer == 'patch':\n"
        "        json.dumps = print = lambda *a, **k: 'nothing'\n"
        "        json.JSONEncoder.encode = json.dumps\n"
        "    if answer == 'write':\n"
        "        import gc, io\n"
        "        for each in gc.get_objects():\n"
        "            if isinstance(each, io.TextIOWrapper) and each.name not in (0, 1, 2):\n"
        "                if isinstance(each.name, int) and each.mode == 'w':\n"
        "                    each.write('[]\\n'); each.flush()\n"
        "    return 1.0\n"
    )
    job: dict[str, Any] = {"prompt": "", "text": "", "answer": "", "truth": "", "task": None}
    job["columns"] = {}
    with GraderProcess(f"{tmp_path / 'patched.py'}:grade", timeout_s=20.0) as grader:
        assert grader.ask({**job, "text": "patch"}).value == 1.0
        assert grader.ask({**job, "text": "fine"}).value == 1.0
        written = grader.ask({**job, "text": "write"})
        assert written.died
        assert written.error is not None
        assert "wrote something else than an answer" in written.error
        assert grader.ask({**job, "text": "fine"}).value == 1.0
