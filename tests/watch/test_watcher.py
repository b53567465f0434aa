"""A watched training is told of once, whatever dies meanwhile, and can be asked to stop."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from training import STEPS, Training, looks
from typer.testing import CliRunner

from foretoken.cli.main import app
from foretoken.discovery_records import Discovery
from foretoken.integrations.recorder import STOP_FILE
from foretoken.records import Draw, Forecast
from foretoken.store.run import Run
from foretoken.watch.alarms import Alarm, Delivery, Urgency, cost_of_stopping
from foretoken.watch.checkpoints import found_checkpoints, is_whole
from foretoken.watch.command import run_watch
from foretoken.watch.sinks import Webhook, posted
from foretoken.watch.turns import taking_turns
from foretoken.watch.watcher import Seen, Watcher, watch


@dataclass
class Kept:
    name: str = "kept"
    alarms: list[Alarm] = field(default_factory=list[Alarm])

    def send(self, alarm: Alarm) -> None:
        self.alarms.append(alarm)


@pytest.fixture
def training(tmp_path: Path) -> Training:
    return Training(tmp_path)


def test_what_grows_is_alarmed_once_and_what_does_not_never_is(training: Training) -> None:
    kept, steps = Kept(), []
    watcher = Watcher(training.config(warn_from=1.0), [kept])
    for by in looks(STEPS, 2):
        training.step(by)
        steps.append(watcher.look().step)
    watcher.close()
    assert steps == [*range(1, STEPS, 2)]
    assert [(each.urgency, each.exploit_type) for each in kept.alarms] == [
        (Urgency.ALARM, "process_exit")
    ]
    (alarm,) = kept.alarms
    assert (
        training.passed("process_exit", 0.02) <= alarm.step <= training.passed("process_exit", 0.3)
    )
    assert alarm.known_at - alarm.step < 2
    assert f"since step {alarm.step}" in alarm.words
    assert watcher.seen.over
    assert watcher.seen.alarmed


def test_forecasts_are_made_now_and_then_and_not_with_every_step(training: Training) -> None:
    watcher = Watcher(training.config(), [])
    for by in looks(STEPS, 1):
        training.step(by)
        watcher.look()
    watcher.close()
    cutoffs = {each.cutoff_step for each in Run.open(training.folder / "run").read(Forecast)}
    assert len(cutoffs) == STEPS
    many = Watcher(training.config(horizon_step=100 * STEPS, run=training.folder / "other"), [])
    many.look()
    training.step(5)
    many.look()
    many.close()
    cutoffs = {each.cutoff_step for each in Run.open(training.folder / "other").read(Forecast)}
    assert cutoffs == {STEPS - 1}


def test_a_watcher_that_was_killed_tells_nothing_twice_and_loses_nothing(
    training: Training,
) -> None:
    kept = Kept()
    for by in looks(STEPS, 4):
        training.step(by)
        fresh = Watcher(training.config(), [kept])
        fresh.look()
        fresh.close()
    assert len({each.part for each in kept.alarms}) == len(kept.alarms)
    run = Run.open(training.folder / "run")
    assert {each.part for each in run.read(Alarm)} == {each.part for each in kept.alarms}
    assert len(run.read(Draw)) == STEPS * 2 * 48


def test_an_alarm_that_was_not_delivered_is_delivered_later(training: Training) -> None:
    with receiving(failures=1) as server:
        hook = Webhook(server.address, run="mine")
        watcher = Watcher(training.config(warn_from=1.0), [hook])
        training.step(30)
        assert any("did not take it" in note for note in watcher.look().notes)
        assert not Run.open(training.folder / "run").read(Delivery)
        assert not watcher.look().notes
        watcher.look()
        watcher.close()
    assert len(server.posts) == 1
    (alarm,) = Run.open(training.folder / "run").read(Alarm)
    assert server.posts == [posted(alarm, run="mine")]
    assert server.posts[0]["level"] == "error"
    assert server.posts[0]["title"] == "alarm: process_exit"


def test_a_stop_is_asked_for_at_an_alarm_and_never_at_a_warning(training: Training) -> None:
    watcher = Watcher(training.config(stop=True, warn_from=0.01), [])
    stop = training.folder / "run" / STOP_FILE
    training.step(2)
    assert any(each.urgency is Urgency.WARNING for each in watcher.look().alarms)
    assert not stop.exists()
    assert watcher.seen.chances.keys() == {"process_exit", "test_skipping"}
    training.step(30)
    assert watcher.look().alarmed
    assert stop.exists()
    assert watcher.seen.chances.keys() == {"test_skipping"}, "what emerged is forecast still"
    watcher.close()
    assert "0.05 at most for each training in false alarms" in cost_of_stopping(
        0.1, training.config().costs
    )


def test_paid_answers_of_no_type_are_told_while_they_grow(training: Training) -> None:
    untyped = training.config(exploit_type=None)
    watcher = Watcher(untyped, [])
    training.step(2)
    assert not any("no known type" in note for note in watcher.look().notes)
    training.step(30)
    assert any("paid answers are built alike" in note for note in watcher.look().notes)
    watcher.close()
    (found,) = Run.open(untyped.run).read(Discovery)
    assert found.answers == found.refused == sum(map(sum, training.hacks.values()))

    quiet = Watcher(
        training.config(exploit_type=None, discover=False, run=training.folder / "b"), []
    )
    assert not any("built alike" in note for note in quiet.look().notes)
    quiet.close()


def test_without_an_end_nothing_is_promised(training: Training) -> None:
    training.step(30)
    watcher = Watcher(training.config(horizon_step=None), [])
    seen = watcher.look()
    watcher.close()
    assert (seen.alarms, seen.steps, seen.over) == ((), None, False)
    assert any("--horizon-step" in note for note in seen.notes)


def test_a_run_of_which_nothing_is_known_is_waited_for(training: Training) -> None:
    watcher = Watcher(training.config(logs=None), [])
    assert watcher.look() == Seen(doing="waiting for rollouts and checkpoints")
    watcher.close()
    (training.folder / "logs").mkdir()
    watcher = Watcher(training.config(), [])
    assert "no rollouts of a known layout" in watcher.look().notes[0]
    watcher.close()


def test_two_watchers_take_turns_and_the_second_says_who_is_first(tmp_path: Path) -> None:
    run, said, order = Run.create(tmp_path / "run"), [], []

    def second() -> None:
        with taking_turns(run, say=said.append):
            order.append("second")

    with taking_turns(run, say=said.append):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.5)
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]
    assert [f"is watched by process {os.getpid()} on " in line for line in said] == [True]


def test_a_watcher_that_was_killed_holds_nobody_up(tmp_path: Path) -> None:
    code = (
        "import sys, time; from foretoken.store.run import Run\n"
        "from foretoken.watch.turns import taking_turns\n"
        "with taking_turns(Run.create(sys.argv[1]), say=print):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        other.send_signal(signal.SIGKILL)
        other.wait()
        begin = time.monotonic()
        with taking_turns(Run.create(tmp_path / "run"), say=print):
            assert time.monotonic() - begin < 5


def test_a_checkpoint_that_is_still_written_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint-7"
    folder.mkdir()
    file = folder / "model.safetensors"
    save_file({"a": np.zeros(100, dtype=np.float32)}, file)
    whole = file.read_bytes()
    run = Run.create(tmp_path / "run")
    assert found_checkpoints(run, [tmp_path], settle_s=0)[0] == {7: folder}
    assert not is_whole(folder, settle_s=60)
    for cut in (0, 4, 20, len(whole) - 1):
        file.write_bytes(whole[:cut])
        assert not is_whole(folder, settle_s=0), cut
    file.unlink()
    found, notes = found_checkpoints(run, [tmp_path], settle_s=0)
    assert (found, len(notes)) == ({}, 1)
    assert "holds no weights" in notes[0]


def test_checkpoints_that_a_hook_named_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "checkpoint-4"
    folder.mkdir(parents=True)
    save_file({"a": np.zeros(3, dtype=np.float32)}, folder / "model.safetensors")
    inbox = tmp_path / "run" / "inbox"
    inbox.mkdir(parents=True)
    lines = [{"step": 4, "path": str(folder)}, {"step": 5, "path": str(tmp_path / "gone")}]
    (inbox / "checkpoints-a-1.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    assert found_checkpoints(Run(tmp_path / "run"), [], settle_s=0) == ({4: folder}, [])


def test_the_command_ends_with_the_training_and_says_alarm(training: Training) -> None:
    training.step(STEPS)
    config = training.folder / "watch.toml"
    config.write_text('label = "hack"\nexploit_type = "kind"\nwarn_from = 1.0\n')
    words = ["watch", str(training.folder / "run"), "--logs", str(training.folder / "logs")]
    words += ["--horizon-step", str(STEPS), "--config", str(config)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 3, done.output
    assert done.output.count("ALARM process_exit is above 1.0 %") == 1
    assert "The training is over. Wrote" in done.output
    again = CliRunner().invoke(app, words)
    assert (again.exit_code, "ALARM" in again.output) == (3, False)


def test_a_clean_training_ends_with_0(tmp_path: Path) -> None:
    training = Training(tmp_path, seed=3)
    training.step(4)
    seen = run_watch(training.config(once=True, warn_from=1.0), say=print)
    assert (seen.alarmed, seen.over) == (False, False)


def test_watching_ends_when_the_training_does(training: Training) -> None:
    def train() -> None:
        for by in looks(STEPS, 4):
            training.step(by)
            time.sleep(0.05)

    thread = threading.Thread(target=train)
    training.step(1)
    training.done = 0
    thread.start()
    watcher = Watcher(training.config(), [])
    assert watch(watcher, say=print).over
    thread.join()


@dataclass
class Receiving:
    address: str
    posts: list[dict[str, object]]


@contextmanager
def receiving(*, failures: int) -> Generator[Receiving]:
    """A webhook that refuses what comes first."""
    posts: list[dict[str, object]] = []
    refused: list[int] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if len(refused) < failures:
                refused.append(1)
                self.send_response(503)
            else:
                posts.append(json.loads(body))
                self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Receiving(f"http://127.0.0.1:{server.server_address[1]}/", posts)
    finally:
        server.shutdown()
        server.server_close()
