"""Several processes fill one run without doing work twice."""

import os
import time
from collections import Counter
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from test_run import a_draw

from foretoken.records import Draw
from foretoken.store import layout
from foretoken.store.claims import Claims, work_parts
from foretoken.store.places import create_exclusively
from foretoken.store.run import Run
from warm import exit_code, killed, started

PARTS = [f"p{number:02d}" for number in range(12)]


def fill(run: Path, log: Path, seconds: float, stale_s: float) -> None:
    def make(part: str) -> list[Draw]:
        with log.open("a") as file:
            file.write(f"{part} {os.getpid()}\n")
        time.sleep(seconds)
        return [a_draw(part)]

    work_parts(Run.create(run), Draw, PARTS, make, finish=lambda _, made: made, stale_s=stale_s)


def worker(run: Path, log: Path, *, seconds: float, stale_s: float = 60) -> BaseProcess:
    return started(fill, run, log, seconds, stale_s)


def made(log: Path) -> Counter[str]:
    lines = log.read_text().splitlines() if log.exists() else []
    return Counter(line.split()[0] for line in lines)


def test_three_processes_fill_one_run_and_make_each_part_once(tmp_path: Path) -> None:
    run, log = Run.create(tmp_path / "run"), tmp_path / "log"
    workers = [worker(run.folder, log, seconds=0.3) for _ in range(3)]
    assert [exit_code(each) for each in workers] == [0, 0, 0]
    assert made(log) == dict.fromkeys(PARTS, 1)
    assert run.parts(Draw) == PARTS
    assert len({line.split()[1] for line in log.read_text().splitlines()}) > 1
    assert [path.name for path in run.folder.iterdir()] == ["draws"]


def test_the_part_of_a_killed_process_is_taken_over_and_no_claim_stays(tmp_path: Path) -> None:
    run, log = Run.create(tmp_path / "run"), tmp_path / "log"
    first = worker(run.folder, log, seconds=60)
    while not made(log):
        time.sleep(0.02)
    others = [worker(run.folder, log, seconds=0.1) for _ in range(2)]
    while len(made(log)) < 4:
        time.sleep(0.02)
    killed(first)
    assert [exit_code(each) for each in others] == [0, 0]
    assert made(log) == dict.fromkeys(PARTS, 1) | {PARTS[0]: 2}
    assert run.parts(Draw) == PARTS
    assert [path.name for path in run.folder.iterdir()] == ["draws"]


def foreign_claim(run: Run, part: str) -> Path:
    path = layout.claim_path(run.path, Draw, part)
    assert isinstance(path, Path)
    assert create_exclusively(path, b'{"machine": "elsewhere", "process": "7 1", "owner": "x"}')
    return path


def test_a_claim_of_another_machine_is_taken_over_once_it_stops_beating(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    path = foreign_claim(run, "p")
    os.utime(path, (0, 0))
    claims = Claims(run, Draw, stale_s=0.3)
    assert claims.take("p") is None
    time.sleep(0.2)
    path.write_bytes(path.read_bytes() + b" ")
    assert claims.take("p") is None
    time.sleep(0.2)
    assert claims.take("p") is None
    time.sleep(0.2)
    assert claims.take("p") is not None


def test_a_claim_is_kept_as_long_as_its_holder_works(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    holder, other = (Claims(run, Draw, stale_s=0.3) for _ in range(2))
    claim = holder.take("p")
    assert claim is not None
    with claim:
        for _ in range(8):
            assert other.take("p") is None
            time.sleep(0.1)
    assert other.take("p") is not None


def test_a_holder_that_lost_its_claim_leaves_the_new_one_alone(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    claim = Claims(run, Draw, stale_s=0.1).take("p")
    assert claim is not None
    with claim:
        claim.path.unlink()
        path = foreign_claim(run, "p")
        time.sleep(0.1)
    assert b"elsewhere" in path.read_bytes()


def test_a_part_that_was_finished_meanwhile_is_kept(tmp_path: Path) -> None:
    run = Run.create(tmp_path)

    def make(part: str) -> list[Draw]:
        run.append([a_draw("theirs")], part=part)
        return [a_draw("mine")]

    work_parts(run, Draw, ["p"], make, finish=lambda _, made: made)
    assert [draw.key for draw in run.read(Draw)] == ["theirs"]


def test_a_failed_part_gives_its_claim_back(tmp_path: Path) -> None:
    run = Run.create(tmp_path)

    def fail(part: str) -> list[Draw]:
        raise ValueError(part)

    with pytest.raises(ValueError, match="p"):
        work_parts(run, Draw, ["p"], fail, finish=lambda _, made: made)
    work_parts(run, Draw, ["p"], lambda part: [a_draw(part)], finish=lambda _, made: made)
    assert [path.name for path in run.folder.iterdir()] == ["draws"]


def test_a_claim_is_made_while_others_tidy_its_folder_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tidied = Path.mkdir, 0

    def made_and_tidied(folder: Path, *args: object, **more: object) -> None:
        nonlocal tidied
        real(folder, *args, **more)  # pyright: ignore[reportArgumentType]
        if tidied < 5:
            folder.rmdir()
            tidied += 1

    monkeypatch.setattr(Path, "mkdir", made_and_tidied)
    assert create_exclusively(tmp_path / "claims" / "draws" / "part.claim", b"x")
    assert tidied == 5
