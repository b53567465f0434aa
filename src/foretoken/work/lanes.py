"""Use all cores: independent pieces of model work, one piece and one core per lane.

Small models gain nothing from several threads in one matrix product, but the library gives up the
interpreter while it computes, so pieces side by side use the cores well.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")

MOST_LANES = 4
"""More would hold too many caches at the same time."""


def in_lanes(work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[R]:
    """Do pieces of work side by side; yield the results in the order of the pieces.

    Each piece depends on itself alone, so the results do not depend on the number of lanes.

    Args:
        work: What to do with a piece; runs in another thread.
        pieces: All pieces.
    """
    lanes = min(MOST_LANES, len(os.sched_getaffinity(0)), len(pieces))
    if lanes < 2 or torch.cuda.is_available():
        yield from map(work, pieces)
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    executor = ThreadPoolExecutor(lanes)
    try:
        yield from executor.map(work, pieces)
    finally:
        executor.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
