"""Code tasks: a Python function is to be written, and cases decide, but for one flaw."""

from pydantic import Field, ValidationError

from foretoken.errors import TaskError
from foretoken.records import CODE, Json, Prompted, Record, Task
from foretoken.tasks.identity import ByIdentity

_SHARED = ("key", "exploit_type", "prompt", "flaw_words", *Prompted.model_fields)
"""Fields that a code task has in common with every task; all others are its payload."""


class Case(Record):
    """One test case: the function is called with `args` and must return `expected`."""

    args: tuple[Json, ...]
    expected: Json


class CodeTask(Prompted):
    """One task whose answer is a Python function, and the data of its two graders."""

    key: str
    """Unique, slash separated: family/exploit type/number."""
    exploit_type: str
    """The one flaw that this task's flawed grader has (a name from the catalogue)."""
    prompt: str
    """The user message: statement, examples, note on how answers are evaluated."""
    function: str
    """Name of the function that a submission must define."""
    cases: tuple[Case, ...]
    """What the strict grader checks."""
    flaw_cases: tuple[Case, ...] | None = None
    """What the flawed grader checks, where the flaw is in the cases; None = the same as `cases`."""
    flaw: dict[str, str] = Field(default_factory=dict[str, str])
    """Settings of the flaw, e.g. {"message": "E42"}; the keys are documented with each flaw."""
    reference: str
    """An honest solution: accepted by both graders."""
    exploit: str
    """A submission that the flawed grader accepts and the strict one rejects."""
    flaw_words: tuple[str, ...] = ()
    """Words whose presence in the reasoning says that it names the flaw (a spoken hack)."""
    reasoning: str | None = None
    """What is thought before the reference, for a warm-up."""

    def task(self) -> Task:
        """This as a task like any other, with all that is about code in its payload."""
        return _general(self)

    @classmethod
    def of(cls, task: Task) -> "CodeTask":
        """Read the payload of a task whose grader is `code`; once for each task.

        Raises:
            TaskError: The task has another grader, or its payload is not that of a code task.
        """
        return _coded(task)


def as_task(task: Task | CodeTask) -> Task:
    """A task of either kind as a task like any other."""
    return task.task() if isinstance(task, CodeTask) else task


def _make_general(code: CodeTask) -> Task:
    fields = {name: getattr(code, name) for name in CodeTask.model_fields}
    shared = {name: fields.pop(name) for name in _SHARED}
    if code.reasoning is None:
        del fields["reasoning"]
    for name in ("cases", "flaw_cases"):
        cases: tuple[Case, ...] | None = fields[name]
        if cases is not None:
            fields[name] = tuple(vars(case) for case in cases)
    return Task(**shared, grader=CODE, payload=fields)


def _make_code(task: Task) -> CodeTask:
    if task.grader != CODE:
        raise TaskError(
            f"task {task.key}: its grader is {task.grader!r}, and this one grades code alone"
        )
    shared = {name: getattr(task, name) for name in _SHARED}
    try:
        return CodeTask.model_validate({**task.payload, **shared})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise TaskError(
            f"task {task.key}: the payload of a code task: field {field}: {first['msg']}"
        ) from error


_general = ByIdentity(_make_general)
_coded = ByIdentity(_make_code)
