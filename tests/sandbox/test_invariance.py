"""A verdict does not depend on the number of slots, on the order, nor on what else runs."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from foretoken.sandbox.base import Ending, Execution, Job, Limits
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import encode

LIMITS = Limits(cpu_s=0.25, wall_factor=10.0, memory_mib=192, answer_bytes=1 << 18)
"""A submission that gets less than a 40th of a core meets the last resort, `PATIENCE`."""
WORK = """
import time
def f(x):
    while time.process_time() < {}: pass
    return time.process_time() < {}
"""
CODES = {
    "half the processor limit": WORK.format(0.12, 0.25),
    "twice the processor limit": WORK.format(0.5, 1.0),
    "half the wall limit": "import time\ndef f(x): return time.sleep(0.6)",
    "twice the wall limit": "import time\ndef f(x): return time.sleep(5.0)",
    "half the memory": "def f(x): return len(bytes(96 << 20)) if x == 1 else 0",
    "twice the memory": "def f(x): return len(bytes(384 << 20))",
    "half the answer": "def f(x): return 'x' * (1 << 17)",
    "twice the answer": "import os\ndef f(x):\n    while True: os.write(4, b'x' * (1 << 19))",
    "an exception": "def f(x): raise ZeroDivisionError(x)",
    "deep recursion": "def f(x): return f(x) + 1",
    "depth": """
def f(x, n=0):
    try: return f(x, n + 1)
    except RecursionError: return n > 900""",
    "random numbers": """
import random
def f(x): return [random.random(), random.sample(range(99), 9)]""",
    "order of a set": "def f(x): return [str({str(n) for n in range(50)}), list({'a', 'b', 'c'})]",
    "hash": "def f(x): return [hash('a'), hash((1, 'b')), hash(b'c')]",
    "exit": "import sys\ndef f(x): sys.exit(3)",
    "crash": "import os\ndef f(x): os.abort()",
    "no function": "g = 1",
    "threads": """
import threading
def f(x):
    found = []
    threads = [threading.Thread(target=found.append, args=(n,)) for n in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return sorted(found)""",
    "files": "def f(x):\n    open('a', 'w').write('b' * 999)\n    return open('a').read()",
}
ENDINGS = {
    "twice the processor limit": Ending.CPU_LIMIT,
    "twice the wall limit": Ending.WALL_LIMIT,
    "twice the answer": Ending.OUTPUT_LIMIT,
    "exit": Ending.EXIT,
    "crash": Ending.SIGNAL,
}
QUICK = 3
"""How often each job is run that does not use up time."""


def jobs() -> list[tuple[str, Job]]:
    return [
        (name, Job(code=code, function="f", calls=(encode((1,)), encode((2,))), seed=number))
        for name, code in CODES.items()
        for number in range(1 if "limit" in name else QUICK)
    ]


def outcome(execution: Execution) -> tuple[object, ...]:
    return (execution.ending, execution.exit_status, execution.calls, execution.failed)


def outcomes(drawn: Sequence[Job], *, workers: int, order: Sequence[int]) -> list[object]:
    """What became of each job, in their own order, when they are run in another."""
    with SandboxPool(workers=workers, limits=LIMITS) as pool:
        ended = pool.run([drawn[index] for index in order])
    found = {index: outcome(execution) for index, execution in zip(order, ended, strict=True)}
    return [found[index] for index in range(len(drawn))]


@contextmanager
def busy_cores() -> Iterator[None]:
    """Four endless loops for each core."""
    count = 4 * len(os.sched_getaffinity(0))
    loops = [subprocess.Popen([sys.executable, "-c", "while 1: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
        for loop in loops:
            loop.wait()


@pytest.fixture(scope="module")
def alone() -> list[object]:
    """What becomes of the jobs, one after the other."""
    drawn = [job for _, job in jobs()]
    return outcomes(drawn, workers=1, order=range(len(drawn)))


def test_one_slot_gives_every_ending_that_was_asked_for(alone: list[object]) -> None:
    wanted = [ENDINGS.get(name, Ending.COMPLETED) for name, _ in jobs()]
    assert [ending for ending, *_ in alone] == wanted  # type: ignore[misc]
    said = {name: str(end) for (name, _), end in zip(jobs(), alone, strict=True)}
    assert "tree=True" in said["half the processor limit"]
    assert f"tree={96 << 20}" in said["half the memory"]
    assert "MemoryError" in said["twice the memory"]
    assert "RecursionError" in said["deep recursion"]
    assert "tree=True" in said["depth"]


@pytest.mark.parametrize("workers", [2, 7])
def test_verdicts_do_not_depend_on_the_number_of_slots_and_the_order(
    alone: list[object], workers: int
) -> None:
    order = random.Random(workers).sample(range(len(alone)), len(alone))
    assert outcomes([job for _, job in jobs()], workers=workers, order=order) == alone


@pytest.mark.slow
def test_verdicts_do_not_depend_on_the_load(alone: list[object]) -> None:
    with busy_cores():
        found = outcomes([job for _, job in jobs()], workers=7, order=range(len(alone)))
    assert found == alone
