"""Whether anything is left behind or goes wrong in the long run: `python benchmarks/soak.py`.

Runs many submissions, 5 % of them hostile, through one pool, and counts what could pile up: before,
after each tenth, and after the end. Runs the others once more without the hostile ones beside them:
all must end the same. Exits with 1 where something is left behind or ended differently. About ten
minutes on two cores.
"""

import argparse
import ctypes
import hashlib
import os
import random
import sys
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from foretoken.sandbox.base import Ending, Execution, Job, Limits, Raised
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.rooms import room_for
from foretoken.sandbox.wire import encode
from foretoken.tasks.programming import programming_problems

LIMITS = Limits(cpu_s=0.3, memory_mib=128, answer_bytes=1 << 18)
HOSTILE_SHARE = 0.05
PARTS = 10
MOST_GROWTH_MIB = 16.0
FIRST_USER = 1 << 30
_PR_SET_CHILD_SUBREAPER = 36
HOSTILE = {
    "fork bomb": """
import os
for _ in range(5000):
    try: os.fork()
    except OSError: pass
while True: os.fork()""",
    "memory bomb": "kept = []\nwhile True: kept.append(b'x' * (1 << 20))",
    "output flood": "import os\nwhile True: os.write(4, b'[],' * 20_000)",
    "file fill": """
for number in range(10**6):
    with open(str(number), "wb") as file: file.write(bytes(1 << 20))""",
    "spin": "while True: pass",
    "sys.exit": "import sys\ndef solve(*args): sys.exit(0)",
    "os._exit": "import os\nos._exit(0)",
    "kill": "import os\nfor pid in (os.getppid(), -1, 0): os.kill(pid, 9)",
    "closed descriptors": "import os\nos.closerange(0, 1 << 16)\ndef solve(*args): return 1",
    "threads": """
import threading, time
for _ in range(1000): threading.Thread(target=time.sleep, args=(60,)).start()""",
}
HONEST = {
    "raises": "def solve(*args): raise KeyError(len(args))",
    "does not compile": "def solve(*args): return (",
    "draws numbers": "import random\ndef solve(*args): return [random.random() for _ in range(9)]",
    "hashes": "def solve(*args): return [hash('a'), str({str(n) for n in range(40)})]",
    "recurses": "def solve(*args): return solve(*args) + 1",
    "large answer": "def solve(*args): return ['x' * 50] * 900",
    "prints": "def solve(*args):\n    print('word ' * 100)\n    return True",
}


@dataclass(frozen=True, kw_only=True)
class Census:
    """What could pile up, counted once."""

    zombies: int
    descendants: int
    descriptors: int
    mounts: int
    temp_entries: int
    own_mib: float
    helpers_mib: float

    def left_behind(self, before: "Census") -> list[str]:
        """Names of what there is more of, or less, than before."""
        names = ("zombies", "descendants", "descriptors", "mounts", "temp_entries")
        changed = [name for name in names if getattr(self, name) != getattr(before, name)]
        changed += [
            name
            for name in ("own_mib", "helpers_mib")
            if getattr(self, name) > getattr(before, name) + MOST_GROWTH_MIB
        ]
        return changed


def main() -> None:
    """Soak one pool, print what was counted, and exit with 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int)
    chosen = parser.parse_args()
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # whoever gets away is still ours
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        faults = soak(chosen.jobs, seed=chosen.seed, workers=chosen.workers)
    for fault in faults:
        print(f"WRONG: {fault}")
    print(f"{len(faults)} faults")
    sys.exit(1 if faults else 0)


def soak(jobs: int, *, seed: int, workers: int | None) -> list[str]:
    """Run both runs and print them.

    Returns:
        What was left behind or ended differently; nothing where all is well.
    """
    start = time.monotonic()
    parts = [range(jobs * part // PARTS, jobs * (part + 1) // PARTS) for part in range(PARTS)]
    with_hostile, alone = array("Q", bytes(8 * jobs)), array("Q", bytes(8 * jobs))
    room_for(exposing=False)  # what slots live in is kept for the next pool
    first = census()
    censuses = {"before": first}
    with SandboxPool(workers=workers, limits=LIMITS) as pool:
        censuses["0"] = census()
        endings: Counter[tuple[str, str]] = Counter()
        for numbers in parts:
            run(pool, list(numbers), seed=seed, endings=endings, into=with_hostile)
            censuses[str(numbers.stop)] = census()
            print(f"{numbers.stop} submissions, {time.monotonic() - start:.0f} s", flush=True)
    censuses["after"] = census()
    with SandboxPool(workers=workers, limits=LIMITS) as pool:
        for numbers in parts:
            honest = [number for number in numbers if with_hostile[number]]
            run(pool, honest, seed=seed, endings=Counter(), into=alone)
    censuses["after both"] = census()
    different = sum(one != other for one, other in zip(with_hostile, alone, strict=True))
    console = Console(width=110)
    console.print(census_table(censuses))
    console.print(endings_table(endings))
    print(
        f"{jobs - alone.count(0)} honest submissions, {different} ended differently without the "
        f"hostile ones; {alone.count(0)} hostile; {time.monotonic() - start:.0f} s"
    )
    faults = [f"{different} honest submissions ended differently"] if different else []
    lost = sum(count for (_, ending), count in endings.items() if ending == Ending.INFRA_ERROR)
    faults += [f"{lost} submissions were lost"] if lost else []
    warm = censuses[str(parts[0].stop)].own_mib
    for name, one in censuses.items():
        before = first if name in ("before", "after", "after both") else censuses["0"]
        faults += [f"{what}, {name}" for what in one.left_behind(replace(before, own_mib=warm))]
    return faults


def submission(number: int, *, seed: int) -> tuple[str, Job]:
    """The kind and the job of one submission; the same for the same numbers."""
    chosen = random.Random(f"{seed}/{number}")
    if chosen.random() < HOSTILE_SHARE:
        kind = chosen.choice(list(HOSTILE))
        return kind, Job(code=HOSTILE[kind], function="solve", calls=(encode((1,)),))
    if chosen.random() < 0.3:
        kind = chosen.choice(list(HONEST))
        calls = (encode((number,)),) * 3
        return kind, Job(code=HONEST[kind], function="solve", calls=calls, seed=number)
    problem = chosen.choice(programming_problems())
    calls = tuple(encode(case.args) for case in problem.cases)
    return "solves", Job(code=problem.reference, function=problem.function, calls=calls)


def run(
    pool: SandboxPool,
    numbers: list[int],
    *,
    seed: int,
    endings: Counter[tuple[str, str]],
    into: "array[int]",
) -> None:
    """Run submissions, and keep the honest ones' outcomes, as digests by number."""
    drawn = [submission(number, seed=seed) for number in numbers]

    def take(index: int, execution: Execution) -> None:
        kind, _ = drawn[index]
        endings[kind, ending_of(execution)] += 1
        if kind not in HOSTILE:
            said = (execution.ending, execution.exit_status, execution.calls, execution.failed)
            digest = hashlib.sha256(repr(said).encode()).digest()
            into[numbers[index]] = int.from_bytes(digest[:8]) | 1

    pool.run_each([job for _, job in drawn], take)
    pool.run([])  # wait for slots that are being replaced


def ending_of(execution: Execution) -> str:
    """The ending, with the first exception of a submission that came to its end."""
    raised = [end for end in (execution.failed, *execution.calls) if isinstance(end, Raised)]
    if execution.ending is Ending.COMPLETED and raised:
        return f"{execution.ending}: {raised[0].error_class}"
    return str(execution.ending)


def census() -> Census:
    """Count, in this process and below it."""
    below = list(descendants(os.getpid()))
    states = [fields(pid, "stat") for pid in below]
    return Census(
        zombies=sum(") Z " in state for state in states),
        descendants=len(below),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        mounts=len(Path("/proc/self/mountinfo").read_text().splitlines()),
        temp_entries=temp_entries(),
        own_mib=memory_mib(os.getpid()),
        helpers_mib=sum(map(memory_mib, below)),
    )


def temp_entries() -> int:
    """Entries of our directory for temporary files, and whatever a submission's user owns."""
    found = len(list(Path(tempfile.gettempdir()).iterdir()))
    for place in ("/tmp", "/var/tmp", "/dev/shm"):
        for entry in Path(place).iterdir() if Path(place).is_dir() else ():
            with suppress(OSError):
                found += entry.lstat().st_uid >= FIRST_USER
    return found


def descendants(pid: int) -> Iterator[int]:
    """Processes below one."""
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from descendants(child)


def fields(pid: int, name: str) -> str:
    """A file of a process's directory; empty where it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}", name).read_text()
    return ""


def memory_mib(pid: int) -> float:
    """Memory of a process that is in use."""
    lines = fields(pid, "status").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def census_table(censuses: dict[str, Census]) -> Table:
    """One row per census."""
    table = Table(title="What could pile up, by submissions run so far")
    names = list(Census.__dataclass_fields__)
    for name in ("submissions", *names):
        table.add_column(name, justify="right")
    for name, one in censuses.items():
        table.add_row(name, *(f"{getattr(one, field):.4g}" for field in names))
    return table


def endings_table(endings: Counter[tuple[str, str]]) -> Table:
    """How submissions of each kind ended."""
    table = Table(title="How they ended")
    for name in ("kind", "", "ending", "count"):
        table.add_column(name, justify="right" if name == "count" else "left")
    for (kind, ending), count in sorted(endings.items()):
        table.add_row(kind, "hostile" if kind in HOSTILE else "", ending, str(count))
    return table


if __name__ == "__main__":
    main()
