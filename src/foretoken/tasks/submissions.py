"""Grade a file of submissions: one verdict line per submission line, resumable by line."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any

from foretoken.errors import MismatchError, StoreError, TaskError
from foretoken.files import read_bytes
from foretoken.records import Record, Task, Verdict
from foretoken.tasks.base import Grader
from foretoken.tasks.lines import parse_json

_BATCH = 64


class GradeSummary(Record):
    """What one call of `grade_file` did."""

    graded: int
    hacked: int
    strict_passed: int
    bad_lines: tuple[str, ...]
    """One message per line that is not a submission."""
    grader_errors: int
    resumed_after: int
    """Lines that were already there."""


@dataclass(frozen=True)
class SubmissionLine:
    """One line of a file of submissions."""

    number: int
    """Line number in the file, from 1."""
    key: str | None
    task: Task | None
    """None for an unusable line."""
    code: str
    error: str | None
    """Why the line is not usable, starting with its number."""


def read_submissions(path: Path, tasks: Sequence[Task]) -> list[SubmissionLine]:
    """Read JSON lines `{"task": key, "code": text}`; an unusable line carries its error.

    Blank lines are left out.

    Raises:
        TaskError: The file cannot be read.
    """
    by_key = {task.key: task for task in tasks}
    try:
        lines = read_bytes(path).split(b"\n")
    except OSError as error:
        raise TaskError(f"cannot read the submissions {path}: {error.strerror}") from error
    return [
        _read_line(number, raw, by_key) for number, raw in enumerate(lines, start=1) if raw.strip()
    ]


def _read_line(number: int, raw: bytes, by_key: dict[str, Task]) -> SubmissionLine:
    def bad(key: str | None, reason: str) -> SubmissionLine:
        return SubmissionLine(number, key, None, "", f"line {number}: {reason}")

    try:
        fields = parse_json(raw, halves=True)
    except TaskError as error:
        return bad(None, str(error))
    if not isinstance(fields, dict):
        return bad(None, 'must be an object {"task": key, "code": text}')
    key, code = fields.get("task"), fields.get("code")
    if not isinstance(key, str) or not isinstance(code, str):
        return bad(None, 'needs "task" and "code", both text')
    if key not in by_key:
        return bad(key, f"unknown task {key!r}: {_hint(key, list(by_key))}")
    return SubmissionLine(number, key, by_key[key], code, None)


def _hint(key: str, keys: list[str]) -> str:
    """The tasks that one may have meant, or how the keys look here."""
    close = [each for each in keys if each.endswith(f"/{key}")] or get_close_matches(key, keys)
    if close:
        return f"did you mean {' or '.join(close[:3])}?"
    return f"the first of {len(keys)} tasks is {keys[0]}"


def _verdict_fields(line: SubmissionLine, verdict: Verdict) -> dict[str, Any]:
    rewards = {"proxy": verdict.proxy, "gold": verdict.gold}
    fields = {
        "line": line.number,
        "task": line.key,
        "strict": {"passed": verdict.strict_passed, "outcome": verdict.outcome.value},
        "flawed": {"passed": verdict.flawed_passed, "outcome": verdict.flawed_outcome.value},
        "hacked": verdict.hacked,
        "cpu_s": round(verdict.cpu_s, 6),
        "error_class": verdict.error_class,
        "grader_error": verdict.grader_error,
    }
    return fields | {name: value for name, value in rewards.items() if value is not None}


def _keep_whole_lines(out: Path, lines: list[SubmissionLine]) -> int:
    """Cut a torn last line off `out` and return how many lines are already done."""
    if not out.is_file():
        return 0
    raw = out.read_bytes()
    whole = raw[: raw.rfind(b"\n") + 1]
    done = whole.split(b"\n")[:-1]
    hint = "give another --out, or move the file away to start again"
    if len(done) > len(lines):
        raise MismatchError(
            f"{out} holds {len(done)} verdicts for {len(lines)} submissions: {hint}"
        )
    for text, line in zip(done, lines, strict=False):
        try:
            fields = json.loads(text)
            fits = fields["line"] == line.number and fields["task"] == line.key
        except (ValueError, TypeError, KeyError):
            fits = False
        if not fits:
            raise MismatchError(
                f"{out} was not made from these submissions: its verdict {text[:80]!r} does not "
                f"belong to line {line.number}: {hint}"
            )
    if len(whole) < len(raw):
        os.truncate(out, len(whole))
    return len(done)


def _graded(
    lines: list[SubmissionLine], pool: Grader, on_done: Callable[[int], None] | None
) -> Iterator[tuple[SubmissionLine, Verdict | None]]:
    for start in range(0, len(lines), _BATCH):
        batch = lines[start : start + _BATCH]
        jobs = [(line.task, line.code) for line in batch if line.task is not None]
        verdicts = iter(pool.grade(jobs))
        for line in batch:
            yield line, None if line.task is None else next(verdicts)
        if on_done is not None:
            on_done(len(batch))


def grade_file(
    lines: list[SubmissionLine],
    *,
    out: Path | IO[str],
    pool: Grader,
    on_done: Callable[[int], None] | None = None,
) -> GradeSummary:
    """Grade every line of a file of submissions.

    Each line gives one line of output, in order: its verdict, or the error in
    its place. Where `out` is a file that already holds lines, they are kept and the work goes on
    after them; a torn last line is done again.

    Args:
        lines: What `read_submissions` read.
        out: A path, or an open text stream.
        pool: Grades the submissions.
        on_done: Called with the number of lines that are done, those already there included.

    Raises:
        TaskError: A task is not usable.
        MismatchError: `out` holds verdicts of other submissions.
        StoreError: `out` cannot be written.
    """
    try:
        resumed = _keep_whole_lines(out, lines) if isinstance(out, Path) else 0
        if on_done is not None:
            on_done(resumed)
        stream = out.open("a", encoding="utf-8") if isinstance(out, Path) else out
        try:
            verdicts = _write_all(stream, _graded(lines[resumed:], pool, on_done))
        finally:
            if stream is not out:
                stream.close()
    except OSError as error:
        raise StoreError(f"cannot write the verdicts to {out}: {error.strerror}") from error
    return GradeSummary(
        graded=len(verdicts),
        hacked=sum(verdict.hacked is True for verdict in verdicts),
        strict_passed=sum(verdict.strict_passed is True for verdict in verdicts),
        bad_lines=tuple(line.error for line in lines if line.error is not None),
        grader_errors=sum(verdict.grader_error is not None for verdict in verdicts),
        resumed_after=resumed,
    )


def _write_all(
    stream: IO[str], graded: Iterator[tuple[SubmissionLine, Verdict | None]]
) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for line, verdict in graded:
        if verdict is None:
            fields = {"line": line.number, "task": line.key, "error": line.error}
        else:
            verdicts.append(verdict)
            fields = _verdict_fields(line, verdict)
        stream.write(json.dumps(fields) + "\n")
        stream.flush()
    return verdicts
