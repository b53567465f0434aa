"""`foretoken discover`: exploits that are in no task's type."""

from typing import Annotated

import typer

from foretoken.cli.options import ConfigOption, RunArgument, WorkersOption


def discover(
    run: RunArgument,
    tasks: Annotated[
        str | None, typer.Option(help="Tasks of the rollouts; default: those in the run.")
    ] = None,
    *,
    grader: Annotated[
        str | None,
        typer.Option(help="package.module:factory of what grades as the run does; default: tasks'"),
    ] = None,
    save: Annotated[
        str | None, typer.Option(help="Name of what was found, to write tasks with donor pairs of.")
    ] = None,
    gradings: Annotated[
        int | None, typer.Option(help="Most gradings in the search for a shortest answer.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print records as JSON.")] = False,
    config: ConfigOption = None,
    workers: WorkersOption = None,
) -> None:
    """Group the answers that training paid and that a second grader or cheap signs doubt.

    What is claimed is refused by a second or strict grader, or doubted by signs and growing; a sign
    alone claims nothing.

    Example: foretoken discover runs/mine --save calls_systemexit
    """
    from foretoken.cli.attribution import records_json
    from foretoken.cli.discovery import discoveries_table, search_line
    from foretoken.cli.tables import show
    from foretoken.pipeline.discover import DiscoverConfig, discover
    from foretoken.work.settings import resolve

    flags = {
        "run": run,
        "tasks": tasks,
        "grader": grader,
        "save": save,
        "gradings": gradings,
        "workers": workers,
    }
    found = discover(resolve(DiscoverConfig, config, flags))
    if as_json:
        typer.echo(records_json([found.search, *found.discoveries]), nl=False)
        return
    if found.discoveries:
        show(discoveries_table(found.discoveries))
    typer.echo(search_line(found.search))
    if found.saved is not None:
        typer.echo(f"Wrote {found.saved}. Next: foretoken check {found.saved}")
    typer.echo(f"Wrote {run}/discoveries. Next: foretoken report {run}")
