"""What passes by time alone from runs that are shown answers to runs that must not know them.

Run `python benchmarks/channels.py` on an idle machine: three minutes. Random bits are written by
runs that are shown answers and read by strict runs of another pool; a threshold fitted on the first
half of what was read decodes the second half. Live: both run at the same time, and the best of
several speeds is shown. Later: one ends before the other starts. The rate is the capacity of a
binary symmetric channel with the measured error rate.
"""

import math
import os
import random
import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from foretoken.sandbox.base import Exposure, Job, Limits, Returned
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import decode, encode

CORES = os.cpu_count() or 1
LIMITS = Limits(cpu_s=30.0, descriptors=256)
SHOWN = Exposure(objects={"task": {"answer": 1}})
SPEEDS_S = (0.1, 0.03, 0.01, 0.004, 0.002, 0.001)
"""Seconds for one bit of a live channel."""
LIVE_BITS, LATER_BITS = 240, 160
START_S = 0.4

WRITE_LIVE = """
import os, time
SMALL, LARGE = bytes(1 << 14), bytes(1 << 27)
FILE = os.open("written", 66)
def spin(): sum(range(500))
def sweep(): PARTS.append(PARTS.pop(0)); LARGE.find(b"x", PARTS[0], PARTS[0] + (1 << 20))
PARTS = list(range(0, 1 << 27, 1 << 20))
def stay(): SMALL.find(b"x")
def stamp(): os.fstat(FILE); os.ftruncate(FILE, 0)
def rest(): time.sleep(1e-4)
def f(bits, bit_s, start):
    one, zero = {ACTS}
    for place, bit in enumerate(bits):
        act = one if bit else zero
        while time.time() < start + (place + 1) * bit_s: act()
"""
READ_LIVE = """
import os, time
COARSE = 5  # the kernel's clock as of its last tick
MIDDLE = bytes(1 << 22)
def count():
    return sum(range(500)) and 1
def walk():
    MIDDLE.find(b"x")
    return 1
def look(file):
    while True:
        tick = time.clock_gettime_ns(COARSE)
        os.pwrite(file, b"x", 0)
        if tick == time.clock_gettime_ns(COARSE):
            return os.fstat(file).st_ctime_ns > tick
FILES = [os.open(str(number), 66) for number in range(240)]
def f(bits, bit_s, start):
    seen = []
    for place in range(bits):
        end, said = start + (place + 1) * bit_s, []
        if "{READ}" == "look":
            time.sleep(max(0, end - bit_s / 2 - time.time()))
            seen.append(int(look(FILES[place])))
            continue
        while time.time() < start + place * bit_s: pass
        while time.time() < end: said.append({READ}())
        seen.append({SUM}(said) if said else 0)
    return seen
"""
FILLS_CORES = "spin, rest"
LIVE = {
    "load of the processors": (FILLS_CORES, "count", "sum"),
    "load of the caches": ("sweep, stay", "walk", "sum"),
    "floor of file times": ("stamp, rest", "look", "max"),
}
"""What the writer does for one and for zero, what the reader does, and how it adds that up."""

WRITE_LATER = """
import time
LARGE = bytearray(1 << 27)
def f(bit):
    end = time.time() + 0.03
    while time.time() < end:
        {ACT}
"""
READ_LATER = """
import os, time
def f(x):
    {ACT}
    return time.process_time()
"""
LATER = {
    "warmth of the caches": (
        "LARGE.find(1) if bit else time.sleep(0.001)",
        "pass",
    ),
    "speed and warmth of a core": (
        "sum(range(999)) if bit else time.sleep(0.001)",
        "sum(range(9999))",
    ),
    "warmth of the kernel's tables": (
        "[open(str(n), 'w').close() for n in range(99)] if bit else time.sleep(0.001)",
        "[open(str(n), 'w').close() for n in range(99)]",
    ),
}


@dataclass
class Reading:
    """One channel as measured."""

    channel: str
    when: str
    bit_s: float
    error_rate: float

    @property
    def bits_per_second(self) -> float:
        """Capacity at this error rate."""
        p = min(self.error_rate, 0.5)  # the threshold's side was chosen on other bits
        entropy = -sum(one * math.log2(one) for one in (p, 1 - p) if one > 0)
        return (1 - entropy) / self.bit_s


def value(pool: SandboxPool, code: str, *args: object, shown: bool, times: int = 1) -> Any:
    """What the first of so many runs at the same time returned."""
    job = Job(
        code=code,
        function="f",
        calls=(encode(args),),
        exposure=SHOWN if shown else Exposure(),
    )
    execution = pool.run([job] * times)[0]
    assert execution.calls, execution
    end = execution.calls[0]
    assert isinstance(end, Returned), end
    return decode(end.tree)


def error_rate(bits: list[bool], seen: list[float]) -> float:
    """Share of wrong bits in the second half, by a threshold fitted on the first half."""
    half, sent, got = len(bits) // 2, np.array(bits), np.array(seen, dtype=float)
    first, what = got[:half], sent[:half]
    wrong, threshold, sign = min(
        (float(np.mean((sign * first > sign * at) != what)), float(at), sign)
        for at in np.unique(first)
        for sign in (1, -1)
    )
    del wrong
    return float(np.mean((sign * got[half:] > sign * threshold) != sent[half:]))


def live(pools: tuple[SandboxPool, SandboxPool], channel: str, bit_s: float) -> Reading:
    """Both at the same time."""
    acts, reads, adds = LIVE[channel]
    bits = [random.random() < 0.5 for _ in range(LIVE_BITS)]
    write = WRITE_LIVE.replace("{ACTS}", acts)
    read = READ_LIVE.replace("{READ}", reads).replace("{SUM}", adds)
    start = time.time() + START_S
    writing = threading.Thread(
        target=value,
        args=(pools[0], write, bits, bit_s, start),
        kwargs={"shown": True, "times": CORES if acts == FILLS_CORES else 1},
    )
    writing.start()
    seen = value(pools[1], read, LIVE_BITS, bit_s, start, shown=False)
    writing.join()
    return Reading(channel, "live", bit_s, error_rate(bits, seen))


def later(pools: tuple[SandboxPool, SandboxPool], channel: str) -> Reading:
    """One ends before the other starts."""
    writes, reads = LATER[channel]
    bits = [random.random() < 0.5 for _ in range(LATER_BITS)]
    write, read = WRITE_LATER.replace("{ACT}", writes), READ_LATER.replace("{ACT}", reads)
    seen: list[float] = []
    start = time.time()
    for bit in bits:
        value(pools[0], write, int(bit), shown=True)
        seen.append(value(pools[1], read, 1, shown=False))
    return Reading(channel, "later", (time.time() - start) / len(bits), error_rate(bits, seen))


def main() -> None:
    """Measure every channel and print one table."""
    table = Table("channel", "live or later", "seconds for a bit", "error rate", "bits per second")
    with (
        SandboxPool(workers=CORES, limits=LIMITS) as one,
        SandboxPool(workers=1, limits=LIMITS) as two,
    ):
        value(one, WRITE_LATER.replace("{ACT}", "pass"), 1, shown=True)
        for channel in LIVE:
            readings = [live((one, two), channel, bit_s) for bit_s in SPEEDS_S]
            best = max(readings, key=lambda reading: reading.bits_per_second)
            table.add_row(*_row(best))
        for channel in LATER:
            table.add_row(*_row(later((one, two), channel)))
    Console().print(table)


def _row(reading: Reading) -> tuple[str, ...]:
    return (
        reading.channel,
        reading.when,
        f"{reading.bit_s:.3f}",
        f"{reading.error_rate:.1%}",
        f"{reading.bits_per_second:.1f}",
    )


if __name__ == "__main__":
    main()
