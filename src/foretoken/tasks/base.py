"""Graders: what they promise, and the pool that grades on all cores."""

import hashlib
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol

from foretoken.records import Task, Verdict
from foretoken.sandbox.base import Execution, Limits
from foretoken.sandbox.pool import SandboxPool
from foretoken.tasks.grade import Plan, plan, verdict

_CACHE_ENTRIES = 500_000

__all__ = ["Grader", "GraderPool", "Limits"]


class Grader(Protocol):
    """Anything that grades submissions."""

    def grade(self, jobs: Sequence[tuple[Task, str]]) -> list[Verdict]:
        """One verdict per (task, code), in order."""
        ...


class GraderPool:
    """Grades submissions in the sandbox, each distinct (task, code) once.

    Use it as a context manager. It belongs to the process that made it and runs one `grade` at a
    time.

    Args:
        workers: Submissions that run at the same time; None: two per available core.
        limits: What one submission may use.

    Raises:
        IsolationError: The machine refuses the isolation that untrusted code needs.
    """

    def __init__(self, *, workers: int | None = None, limits: Limits | None = None) -> None:
        self._sandbox = SandboxPool(workers=workers, limits=limits)
        self._cache: dict[tuple[str, bytes], tuple[Task, Verdict]] = {}

    def __enter__(self) -> "GraderPool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the sandbox."""
        self._sandbox.close()

    def grade(
        self,
        jobs: Sequence[tuple[Task, str]],
        *,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Verdict]:
        """Grade submissions.

        Args:
            jobs: Tasks with the code submitted for them.
            on_done: Called with the number of executions that just ended, for a progress bar.

        Returns:
            One verdict per job, in order. Verdicts are the same every time but for `cpu_s`; one
            whose grader failed (`infra_error`) is not remembered.

        Raises:
            TaskError: A task is not usable.
        """
        keys = [(task.key, _digest(code)) for task, code in jobs]
        fresh: dict[tuple[str, bytes], Plan] = {}
        for key, (task, code) in zip(keys, jobs, strict=True):
            if key not in fresh and not self._remembers(key, task):
                fresh[key] = plan(task, code)
        graded = self._execute(fresh, on_done)
        return [graded[key] if key in graded else self._cache[key][1] for key in keys]

    def _remembers(self, key: tuple[str, bytes], task: Task) -> bool:
        known = self._cache.get(key)
        return known is not None and (known[0] is task or known[0] == task)

    def _execute(
        self, plans: dict[tuple[str, bytes], Plan], on_done: Callable[[int], None] | None
    ) -> dict[tuple[str, bytes], Verdict]:
        """Run the plans; no execution that sees answers runs beside one that must not."""
        executions: dict[int, Execution] = {}
        for exposing in (False, True):
            phase = [job for one in plans.values() for job in one.jobs if job.exposes is exposing]
            ended = self._sandbox.run(phase, on_done=on_done)
            executions |= {id(job): execution for job, execution in zip(phase, ended, strict=True)}
        graded: dict[tuple[str, bytes], Verdict] = {}
        for key, one in plans.items():
            graded[key] = verdict(one, [executions[id(job)] for job in one.jobs])
            if graded[key].grader_error is None:
                self._cache[key] = (one.task, graded[key])
        while len(self._cache) > _CACHE_ENTRIES:
            del self._cache[next(iter(self._cache))]
        return graded


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode(errors="surrogatepass")).digest()
