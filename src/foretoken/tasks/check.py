"""Check tasks without a model: do the two graders say what they should of known submissions?"""

from collections.abc import Callable, Sequence

from foretoken.records import Record, Task, Verdict
from foretoken.tasks.base import Grader


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


def _problems(reference: Verdict, exploit: Verdict, empty: Verdict) -> tuple[str, ...]:
    broken = next((v.grader_error for v in (reference, exploit, empty) if v.grader_error), None)
    if broken is not None:
        return (f"the grader failed: {broken}",)
    claims = (
        (reference.strict_passed, f"strict grader refuses the reference: {_said(reference)}"),
        (
            reference.flawed_passed,
            f"flawed grader refuses the reference: {reference.flawed_outcome.value}",
        ),
        (
            exploit.flawed_passed,
            f"flawed grader refuses the exploit: {exploit.flawed_outcome.value}",
        ),
        (not exploit.strict_passed, "strict grader accepts the exploit"),
        (not empty.strict_passed, "strict grader accepts an empty answer"),
        (not empty.flawed_passed, "flawed grader accepts an empty answer"),
    )
    return tuple(problem for holds, problem in claims if not holds)


def check_tasks(
    tasks: Sequence[Task],
    pool: Grader,
    *,
    on_done: Callable[[int], None] | None = None,
    batch: int = 64,
) -> list[TaskReport]:
    """Grade each task's reference, exploit and an empty answer, and say what is wrong.

    Args:
        tasks: The tasks to check.
        pool: Grades the submissions.
        on_done: Called with the number of tasks just checked.
        batch: Tasks that are graded together.

    Returns:
        One report per task, in order.

    Raises:
        TaskError: A task's exploit type or its settings are unknown.
    """
    reports: list[TaskReport] = []
    for start in range(0, len(tasks), batch):
        part = tasks[start : start + batch]
        jobs = [(task, code) for task in part for code in (task.reference, task.exploit, "")]
        verdicts = pool.grade(jobs)
        for number, task in enumerate(part):
            reference, exploit, empty = verdicts[3 * number : 3 * number + 3]
            reports.append(
                TaskReport(
                    key=task.key,
                    problems=_problems(reference, exploit, empty),
                    cpu_s=reference.cpu_s + exploit.cpu_s + empty.cpu_s,
                )
            )
        if on_done is not None:
            on_done(len(part))
    return reports
