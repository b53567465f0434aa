"""The supervisor: every job ends in an execution, whatever dies."""

import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from foretoken.errors import IsolationError
from foretoken.sandbox import pool as pool_module
from foretoken.sandbox.base import Ending, Execution, Job, Limits, Returned
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import encode

LIMITS = Limits(cpu_s=0.6, memory_mib=256)


def job(code: str) -> Job:
    return Job(code=code, function="f", calls=(encode((1,)),))


def numbered(number: int) -> Job:
    return job(f"def f(x): return {number}")


def children(pid: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def test_executions_come_in_the_order_of_the_jobs(pool: SandboxPool) -> None:
    slow = "import time\ntime.sleep(0.2)\ndef f(x): return -1"
    jobs = [job(slow) if number % 7 == 0 else numbered(number) for number in range(30)]
    returned = [execution.calls[0] for execution in pool.run(jobs)]
    wanted = [Returned(tree=-1 if number % 7 == 0 else number) for number in range(30)]
    assert returned == wanted


def test_no_job_no_execution(pool: SandboxPool) -> None:
    assert pool.run([]) == []


@pytest.mark.parametrize("victim", ["outer", "inner"])
def test_a_slot_that_is_killed_is_replaced_and_no_verdict_is_lost(victim: str) -> None:
    with SandboxPool(workers=2, limits=LIMITS) as pool:
        before = pool.process_ids

        def strike() -> None:
            time.sleep(0.3)
            pid = before[0] if victim == "outer" else children(before[0])[0]
            os.kill(pid, signal.SIGKILL)

        thread = threading.Thread(target=strike)
        thread.start()
        slow = "import time\ntime.sleep({})\ndef f(x): return {}"
        executions = pool.run([job(slow.format(0.1, number)) for number in range(16)])
        thread.join()
        assert [execution.calls for execution in executions] == [
            (Returned(tree=number),) for number in range(16)
        ]
        assert before[0] not in pool.process_ids
        assert before[1] in pool.process_ids


def test_a_slot_that_died_between_two_calls_is_replaced() -> None:
    with SandboxPool(workers=1, limits=LIMITS) as pool:
        os.kill(pool.process_ids[0], signal.SIGKILL)
        time.sleep(0.2)
        (execution,) = pool.run([numbered(3)])
        assert execution.calls == (Returned(tree=3),)


def test_a_job_whose_process_is_always_killed_from_outside_is_an_infrastructure_error() -> None:
    with SandboxPool(workers=1, limits=LIMITS) as pool:
        stop = threading.Event()

        def strike() -> None:
            while not stop.wait(0.02):
                try:
                    (inner,) = children(pool.process_ids[0])
                    for submission in children(inner):
                        os.kill(submission, signal.SIGKILL)
                except (ValueError, IndexError, OSError):
                    continue

        thread = threading.Thread(target=strike)
        thread.start()
        try:
            (execution,) = pool.run([job("import time\ntime.sleep(2)\ndef f(x): return 1")])
        finally:
            stop.set()
            thread.join()
        assert execution.ending is Ending.INFRA_ERROR
        assert execution.infra is not None
        assert "from outside" in execution.infra


def test_slots_are_recycled_after_many_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "RECYCLE_AFTER", 5)
    with SandboxPool(workers=1, limits=LIMITS) as pool:
        before = pool.process_ids
        executions = pool.run([numbered(number) for number in range(7)])
        assert [execution.calls[0] for execution in executions] == [
            Returned(tree=number) for number in range(7)
        ]
        assert pool.process_ids != before


def test_closing_the_pool_ends_every_process() -> None:
    with SandboxPool(workers=2, limits=LIMITS) as pool:
        outer = list(pool.process_ids)
        inner = [pid for number in outer for pid in children(number)]
    assert len(inner) == 2
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in outer + inner):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_no_process_survives_a_supervisor_that_is_killed() -> None:
    code = (
        "import sys, time\nfrom foretoken.sandbox.pool import SandboxPool\n"
        "pool = SandboxPool(workers=2)\nprint(*pool.process_ids, flush=True)\ntime.sleep(100)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        outer = [int(pid) for pid in owner.stdout.readline().split()]
        inner = [pid for number in outer for pid in children(number)]
        owner.kill()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in outer + inner):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_interrupted_run_leaves_a_pool_that_works() -> None:
    class InterruptionError(Exception):
        pass

    def interrupt(count: int) -> None:
        raise InterruptionError

    with SandboxPool(workers=2, limits=LIMITS) as pool:
        with pytest.raises(InterruptionError):
            pool.run([numbered(number) for number in range(5)], on_done=interrupt)
        executions = pool.run([numbered(number) for number in range(5)])
        assert [execution.calls[0] for execution in executions] == [
            Returned(tree=number) for number in range(5)
        ]


def test_two_threads_may_share_a_pool(pool: SandboxPool) -> None:
    seen: dict[int, list[object]] = {}

    def use(number: int) -> None:
        seen[number] = [e.calls[0] for e in pool.run([numbered(number)] * 10)]

    threads = [threading.Thread(target=use, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {number: [Returned(tree=number)] * 10 for number in range(3)}


def test_a_forked_process_may_not_use_the_pool(
    pool: SandboxPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(IsolationError, match="after a fork"):
        pool.run([numbered(1)])


def test_random_numbers_are_the_same_for_the_same_job_and_differ_between_seeds(
    pool: SandboxPool,
) -> None:
    code = "import random\ndef f(x): return random.random()"
    calls = (encode((1,)),)
    jobs = [Job(code=code, function="f", calls=calls, seed=seed) for seed in (1, 1, 2, 1)]
    first, second, third, fourth = (execution.calls[0] for execution in pool.run(jobs))
    assert first == second == fourth != third


def test_hash_order_is_the_same_in_every_slot(pool: SandboxPool) -> None:
    code = "def f(x): return [str(w) for w in {'a', 'b', 'c', 'd', 'e', 'f', 'g'}]"
    assert len({str(execution.calls) for execution in pool.run([job(code)] * 8)}) == 1


FLOOD = "import os\nwhile True: os.write(4, b'[],' * 20000)"
BIG_ANSWER = """
import os
text = memoryview(b'["value",[' + b'[],' * 80_000 + b'1]]\\n')
while text: text = text[os.write(4, text):]
os._exit(0)
"""


def test_a_flood_in_every_slot_but_one_does_not_hold_up_quick_jobs() -> None:
    """Two pipes are never empty for a second; 40 quick jobs, one after the other, end before."""
    drip = "import os\nwhile True: os.write(4, b' ')"
    ended: list[int] = []
    with SandboxPool(workers=3, limits=Limits(cpu_s=1.0, answer_bytes=1 << 24)) as pool:

        def take(index: int, execution: Execution) -> None:
            ended.append(index)
            wanted = Ending.CPU_LIMIT if index < 2 else Ending.COMPLETED
            assert execution.ending is wanted

        pool.run_each([job(drip)] * 2 + [numbered(number) for number in range(40)], take)
    assert sorted(ended) == list(range(42))
    assert set(ended[-2:]) == {0, 1}


@contextmanager
def most_memory(mib: float) -> Iterator[None]:
    """What the block allocates in this process at its worst."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / 2**20 < mib, peak


def test_floods_take_no_more_of_our_memory_than_the_slots_times_the_limit() -> None:
    limits = Limits(cpu_s=0.6, answer_bytes=1 << 18)
    with SandboxPool(workers=2, limits=limits) as pool, most_memory(2):
        endings = {execution.ending for execution in pool.run([job(FLOOD)] * 20)}
    assert endings == {Ending.OUTPUT_LIMIT}


def test_answers_that_are_passed_on_are_not_kept() -> None:
    sizes: list[int] = []
    with SandboxPool(workers=2, limits=LIMITS) as pool:
        with most_memory(15):

            def take(index: int, execution: Execution) -> None:
                (end,) = execution.calls
                assert isinstance(end, Returned)
                sizes.append(len(end.tree))

            pool.run_each([job(BIG_ANSWER)] * 6, take)
        with pytest.raises(AssertionError), most_memory(15):
            pool.run([job(BIG_ANSWER)] * 6)
    assert sizes == [80_001] * 6


def test_only_the_jobs_under_way_are_held_as_requests() -> None:
    code = "def f(x): return 1\n#" + "x" * 100_000
    with SandboxPool(workers=2, limits=LIMITS) as pool, most_memory(2):
        executions = pool.run([job(code)] * 100)
    assert {execution.calls for execution in executions} == {(Returned(tree=1),)}


@pytest.mark.slow
def test_a_core_second_yields_at_least_60_executions() -> None:
    """About 200 where little else runs; forks cost up to five times more on a busy machine."""
    import resource

    with SandboxPool(limits=LIMITS) as pool:
        pool.run([numbered(0)] * 20)

        def used() -> float:
            own = resource.getrusage(resource.RUSAGE_SELF)
            slots = 0.0
            for outer in pool.process_ids:
                for inner in children(outer):
                    fields = Path(f"/proc/{inner}/stat").read_text().rsplit(")", 1)[1].split()
                    slots += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
            return own.ru_utime + own.ru_stime + slots

        before = used()
        pool.run([numbered(number) for number in range(600)])
        assert 600 / (used() - before) > 60
