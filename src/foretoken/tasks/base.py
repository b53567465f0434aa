"""Graders: what they promise, and the pool that grades on all cores."""

import hashlib
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol

from foretoken.records import Task, Verdict
from foretoken.sandbox.base import Execution, Limits
from foretoken.sandbox.pool import SandboxPool
from foretoken.tasks.code import CodeTask
from foretoken.tasks.foreign.verifier import grade_foreign, is_foreign, own_side
from foretoken.tasks.grade import Plan, plan, verdict

_CACHE_ENTRIES = 500_000
_Key = tuple[str, bytes]

__all__ = ["Grader", "GraderPool", "Limits"]


class Grader(Protocol):
    """Anything that grades answers."""

    def grade(self, jobs: Sequence[tuple[Task, str]]) -> list[Verdict]:
        """One verdict per (task, answer), in order."""
        ...


class GraderPool:
    """The grader of code tasks: runs submissions in the sandbox, each distinct (task, code) once.

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
        self._cache: dict[_Key, tuple[CodeTask, Verdict]] = {}

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
        jobs: Sequence[tuple[Task | CodeTask, str]],
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
            TaskError: A task is not usable, or no code task.
        """
        keys = [(task.key, _digest(code)) for task, code in jobs]
        fresh: dict[_Key, tuple[CodeTask, str]] = {}
        plans: dict[_Key, Plan] = {}
        for key, (given, code) in zip(keys, jobs, strict=True):
            task = given if isinstance(given, CodeTask) else CodeTask.of(given)
            if key in fresh or self._remembers(key, task):
                continue
            fresh[key] = task, code
            own = own_side(task) if is_foreign(task) else task
            if own is not None:
                plans[key] = plan(own, code)
        graded = self._execute(plans, on_done)
        foreign = [key for key, (task, _) in fresh.items() if is_foreign(task)]
        verdicts = grade_foreign(
            [(*fresh[key], graded.get(key)) for key in foreign],
            limits=self._sandbox.limits,
            workers=len(self._sandbox.process_ids),
            on_done=on_done,
        )
        graded |= dict(zip(foreign, verdicts, strict=True))
        self._remember(fresh, graded)
        return [graded[key] if key in graded else self._cache[key][1] for key in keys]

    def _remembers(self, key: _Key, task: CodeTask) -> bool:
        known = self._cache.get(key)
        return known is not None and (known[0] is task or known[0] == task)

    def _remember(
        self, fresh: dict[_Key, tuple[CodeTask, str]], graded: dict[_Key, Verdict]
    ) -> None:
        for key, said in graded.items():
            if said.grader_error is None:
                self._cache[key] = (fresh[key][0], said)
        while len(self._cache) > _CACHE_ENTRIES:
            del self._cache[next(iter(self._cache))]

    def _execute(
        self, plans: dict[_Key, Plan], on_done: Callable[[int], None] | None
    ) -> dict[_Key, Verdict]:
        """Run the plans.

        Each verdict is formed as soon as it can be: answers take far more memory than verdicts.
        """
        ended: dict[_Key, dict[int, Execution]] = {key: {} for key in plans}
        verdicts: dict[_Key, Verdict] = {}
        places = [
            (key, place, job) for key, one in plans.items() for place, job in enumerate(one.jobs)
        ]

        def take(index: int, execution: Execution) -> None:
            key, place, _ = places[index]
            ended[key][place] = execution
            jobs = plans[key].jobs
            if len(ended[key]) == len(jobs):
                own = ended.pop(key)
                verdicts[key] = verdict(plans[key], [own[each] for each in range(len(jobs))])
            if on_done is not None:
                on_done(1)

        self._sandbox.run_each([job for _, _, job in places], take)
        return verdicts


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode(errors="surrogatepass")).digest()
