"""The tiny world and a small run on it, made once for all tests."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from world import World, bank_config, hinted_config, make_world, world_in

from foretoken.bank.build import build_bank
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.store.run import Run


@pytest.fixture(scope="session")
def world(shared: Callable[..., Path]) -> World:
    return world_in(shared("world", make_world))


@pytest.fixture(scope="session")
def banked(shared: Callable[..., Path], world: World) -> Path:
    """A run with a small bank; only to read and to copy."""
    return shared("banked", lambda folder: build_bank(bank_config(world, folder)))


@pytest.fixture(scope="session")
def hinted(shared: Callable[..., Path], world: World) -> Run:
    """A run with a bank with a hint; only to read and to copy."""
    return Run.open(shared("hinted", lambda folder: build_bank(hinted_config(world, folder))))


@pytest.fixture(scope="session")
def measured_small(shared: Callable[..., Path], world: World, banked: Path) -> Path:
    """The same run with both checkpoints measured; only to read and to copy."""

    def make(folder: Path) -> None:
        shutil.copytree(banked, folder)
        measure(MeasureConfig(run=folder, checkpoints=world.checkpoints))

    return shared("measured-small", make)


@pytest.fixture(scope="session")
def copy_measured(measured_small: Path) -> Callable[[Path], Run]:
    """Copy the small measured run to a folder."""
    return lambda folder: Run.open(shutil.copytree(measured_small, folder))


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return tmp_path / "run"
