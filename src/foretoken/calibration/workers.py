"""Processes for simulations: as many as there are cores, gone with the one that started them."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from foretoken.sandbox.kernel import follow_parent


def processes(workers: int | None = None) -> ProcessPoolExecutor:
    """Return a pool of fresh processes.

    Args:
        workers: How many; None: one per core.
    """
    return ProcessPoolExecutor(
        workers or len(os.sched_getaffinity(0)),
        mp_context=get_context("spawn"),
        initializer=follow_parent,
        initargs=(os.getpid(),),
    )
