"""The process of somebody else's grader: `python -m foretoken.graders.child SETTINGS`.

It reads jobs from its standard input and answers each on its standard output, a line of JSON each;
what the grader prints goes to standard error. It ends with the process that began it.
"""

import json
import os
import resource
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from foretoken.graders.kinds import opened
from foretoken.graders.shapes import Answering, CallShape, Given
from foretoken.store.codec import decode

LONGEST = 400
"""Characters of an error that are kept."""


def _answered(grader: Answering, line: bytes) -> Given:
    try:
        return grader(decode(line.decode("utf-8", "surrogatepass")))
    except BaseException as error:  # noqa: BLE001  the user's code may raise anything
        return None, f"raised {type(error).__name__}: {error}"[:LONGEST]


def _end_with(parent: int) -> None:
    """End this process when the one that began it is gone."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def main(path: str, *, shape: str | None, given: Any, nice: int, memory_mib: int | None) -> None:
    """Answer jobs until there are no more.

    Args:
        path: Import path of the grader.
        shape: In which it is called; None: recognised.
        given: Values of its arguments.
        nice: By how much this process is nicer than others.
        memory_mib: Most memory that it may ask for; None: as much as there is.
    """
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)
        with suppress(OSError):
            os.nice(nice)
        if memory_mib is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (memory_mib << 20, memory_mib << 20))
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()

        # An answer that a grader executes in this process may replace what these names mean.
        encode, write, flush = json.JSONEncoder().encode, out.write, out.flush

        def say(**said: Any) -> None:
            write(f"{encode(said)}\n")
            flush()

        try:
            grader = opened(path, shape=None if shape is None else CallShape(shape), given=given)
        except BaseException as error:  # noqa: BLE001  the user's module may raise anything
            say(error=f"{type(error).__name__}: {error}"[:LONGEST])
            return
        say(error=None)
        for line in sys.stdin.buffer:
            begin = time.perf_counter()
            value, error = _answered(grader, line)
            say(value=value, error=error, seconds=time.perf_counter() - begin)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
