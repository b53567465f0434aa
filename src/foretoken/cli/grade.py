"""`foretoken grade`: use the graders without a model."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretoken.cli.check import TasksArgument

if TYPE_CHECKING:
    from foretoken.tasks.submissions import GradeSummary

SubmissionsArgument = Annotated[
    Path, typer.Argument(help='JSON lines {"task": key, "code": text}.')
]
OutOption = Annotated[
    Path | None,
    typer.Option(help="File of verdict lines; an existing one is continued. Default: standard out"),
]


def grade(tasks: TasksArgument, submissions: SubmissionsArgument, out: OutOption = None) -> None:
    """Grade submissions with the strict and the flawed grader of their tasks.

    One JSON line of verdict per line of submission. Lines that are not submissions are named on
    standard error and do not stop the rest; the exit code is then 2.

    Example: foretoken grade lists submissions.jsonl --out verdicts.jsonl
    """
    from foretoken.tasks.graders import Graders
    from foretoken.tasks.load import load_tasks
    from foretoken.tasks.submissions import grade_file, read_submissions
    from foretoken.work.progress import progress_bar

    lines = read_submissions(submissions, load_tasks(tasks))
    with Graders() as pool, progress_bar("grading submissions", len(lines)) as advance:
        summary = grade_file(lines, out=out or sys.stdout, pool=pool, on_done=advance)
    _tell(summary, submissions, out)


def _tell(summary: "GradeSummary", submissions: Path, out: Path | None) -> None:
    for message in summary.bad_lines:
        typer.echo(f"{submissions}, {message}", err=True)
    resumed = f" after {summary.resumed_after} that were there" if summary.resumed_after else ""
    typer.echo(
        f"graded {summary.graded} submissions{resumed}: {summary.strict_passed} correct, "
        f"{summary.hacked} hacks, {summary.grader_errors} grader errors, "
        f"{len(summary.bad_lines)} bad lines; verdicts in {out or 'standard out'}",
        err=True,
    )
    if summary.bad_lines:
        raise typer.Exit(2)
    if summary.grader_errors:
        raise typer.Exit(1)
