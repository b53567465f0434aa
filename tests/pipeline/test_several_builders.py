"""Several processes fill one bank, each part made by one of them.

Faults that were injected and caught here: claims left out of drawing; a finished part of scores
deleted as if it had failed.
"""

import os
import time
from collections import Counter
from pathlib import Path

import pytest
from world import World, bank_config

from foretoken.bank.build import build_bank
from foretoken.records import Draw, Mixture, Score
from foretoken.store.run import Run
from foretoken.work import drawing
from warm import exit_code, killed, started

BUILDERS = 3


def build(world: World, run: Path, log: Path, builders: int = 1) -> None:
    """Build a bank of many small parts, and say which parts this process sampled.

    Nobody samples before so many builders have a part to sample, so that a slow start of one does
    not leave all of them to another; a minute is enough for that, or parts are not shared.
    """
    real = drawing._sample
    latest = time.monotonic() + 60

    def noted(engine: object, planned: list[drawing.Planned], **others: object) -> object:
        log.with_name(f"{log.name}-ready-{os.getpid()}").touch()
        while len(list(log.parent.glob(f"{log.name}-ready-*"))) < builders:
            assert time.monotonic() < latest
            time.sleep(0.01)
        with log.open("a") as file:
            file.write(f"{planned[0].key} {os.getpid()}\n")
        return real(engine, planned, **others)  # pyright: ignore[reportArgumentType]

    drawing._sample = noted  # pyright: ignore[reportAttributeAccessIssue]
    build_bank(bank_config(world, run, part_draws=12, draws_per_task=24))


def contents(run: Path, kinds: tuple[str, ...]) -> dict[str, bytes]:
    return {
        str(path.relative_to(run)): path.read_bytes()
        for kind in kinds
        for path in sorted((run / kind).rglob("*.parquet"))
    }


@pytest.fixture(scope="module")
def alone(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    process = started(build, world, folder / "run", folder / "log")
    assert exit_code(process) == 0
    return folder / "run"


def test_several_processes_fill_one_bank_and_none_makes_what_another_has(
    world: World, alone: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    given = (world, tmp_path / "run", log, BUILDERS)
    builders = [started(build, *given) for _ in range(BUILDERS)]
    assert [exit_code(each) for each in builders] == [0] * BUILDERS
    made = [line.split() for line in log.read_text().splitlines()]
    times = Counter(part for part, _ in made)
    assert set(times.values()) == {1}
    assert len({process for _, process in made}) > 1
    kinds = tuple(str(kind.folder) for kind in (Draw, Score, Mixture))
    assert contents(tmp_path / "run", kinds) == contents(alone, kinds)
    assert not list((tmp_path / "run").rglob("*.claim"))


def test_a_builder_that_is_killed_leaves_its_parts_to_the_others(
    world: World, alone: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    first = started(build, world, tmp_path / "run", log)
    while not log.exists() or len(log.read_text().splitlines()) < 3:
        assert first.is_alive()
    killed(first)
    second = started(build, world, tmp_path / "run", log)
    assert exit_code(second) == 0
    kinds = tuple(str(kind.folder) for kind in (Draw, Score, Mixture))
    assert contents(tmp_path / "run", kinds) == contents(alone, kinds)
    assert Run.open(tmp_path / "run").read(Draw)
