"""Whoever is killed, at whatever moment: no process stays behind, and no verdict is lost."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from processes import children, descendants

from foretoken.sandbox.base import Ending, Execution, Job, Limits, Returned
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import encode

LIMITS = Limits(cpu_s=0.6, memory_mib=256)
OWNER = """
import os, sys, time
from foretoken.sandbox.base import Job, Limits
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import encode

pool = SandboxPool(workers=4, limits=Limits(cpu_s=30.0))
if sys.argv[1] == "with a child" and os.fork() == 0:
    os.setsid()
    os.write(1, f"child {os.getpid()}\\n".encode())
    os.close(1)
    time.sleep(60)
    os._exit(0)
os.write(1, f"pool {' '.join(map(str, pool.process_ids))}\\n".encode())
codes = (
    "while True: pass",
    "import time; time.sleep(100)",
    "import signal\\nfor n in range(1, 32):\\n    if n not in (9, 19): signal.signal(n, 1)\\n"
    "import threading, time\\n"
    "for _ in range(9): threading.Thread(target=time.sleep, args=(100,)).start()\\n"
    "while True: pass",
    "import os, time\\nos.setsid if 1 else 0\\n"
    "for n in range(10**9):\\n    try: os.fork() or os.fork() or time.sleep(100)\\n"
    "    except OSError: time.sleep(0.01)",
)
calls = (encode((1,)),)
pool.run([Job(code=code, function="f", calls=calls) for code in codes * 3])
"""


def numbered(number: int, *, sleep_s: float = 0.0) -> Job:
    code = f"import time\ntime.sleep({sleep_s})\ndef f(x): return {number}"
    return Job(code=code, function="f", calls=(encode((1,)),))


def alive(pid: int) -> bool:
    """Whether the process is there and no zombie that waits for process 1."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


@pytest.mark.parametrize("owner", ["alone", "with a child"])
def test_an_owner_that_is_killed_leaves_no_process_after_a_second(owner: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, owner], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            said = dict(
                process.stdout.readline().rstrip().split(" ", 1)
                for _ in range(1 if owner == "alone" else 2)
            )
            slots = [int(number) for number in said["pool"].split()]
            below = list(slots)
            deadline = time.monotonic() + 60
            while len(below) < 12 and time.monotonic() < deadline:  # each: two helpers, submission
                below = [*slots, *(pid for slot in slots for pid in descendants(slot))]
                time.sleep(0.02)
            living = [alive(pid) for pid in below]
        finally:
            process.kill()
    assert living == [True] * 12
    time.sleep(1)
    try:
        assert [pid for pid in below if alive(pid)] == []
    finally:
        for pid in [*below, *([int(said["child"])] if "child" in said else [])]:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)


class Striker:
    """Kills an outer process, a zygote or a submission at random, each time that jobs have ended.

    Strikes are counted in jobs and not in seconds, so that they keep pace with a busy machine.
    """

    def __init__(self, pool: SandboxPool, *, every: int, seed: int) -> None:
        self.struck: list[int] = []
        self.done = 0
        self._pool = pool
        self._every = every
        self._chosen = random.Random(seed)
        self._threads: list[threading.Thread] = []

    def on_done(self, count: int) -> None:
        self.done += count
        if self.done % self._every == 0:
            self._threads.append(threading.Thread(target=self._strike))
            self._threads[-1].start()

    def _strike(self) -> None:
        time.sleep(self._chosen.uniform(0, 0.05))
        with suppress(OSError, RuntimeError):
            outer = self._chosen.choice(self._pool.process_ids)
            victim = self._chosen.choice([outer, *descendants(outer)])
            os.kill(victim, signal.SIGKILL)
            self.struck.append(victim)

    def wait(self) -> None:
        for thread in self._threads:
            thread.join()


def mixed(number: int) -> Job:
    kinds = (
        f"def f(x): return {number}",
        f"import time\ntime.sleep(0.03)\ndef f(x): return [{number}] * 9",
        "def f(x): raise ValueError",
        "import os\nos._exit(7)",
        "def f(x): return 'x' * 60000",
        "import os\nwhile True: os.write(4, b'x' * 9999)",
    )
    return Job(code=kinds[number % len(kinds)], function="f", calls=(encode((1,)),))


def outcome(execution: Execution) -> tuple[object, ...]:
    return (execution.ending, execution.exit_status, execution.calls, execution.failed)


def test_killing_anybody_at_any_moment_changes_no_verdict() -> None:
    jobs = [mixed(number) for number in range(240)]
    with SandboxPool(workers=4, limits=LIMITS) as pool:
        undisturbed = [outcome(execution) for execution in pool.run(jobs)]
        first = pool.process_ids
        striker = Striker(pool, every=20, seed=3)
        disturbed = pool.run(jobs, on_done=striker.on_done)
        striker.wait()
        after = pool.process_ids
        assert len(pool.run([numbered(number) for number in range(8)])) == 8
    assert len(striker.struck) >= 10
    assert set(after) != set(first)
    assert len(after) == 4
    assert striker.done == len(jobs)
    assert [outcome(execution) for execution in disturbed] == undisturbed
    assert all(execution.ending is not Ending.INFRA_ERROR for execution in disturbed)


@pytest.mark.parametrize("generation", [0, 1])
def test_a_helper_that_is_killed_again_and_again_costs_no_verdict_until_the_third_time(
    generation: int,
) -> None:
    """Strike the outer (0) or inner (1) process of the one slot as soon as a job runs in it."""
    for deaths, ending in ((2, Ending.COMPLETED), (3, Ending.INFRA_ERROR)):
        with SandboxPool(workers=1, limits=LIMITS) as pool:
            struck: list[int] = []

            def strike(
                pool: SandboxPool = pool, struck: list[int] = struck, deaths: int = deaths
            ) -> None:
                while len(struck) < deaths:
                    time.sleep(0.02)
                    for outer in pool.process_ids:
                        below = list(descendants(outer))
                        if len(below) == 2 and outer not in struck and asleep(below[1]):
                            os.kill([outer, below[0]][generation], signal.SIGKILL)
                            struck.append(outer)

            thread = threading.Thread(target=strike)
            thread.start()
            (execution,) = pool.run([numbered(5, sleep_s=0.5)])
            thread.join()
            assert execution.ending is ending
            if deaths == 3:
                assert execution.infra == "the slot died"
            else:
                assert execution.calls == (Returned(tree=5),)


def asleep(pid: int) -> bool:
    """Whether a submission has been at it for a while: it was locked in and now sleeps."""
    time.sleep(0.1)
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        return "Seccomp:\t2" in status and "State:\tS" in status
    return False


def test_a_slot_that_stands_still_is_given_up_and_its_job_run_again() -> None:
    with SandboxPool(workers=1, limits=Limits(cpu_s=0.2, wall_factor=1.0)) as pool:
        (inner,) = children(pool.process_ids[0])
        os.kill(inner, signal.SIGSTOP)
        start = time.monotonic()
        (execution,) = pool.run([numbered(3)])
        assert execution.calls == (Returned(tree=3),)
        assert time.monotonic() - start < 12
        assert not alive(inner)


def test_closing_a_pool_leaves_no_zombie_to_a_process_that_adopts_orphans() -> None:
    code = (
        "import ctypes, os\nctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"  # adopt, as process 1 does
        "from foretoken.sandbox.pool import SandboxPool\n"
        "with SandboxPool(workers=3): pass\n"
        "try: print(os.waitpid(-1, os.WNOHANG))\nexcept ChildProcessError: print('nobody')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "nobody"


CROWDED = """
import os, sys
from pathlib import Path
from foretoken.sandbox.base import Job, Limits
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import encode

for line in sys.argv[1:]:
    Path(line).write_text(str(os.getpid()))
held = [os.open("/dev/null", 0) for _ in range(30)]
codes = (CODE, "def f(x): return 1")
jobs = [Job(code=code, function="f", calls=(encode((1,)),)) for code in codes]
with SandboxPool(workers=2, limits=Limits(memory_mib=512)) as pool:
    before = pool.process_ids
    print(*(execution.ending for _ in range(3) for execution in pool.run(jobs)))
    assert pool.process_ids == before
"""
TAKES_MEMORY = """
def f(x):
    kept = []
    for _ in range(40): kept.append(bytearray(b"x") * (10 << 20))
    return len(kept)
"""
TAKES_TABLES = """
import ctypes
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
def f(x):
    for place in range(60_000):
        libc.mmap((1 << 44) + (place << 30), 4096, 3, 0x8032, -1, 0)
"""


def endings(code: str, *places: Path) -> list[str]:
    text = CROWDED.replace("CODE", repr(code))
    command = [sys.executable, "-c", text, *map(str, places)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.fixture
def crowd() -> Iterator[list[Path]]:
    """Where a process goes to have 300 MiB with all below it; nowhere, where there is no such."""
    group = Path(f"/sys/fs/cgroup/memory/crowd-{os.getpid()}")
    try:
        group.mkdir()
    except OSError:
        yield []
        return
    (group / "memory.limit_in_bytes").write_text(str(300 << 20))
    yield [group / "cgroup.procs"]
    group.rmdir()


def test_who_takes_the_memory_that_all_share_ends_by_it_and_nobody_else(crowd: list[Path]) -> None:
    said = endings(TAKES_MEMORY, *crowd)
    assert said == ["mem_limit" if crowd else "completed", "completed"] * 3


def test_page_tables_are_bounded_whatever_else_its_owner_has_open() -> None:
    assert endings(TAKES_TABLES) == ["mem_limit", "completed"] * 3
