"""One pool of graders for all tests of the tasks."""

from collections.abc import Iterator

import pytest

from foretoken.sandbox.base import Limits
from foretoken.tasks.base import GraderPool


@pytest.fixture(scope="session")
def graders() -> Iterator[GraderPool]:
    with GraderPool(workers=3, limits=Limits(cpu_s=0.6, memory_mib=256)) as pool:
        yield pool
