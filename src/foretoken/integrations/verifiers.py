"""verifiers and prime-rl: a metric by import path, which records rollouts and scores nothing.

```console
$ FORETOKEN_RUN=runs/mine vf-eval my-env ... \\
    --env.taskset.task.metrics.foretoken.fn foretoken.integrations.verifiers:observe_evaluation
```

An environment needs no change. `observe` is for rollouts that training learns from, so for the
sources under `[orchestrator.train]` of prime-rl; `observe_evaluation` for all others. Both also
work in `vf-replay`, on traces of old runs. The metric is 1 where a rollout was handed over, 0 where
it was not. It is computed before the rewards are, so a trace is written once those are there.
"""

import atexit
import os
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from foretoken.integrations.graded import hand_over, named_run, recorder_of
from foretoken.logs.episodes import LAYOUT, read_trace

LOOK_EVERY_S = 0.1
LONGEST_SCORING_S = 3600.0
"""After which a trace is written as one that was not scored."""
MOST_WAITING = 2_000
"""Traces that wait for their rewards; more are not recorded."""


async def observe(task: Any = None, trace: Any = None) -> float:  # noqa: ARG001  verifiers calls it by these names and awaits it
    """Record a rollout that training learns from."""
    return _seen(trace, training=True)


async def observe_evaluation(task: Any = None, trace: Any = None) -> float:  # noqa: ARG001  as above
    """Record a rollout that was drawn for an evaluation."""
    return _seen(trace, training=False)


def _seen(trace: Any, *, training: bool) -> float:
    """Whether a trace was handed over; an error in a metric would cost the episode its rewards."""
    try:
        run = named_run(None)
        if not run or not getattr(trace.agent, "trainable", True):
            return float(hand_over(run, LAYOUT.name, tuple)) if not run else 0.0
        recorder = recorder_of(run)  # before the traces that wait, as it has to end after them
        scored = _Scored(trace, training=training, run=run, errors=len(trace.errors))
        taken = _waiting(os.getpid()).add(scored)
        if not taken:
            recorder.fault(RuntimeError(f"{MOST_WAITING} traces wait for their rewards"))
        return float(taken)
    except Exception:  # noqa: BLE001  the rewards of somebody else's episode are at stake
        return 0.0


@dataclass
class _Scored:
    """A trace that is being scored."""

    trace: Any
    training: bool
    run: str
    errors: int
    """That it had before."""
    begin: float = field(default_factory=time.monotonic)

    def is_done(self) -> bool:
        """Whether it has all its rewards, or will have none."""
        if len(self.trace.errors) > self.errors:
            return True
        given = list(self.trace.rewards.values())
        return bool(self.trace.ok) and all(each is not None for each in given)

    def write(self, *, done: bool) -> None:
        """Hand it over; one whose scoring is cut short counts as failed."""
        row = {**self.trace.to_record(), **({} if done else {"ok": False})}
        rollout = read_trace(row, training=self.training)
        hand_over(self.run, LAYOUT.name, lambda: [rollout])


class _Waiting:
    """Traces that wait for their rewards, looked at by a thread of its own."""

    def __init__(self) -> None:
        self._traces: list[_Scored] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._work, daemon=True).start()
        atexit.register(self.look, ending=True)

    def add(self, scored: _Scored) -> bool:
        """Wait for a trace; return whether there was room."""
        with self._lock:
            room = len(self._traces) < MOST_WAITING
            if room:
                self._traces.append(scored)
            return room

    def look(self, *, ending: bool = False) -> None:
        """Hand over what is done, or has taken too long; at the end of the process, all."""
        with self._lock:
            waiting: list[_Scored] = []
            for each in self._traces:
                recorder = recorder_of(each.run)
                done = recorder.guarded(each.is_done)
                late = time.monotonic() - each.begin > LONGEST_SCORING_S
                if done or done is None or late or ending:
                    recorder.guarded(each.write, done=bool(done))
                else:
                    waiting.append(each)
            self._traces = waiting

    def _work(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            self.look()


@lru_cache
def _waiting(_process: int) -> _Waiting:
    """Those of a process, as a fork takes no thread along."""
    return _Waiting()
