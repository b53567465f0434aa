"""`foretoken check`: are the tasks sound? No model is needed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from foretoken.tasks.matrix import Matrix
    from foretoken.tasks.problems import Problem

TasksArgument = Annotated[
    str,
    typer.Argument(
        help="JSONL file, folder of problems, package.module:function, or name of a shipped family."
    ),
]
ProblemsOption = Annotated[
    int | None,
    typer.Option(min=1, help="With `programming`: so many problems, evenly spread. Default: all."),
]
PictureOption = Annotated[
    Path | None, typer.Option(help="With `programming`: draw the matrix to this SVG file.")
]
_STRICT = "strict grader"
_MOST_SHOWN = 20


def check(
    tasks: TasksArgument, problems: ProblemsOption = None, picture: PictureOption = None
) -> None:
    """Check that each task's graders say what they should of known submissions.

    The reference must pass both graders, the exploit the flawed one only, an empty answer neither.
    What could not be loaded, or is not sound, is listed with the reason.

    `programming` is checked as a cross product: every exploit type is put on every problem, and
    each of its graders must refuse the exploits of all others, and empty, constant and broken code.

    Example: foretoken check lists
    """
    from foretoken.cli.tables import checked_table, show
    from foretoken.tasks.check import check_tasks
    from foretoken.tasks.graders import Graders
    from foretoken.tasks.load import load_usable
    from foretoken.tasks.matrix import spread
    from foretoken.tasks.programming import programming_problems
    from foretoken.work.progress import progress_bar

    if tasks == "programming":
        every = programming_problems()
        _check_product(spread(every, problems or len(every)), picture)
        return
    if problems is not None or picture is not None:
        raise typer.BadParameter("--problems and --picture go with `programming` only")
    loaded, refused = load_usable(tasks)
    with Graders() as pool, progress_bar("checking tasks", len(loaded)) as advance:
        reports = check_tasks(loaded, pool, on_done=advance)
    unsound = [report for report in reports if not report.sound]
    if refused or unsound:
        show(checked_table(tasks, refused, unsound))
    more = f"; {len(refused)} more could not be loaded" if refused else ""
    _say(
        f"{len(reports) - len(unsound)} of {len(reports)} tasks are sound{more} "
        f"({sum(report.cpu_s for report in reports):.1f} s of processor time in the sandbox)."
    )
    if unsound or not reports:
        raise typer.Exit(2)


def _check_product(problems: "Sequence[Problem]", picture: Path | None) -> None:
    from foretoken.store.run import write_atomically
    from foretoken.tasks.base import GraderPool
    from foretoken.tasks.catalogue import TYPES
    from foretoken.tasks.matrix import columns, cross_product
    from foretoken.work.progress import progress_bar

    with GraderPool() as pool, progress_bar("checking problems", len(problems)) as advance:
        matrix = cross_product(problems, pool, on_done=advance)
    for fault in matrix.faults[:_MOST_SHOWN]:
        said = fault.verdict
        typer.echo(
            f"{fault.task}: {fault.submission}: strict {said.strict_passed} "
            f"({said.outcome.value}), flawed {said.flawed_passed} ({said.flawed_outcome.value})"
        )
    summary = (
        f"{matrix.verdicts - len(matrix.faults)} of {matrix.verdicts} verdicts are as they should "
        f"be: {matrix.problems} problems x {len(TYPES)} graders x {len(columns())} submissions, "
        f"{matrix.cpu_s:.0f} s of processor time in the sandbox."
    )
    if picture is not None:
        write_atomically(picture, _picture(matrix, summary).encode())
        summary += f" Picture: {picture}"
    _say(summary)
    if matrix.faults:
        raise typer.Exit(2)


def _picture(matrix: "Matrix", caption: str) -> str:
    from foretoken.report.matrix import matrix_svg
    from foretoken.tasks.catalogue import TYPES
    from foretoken.tasks.matrix import HONEST, columns

    every = len(TYPES) * matrix.problems
    strict = {(_STRICT, name): count / every for name, count in matrix.strict.items()}
    return matrix_svg(
        (_STRICT, *TYPES),
        columns(),
        strict | {cell: count / matrix.problems for cell, count in matrix.flawed.items()},
        honest=HONEST,
        caption=caption,
    )


def _say(text: str) -> None:
    from rich.console import Console

    Console(stderr=True, highlight=False, markup=False, emoji=False).print(text, soft_wrap=True)
