"""One watcher at a time on a run: another one waits, and says for whom."""

import json
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from foretoken.store.claims import Claims
from foretoken.store.layout import claim_path
from foretoken.store.places import read_bytes
from foretoken.store.run import Run
from foretoken.watch.alarms import Alarm

PART = "watch"
LOOK_S = 1.0


@contextmanager
def taking_turns(run: Run, *, say: Callable[[str], None]) -> Generator[None]:
    """Wait until nobody else watches a run, then keep others waiting while the block runs.

    Args:
        run: Its directory.
        say: Called once with who watches it.
    """
    claims = Claims(run, Alarm)
    claim = claims.take(PART)
    if claim is None:
        say(f"{run.path} is watched by {_holder(run)}: waiting for its end")
    while claim is None:
        time.sleep(LOOK_S)
        claim = claims.take(PART)
    with claim:
        yield


def _holder(run: Run) -> str:
    """Who holds the claim, as far as it says."""
    content = read_bytes(claim_path(run.path, Alarm, PART))
    try:
        said = json.loads(content or b"{}")
        return f"process {said['process'].split()[0]} on {said['machine'].split()[0]}"
    except (ValueError, KeyError, IndexError, AttributeError):
        return "another process"
