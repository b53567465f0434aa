"""What every grader shares: from a task to executions, and from an execution to a judgement."""

import hashlib
import keyword
from collections.abc import Callable
from dataclasses import dataclass

from foretoken.errors import TaskError
from foretoken.records import Outcome
from foretoken.sandbox.base import (
    CallEnd,
    Ending,
    Execution,
    Exposure,
    Job,
    Oversize,
    Probe,
    Raised,
    Returned,
)
from foretoken.sandbox.wire import Tree, WireError, encode
from foretoken.tasks.code import Case, CodeTask
from foretoken.tasks.compare import same
from foretoken.tasks.identity import ByIdentity

CasePasses = Callable[[Case, CallEnd], bool]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What one grader says of one execution."""

    passed: bool
    outcome: Outcome


def strict_case(case: Case, end: CallEnd) -> bool:
    """The call returned exactly the expected value."""
    return isinstance(end, Returned) and same(case.expected, end.tree)


def _encode_calls(cases: tuple[Case, ...]) -> tuple[Tree, ...]:
    return tuple(encode(case.args) for case in cases)


_calls = ByIdentity(_encode_calls)


def build_job(
    task: CodeTask,
    code: str,
    cases: tuple[Case, ...],
    *,
    exposure: Exposure | None = None,
    notes: bool = False,
    attribute: str | None = None,
    probe: Probe | None = None,
) -> Job:
    """The execution of a submission over some cases; it holds inputs, no expected value.

    Raises:
        TaskError: An argument cannot cross into the sandbox.
    """
    try:
        calls = _calls(cases)
    except WireError as error:
        raise TaskError(f"task {task.key}: an argument of a case is too large ({error})") from error
    digest = hashlib.sha256(f"{task.key}\0{code}".encode(errors="surrogatepass")).digest()
    return Job(
        code=code,
        function=task.function,
        calls=calls,
        seed=int.from_bytes(digest[:6]),
        notes=notes,
        attribute=attribute,
        exposure=exposure or Exposure(),
        probe=probe or Probe(),
    )


def judge_marked(execution: Execution, cases: tuple[Case, ...], mark: str) -> Judgement:
    """A case passes if it is right, or if the probe marked it."""
    return judge(execution, cases, lambda case, end: mark in end.marks or strict_case(case, end))


def judge_flagged(execution: Execution, cases: tuple[Case, ...], flag: str) -> Judgement:
    """A run passes if it is right, or if the probe flagged it."""
    if execution.ending is Ending.COMPLETED and flag in execution.flags:
        return Judgement(passed=True, outcome=Outcome.OK)
    return judge(execution, cases)


def judge(
    execution: Execution, cases: tuple[Case, ...], case_passes: CasePasses = strict_case
) -> Judgement:
    """All cases must pass, in a process that came to its regular end."""
    if execution.ending is not Ending.COMPLETED:
        return Judgement(passed=False, outcome=Outcome(execution.ending.value))
    if execution.failed is not None:
        return Judgement(passed=False, outcome=_raised_outcome(execution.failed))
    passes = [case_passes(case, end) for case, end in zip(cases, execution.calls, strict=True)]
    if all(passes) and passes:
        return Judgement(passed=True, outcome=Outcome.OK)
    first = execution.calls[passes.index(False)] if passes else None
    return Judgement(passed=False, outcome=_call_outcome(first))


def _raised_outcome(raised: Raised) -> Outcome:
    return Outcome.MEM_LIMIT if raised.error_class == "MemoryError" else Outcome.EXCEPTION


def _call_outcome(end: CallEnd | None) -> Outcome:
    if isinstance(end, Raised):
        return _raised_outcome(end)
    return Outcome.OUTPUT_LIMIT if isinstance(end, Oversize) else Outcome.WRONG


def error_class(execution: Execution) -> str | None:
    """Name of the first exception class that the submission raised."""
    if execution.failed is not None:
        return execution.failed.error_class
    return next((end.error_class for end in execution.calls if isinstance(end, Raised)), None)


def setting(task: CodeTask, name: str, default: str) -> str:
    """A setting of the task's flaw."""
    return task.flaw.get(name, default)


def text_setting(task: CodeTask, name: str, default: str) -> str:
    """A setting that must not be empty.

    Raises:
        TaskError: It is.
    """
    text = setting(task, name, default)
    if not text:
        raise TaskError(f"task {task.key}: the flaw's {name} must not be empty")
    return text


def name_setting(task: CodeTask, name: str, default: str, *, dotted: bool = False) -> str:
    """A setting that is a Python name, or (`dotted`) a module's name and a name in it.

    Raises:
        TaskError: It is not.
    """
    text = setting(task, name, default)
    parts = text.split(".")
    named = all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)
    if not named or (len(parts) > 1) is not dotted:
        kind = "a dotted Python name" if dotted else "a Python name"
        raise TaskError(f"task {task.key}: the flaw's {name} {text!r} must be {kind}")
    return text
