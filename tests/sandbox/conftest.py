"""A pool with small limits, and short ways to say what a submission did in it."""

import platform
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from foretoken.sandbox.base import Ending, Execution, Job, Limits, Raised, Returned
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import decode, encode

ON_AARCH64 = {
    27: 232, 29: 194, 56: 220, 64: 190, 68: 186, 99: 179, 240: 180, 248: 217, 249: 218, 250: 219,
    202: 98, 262: 79, 332: 291, 272: 97, 275: 76, 276: 77, 298: 241, 300: 262, 312: 272, 323: 282,
}  # fmt: skip
"""Numbers of kernel calls that the two kinds of processor count differently."""

LIMITS = Limits(cpu_s=0.6, wall_factor=5.0, memory_mib=256, answer_bytes=1 << 18)


@pytest.fixture(scope="session")
def pool() -> Iterator[SandboxPool]:
    with SandboxPool(workers=2, limits=LIMITS) as sandbox:
        yield sandbox


@pytest.fixture
def run(pool: SandboxPool) -> Iterator[Callable[..., Execution]]:
    """Run one submission; afterwards the slots must be the same ones, alive and well."""
    before = pool.process_ids

    def execute(code: str, *args: Any) -> Execution:
        calls = (encode(args or (1,)),)
        return pool.run([Job(code=textwrap.dedent(code), function="f", calls=calls)])[0]

    yield execute
    sound = execute("def f(x):\n    return x + 1")
    assert sound.ending is Ending.COMPLETED
    assert sound.calls == (Returned(tree=2),)
    assert pool.process_ids == before


@pytest.fixture
def answer(run: Callable[..., Execution]) -> Callable[..., Any]:
    """What a submission returned, or the name of the exception class that it raised."""

    def call(code: str, *args: Any) -> Any:
        execution = run(code, *args)
        assert execution.ending is Ending.COMPLETED, execution
        end = execution.failed or execution.calls[0]
        if isinstance(end, Raised):
            return end.error_class
        assert isinstance(end, Returned), end
        return decode(end.tree)

    return call


@pytest.fixture
def machine_number() -> Callable[[int], int]:
    """The number on this machine of the kernel call that x86-64 gives this number."""
    return lambda number: ON_AARCH64[number] if platform.machine() == "aarch64" else number
