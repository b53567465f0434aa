"""The tiny world, made once for all tests of a session."""

from pathlib import Path

import pytest
from world import World, make_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return tmp_path / "run"
