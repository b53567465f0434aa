"""Several processes of one program, each with a pool of its own, at the same time."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from processes import children

WORKER = '''
"""What a worker does: make a pool, say who runs in it, run jobs, tell the results."""
import json, os, sys
from foretoken.sandbox.base import Job, Limits
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import encode

CODE = """
import os, time
def f(x):
    seen = os.listdir(".")
    with open("mine", "w") as file: file.write(str(x))
    time.sleep(0.01)
    with open("mine") as file: return [os.getuid(), seen, file.read(), os.getpid(), {}]
"""

def say(*words):
    os.write(1, (json.dumps(words) + "\\n").encode())

def born(pid):
    with open(f"/proc/{pid}/stat") as file: return file.read().rpartition(")")[2].split()[19]

def work(number, jobs=30):
    with SandboxPool(workers=2, limits=Limits(cpu_s=0.6, memory_mib=256)) as pool:
        say("pool", number, [[pid, born(pid)] for pid in pool.process_ids])
        todo = [
            Job(code=CODE.format(number), function="f", calls=(encode((1000 * number + index,)),))
            for index in range(jobs)
        ]
        ended = pool.run(todo)
    say("ended", number, [[end.ending, end.calls[0].tree] for end in ended])
    return number
'''
SCRIPTS = {
    "programs": "work(int(sys.argv[1]), int(sys.argv[2]))",
    "forks": """
with SandboxPool(workers=2) as parents:
    children = []
    for number in (1, 2, 3):
        children.append(os.fork())
        if not children[-1]:
            work(number)
            os._exit(0)
    work(0)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    job = Job(code="def f(x): return x", function="f", calls=(encode((1,)),))
    assert parents.run([job])[0].calls[0].tree == 1
""",
    "workers": """
from multiprocessing import get_context
if __name__ == "__main__":
    with SandboxPool(workers=1), get_context(sys.argv[1]).Pool(3) as workers:
        assert workers.map(work, range(3), chunksize=1) == [0, 1, 2]
""",
}


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    (tmp_path / "worker.py").write_text(WORKER)
    for name, text in SCRIPTS.items():
        imports = "import os, sys\nfrom worker import Job, SandboxPool, encode, work\n"
        (tmp_path / f"{name}.py").write_text(imports + text)
    return tmp_path


def start(script: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-B", str(script), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )


def descendants(pid: int) -> Iterator[tuple[int, str]]:
    """Processes below one: numbers and times of birth, for numbers are given again."""
    for child in children(pid):
        with suppress(OSError):
            yield child, status(child)[19]
        yield from descendants(child)


def status(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def alive(process: Sequence[Any]) -> bool:
    pid, born = process
    with suppress(OSError):
        now = status(pid)
        return now[19] == born and now[0] not in "ZX"
    return False


def require_gone(processes: Sequence[Sequence[Any]]) -> None:
    deadline = time.monotonic() + 10
    while any(map(alive, processes)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def said(text: str) -> dict[str, dict[int, Any]]:
    """What the workers said, by word and worker."""
    told: dict[str, dict[int, Any]] = {"pool": {}, "ended": {}}
    for line in text.splitlines():
        word, number, *rest = json.loads(line)
        told[word][number] = rest
    return told


def require_right(told: dict[str, dict[int, Any]], *, workers: int, jobs: int = 30) -> None:
    """Every worker has each of its verdicts, and shares no user, directory or process with any."""
    users: list[set[int]] = []
    assert set(told["ended"]) == set(range(workers))
    for number, (ended,) in told["ended"].items():
        wanted = [
            ["completed", [[], str(1000 * number + index), 1, number]] for index in range(jobs)
        ]
        assert [[ending, tree[1:]] for ending, tree in ended] == wanted
        users.append({tree[0] for _, tree in ended})
    if os.getuid() == 0:
        assert sum(map(len, users)) == len(set.union(*users)) == 2 * workers
    pools = [process for (pool,) in told["pool"].values() for process in pool]
    assert len({pid for pid, _ in pools}) == 2 * workers
    require_gone(pools)


def traces() -> tuple[int, set[str]]:
    """Mounts of this process's file system, and entries that look like a room's or a user's."""
    mounts = len(Path("/proc/self/mountinfo").read_text().splitlines())
    entries = [entry for place in ("/tmp", "/dev/shm") for entry in Path(place).iterdir()]
    rooms = {str(one) for one in entries if one.name in ("new", "old", "box")}
    return mounts, rooms | {str(one) for one in entries if owner(one) >= 1 << 30}


def owner(path: Path) -> int:
    with suppress(OSError):
        return path.lstat().st_uid
    return 0


def test_four_programs_at_once_do_not_clash_and_one_that_is_killed_leaves_nothing(
    scripts: Path,
) -> None:
    before = traces()
    with ExitStack() as stack:
        programs = [
            stack.enter_context(start(scripts / "programs.py", str(number), "80"))
            for number in range(3)
        ]
        victim = stack.enter_context(start(scripts / "programs.py", "3", "100000"))
        assert victim.stdout is not None
        ((pool,),) = said(victim.stdout.readline())["pool"].values()
        deadline = time.monotonic() + 20
        while len(below := list(descendants(victim.pid))) < 5:  # its slots, and a submission
            assert time.monotonic() < deadline
            time.sleep(0.002)
        assert {(pid, born) for pid, born in pool} < set(below)
        os.kill(victim.pid, signal.SIGKILL)
        told = said("".join(program.communicate()[0] for program in programs))
    assert [program.returncode for program in programs] == [0, 0, 0]
    require_right(told, workers=3, jobs=80)
    require_gone(below)
    assert traces() == before


def test_a_process_and_those_forked_from_it_use_pools_of_their_own_at_once(scripts: Path) -> None:
    before = traces()
    with start(scripts / "forks.py") as program:
        told = said(program.communicate()[0])
    assert program.returncode == 0
    require_right(told, workers=4)
    assert traces() == before


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocessing_use_pools_of_their_own(scripts: Path, method: str) -> None:
    with start(scripts / "workers.py", method) as program:
        told = said(program.communicate()[0])
    assert program.returncode == 0
    require_right(told, workers=3)
