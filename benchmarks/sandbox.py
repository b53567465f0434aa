"""What a verdict costs: `python benchmarks/sandbox.py`.

Grades the references of the bundled programming problems (standard library, 5 to 20 cases) and
counts processor time of everything: the supervisor, the zygotes, and each submission's process.
Prints verdicts per core-second, what two cores give over one, what the second verdict and an
exposure cost, latency, and where the time goes. About two minutes.

Taking a mount namespace down is charged by the kernel to a worker of its own and is not counted; it
shows in the wall time of one slot.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from foretoken.sandbox import zygote
from foretoken.sandbox.pool import SandboxPool
from foretoken.tasks.base import GraderPool
from foretoken.tasks.code import CodeTask
from foretoken.tasks.programming import programming_problems
from foretoken.tasks.scaffold import build_job, judge

TICKS = os.sysconf("SC_CLK_TCK")
LEAST_PER_CORE = 250
LEAST_SECOND_CORE = 0.95
MOST_BOTH = 1.3
RULE, EXPOSURE = "process_exit", "filesystem_exposure"


@dataclass
class Cost:
    """Processor and wall seconds of one measured piece of work."""

    verdicts: int = 0
    supervisor_s: float = 0.0
    zygotes_s: float = 0.0
    submissions_s: float = 0.0
    wall_s: float = 0.0
    latencies_s: list[float] = field(default_factory=list[float])

    @property
    def each_ms(self) -> float:
        """Processor milliseconds of one verdict."""
        return 1e3 * (self.supervisor_s + self.zygotes_s + self.submissions_s) / self.verdicts

    @property
    def per_core_s(self) -> float:
        """Verdicts for each second of processor time."""
        return 1e3 / self.each_ms


def main() -> None:
    """Measure, and print three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verdicts", type=int, default=1500)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    console = Console(width=110)
    rounds = [one_round(cores, chosen.verdicts) for _ in range(chosen.repeats)]
    console.print(rate_table(rounds, cores=len(cores)))
    console.print(place_table([each["strict, one core"] for each in rounds]))
    console.print(latency_table([each["one at a time"] for each in rounds]))


def one_round(cores: list[int], verdicts: int) -> dict[str, Cost]:
    """Measure each kind of work once, so that all of them meet the same load."""
    found: dict[str, Cost] = {}
    os.sched_setaffinity(0, cores[:1])
    try:
        found["strict, one core"] = measured(strict, verdicts, workers=2)
        found["both, rule"] = measured(both(RULE), verdicts, workers=2)
        found["both, exposure"] = measured(both(EXPOSURE), verdicts // 2, workers=2)
        found["one at a time"] = measured(one_by_one, verdicts // 4, workers=1)
    finally:
        os.sched_setaffinity(0, cores)
    found["strict, all cores"] = measured(strict, verdicts, workers=2 * len(cores))
    return found


Work = Callable[[SandboxPool, GraderPool, Sequence[CodeTask]], list[float]]


def measured(work: Work, verdicts: int, *, workers: int) -> Cost:
    """Do the work with a pool that is warm, and count what it costs."""
    with SandboxPool(workers=workers) as sandbox, grader_on(sandbox) as grader:
        work(sandbox, grader, tasks(RULE, 64, "warm"))
        jobs = tasks(RULE, verdicts, "measured")
        zygotes = list(descendants(os.getpid()))
        before, start = spent(zygotes), time.perf_counter()
        own = time.process_time()
        latencies = work(sandbox, grader, jobs)
        own, wall = time.process_time() - own, time.perf_counter() - start
        after = spent(zygotes)
    return Cost(
        verdicts=verdicts,
        supervisor_s=own,
        zygotes_s=after[0] - before[0],
        submissions_s=after[1] - before[1],
        wall_s=wall,
        latencies_s=latencies,
    )


@contextmanager
def grader_on(sandbox: SandboxPool) -> Generator[GraderPool]:
    """A grader that uses the slots of a pool which is there already."""
    grader = GraderPool.__new__(GraderPool)
    vars(grader).update(_sandbox=sandbox, _cache={})
    yield grader


def tasks(exploit_type: str, count: int, name: str) -> list[CodeTask]:
    """Tasks from the programming problems, in turn; keys differ, so that nothing is remembered."""
    problems = programming_problems()
    return [
        CodeTask(
            key=f"{name}/{number}",
            exploit_type=exploit_type,
            prompt=problem.statement,
            function=problem.function,
            cases=problem.cases,
            reference=problem.reference,
            exploit="",
        )
        for number in range(count)
        for problem in [problems[number % len(problems)]]
    ]


def strict(sandbox: SandboxPool, grader: GraderPool, jobs: Sequence[CodeTask]) -> list[float]:
    """The strict verdict alone."""
    del grader
    ended = sandbox.run([build_job(task, task.reference, task.cases) for task in jobs])
    passed = [judge(end, task.cases).passed for end, task in zip(ended, jobs, strict=True)]
    require(passed)
    return []


def both(exploit_type: str) -> Work:
    """Both verdicts, with a flaw of one kind."""

    def work(sandbox: SandboxPool, grader: GraderPool, jobs: Sequence[CodeTask]) -> list[float]:
        del sandbox
        flawed = [task.model_copy(update={"exploit_type": exploit_type}) for task in jobs]
        verdicts = grader.grade([(task, task.reference) for task in flawed])
        require([bool(each.strict_passed and each.flawed_passed) for each in verdicts])
        return []

    return work


def one_by_one(sandbox: SandboxPool, grader: GraderPool, jobs: Sequence[CodeTask]) -> list[float]:
    """Both verdicts, each waited for: what a caller with one submission sees."""
    del sandbox
    latencies: list[float] = []
    for task in jobs:
        start = time.perf_counter()
        require([bool(each.strict_passed) for each in grader.grade([(task, task.reference)])])
        latencies.append(time.perf_counter() - start)
    return latencies


def require(passed: Sequence[bool]) -> None:
    """Refuse to report the cost of verdicts that are wrong."""
    if not all(passed):
        raise SystemExit(f"{passed.count(False)} of {len(passed)} references were refused")


def descendants(process: int) -> Iterator[int]:
    """Processes below one, those that live now."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    for child in map(int, children):
        yield child
        yield from descendants(child)


def spent(processes: Sequence[int]) -> tuple[float, float]:
    """Processor seconds of processes themselves, and of the children that they waited for."""
    own = waited = 0
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        own += int(fields[11]) + int(fields[12])
        waited += int(fields[13]) + int(fields[14])
    return own / TICKS, waited / TICKS


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median, with the smallest and the largest."""
    low, high = min(values), max(values)
    return f"{np.median(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def rate_table(rounds: Sequence[dict[str, Cost]], *, cores: int) -> Table:
    """Rates and ratios, with what must hold of them."""
    table = Table(title=f"Verdicts, {cores} cores, median of {len(rounds)} rounds (range)")
    for name in ("figure", "measured", "bar"):
        table.add_column(name, justify="left" if name == "figure" else "right")
    one = [each["strict, one core"] for each in rounds]
    every = [each["strict, all cores"] for each in rounds]
    rate = spread([each.per_core_s for each in one], 0)
    table.add_row("strict verdicts per core-second, one core", rate, f">= {LEAST_PER_CORE}")
    ratio = [b.per_core_s / a.per_core_s for a, b in zip(one, every, strict=True)]
    table.add_row("the same on all cores, over one core", spread(ratio), f">= {LEAST_SECOND_CORE}")
    for name, bar in (("both, rule", f"<= {MOST_BOTH}"), ("both, exposure", "")):
        ratio = [each[name].each_ms / each["strict, one core"].each_ms for each in rounds]
        table.add_row(f"{name}: cost over the strict verdict alone", spread(ratio), bar)
    return table


def place_table(costs: Sequence[Cost]) -> Table:
    """Where the processor time of a verdict goes, beside the floor of a bare fork."""
    table = Table(title="Processor milliseconds of one strict verdict")
    for name in ("supervisor", "zygote", "submission", "all", "floor: bare fork and exit"):
        table.add_column(name, justify="right")
    table.add_row(
        spread([1e3 * each.supervisor_s / each.verdicts for each in costs]),
        spread([1e3 * each.zygotes_s / each.verdicts for each in costs]),
        spread([1e3 * each.submissions_s / each.verdicts for each in costs]),
        spread([each.each_ms for each in costs]),
        spread([bare_fork_ms() for _ in costs]),
    )
    return table


def bare_fork_ms(count: int = 300) -> float:
    """Processor milliseconds of a warm Python that forks a child which exits at once."""
    program = f"""
import os, gc, importlib
for name in {zygote.WARM!r}: importlib.import_module(name)
gc.collect(); gc.freeze()
before = os.times()
for _ in range({count}):
    child = os.fork()
    if child == 0: os._exit(0)
    os.waitpid(child, 0)
print(1e3 * sum(b - a for a, b in zip(before[:4], os.times()[:4])) / {count})
"""
    done = subprocess.run(
        [sys.executable, "-S", "-s", "-c", program], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def latency_table(costs: Sequence[Cost]) -> Table:
    """Wall milliseconds until one verdict is there, with one slot."""
    table = Table(title="Latency of one verdict, wall milliseconds, one slot")
    for name in ("median", "95th percentile"):
        table.add_column(name, justify="right")
    table.add_row(
        *(
            spread([1e3 * float(np.quantile(each.latencies_s, share)) for each in costs], 1)
            for share in (0.5, 0.95)
        )
    )
    return table


if __name__ == "__main__":
    main()
