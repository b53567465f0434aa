"""A look costs what is new, however long the training is.

Faults that were injected and caught here: tallies read anew at each look; estimates read anew;
parts of logs read anew; first rows of logs looked at anew; a report at each look.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from training import Training

from foretoken.logs import read as logs
from foretoken.records import Draw, RateEstimate
from foretoken.store import run as store
from foretoken.store.kept import KeptParts, kept_records
from foretoken.store.run import Run
from foretoken.watch import watcher as module
from foretoken.watch.pace import SHARE, WatchPace
from foretoken.watch.watcher import Watcher

LENGTHS = (4, 8, 16)
QUIET = {"horizon_step": 4000, "warn_from": 1.0, "budget": 0.9, "discover": False}
"""Without alarms, whose parts would count too, and without the search, which reads the whole run
and so comes seldom, as the report does."""


class Counting:
    """Counts the parts and logs that are opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parts: list[Path] = []
        self.logs: list[Path] = []
        self.reports = 0
        read_parts, rows, report = store.read_parts, logs._rows, module.write_report

        def counted(paths: list[Path], *rest: object, **others: object) -> object:
            self.parts += paths
            return read_parts(paths, *rest, **others)

        def looked(path: Path) -> Iterator[object]:
            self.logs.append(path)
            return rows(path)

        def reported(*given: Path) -> Path:
            self.reports += 1
            with self.unseen():
                return report(*given)

        monkeypatch.setattr(store, "read_parts", counted)
        monkeypatch.setattr(logs, "_rows", looked)
        monkeypatch.setattr(module, "write_report", reported)

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """Count no parts: a report reads all of them, which is why it is paced."""
        before = len(self.parts)
        yield
        del self.parts[before:]

    def taken(self) -> tuple[int, int]:
        """How many parts and logs were opened since the last time."""
        found = len(self.parts), len(self.logs)
        self.parts.clear()
        self.logs.clear()
        return found


def test_a_look_opens_as_many_files_after_4_steps_as_after_16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(monkeypatch)
    busy: dict[int, tuple[int, int]] = {}
    idle: dict[int, tuple[int, int]] = {}
    for length in LENGTHS:
        training = Training(tmp_path / str(length))
        training.folder.mkdir()
        watcher = Watcher(training.config(**QUIET), [])
        for by in (length, 1):
            training.step(by)
            watcher.look()
        counting.taken()
        training.step()
        watcher.look()
        busy[length] = counting.taken()
        watcher.look()
        idle[length] = counting.taken()
        watcher.close()
        assert len(Run.open(training.folder / "run").read(Draw)) == 96 * (length + 2)
        counting.taken()
    assert len(set(busy.values())) == len(set(idle.values())) == 1, (busy, idle)
    assert busy[4][1] == 1, "the one log that came"
    assert idle[4][1] == 0


def test_a_whole_watch_opens_twice_as_many_files_for_twice_as_many_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(monkeypatch)
    opened: list[int] = []
    for length in LENGTHS:
        training = Training(tmp_path / str(length))
        training.folder.mkdir()
        watcher = Watcher(training.config(**QUIET), [])
        for _ in range(length):
            training.step()
            watcher.look()
        watcher.close()
        opened.append(sum(counting.taken()))
    assert opened[2] - opened[1] == 2 * (opened[1] - opened[0]), opened


def test_a_report_takes_a_tenth_of_the_time_and_comes_at_once_where_it_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    pace, spent = WatchPace(), 0.0
    while now[0] < 1000.0:
        if pace.is_due(new=True, at_once=False):
            with pace.timed():
                now[0] += 3.0
                spent += 3.0
        now[0] += 0.5
    assert 0.8 * SHARE < spent / now[0] < 1.05 * SHARE
    assert not pace.is_due(new=True, at_once=False)
    assert pace.is_due(new=False, at_once=True)
    now[0] += 30.0
    assert pace.is_due(new=False, at_once=False), "what changed meanwhile is not forgotten"
    with pace.timed():
        pass
    now[0] += 30.0
    assert not pace.is_due(new=False, at_once=False), "nothing changed"


def test_a_part_that_is_replaced_or_removed_is_noticed(tmp_path: Path) -> None:
    run, reads = Run.create(tmp_path / "run"), []
    kept = KeptParts(
        RateEstimate,
        lambda at, part: (reads.append(part), len(at.read(RateEstimate, part=part)))[1],
    )
    estimate = RateEstimate(
        estimator="switch",
        exploit_type="a",
        step=1,
        rate=None,
        published=False,
        lower_bound=0.0,
        interval=None,
        upper_bound=1.0,
        hits=0,
        effective_hits=0.0,
        draws=1,
        tasks=1,
    )
    for part in ("a", "b"):
        run.append([estimate], part=part)
    assert (kept.of(run), kept.of(run), reads) == ([1, 1], [1, 1], ["a", "b"])
    run.append([estimate, estimate], part="a", replace=True)
    assert (kept.of(run), reads) == ([2, 1], ["a", "b", "a"])
    run.remove(RateEstimate, "b")
    assert kept.of(run) == [2]
    assert kept_records(RateEstimate).of(run) == [[estimate, estimate]]
