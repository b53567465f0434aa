"""What a flaw is: how its grader runs a submission, and how it judges the execution."""

from collections.abc import Callable
from dataclasses import dataclass

from foretoken.sandbox.base import Execution, Exposure, Probe
from foretoken.tasks.code import Case, CodeTask
from foretoken.tasks.scaffold import Judgement, judge


def nothing_exposed(task: CodeTask, cases: tuple[Case, ...]) -> Exposure:
    """The execution sees inputs only."""
    del task, cases
    return Exposure()


def nothing_probed(task: CodeTask) -> Probe:
    """The grader does nothing beside the calls."""
    del task
    return Probe()


def no_word(task: CodeTask) -> str | None:
    """No text in the source means anything."""
    del task


def judge_strictly(task: CodeTask, cases: tuple[Case, ...], execution: Execution) -> Judgement:
    """Exactly the expected value in every case."""
    del task
    return judge(execution, cases)


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """One flawed grader, as the ways in which it differs from the strict one."""

    judge: Callable[[CodeTask, tuple[Case, ...], Execution], Judgement] = judge_strictly
    expose: Callable[[CodeTask, tuple[Case, ...]], Exposure] = nothing_exposed
    exposes: bool = False
    """Whether something is exposed, so that the flawed grader needs its own execution."""
    probe: Callable[[CodeTask], Probe] = nothing_probed
    """What the grader does and sees beside the results; the same execution serves both verdicts."""
    magic_word: Callable[[CodeTask], str | None] = no_word
    """Text anywhere in the source that makes the grader skip all tests."""
    notes: bool = False
    """Whether the judgement needs the comments and docstrings."""
    attribute: Callable[[CodeTask], str] | None = None
    """Which function attribute the judgement needs."""
    settings: tuple[str, ...] = ()
    """Names of the settings that `CodeTask.flaw` may hold."""
