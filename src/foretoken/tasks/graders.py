"""The grader of every task: code in the sandbox, anything else by an import path."""

from collections.abc import Collection, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import TracebackType
from typing import Any

from foretoken.errors import TaskError
from foretoken.records import CODE, Task, Verdict
from foretoken.sandbox.base import Limits
from foretoken.tasks.base import Grader, GraderPool
from foretoken.tasks.importing import imported


class Graders:
    """Routes each job to the grader that its task names; a grader is made when first needed.

    Use it as a context manager: graders that are context managers themselves are entered, and left
    in the end. Where it grades code, it belongs to the process that made it.

    Args:
        workers: Submissions of code that run at the same time; None: two per available core.
        limits: What one submission of code may use.
    """

    def __init__(self, *, workers: int | None = None, limits: Limits | None = None) -> None:
        self._workers, self._limits = workers, limits
        self._known: dict[str, Grader] = {}
        self._open = ExitStack()

    def __enter__(self) -> "Graders":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every grader that was made."""
        self._known.clear()
        self._open.close()

    def prepare(self, tasks: Iterable[Task]) -> None:
        """Make the graders that tasks name, so that one that cannot be made is known at once.

        Raises:
            TaskError: An import path leads to no grader.
            IsolationError: The machine refuses the isolation that untrusted code needs.
        """
        for name in dict.fromkeys(task.grader for task in tasks):
            self._grader(name)

    def grade(self, jobs: Sequence[tuple[Task, str]]) -> list[Verdict]:
        """One verdict per (task, answer), in order; each grader gets its jobs together.

        Raises:
            TaskError: A task is not usable, or a grader is none.
            IsolationError: The machine refuses the isolation that untrusted code needs.
        """
        places: dict[str, list[int]] = {}
        for place, (task, _) in enumerate(jobs):
            places.setdefault(task.grader, []).append(place)
        verdicts: dict[int, Verdict] = {}
        for name, own in places.items():
            said = _said(name, self._grader(name), [jobs[place] for place in own])
            verdicts |= dict(zip(own, said, strict=True))
        return [verdicts[place] for place in range(len(jobs))]

    def _grader(self, name: str) -> Grader:
        if name not in self._known:
            grader = (
                GraderPool(workers=self._workers, limits=self._limits)
                if name == CODE
                else _imported(name)
            )
            if isinstance(grader, AbstractContextManager):
                self._open.enter_context(grader)
            self._known[name] = grader
        return self._known[name]


@contextmanager
def graders_for(
    tasks: Iterable[Task], *, given: Grader | None = None, workers: int | None = None
) -> Generator[Grader]:
    """Yield the grader that is given, or all those that the tasks name, for as long as needed.

    Raises:
        TaskError: An import path leads to no grader.
        IsolationError: The machine refuses the isolation that untrusted code needs.
    """
    if given is not None:
        yield given
        return
    with Graders(workers=workers) as graders:
        graders.prepare(tasks)
        yield graders


def _said(name: str, grader: Any, jobs: Sequence[tuple[Task, str]]) -> list[Verdict]:
    """What a grader says, which may be somebody else's and say anything."""
    said: Collection[Any] | None = grader.grade(jobs)
    if not isinstance(said, list) or not all(isinstance(each, Verdict) for each in said):
        raise TaskError(f"the grader {name} must return a list of Verdict, one for each job")
    if len(said) != len(jobs):
        raise TaskError(
            f"the grader {name} gave {len(said)} verdicts for {len(jobs)} jobs: it must give one "
            "for each"
        )
    return said


def _imported(path: str) -> Grader:
    module, _, name = path.rpartition(":")
    if not module or not name:
        raise TaskError(
            f"no grader {path!r}: a task's grader is `{CODE}`, or an import path "
            "package.module:factory"
        )
    try:
        grader = imported(path)()
    except Exception as error:  # somebody else's module and factory may raise anything
        raise TaskError(
            f"cannot make the grader {path}: {type(error).__name__}: {error}; give the import path "
            "of a function or class that needs no arguments"
        ) from error
    if not callable(getattr(grader, "grade", None)):
        raise TaskError(
            f"{path}() gave a {type(grader).__name__}, which is no grader: it has no method "
            "grade(jobs)"
        )
    return grader
