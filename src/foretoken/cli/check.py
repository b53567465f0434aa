"""`foretoken check`: are the tasks sound? No model is needed."""

from typing import Annotated

import typer
from rich.console import Console

from foretoken.pipeline.progress import progress_bar
from foretoken.tasks.base import GraderPool
from foretoken.tasks.check import check_tasks
from foretoken.tasks.load import load_tasks

TasksArgument = Annotated[
    str, typer.Argument(help="JSONL file, package.module:function, or the name `lists`.")
]


def check(tasks: TasksArgument) -> None:
    """Check that each task's graders say what they should of known submissions.

    The reference must pass both graders, the exploit the flawed one only, an empty answer neither.

    Example: foretoken check lists
    """
    loaded = load_tasks(tasks)
    with GraderPool() as pool, progress_bar("checking tasks", len(loaded)) as advance:
        reports = check_tasks(loaded, pool, on_done=advance)
    unsound = [report for report in reports if not report.sound]
    for report in unsound:
        typer.echo(f"{report.key}: {'; '.join(report.problems)}")
    cpu_s = sum(report.cpu_s for report in reports)
    Console(stderr=True, highlight=False).print(
        f"{len(reports) - len(unsound)} of {len(reports)} tasks are sound ({cpu_s:.1f} s of "
        "processor time in the sandbox)."
    )
    if unsound:
        raise typer.Exit(2)
