"""`foretoken query`: SQL over the records of a run."""

from typing import Annotated

import typer

from foretoken.cli.options import RunArgument


def query(
    run: RunArgument,
    sql: Annotated[str, typer.Argument(help="One SELECT statement.", show_default=False)],
) -> None:
    """Run read-only SQL over a run; its views are tasks, draws, scores, estimates and so on.

    Example: foretoken query runs/mine "select exploit_type, step, rate from estimates"
    """
    from foretoken.cli.tables import plain_table, show
    from foretoken.store.run import Run
    from foretoken.store.tables import query as query_run

    names, rows = query_run(Run.open(run), sql)
    show(plain_table(names, rows))
    typer.echo(f"{len(rows)} rows.", err=True)
