"""`foretoken attribute`: which tasks and which updates a type's rate moved with."""

from typing import Annotated

import typer

from foretoken.cli.options import ConfigOption, RunArgument


def attribute(
    run: RunArgument,
    exploit_type: Annotated[
        str | None, typer.Option("--type", help="Exploit type; default: all.")
    ] = None,
    *,
    from_step: Annotated[
        int | None, typer.Option("--from", help="Checkpoint before; default: the steepest rise.")
    ] = None,
    to_step: Annotated[int | None, typer.Option("--to", help="Checkpoint after.")] = None,
    budget: Annotated[
        float | None, typer.Option(help="Rate up to which a checkpoint is from before the rise.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print records as JSON.")] = False,
    config: ConfigOption = None,
) -> None:
    """Say which tasks and which updates a type's rate moved with, and what to do.

    Reads a measured run; loads no model.

    Example: foretoken attribute runs/mine --type process_exit
    """
    from foretoken.cli.attribution import attribution_tables, attributions_table, records_json
    from foretoken.cli.tables import show
    from foretoken.pipeline.attribute import AttributeConfig, attribute
    from foretoken.work.settings import resolve

    flags = {
        "run": run,
        "exploit_type": exploit_type,
        "from_step": from_step,
        "to_step": to_step,
        "budget": budget,
    }
    found = attribute(resolve(AttributeConfig, config, flags))
    if as_json:
        typer.echo(records_json(found), nl=False)
        return
    if exploit_type is None:
        show(attributions_table(found))
    else:
        for each in attribution_tables(found[0]):
            typer.echo(each) if isinstance(each, str) else show(each)
    typer.echo(f"Wrote {run}/attributions. Next: foretoken report {run}")
