"""What one submission can take from the machine, and what is said where the machine has less."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import children

from foretoken.sandbox.base import Ending, Execution, Job, Limits, Returned
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import encode

Run = Callable[..., Execution]
Answer = Callable[..., Any]

LIBC = """
import ctypes, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, *[ctypes.c_size_t] * 5]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
GIB, PAGE, ANONYMOUS, FIXED = 1 << 30, 4096, 0x22, 0x100000
"""
SPARSE = {
    "at chosen places": """
def f(x):
    for place in range(100 * GIB - PAGE, 100_000 * GIB, GIB):
        libc.mmap(place, 2 * PAGE, 3, ANONYMOUS | FIXED, -1, 0)
        ctypes.memset(place, 1, 1); ctypes.memset(place + PAGE, 1, 1)
""",
    "where the kernel likes": """
def f(x):
    size = 100 << 20
    while True:
        got = libc.mmap(None, size, 3, ANONYMOUS, -1, 0)
        edge = (got // (2 << 20) + 1) * (2 << 20)
        ctypes.memset(edge - PAGE, 1, 1); ctypes.memset(edge, 1, 1)
        libc.munmap(got, edge - PAGE - got)
        libc.munmap(edge + PAGE, got + size - edge - PAGE)
""",
}


@pytest.mark.parametrize("how", SPARSE)
def test_page_tables_count_as_memory(how: str) -> None:
    limits = Limits(cpu_s=20.0, memory_mib=256)
    seen: list[int] = []
    with SandboxPool(workers=1, limits=limits) as pool:
        (outer,) = pool.process_ids
        (helper,) = children(outer)
        job = Job(code=LIBC + SPARSE[how], function="f", calls=(encode((1,)),))
        found: list[Execution] = []
        running = threading.Thread(target=lambda: found.extend(pool.run([job])))
        running.start()
        while running.is_alive():
            seen += [taken_mib(pid) for pid in children(helper)]
            time.sleep(0.001)
    assert found[0].ending is Ending.MEM_LIMIT
    assert max(seen) < 300


def taken_mib(process: int) -> int:
    """Resident memory and page tables."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    wanted = ("VmRSS:", "VmPTE:")
    return sum(int(line.split()[1]) for line in lines if line.startswith(wanted)) >> 10


def test_much_memory_in_one_piece_needs_few_page_tables(answer: Answer) -> None:
    code = (
        "import time\ndef f(x):\n    held = bytearray(180 << 20)\n    time.sleep(0.3)\n    return 1"
    )
    assert answer(code) == 1


WRITES = {
    "one byte at a time": "while True: os.write(4, b'[')",
    "one byte a packet": """
try: fcntl.fcntl(4, fcntl.F_SETFL, os.O_DIRECT)
except OSError: pass
while True: os.write(4, b'[')""",
    "one line at a time": "while True: os.write(4, b'[]\\n')",
}


@pytest.mark.parametrize("how", WRITES)
def test_small_writes_cost_the_supervisor_little_and_hold_no_slot(run: Run, how: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.monotonic()
    execution = run(f"import fcntl, os\n{WRITES[how]}")
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert execution.ending is not Ending.COMPLETED
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used_s < 0.5
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("value", ["'x' * (200 << 20)", "bytes(100 << 20)", "['x' * 4000] * 1000"])
def test_an_answer_longer_than_an_answer_may_be_is_an_output_limit(run: Run, value: str) -> None:
    assert run(f"def f(x): return {value}").ending is Ending.OUTPUT_LIMIT


@pytest.mark.parametrize("letter", ["é", "漢", "😀", "\udcff"])
def test_the_length_of_a_source_is_counted_in_bytes(pool: SandboxPool, letter: str) -> None:
    size = len(letter.encode(errors="surrogatepass"))
    for number, wanted in ((0, Ending.COMPLETED), (2, Ending.OUTPUT_LIMIT)):
        code = "def f(x): return 1\n#" + letter * (
            pool.limits.code_bytes // size - 20 + 20 * number
        )
        job = Job(code=code, function="f", calls=(encode((1,)),))
        (execution,) = pool.run([job])
        if letter == "\udcff" and wanted is Ending.COMPLETED:
            assert execution.failed is not None  # Python does not read it, whatever its length
        else:
            assert execution.ending is wanted


def killed(code: str, *, above_mib: int) -> Execution:
    """A submission whose process is killed from outside, as the kernel does for want of memory."""
    with SandboxPool(workers=1, limits=Limits(cpu_s=20.0, memory_mib=256)) as pool:
        job = Job(code=code, function="f", calls=(encode((1,)),))
        found: list[Execution] = []
        running = threading.Thread(target=lambda: found.extend(pool.run([job])))
        running.start()
        deadline = time.monotonic() + 20
        while not (victims := [pid for pid in below(pool) if taken_mib(pid) > above_mib]):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.3)
        os.kill(victims[0], signal.SIGKILL)
        running.join()
    return found[0]


def below(pool: SandboxPool) -> list[int]:
    return [
        process
        for outer in pool.process_ids
        for helper in children(outer)
        for process in children(helper)
    ]


def test_who_took_the_memory_and_is_killed_for_it_has_a_verdict() -> None:
    code = "import time\ndef f(x):\n    held = bytearray(b'x') * (190 << 20)\n    time.sleep(60)"
    assert killed(code, above_mib=190).ending is Ending.MEM_LIMIT


def test_who_took_little_and_is_killed_is_run_again() -> None:
    code = "import time\ndef f(x): time.sleep(1.5); return 7"
    assert killed(code, above_mib=1).calls == (Returned(tree=7),)


TIMERS = (
    "import ctypes\nlibc = ctypes.CDLL(None)\ndef f(x): return libc.timer_create(1, None, b'x' * 8)"
)


def test_timers_and_waiting_signals_take_nothing_from_the_caller(answer: Answer) -> None:
    assert answer(TIMERS) == -1
    code = "import resource\ndef f(x): return resource.getrlimit(resource.RLIMIT_SIGPENDING)"
    assert answer(code) == (64, 64)


ORDER = """
class Own: pass
kept = [Own() for _ in range(60)]
def f(x):
    return [kept.index(one) for one in {*kept}]
"""


def test_a_set_of_own_objects_has_one_order_in_every_slot_and_pool() -> None:
    orders: list[Any] = []
    for _ in range(2):
        with SandboxPool(workers=3, limits=Limits(memory_mib=256)) as pool:
            jobs = [Job(code=ORDER, function="f", calls=(encode((1,)),))] * 30
            orders += [execution.calls for execution in pool.run(jobs)]
    assert all(order == orders[0] for order in orders)


LIMITED = """
import resource, sys
from foretoken.errors import IsolationError
from foretoken.sandbox.pool import SandboxPool
name, least, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(getattr(resource, name), (least, most))
try:
    with SandboxPool(workers=2): print("it stands")
except IsolationError as error:
    print(error)
"""
MIB = 1 << 20


@pytest.mark.parametrize(
    ("name", "limit", "said"),
    [
        ("RLIMIT_AS", 200 * MIB, "address space (`ulimit -v`) is 204800 KiB"),
        ("RLIMIT_DATA", 8 * MIB, "data (`ulimit -d`) is 8192 KiB"),
        ("RLIMIT_FSIZE", 4 * MIB, "size of a file (`ulimit -f`) is 4096 KiB"),
        ("RLIMIT_NOFILE", 40, "open files (`ulimit -n`) is 40"),
        ("RLIMIT_CPU", 3, "processor time (`ulimit -t`) is 3 s"),
        ("RLIMIT_SIGPENDING", 10, "pending signals (`ulimit -i`) is 10"),
    ],
)
def test_a_limit_that_is_in_the_way_is_named_with_its_value(
    name: str, limit: int, said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, name, str(limit), str(limit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert "CAP_SYS_ADMIN" not in done.stdout
    assert "SYS_ADMIN" not in done.stdout
