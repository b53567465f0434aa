"""Trackers get everything once, whatever fails meanwhile, and hold nobody up.

Faults that were injected and caught here: what was sent is not noted; noted before it is sent; a
failing tracker's exception ends its thread; a share of a step whose rollouts still come; a rate
that is not published sent as a point; the watcher waits for a tracker.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from sending import DRAWS, TYPES, Kept, Told, alarm, estimate, forecast
from typer.testing import CliRunner

from foretoken.alarm_records import Alarm, Delivery, Urgency
from foretoken.cli.main import app
from foretoken.ports import exporter as module
from foretoken.ports.base import News, Point, Sent
from foretoken.ports.exporter import Exporter
from foretoken.store.run import Run
from foretoken.watch.config import WatchConfig
from foretoken.watch.watcher import Watcher


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path / "run").begin()


def sent(told: Told, port: Kept, *, over: bool = False) -> list[str]:
    """What a process of its own sends, and what it says of it."""
    return Exporter(told.run, [port]).finish(told.news(over=over), wait_s=20.0)


def value(port: Kept, name: str, step: int) -> float | None:
    """The one point of this name and step."""
    found = [each.value for each in port.points if (each.name, each.step) == (name, step)]
    assert len(found) <= 1
    return found[0] if found else None


def test_numbers_are_those_of_the_run_at_its_optimiser_steps(told: Told) -> None:
    told.step(4).measure(2)
    told.run.append([forecast(TYPES[0], 2, 0.7), forecast(TYPES[1], 2, None)], part="f")
    told.run.append([alarm(TYPES[0], 3)], part="alarm-a")
    told.run.append([alarm(TYPES[1], 1, Urgency.WARNING)], part="warning-b")
    port = Kept()
    assert sent(told, port) == []
    share = [value(port, "foretoken/rollouts/process_exit", step) for step in range(4)]
    assert share[:3] == pytest.approx([0.0, 1 / DRAWS, 2 / DRAWS])
    assert share[3] is None, "its rollouts may still come"
    assert value(port, "foretoken/rate/process_exit", 2) == 0.05
    assert value(port, "foretoken/interval_high/process_exit", 2) == 0.2
    assert value(port, "foretoken/published/process_exit", 2) == 1.0
    assert value(port, "foretoken/rate/test_skipping", 2) is None, "it is not published"
    assert value(port, "foretoken/interval_low/test_skipping", 2) is None
    assert value(port, "foretoken/published/test_skipping", 2) == 0.0
    assert value(port, "foretoken/lower_bound/test_skipping", 2) == 0.001
    assert value(port, "foretoken/forecast/process_exit", 2) == 0.7
    assert value(port, "foretoken/forecast/test_skipping", 2) is None
    assert value(port, "foretoken/alarm/process_exit", 3) == 1.0
    assert value(port, "foretoken/warning/test_skipping", 1) == 1.0
    assert [each.exploit_type for each in port.alarms] == [TYPES[1], TYPES[0]]
    assert sent(told, port, over=True) == []
    assert value(port, "foretoken/rollouts/process_exit", 3) == pytest.approx(3 / DRAWS)


def test_each_number_and_alarm_is_sent_once_by_however_many_processes(told: Told) -> None:
    port = Kept()
    for steps in (2, 1, 3):
        told.step(steps).measure(told.steps)
        told.run.append([alarm(TYPES[0], 2)], part="alarm-a", keep=True)
        assert sent(told, port) == sent(told, port) == []
    assert len({each.key for each in port.points}) == len(port.points)
    shares = [e.step for e in port.points if e.name == "foretoken/rollouts/process_exit"]
    assert shares == [*range(5)]
    assert len(port.alarms) == 1
    (delivery,) = told.run.read(Delivery)
    assert (delivery.sink, delivery.alarm) == ("kept-1", "alarm-process_exit")
    assert {e.item for e in told.run.read(Sent)} == {each.key for each in port.points}
    other = Kept(name="kept-2")
    assert sent(told, other) == []
    assert len(other.points) == len(port.points), "another tracker gets all of it"


def test_an_estimate_that_is_made_again_is_not_sent_again(told: Told) -> None:
    told.step(2).measure(0)
    port = Kept()
    assert sent(told, port) == []
    told.run.append([estimate(TYPES[0], 0, 0.3)], part="step-000000", replace=True)
    assert sent(told, port) == []
    assert value(port, "foretoken/rate/process_exit", 0) == 0.05


def test_what_a_tracker_did_not_take_is_sent_later_and_in_the_meantime_told_once(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.05)
    told.step(3)
    port = Kept(failures=3)
    exporter = Exporter(told.run, [port])
    said: list[tuple[str, ...]] = []
    until = time.monotonic() + 20.0
    while not port.points and time.monotonic() < until:
        said.append(tuple(exporter.offer(told.news())))
        time.sleep(0.02)
    assert exporter.finish(told.news()) == []
    told_of = [
        faults for before, faults in zip([(), *said], said, strict=False) if faults != before
    ]
    assert told_of[0] == ("kept did not take it (nobody answers); it is sent again",)
    assert len(told_of) <= 2, "once, and once that it is well"
    assert len({each.key for each in port.points}) == len(port.points) > 0
    assert port.closed == 1


def test_a_tracker_that_hangs_holds_nobody_up(told: Told) -> None:
    release = threading.Event()

    class Hanging(Kept):
        def send(self, points: Sequence[Point], alarms: Sequence[Alarm]) -> None:
            release.wait(30.0)
            super().send(points, alarms)

    told.step(3)
    hanging, other = Hanging(name="hangs", into="hanging"), Kept()
    exporter = Exporter(told.run, [hanging, other])
    begin = time.monotonic()
    for _ in range(50):
        exporter.offer(told.news())
    faults = exporter.finish(told.news(), wait_s=1.0)
    assert time.monotonic() - begin < 15.0
    assert faults == ["hanging did not take it (not within 1 s): `foretoken export` sends it again"]
    assert other.points
    release.set()


def test_a_writer_that_was_killed_repeats_at_most_what_it_was_sending(told: Told) -> None:
    told.step(3)
    port = Kept()
    assert sent(told, port) == []
    before = len(port.points)
    told.step(2)
    unlucky = Exporter(told.run, [port])
    unlucky._lanes[0]._note = lambda _: sys.exit(1)
    assert unlucky.finish(told.news(), wait_s=20.0) != []
    assert sent(told, port) == []
    repeated = len(port.points) - len({each.key for each in port.points})
    assert repeated == 2 * len(TYPES)
    assert before == 2 * len(TYPES)


def test_two_processes_do_not_send_to_one_tracker_at_once(told: Told) -> None:
    told.step(3)
    inside, release = threading.Event(), threading.Event()

    class Slow(Kept):
        def send(self, points: Sequence[Point], alarms: Sequence[Alarm]) -> None:
            inside.set()
            release.wait(30.0)
            super().send(points, alarms)

    slow, second = Slow(), Kept()
    first = Exporter(told.run, [slow])
    first.offer(told.news())
    assert inside.wait(20.0)
    (fault,) = sent(told, second)
    assert "another process sends to it at this moment" in fault
    release.set()
    assert first.finish(told.news(), wait_s=20.0) == []
    assert sent(told, second) == []
    assert slow.points
    assert not second.points


def test_rollouts_go_part_by_part_and_a_bank_s_draws_do_not(told: Told) -> None:
    told.step(2)
    port = Kept(takes_rollouts=True)
    assert sent(told, port) == sent(told, port) == []
    assert port.parts == ["rollout-000000", "rollout-000001"]
    told.step(1)
    assert sent(told, port) == []
    assert port.parts[2:] == ["rollout-000002"]
    assert not port.points


def test_a_watch_is_followed_while_it_runs(told: Told, tmp_path: Path) -> None:
    port = Kept()
    told.run.append([estimate(TYPES[0], 0, 0.05)], part="step-000000")
    settings = {"run": told.folder, "horizon_step": 6, "warn_from": 1.0}
    config = WatchConfig.model_validate(settings | {"export": {"to": ["tensorboard"]}})
    watcher = Watcher(config, [], exporter=Exporter(told.run, [port]))
    for _ in range(6):
        told.step()
        seen = watcher.look()
    watcher.close()
    assert seen.over
    assert port.closed == 1
    shares = [e.step for e in port.points if e.name == "foretoken/rollouts/process_exit"]
    assert shares == [*range(6)]


def test_a_step_of_a_training_of_unknown_length_is_told_when_the_next_has_begun(
    told: Told,
) -> None:
    port = Kept()
    settings = {"run": told.folder, "once": True, "export": {"to": ["tensorboard"]}}
    told.step(3)
    config = WatchConfig.model_validate(settings)
    watcher = Watcher(config, [], exporter=Exporter(told.run, [port]))
    watcher.look()
    watcher.close()
    shares = [e.step for e in port.points if e.name == "foretoken/rollouts/process_exit"]
    assert shares == [0, 1]


def test_a_package_that_is_missing_is_named_in_one_line(told: Told, tmp_path: Path) -> None:
    told.step(2)
    config = tmp_path / "watch.toml"
    config.write_text('[export]\nto = ["trackio"]\n')
    for words in (
        ["export", str(told.folder), "--to", "trackio"],
        ["watch", str(told.folder), "--once", "--config", str(config)],
    ):
        code = "import sys; sys.modules['trackio'] = None\n"
        code += "from foretoken.cli.main import app\napp()"
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
        assert done.returncode == 2
        assert done.stderr.strip().count("\n") == 0, done.stderr
        assert "pip install 'foretoken[trackio]'" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "to which tracker"),
        (["--to", "weights"], "to.0"),
        (["--to", "prime-rl"], "give its output directory"),
        (["--to", "prime-rl", "--into", "nowhere"], "has no monitors/file/traces/stream"),
        (["--to", "scout", "--to", "tensorboard", "--into", "x"], "give one --to"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_one_line(
    told: Told, words: list[str], said: str
) -> None:
    told.step(2)
    done = CliRunner().invoke(app, ["export", str(told.folder), *words])
    assert done.exit_code == 2, done.output
    assert said.lower() in done.output.lower()


def test_a_run_that_does_not_exist_or_holds_nothing_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["export", str(tmp_path / "none"), "--to", "tensorboard"])
    assert done.exit_code == 2
    assert "there is no run" in done.output
    assert not (tmp_path / "none").exists()


def test_a_type_of_any_name_can_be_alarmed(tmp_path: Path) -> None:
    odd = alarm("späte Ausgabe / 50 %", 3)
    run = Run.create(tmp_path / "run")
    run.append([odd], part=odd.part)
    assert run.read(Alarm) == [odd]
    assert alarm("process_exit", 3).part == "alarm-process_exit"
    assert News().points == ()
