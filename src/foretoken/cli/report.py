"""`foretoken report`: one HTML page over a run."""

from pathlib import Path
from typing import Annotated

import typer

from foretoken.cli.options import RunArgument


def report(
    run: RunArgument,
    out: Annotated[
        Path | None,
        typer.Option(help="HTML file to write; report.html in the run by default."),
    ] = None,
) -> None:
    """Write the report of a run: one HTML file that needs no network.

    Example: foretoken report runs/mine --out mine.html
    """
    from foretoken.report.page import write_report
    from foretoken.store.layout import REPORT_FILE

    written = write_report(run, run / REPORT_FILE if out is None else out)
    typer.echo(f"Wrote {written}. Open it in a browser.")
