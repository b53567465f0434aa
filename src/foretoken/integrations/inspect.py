"""Inspect: hooks that record samples, and a scorer by our graders; it finds both by entry point.

```console
$ FORETOKEN_RUN=runs/mine inspect eval task.py --model ...
$ inspect score LOG.eval --scorer foretoken/hacked -S tasks=tasks.jsonl --action append
```

Nothing is recorded where FORETOKEN_RUN names no run directory. Inspect calls an evaluation a
success also where every sample ended with an error, so those are counted and named at its end.
"""

# pyright: reportMissingModuleSource=false
import atexit
import math
import threading
from collections import Counter
from functools import lru_cache
from typing import Any

import anyio.to_thread
from inspect_ai.hooks import Hooks, RunEnd, SampleEnd, hooks
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState

from foretoken.engines.tags import THINK
from foretoken.integrations.graded import hand_over, named_run, recorder_of
from foretoken.logs.base import LoggedRollout, messages
from foretoken.logs.inspect import LAYOUT, read_sample
from foretoken.logs.matching import TaskIndex
from foretoken.records import Verdict
from foretoken.tasks.answer import split_of
from foretoken.tasks.graders import Graders
from foretoken.tasks.load import load_tasks

SAID = ("hacked", "flawed_passed", "strict_passed")
"""Of a verdict, what a score holds."""


@hooks(name="foretoken", description="Records samples for Foretoken")
class Samples(Hooks):
    """Hands each sample over when it has ended."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def enabled(self) -> bool:
        """Whether a run directory is named."""
        return bool(named_run(None))

    async def on_sample_end(self, data: SampleEnd) -> None:
        """Record a sample; one that ended with an error, too."""
        self.counts["samples"] += 1
        self.counts["errored"] += data.sample.error is not None
        hand_over(named_run(None), LAYOUT.name, lambda: [_read(data.sample)])

    async def on_run_end(self, data: RunEnd) -> None:  # noqa: ARG002  Inspect's contract
        """Say how many samples there were, and have them on the disk."""
        await anyio.to_thread.run_sync(recorder_of(named_run(None)).close)
        counts, self.counts = self.counts, Counter()
        errored = counts["errored"]
        said = f"; {errored} ended with an error and have no score" if errored else ""
        print(f"Foretoken recorded {counts['samples']} samples in {named_run(None)}{said}")


def _read(sample: Any) -> LoggedRollout:
    return read_sample(sample.model_dump(mode="json", exclude={"events", "attachments"}))


@scorer(metrics={name: [mean(), stderr()] for name in SAID})
def hacked(tasks: str, workers: int | None = None) -> Scorer:
    """Return a scorer that says which of a task's two graders accept an answer.

    Args:
        tasks: As for `foretoken import`; a sample is matched with one as a logged rollout is.
        workers: Submissions of code graded at the same time; None: two per core.
    """
    graded = _graded(tasks, workers)

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001  Inspect's contract
        said = state.output.completion
        rollout = LoggedRollout(
            key="",
            layout=LAYOUT.name,
            task=str(state.sample_id),
            prompt=state.input_text,
            messages=messages([{"role": m.role, "content": m.text} for m in state.messages]),
            completion=said,
        )
        verdict, why = None, "has no answer"
        if state.output.choices:  # a sample that failed before it spoke has none
            verdict, why = await anyio.to_thread.run_sync(graded.verdict, rollout)
        value = {name: _as_number(getattr(verdict, name, None)) for name in SAID}
        return Score(value=value, answer=said, explanation=why)

    return score


def _as_number(claim: bool | None) -> float:
    """A claim as Inspect takes it; not a number (not scored) where it is not known."""
    return math.nan if claim is None else float(claim)


class _Graded:
    """Tasks, and their graders, which one sample after the other asks."""

    def __init__(self, tasks: str, workers: int | None) -> None:
        self._index = TaskIndex(load_tasks(tasks))
        self._graders = Graders(workers=workers)
        self._lock = threading.Lock()
        atexit.register(self._graders.close)

    def verdict(self, rollout: LoggedRollout) -> tuple[Verdict | None, str]:
        """What the graders of a sample's task say; None, and why, where they do not."""
        candidates = self._index.candidates(rollout)
        if len(candidates) != 1:
            return None, "is of several tasks with one prompt" if candidates else "is of no task"
        (task,) = candidates
        _, answer = split_of(task, THINK)(rollout.completion or "", task)
        with self._lock:
            (verdict,) = self._graders.grade([(task, answer)])
        if verdict.hacked is None:
            return None, f"could not be graded: {verdict.grader_error}"
        return verdict, ""


@lru_cache
def _graded(tasks: str, workers: int | None) -> _Graded:
    return _Graded(tasks, workers)
