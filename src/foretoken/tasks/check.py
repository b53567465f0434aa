"""Check tasks without a model: do the two graders say what they should of known submissions?"""

from collections.abc import Callable, Sequence

from foretoken.records import Record, Task, Verdict
from foretoken.tasks.answer import known_answer
from foretoken.tasks.base import Grader
from foretoken.tasks.code import CodeTask, as_task


class TaskReport(Record):
    """What the check found about one task."""

    key: str
    problems: tuple[str, ...]
    """One sentence each; none where the task is sound."""
    cpu_s: float
    """Processor seconds of the task's submissions."""

    @property
    def sound(self) -> bool:
        """Whether the task can be used."""
        return not self.problems


def _said(verdict: Verdict) -> str:
    detail = f" ({verdict.error_class})" if verdict.error_class else ""
    return f"{verdict.outcome.value}{detail}"


def _problems(
    reference: Verdict | None, exploit: Verdict | None, empty: Verdict
) -> tuple[str, ...]:
    said = [verdict for verdict in (reference, exploit, empty) if verdict is not None]
    broken = next((verdict.grader_error for verdict in said if verdict.grader_error), None)
    if broken is not None:
        return (f"the grader failed: {broken}",)
    claims: list[tuple[bool | None, str]] = []
    if reference is not None:
        why = reference.flawed_outcome.value
        claims += [
            (reference.strict_passed, f"strict grader refuses the reference: {_said(reference)}"),
            (reference.flawed_passed, f"flawed grader refuses the reference: {why}"),
        ]
    if exploit is not None:
        why = exploit.flawed_outcome.value
        claims += [
            (exploit.flawed_passed, f"flawed grader refuses the exploit: {why}"),
            (not exploit.strict_passed, "strict grader accepts the exploit"),
        ]
    claims += [
        (not empty.strict_passed, "strict grader accepts an empty answer"),
        (not empty.flawed_passed, "flawed grader accepts an empty answer"),
    ]
    return tuple(problem for holds, problem in claims if not holds)


def check_tasks(
    tasks: Sequence[Task | CodeTask],
    pool: Grader,
    *,
    on_done: Callable[[int], None] | None = None,
    batch: int = 16,
) -> list[TaskReport]:
    """Grade each task's reference, exploit and an empty answer, and say what is wrong.

    Args:
        tasks: The tasks to check; one that has no reference or no exploit is checked without.
        pool: Grades the submissions.
        on_done: Called with the number of tasks just checked.
        batch: Tasks that are graded together.

    Returns:
        One report per task, in order.

    Raises:
        TaskError: A task's exploit type or its settings are unknown, or it names no usable grader.
    """
    reports: list[TaskReport] = []
    for start in range(0, len(tasks), batch):
        part = [as_task(task) for task in tasks[start : start + batch]]
        known = [
            (task, known_answer(task, "reference"), known_answer(task, "exploit")) for task in part
        ]
        jobs = [(task, text) for task, *texts in known for text in (*texts, "") if text is not None]
        verdicts = iter(pool.grade(jobs))
        for task, *texts in known:
            reference, exploit = (None if text is None else next(verdicts) for text in texts)
            empty = next(verdicts)
            said = [verdict for verdict in (reference, exploit, empty) if verdict is not None]
            reports.append(
                TaskReport(
                    key=task.key,
                    problems=_problems(reference, exploit, empty),
                    cpu_s=sum(verdict.cpu_s for verdict in said),
                )
            )
        if on_done is not None:
            on_done(len(part))
    return reports
