"""How long it takes, and how much memory and traffic, to read one million draws.

Run: python benchmarks/reading.py [--draws 1000000] [--part-draws 512] [--folder FOLDER]

It fills a run with synthetic draws (one part is encoded, its columns are repeated under other
keys), then reads in a fresh process, as a command would: the columns that a count needs, the same
of one step, the records of one step, and SQL. Each line gives wall seconds, processor seconds, peak
memory of the process and bytes read from files (through system calls).

To expect on two cores, 1e6 draws of 100 tokens in 1,954 parts: the count's columns with the number
of tokens below 5 s and 2 GB.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from foretoken.records import Draw, Sampling, Source
from foretoken.store import codec, layout
from foretoken.store.run import Run
from foretoken.store.tables import query

TYPES = ("process_exit", "error_code_abuse", "hidden_argument", "answer_in_comment")
STEPS = 40
TOKENS = 100


def _columns() -> dict[str, pc.Expression]:
    names = ("task", "exploit_type", "step", "hacked", "deliberate")
    return {
        **{name: pc.field(name) for name in names},
        "tokens": pc.list_value_length(pc.field("tokens")),
    }


READS: dict[str, Callable[[Run], int]] = {
    "three columns": lambda run: (
        run.table(Draw, columns=["exploit_type", "step", "hacked"]).num_rows
    ),
    "a count's columns": lambda run: run.table(Draw, columns=_columns()).num_rows,
    "the same of one step": lambda run: (
        run.table(Draw, columns=_columns(), where=pc.field("step") == 7).num_rows
    ),
    "records of one step": lambda run: len(run.read(Draw, where=pc.field("step") == 7)),
    "SQL": lambda run: len(query(run, "select step, avg(hacked::int) from draws group by 1")[1]),
    "one part more": lambda run: bool(run.append([_draw(0, 7)], part="more", replace=True)),
}


def _draw(number: int, step: int) -> Draw:
    rng = np.random.default_rng(number)
    kind = TYPES[number % len(TYPES)]
    hacked = bool(rng.random() < 0.2)
    return Draw(
        key=f"bank/{step}/{number}",
        source=Source.BANK,
        task=f"lists/{kind}/{number % 50}",
        exploit_type=kind,
        step=step,
        tokens=tuple(rng.integers(0, 4000, TOKENS).tolist()),
        ended=True,
        prompt_tokens=200,
        reasoning=" ".join(f"word{each}" for each in rng.integers(0, 500, 40)),
        answer="def f(x):\n    return " + str(rng.integers(0, 10**9)),
        hacked=hacked,
        deliberate=hacked if hacked else None,
        sampling=SAMPLING,
    )


SAMPLING = Sampling()


def fill(folder: Path, *, draws: int, part_draws: int) -> None:
    """Write a run of synthetic draws; steps follow one another through the parts."""
    run = Run.create(folder)
    one = [_draw(number, 0) for number in range(part_draws)]
    begun = time.process_time()
    table = codec.to_table(one, Draw)
    spent = time.process_time() - begun
    print(f"encoding: {part_draws / spent:,.0f} draws per processor second")
    parts = -(-draws // part_draws)
    for number in range(parts):
        keys = [f"bank/{number}/{each}" for each in range(part_draws)]
        step = pa.array([number * STEPS // parts] * part_draws, pa.int64())
        changed = table.set_column(0, "key", pa.array(keys))
        changed = changed.set_column(changed.column_names.index("step"), "step", step)
        path = layout.part_path(run.folder, Draw, f"bank-{number:06d}")
        path.parent.mkdir(exist_ok=True)
        pq.write_table(changed, path, compression="zstd")


def measure(folder: str, name: str) -> dict[str, float]:
    """Read once in this process."""
    begun, spent = time.perf_counter(), time.process_time()
    rows = READS[name](Run.open(folder))
    counters = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return {
        "rows": rows,
        "wall_s": time.perf_counter() - begun,
        "processor_s": time.process_time() - spent,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "read_mb": int(counters["rchar"]) / 2**20,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1_000_000)
    parser.add_argument("--part-draws", type=int, default=512)
    parser.add_argument("--folder", default=None)
    parser.add_argument("--read", default=None, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read is not None:
        print(json.dumps(measure(given.folder, given.read)))
        return
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), draws=given.draws, part_draws=given.part_draws)
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
        print(f"on disk: {size / 2**20:,.0f} MiB")
        for name in READS:
            words = [sys.executable, __file__, "--folder", folder, "--read", name]
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            found = {key: round(value, 2) for key, value in json.loads(done.stdout).items()}
            print(f"{name:22} {found}")


if __name__ == "__main__":
    main()
