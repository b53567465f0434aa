"""`foretoken query`: SQL over the records of a run."""

from typing import Annotated

import typer

from foretoken.cli.options import RunArgument


def query(
    run: RunArgument,
    sql: Annotated[str, typer.Argument(help="One SELECT statement.", show_default=False)],
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a row.")] = False,
) -> None:
    """Run read-only SQL over a run; its views are rates, rollouts, hacks, and all that is stored.

    `rates` has a rate where one is published, and bounds everywhere; `estimates` has all that every
    estimator says; `hacks` has each hack, and whether its reasoning names the flaw (spoken,
    unspoken, no reasoning).

    Example: foretoken query runs/mine "select exploit_type, step, rate, lower_bound from rates"
    """
    from foretoken.cli.tables import csv_rows, json_rows, plain_table, show
    from foretoken.store.run import Run
    from foretoken.store.tables import query as query_run

    names, rows = query_run(Run.open(run), sql)
    if as_csv or as_json:
        typer.echo((csv_rows if as_csv else json_rows)(names, rows), nl=False)
    else:
        show(plain_table(names, rows))
    typer.echo(f"{len(rows)} rows.", err=True)
