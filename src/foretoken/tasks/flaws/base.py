"""What a flaw is: how its grader runs a submission, and how it judges the execution."""

from collections.abc import Callable
from dataclasses import dataclass

from foretoken.records import Case, Task
from foretoken.sandbox.base import Execution, Exposure
from foretoken.tasks.scaffold import Judgement, judge


def nothing_exposed(task: Task, cases: tuple[Case, ...]) -> Exposure:
    """The execution sees inputs only."""
    del task, cases
    return Exposure()


def judge_strictly(task: Task, cases: tuple[Case, ...], execution: Execution) -> Judgement:
    """Exactly the expected value in every case."""
    del task
    return judge(execution, cases)


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """One flawed grader, as the ways in which it differs from the strict one."""

    judge: Callable[[Task, tuple[Case, ...], Execution], Judgement] = judge_strictly
    expose: Callable[[Task, tuple[Case, ...]], Exposure] = nothing_exposed
    exposes: bool = False
    """Whether something is exposed, so that the flawed grader needs its own execution."""
    notes: bool = False
    """Whether the judgement needs the comments and docstrings."""
    attribute: Callable[[Task], str] | None = None
    """Which function attribute the judgement needs."""
    settings: tuple[str, ...] = ()
    """Names of the settings that `Task.flaw` may hold."""
