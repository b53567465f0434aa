"""Graders that somebody else wrote: the text of a `verify` function, run in a one-shot box.

Such a task holds the text in `CodeTask.flaw`: `verifier` for the flawed grader, `accepts` for the
status besides `passed` that its exploit gets, and `strict_verifier` where there are no cases for
our own strict grader. Its exploit type is the problem's own word, `foreign_verifier` where it has
none. Verifier and submission share one process, as their authors wrote it, so a submission can
forge what the verifier says.
"""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from foretoken.errors import TaskError
from foretoken.records import Outcome, Verdict
from foretoken.sandbox.base import Ending, Limits
from foretoken.sandbox.oneshot import Finished, run_program
from foretoken.tasks.code import CodeTask

FOREIGN = "foreign_verifier"
STATUSES = ("passed", "failed", "timed_out", "crashed")
PROCESSES = 16
"""Helper processes and threads that a verifier may have at a time: many run the submission in a
process of its own, and some race one thread per case."""

_STATUS = re.compile(rb"[a-z_]{1,40}")
_OUTCOMES = {
    "failed": Outcome.WRONG,
    "timed_out": Outcome.WALL_LIMIT,
    "crashed": Outcome.EXCEPTION,
}
_MAIN = """
import dataclasses, enum, os, sys, types

report = os.dup(1)
null = os.open("/dev/null", os.O_WRONLY)
os.dup2(null, 1)
os.dup2(null, 2)
os.environ["MALLOC_ARENA_MAX"] = "1"

class VerificationStatus(enum.Enum):
    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    SECURITY_VIOLATION = "security_violation"

@dataclasses.dataclass
class VerificationResultSingle:
    status: VerificationStatus
    feedback: str | None = None
    suspect: bool = False
    suspect_patterns: list | None = None

for name in ("_sandbox_defs", "djinn", "djinn.core", "djinn.core.problem",
             "djinn.core.sandbox_defs"):
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = []
    module.VerificationStatus = VerificationStatus
    module.VerificationResult = module.VerificationResultSingle = VerificationResultSingle

def text(name):
    with open(name, encoding="utf-8", errors="surrogatepass", newline="") as file:
        return file.read()

scope = {"__name__": "verifier"}
try:
    exec(compile(text("verifier.py"), "verifier.py", "exec"), scope)
    status = scope["verify"](text("submission.txt")).status
    status = str(getattr(status, "value", status))
except BaseException:
    status = "crashed"
os.write(report, status.encode())
os._exit(0)
"""
"""The program in the box. The module names are those by which such verifiers import their result
classes. A process of the verifier's gets one arena of memory, as the C library would else reserve
64 MiB for each of its threads, and the limit of memory counts what is reserved."""


@dataclass(frozen=True)
class _Said:
    """What a verifier says of one submission, as far as it can be believed."""

    status: str
    outcome: Outcome
    cpu_s: float
    infra: str | None


def is_foreign(task: CodeTask) -> bool:
    """Whether the task's flawed grader is the text of a verifier."""
    return task.exploit_type == FOREIGN or "verifier" in task.flaw


def own_side(task: CodeTask) -> CodeTask | None:
    """The task whose strict grader decides for a foreign one; None where it has no cases."""
    if not task.cases:
        return None
    return task.replacing(exploit_type="inadequate_test_coverage", flaw={}, flaw_cases=None)


def grade_foreign(
    jobs: list[tuple[CodeTask, str, Verdict | None]],
    *,
    limits: Limits,
    workers: int,
    on_done: Callable[[int], None] | None = None,
) -> list[Verdict]:
    """Grade submissions for tasks whose flawed grader is the text of a verifier.

    Args:
        jobs: CodeTask, code, and the verdict on `own_side` of the task where it has one.
        limits: What one submission may use; a verifier may use five times the processor time.
        workers: Boxes at the same time.
        on_done: Called with the number of executions that just ended.

    Raises:
        TaskError: A task has no verifier, or neither cases nor a strict verifier.
        IsolationError: There is no bubblewrap, or the machine refuses its isolation.
    """
    texts = [_texts(task) for task, _, _ in jobs]
    roomy = limits.replacing(cpu_s=5 * limits.cpu_s, wall_factor=2.0)

    def judge(number: int) -> Verdict:
        task, code, strict = jobs[number]
        said = [_ask(text, code, limits=roomy) for text in texts[number]]
        if on_done is not None:
            on_done(len(said))
        return _verdict(task, strict, said)

    with ThreadPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(judge, range(len(jobs))))


def _texts(task: CodeTask) -> list[str]:
    """The verifiers to ask: the flawed one last."""
    wanted = ["verifier"] if task.cases else ["strict_verifier", "verifier"]
    for name in wanted:
        if not task.flaw.get(name):
            raise TaskError(f"task {task.key}: a foreign verifier needs the setting {name}")
    return [task.flaw[name] for name in wanted]


def _ask(verifier: str, code: str, *, limits: Limits) -> _Said:
    files = {"verifier.py": verifier, "submission.txt": code}
    return _said(run_program(_MAIN, files=files, limits=limits, processes=PROCESSES))


def _said(finished: Finished) -> _Said:
    ending = finished.ending
    if ending is not Ending.COMPLETED:
        late = ending in (Ending.CPU_LIMIT, Ending.WALL_LIMIT)
        status = "timed_out" if late else "crashed"
        return _Said(status, Outcome(ending.value), finished.cpu_s, finished.infra)
    if not finished.stdout:
        return _Said("crashed", Outcome.EXIT, finished.cpu_s, None)
    if not _STATUS.fullmatch(finished.stdout):
        return _Said("crashed", Outcome.PROTOCOL_ERROR, finished.cpu_s, None)
    status = finished.stdout.decode()
    return _Said(status, _OUTCOMES.get(status, Outcome.WRONG), finished.cpu_s, None)


def _verdict(task: CodeTask, strict: Verdict | None, said: list[_Said]) -> Verdict:
    flawed = said[-1]
    cpu_s = sum(one.cpu_s for one in said) + (strict.cpu_s if strict else 0.0)
    failed = next((one.infra for one in said if one.infra), strict and strict.grader_error)
    if failed:
        return Verdict(
            strict_passed=None,
            flawed_passed=None,
            outcome=Outcome.INFRA_ERROR,
            flawed_outcome=Outcome.INFRA_ERROR,
            cpu_s=cpu_s,
            grader_error=failed,
        )
    accepted = flawed.status in ("passed", task.flaw.get("accepts"))
    strictly = said[0].status == "passed"
    return Verdict(
        strict_passed=strict.strict_passed if strict else strictly,
        flawed_passed=accepted,
        outcome=strict.outcome if strict else Outcome.OK if strictly else said[0].outcome,
        flawed_outcome=Outcome.OK if accepted else flawed.outcome,
        error_class=strict.error_class if strict else None,
        cpu_s=cpu_s,
    )
