"""One bar over all phases of a command: how far it is, how long it takes, and a clean end.

Faults that were injected: what an earlier call did counted as done by this one; a line printed at
each update of a log file; the cursor left hidden; the inner plan shown beside the outer one; items
of one kind timed by another kind's.
"""

import os
import pty
import re
import signal
import subprocess
import sys
import time

import pytest
from rich.console import Console

from foretoken.work import progress
from foretoken.work.progress import Phase, PlanBar, phase, planned_work, progress_bar


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress.time, "monotonic", made)
    return made


def plan(*phases: Phase) -> PlanBar:
    return PlanBar(Console(stderr=True, force_terminal=False), phases)


def test_the_rest_is_told_from_what_each_kind_took(clock: Clock) -> None:
    bar = plan(
        Phase("draw 1", "draw", 100), Phase("score", "score", 50, each=0.1),
        Phase("draw 2", "draw", 200),
    )  # fmt: skip
    bar.begin("draw 1", items=100)
    assert bar.left_s() is None
    clock.now = 50.0
    bar.advance(50, of="draw 1")
    assert bar.left_s() == pytest.approx(50 + 50 * 0.1 + 200)
    clock.now = 100.0
    bar.advance(50, of="draw 1")
    bar.begin("score", items=50)
    clock.now = 125.0
    bar.advance(25, of="score")
    assert bar.left_s() == pytest.approx(25 + 200)


def test_a_smaller_or_a_skipped_phase_makes_the_plan_shorter(clock: Clock) -> None:
    bar = plan(*(Phase(name, "draw", 100) for name in ("a", "b", "c", "d")))
    bar.begin("a", items=100)
    clock.now = 100.0
    bar.advance(100, of="a")
    assert bar.left_s() == pytest.approx(300)
    bar.begin("c", items=10)
    assert bar.left_s() == pytest.approx(10 + 100)


def test_what_an_earlier_call_did_is_neither_done_nor_left(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    phases = [Phase("work", "draw", 100), Phase("more", "draw", 100)]
    with planned_work(phases), progress_bar("work", 100, done=90) as bar:
        clock.now = 40.0
        bar(10)
    assert "about 7 min left of 7 min" in capsys.readouterr().err


def test_a_log_file_gets_a_line_each_half_minute_and_no_other(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with planned_work([Phase("work", "draw", 600)]), progress_bar("work", 600) as bar:
        for _ in range(600):
            clock.now += 1.0
            bar(1)
    lines = capsys.readouterr().err.splitlines()
    assert 18 <= len(lines) <= 20
    told = r"phase 1 of 1, work: \d+ (s|min) so far, about \d+ (s|min) left of 10 min"
    assert all(re.fullmatch(told, line) for line in lines)


def test_a_bar_inside_a_phase_is_a_part_of_it_and_an_inner_plan_of_the_outer(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    phases = [Phase(f"checkpoint {step}", "checkpoint", 1.0) for step in range(4)]
    with planned_work(phases), planned_work([Phase("other", "draw", 9)]):
        for each in phases:
            with phase(each.name):
                with progress_bar("score", 3) as bar:
                    bar(3)
                clock.now += 40.0
    assert capsys.readouterr().err.splitlines() == [
        "phase 1 of 4, checkpoint 0, score: 40 s so far, about 2 min left of 3 min",
        "phase 2 of 4, checkpoint 1, score: 1 min so far, about 1 min left of 3 min",
        "phase 3 of 4, checkpoint 2, score: 2 min so far, about 40 s left of 3 min",
        "phase 4 of 4, checkpoint 3, score: 3 min so far, about 0 s left of 3 min",
    ]


def test_without_a_plan_phases_are_silent_and_bars_are_as_ever(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with phase("nothing"), progress_bar("work", 5, done=2) as bar:
        bar(3)
    assert "5/5" in capsys.readouterr().err


PROGRAM = """
import signal, sys, time
from foretoken.cli.main import app
from foretoken.work.progress import Phase, planned_work, progress_bar

@app.command()
def stall() -> None:
    with planned_work([Phase("work", "draw", 100)]), progress_bar("work", 100) as bar:
        bar(10)
        print("begun", flush=True)
        time.sleep(60)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
sys.argv = ["foretoken", "stall"]
app()
"""


def test_an_interrupt_shows_the_cursor_again_and_says_how_to_go_on() -> None:
    parent, child = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    running = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=child, stdout=child, stderr=child, env=environment
    )
    os.close(child)
    shown = b""
    deadline = time.monotonic() + 120
    while b"begun" not in shown and time.monotonic() < deadline:
        shown += os.read(parent, 4096)
    running.send_signal(signal.SIGINT)
    while True:
        try:
            more = os.read(parent, 4096)
        except OSError:
            break
        if not more:
            break
        shown += more
    assert running.wait(60) == 130
    os.close(parent)
    hidden, visible = b"\x1b[?25l", b"\x1b[?25h"
    assert hidden in shown
    assert shown.rindex(visible) > shown.rindex(hidden)
    assert b"Traceback" not in shown
    assert b"run the same command again" in shown
