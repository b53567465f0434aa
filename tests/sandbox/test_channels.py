"""What one submission could leave for a later one that must not know it, and how that fails.

Each test writes in a run that is shown expected values and reads in a later one that is not: in the
same pool and in another one, and from one to the next in a single slot.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from processes import children

from foretoken.sandbox.base import Ending, Execution, Exposure, Job, Limits, Raised, Returned
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import decode, encode

LIMITS = Limits(cpu_s=2.0, memory_mib=256)
SHOWN = Exposure(objects={"task": {"answer": 1}})
ROUNDS = 16


@dataclass
class Way:
    """From where to where."""

    writer: SandboxPool
    reader: SandboxPool
    shown: bool

    def write(self, code: str, *args: Any) -> Any:
        """What a submission returns that knows something."""
        exposure = SHOWN if self.shown else Exposure()
        return value(self.writer, code, *args, exposure=exposure)

    def read(self, code: str, *args: Any) -> Any:
        """What a submission returns that must not know it."""
        return value(self.reader, code, *args)


def value(pool: SandboxPool, code: str, *args: Any, exposure: Exposure | None = None) -> Any:
    job = Job(code=code, function="f", calls=(encode(args),), exposure=exposure or Exposure())
    (execution,) = pool.run([job])
    assert execution.ending is Ending.COMPLETED, execution
    end = execution.failed or execution.calls[0]
    return end.error_class if isinstance(end, Raised) else decode(end.tree)


@pytest.fixture(scope="module")
def pools() -> Iterator[tuple[SandboxPool, SandboxPool]]:
    with SandboxPool(workers=1, limits=LIMITS) as one, SandboxPool(workers=1, limits=LIMITS) as two:
        yield one, two


@pytest.fixture(params=["one slot", "one pool", "two pools"])
def way(request: pytest.FixtureRequest, pools: tuple[SandboxPool, SandboxPool]) -> Way:
    one, two = pools
    return {
        "one slot": Way(one, one, shown=False),
        "one pool": Way(one, one, shown=True),
        "two pools": Way(one, two, shown=True),
    }[request.param]


WRITE = """
import ctypes, fcntl, mmap, os, sys, threading, time
FULL = max((folder for folder, _, _ in os.walk("/usr")), key=lambda one: len(os.listdir(one)))
def f(bit, number):
"""
CHANNELS = {
    "times of the standard input": (
        "    if bit: os.utime(0)",
        "    return os.fstat(0).st_mtime_ns",
    ),
    "status flags of the standard input": (
        "    fcntl.fcntl(0, fcntl.F_SETFL, os.O_NONBLOCK if bit else 0)",
        "    return fcntl.fcntl(0, fcntl.F_GETFL)",
    ),
    "place in the standard input": ("    os.lseek(0, 5 + bit, 0)", "    return os.lseek(0, 0, 1)"),
    "what the standard output holds": (
        "    os.write(1, b'x' * bit)",
        "    return len(os.pread(1, 9, 0))",
    ),
    "count of pipes": (
        "    for _ in range(20 * bit): os.close(os.pipe()[0])",
        "    try: return os.fstat(4).st_ino\n    except OSError: pass\n"
        "    try: return os.fstat(os.dup(4)).st_ino\n    except OSError: pass\n"
        "    return os.fstat(os.pipe()[0]).st_ino",
    ),
    "count of files": (
        "    for name in range(20 * bit): open(str(name), 'w').close()",
        "    return os.stat(os.open('new', 66)).st_ino",
    ),
    "count of anonymous files": (
        "    kept = [mmap.mmap(-1, 4096) for _ in range(500 * bit)]",
        "    return os.fstat(os.memfd_create('x')).st_ino",
    ),
    "count of threads": (
        "    for _ in range(20 * bit):\n"
        "        one = threading.Thread(target=int); one.start(); one.join()",
        "    found = []\n"
        "    one = threading.Thread(target=lambda: found.append(threading.get_native_id()))\n"
        "    one.start(); one.join()\n"
        "    return found[0]",
    ),
    "times of the library": (
        "    if bit: open(os.__file__).read(); os.utime(os.__file__)",
        "    return max(os.stat(os.__file__)[7:10])",
    ),
    "times of the root": (
        "    if bit: os.listdir('/'); os.utime('/')",
        "    return max(os.stat('/')[7:10])",
    ),
    "names that were looked for in vain": (
        "    for place in range(200): os.access(f'{FULL}/{number}-{bit}-{place}', 0)",
        "    import math\n"
        "    taken = [], []\n"
        "    for place in range(400):\n"
        "        name = f'{FULL}/{number}-{place % 2}-{place // 2}'\n"
        "        start = time.perf_counter_ns()\n"
        "        os.access(name, 0)\n"
        "        taken[place % 2].append(time.perf_counter_ns() - start)\n"
        "    one, other = (sorted(times)[100] for times in taken)\n"
        "    return round(math.log2(one / other))",
    ),
    "huge pages of the library": (
        "    file = os.open(sys.modules['_decimal'].__file__, 0)\n"
        "    view = mmap.mmap(file, 0, prot=1); view.madvise(25 if bit else 4)",
        "    import resource\n"
        "    file = os.open(sys.modules['_decimal'].__file__, 0)\n"
        "    view = mmap.mmap(file, 0, prot=1)\n"
        "    before = resource.getrusage(0).ru_minflt\n"
        "    seen = sum(view[::4096])\n"
        "    return resource.getrusage(0).ru_minflt - before",
    ),
}
"""By what would carry it: how a bit is written, and what is looked at to read it."""


def told_apart(bits: list[bool], seen: list[float]) -> bool:
    """Whether some threshold on what was seen gives every bit."""
    ones = [one for bit, one in zip(bits, seen, strict=True) if bit]
    zeros = [one for bit, one in zip(bits, seen, strict=True) if not bit]
    return min(ones) > max(zeros) or max(ones) < min(zeros)


@pytest.mark.parametrize("name", CHANNELS)
def test_a_bit_that_one_submission_writes_is_not_read_by_a_later_one(way: Way, name: str) -> None:
    write, read = CHANNELS[name]
    bits = [number % 2 == 0 for number in range(ROUNDS)]
    random.Random(name).shuffle(bits)
    seen: list[Any] = [way.read(WRITE + read, 0, -1)]
    for number, bit in enumerate(bits):
        way.write(WRITE + write + "\n    return None", int(bit), number)
        seen.append(way.read(WRITE + read, 0, number))
    if any(isinstance(one, str) for one in seen):
        assert len(set(seen)) == 1  # what would be looked at is refused
        return
    moved = [later - earlier for earlier, later in pairwise(seen)]
    assert not told_apart(bits, seen[1:])
    assert not told_apart(bits, moved)


FUTEX = """
import ctypes, struct, time
libc = ctypes.CDLL(None, use_errno=True)
place = ctypes.cast(libc.qsort, ctypes.c_void_p).value & ~4095
held = ctypes.c_int.from_address(place).value
def call(operation, value, wait_ns):
    limit = struct.pack("qq", 0, wait_ns)
    said = libc.syscall(NUMBER, ctypes.c_void_p(place), operation, value, limit, None, 0)
    return said if said >= 0 else -ctypes.get_errno()
def f(operation, times):
    return [call(operation, 1 if operation == 1 else held, 200_000_000) for _ in range(times)]
"""


def test_no_signal_passes_over_a_page_that_two_pools_share(
    pools: tuple[SandboxPool, SandboxPool], machine_number: Callable[[int], int]
) -> None:
    code = FUTEX.replace("NUMBER", str(machine_number(202)))
    heard: list[Any] = []
    waiting = threading.Thread(target=lambda: heard.append(value(pools[1], code, 0, 5)))
    waiting.start()
    woken = [value(pools[0], code, 1, 200) for _ in range(10)]
    waiting.join()
    again, refused = -11, -1
    assert heard == [[again] * 5]
    assert {one for answers in woken for one in answers} == {refused}


WALK = """
import os
def f(x):
    devices = {os.stat("/").st_dev, os.stat("/box").st_dev}
    found = set()
    for folder, below, files in os.walk("/"):
        for name in below + files:
            device = os.lstat(os.path.join(folder, name)).st_dev
            if device not in devices: found.add((device, folder))
    return sorted(found)[:5], len(devices)
"""


def test_no_file_of_the_machine_is_in_sight(way: Way) -> None:
    assert way.read(WALK, 1) == ([], 2)


@pytest.mark.parametrize("shown", [False, True])
def test_no_file_of_the_machine_is_in_a_slot_s_memory(
    pools: tuple[SandboxPool, SandboxPool], shown: bool
) -> None:
    value(pools[0], "def f(x): return x", 1, exposure=SHOWN if shown else None)
    ours = {line.split()[3] for line in maps("self")}
    helpers = [inner for outer in pools[0].process_ids for inner in children(outer)]
    assert len(helpers) == 2  # one for each kind
    for helper in helpers:
        files = {line.split()[3] for line in maps(helper)} - {"00:00"}
        assert files
        assert not files & ours, "a device number that our own files are on"


def maps(process: int | str) -> list[str]:
    return Path(f"/proc/{process}/maps").read_text().splitlines()


def test_runs_that_are_shown_answers_share_no_page_with_those_that_are_not(way: Way) -> None:
    where = "import os\ndef f(x): return os.stat(os.__file__).st_dev, os.getuid()"
    written, read = way.write(where, 1), way.read(where, 1)
    if way.shown:
        assert written[0] != read[0]
    else:
        assert written == read


def test_runs_that_are_shown_answers_begin_when_all_others_have_ended() -> None:
    code = "import time\ndef f(x): time.sleep(0.02); return time.monotonic_ns()"
    jobs = [
        Job(
            code=code,
            function="f",
            calls=(encode((1,)),),
            exposure=SHOWN if number % 2 else Exposure(),
        )
        for number in range(12)
    ]
    ended: list[int] = []
    found: dict[int, Execution] = {}

    def take(index: int, execution: Execution) -> None:
        ended.append(index)
        found[index] = execution

    with SandboxPool(workers=2, limits=LIMITS) as pool:
        pool.run_each(jobs, take)
    assert [index % 2 for index in ended] == [0] * 6 + [1] * 6
    times = {}
    for index, execution in found.items():
        (end,) = execution.calls
        assert isinstance(end, Returned)
        times[index] = end.tree
    first_shown = min(times[index] for index in times if index % 2)
    assert max(times[index] for index in times if not index % 2) < first_shown - 15_000_000


def test_a_run_that_is_shown_answers_takes_no_device_number_that_others_could_miss(
    pools: tuple[SandboxPool, SandboxPool],
) -> None:
    value(pools[0], "def f(x): pass", 1, exposure=SHOWN)
    stay = "import time\ndef f(x): time.sleep(0.5)"
    staying = threading.Thread(target=value, args=(pools[0], stay, 1), kwargs={"exposure": SHOWN})
    staying.start()
    time.sleep(0.2)
    helpers = [inner for outer in pools[0].process_ids for inner in children(outer)]
    ((helper, run),) = [(helper, run) for helper in helpers for run in children(helper)]
    devices = [{line.split()[2] for line in mounts(process)} for process in (helper, run)]
    message_queues = [Path(f"/proc/{process}/ns/ipc").readlink() for process in (helper, run)]
    staying.join()
    assert devices[0] == devices[1]
    assert message_queues[0] == message_queues[1]


def mounts(process: int) -> list[str]:
    return Path(f"/proc/{process}/mountinfo").read_text().splitlines()


LITTER = """
import os
def f(x):
    found = os.listdir("."), os.stat(".").st_mode & 0o777, os.getcwd()
    open("file", "w").close(); os.symlink("/usr", "link"); os.chmod("file", 0)
    for number in range(60):
        os.mkdir("d"); os.chdir("d")
        open("file", "w").close()
        os.symlink("/usr", "link")
        if number: os.chmod("..", 0)
    try: os.chmod("/box", 0)
    except PermissionError: pass
    try:
        for number in range(999): open(f"/box/{number}", "w").close()
    except OSError: pass
    return found
"""


def test_a_run_that_is_shown_answers_finds_an_empty_working_directory_of_its_own(
    pools: tuple[SandboxPool, SandboxPool],
) -> None:
    value(pools[0], LITTER, 1, exposure=SHOWN)
    before = pools[0].process_ids
    for _ in range(3):
        assert value(pools[0], LITTER, 1, exposure=SHOWN) == ([], 0o777, "/box")
    assert pools[0].process_ids == before


def test_a_pool_that_shows_nothing_has_no_slots_for_it() -> None:
    with SandboxPool(workers=2, limits=LIMITS) as pool:
        pool.run([Job(code="def f(x): return x", function="f", calls=(encode((1,)),))] * 4)
        assert len(pool.process_ids) == 2


def test_helpers_end_first_where_memory_runs_out(pools: tuple[SandboxPool, SandboxPool]) -> None:
    for outer in pools[0].process_ids:
        for process in (outer, *children(outer)):
            assert Path(f"/proc/{process}/oom_score_adj").read_text().strip() == "1000"


def test_whether_a_huge_page_is_left_is_seen_by_nobody(
    pools: tuple[SandboxPool, SandboxPool],
) -> None:
    for outer in pools[0].process_ids:
        for helper in children(outer):
            assert "THP_enabled:\t0" in Path(f"/proc/{helper}/status").read_text()
