"""What reward functions gave, and what a tool says of a finished rollout: recorded beside it."""

import atexit
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from typing import Any

from foretoken.integrations.recorder import Recorder
from foretoken.logs import hooks
from foretoken.logs.base import LoggedRollout
from foretoken.logs.hooks import written

RUN_VARIABLE = "FORETOKEN_RUN"
"""Environment variable that names the run directory, where no argument does."""
NO_RUN = f"Foretoken records nothing: name the run directory in {RUN_VARIABLE}"
LONGEST = 400
"""Characters of an error that are kept."""
Rewards = Sequence[tuple[float | None, Mapping[str, float | None]]]
"""Of each answer, what it was paid, and the parts of that."""


@lru_cache
def recorder_of(run: str) -> Recorder:
    """Return the one recorder that this process has for a run; its end is that of the process."""
    recorder = Recorder(run)
    recorder.guarded(recorder.begin)
    atexit.register(recorder.end)
    return recorder


def named_run(run: str | os.PathLike[str] | None) -> str:
    """Return the run directory that is named, or that the environment names; empty: none is."""
    return str(run or os.environ.get(RUN_VARIABLE, ""))


@lru_cache
def told_once(line: str) -> None:
    """Print a line, once in this process."""
    print(line, flush=True)


def hand_over(run: str, by: str, read: Callable[[], Iterable[LoggedRollout]]) -> bool:
    """Have rollouts recorded that a tool has finished; whatever goes wrong stays in here.

    Args:
        run: Run directory; empty: nothing is recorded, and that is said once.
        by: Name of the tool.
        read: Returns them, of one step; called in the recorder's thread.

    Returns:
        Whether they wait to be written.
    """
    if not run:
        told_once(NO_RUN)
        return False
    return recorder_of(run).write("rollouts", lambda: hooks.line(by, list(read())))


def name_checkpoint(run: str, *, step: int, path: str) -> None:
    """Have a checkpoint put in the queue of those that are measured."""
    if run:
        recorder_of(run).write("checkpoints", lambda: {"step": step, "path": path})


@dataclass
class Graded(AbstractContextManager["Graded"]):
    """Answers while they are graded: what its block leaves in it is recorded, also if it raises.

    Nothing that goes wrong in here reaches the trainer.

    Args:
        run: Run directory; empty: nothing is recorded, and that is said once.
        by: Name of the trainer.
        grader: Name of the reward function.
        answers: Returns, of each answer, its prompt (None: not known) and what else is known.
    """

    run: str
    by: str
    grader: str
    answers: Callable[[], Sequence[tuple[Any, Mapping[str, Any]]]]
    rewards: Callable[[], Rewards] = lambda: ()
    """Set by the block, read when the line is written."""
    _begin: float = field(default_factory=time.perf_counter)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Record the answers; an error goes on as it would have."""
        if not self.run:
            told_once(NO_RUN)
            return
        seconds = time.perf_counter() - self._begin
        said = None if error is None else f"{type(error).__name__}: {str(error)[:LONGEST]}"
        recorder_of(self.run).write("rollouts", lambda: self._line(seconds, said))

    def _line(self, seconds: float, error: str | None) -> dict[str, Any]:
        answers = list(self.answers())
        paid = [] if error else list(self.rewards())
        prompts: list[Any] = []
        rollouts: list[dict[str, Any]] = []
        for place, (prompt, known) in enumerate(answers):
            rollout: dict[str, Any] = {**known, "reward": None, "parts": {}}
            if place < len(paid):
                reward, parts = paid[place]
                rollout["reward"] = written(reward)
                rollout["parts"] = {name: written(value) for name, value in parts.items()}
            if prompt is not None:
                if prompt not in prompts:
                    prompts.append(prompt)
                rollout["prompt"] = prompts.index(prompt)
            rollouts.append(rollout)
        return {
            "by": self.by,
            "step": None,
            "graders": {self.grader: {"seconds": seconds, "error": error}},
            "prompts": prompts,
            "rollouts": rollouts,
        }
