"""Array shapes are checked in this run; what many tests read is made once and copied."""

from collections.abc import Callable
from pathlib import Path

import pytest

from once import made_once
from shapes import check_shapes

check_shapes()

Shared = Callable[[str, Callable[[Path], object]], Path]
"""Folder of this name, filled once for all workers and sessions by the function; only to read."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests of an accelerator out where there is none."""
    absent = [item for item in items if item.get_closest_marker("gpu")]
    if absent:
        import torch

        if not torch.accelerator.is_available():
            config.hook.pytest_deselected(items=absent)
            items[:] = [item for item in items if item not in absent]


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config) -> Shared:
    cache = pytestconfig.cache.mkdir("made-once")
    return lambda name, make: made_once(cache, name, make)


@pytest.fixture(scope="session")
def tiny_llama(shared: Shared) -> Path:
    from llamas import save_llama

    return shared("tiny-llama", save_llama)


@pytest.fixture(scope="session")
def other_llama(shared: Shared) -> Path:
    from llamas import save_llama

    return shared("other-llama", lambda folder: save_llama(folder, seed=1))


@pytest.fixture(scope="session")
def wide_llama(shared: Shared) -> Path:
    from llamas import save_llama

    return shared("wide-llama", lambda folder: save_llama(folder, hidden=64))


@pytest.fixture(scope="session")
def adapters(shared: Shared, tiny_llama: Path) -> tuple[Path, Path]:
    from llamas import save_random_adapter

    first, second = (
        shared(
            f"adapter-{seed}",
            lambda folder, s=seed: save_random_adapter(folder, tiny_llama, seed=s),
        )
        for seed in (1, 2)
    )
    return first, second
