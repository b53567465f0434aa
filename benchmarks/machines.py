"""What a Ray cluster costs: one bank in this process, and over two machines on the same cores.

Run `python benchmarks/machines.py`. Processor seconds are those of all processes of a run, sampled.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from foretoken.tasks.load import load_tasks, save_tasks

REPEATS = 3
TASKS = 24
GLANCE_S = 0.1
STORE_BYTES = 100 << 20
DRIVER = """
import sys
from foretoken.bank.build import build_bank
from foretoken.bank.config import BankConfig
from foretoken.organism.paths import MODEL, RUN

build_bank(BankConfig(
    run=sys.argv[1], subject=MODEL, donor=RUN / "donor", tasks=sys.argv[2],
    draws_per_task=int(sys.argv[3]), third_stage=0.0, ray=sys.argv[4] or None, part_draws=64,
))
"""


class Meter:
    """Processor seconds of every process with a mark in its environment."""

    def __init__(self, mark: str) -> None:
        self._mark, self._seconds, self._over = mark.encode(), dict[str, float](), threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def close(self) -> float:
        self._over.set()
        self._thread.join()
        return self.total()

    def total(self) -> float:
        return sum(self._seconds.values())

    def _watch(self) -> None:
        while not self._over.wait(GLANCE_S):
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    if self._mark in (folder / "environ").read_bytes():
                        spent = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
                        self._seconds[folder.name] = sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")
                except OSError:
                    continue


def build(folder: Path, *, address: str, draws: int) -> float:
    """Build one bank; return its wall seconds."""
    save_tasks(load_tasks("lists")[:TASKS], folder / "tasks.jsonl")
    started = time.monotonic()
    arguments = [str(folder / "run"), str(folder / "tasks.jsonl"), str(draws), address]
    subprocess.run([sys.executable, "-c", DRIVER, *arguments], check=True, capture_output=True)
    return time.monotonic() - started


def once(*, two_machines: bool, draws: int) -> tuple[float, float]:
    """Wall and processor seconds of one bank; those of starting the cluster are left out."""
    from ray.cluster_utils import Cluster

    os.environ["FORETOKEN_MARK"] = mark = uuid.uuid4().hex
    meter, cluster, address = Meter(mark), None, ""
    with tempfile.TemporaryDirectory() as folder:
        if two_machines:
            head = {"num_cpus": 1, "object_store_memory": STORE_BYTES, "include_dashboard": False}
            cluster = Cluster(initialize_head=True, head_node_args=head)
            cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
            address = cluster.address
            time.sleep(5)
        before = meter.total()
        wall = build(Path(folder), address=address, draws=draws)
        time.sleep(2 * GLANCE_S)
        spent = meter.close() - before
        if cluster is not None:
            cluster.shutdown()
    print(f"{two_machines=} {wall=:.1f} {spent=:.1f}", file=sys.stderr)
    return wall, spent


def main() -> None:
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    table = Table(
        title=f"The shipped organism's bank, {TASKS} tasks, {draws} draws each, {REPEATS} runs"
    )
    for name in ("where", "wall s", "processor s"):
        table.add_column(name, justify="left" if name == "where" else "right")
    for name, two in (("one process", False), ("two Ray machines, same cores", True)):
        found = np.array([once(two_machines=two, draws=draws) for _ in range(REPEATS)])
        spread = [f"{np.mean(each):.1f} ({min(each):.1f} to {max(each):.1f})" for each in found.T]
        table.add_row(name, *spread)
    Console().print(table)


if __name__ == "__main__":
    main()
