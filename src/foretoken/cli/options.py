"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

RunOption = Annotated[Path, typer.Option("--run", help="Run directory.", show_default=False)]
RunArgument = Annotated[
    Path,
    typer.Argument(help="Run directory, or its address: s3://bucket/run.", show_default=False),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="TOML file of settings; flags win over it.", show_default=False),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(help="cpu, cuda, cuda:1, mps; default: the accelerator where there is one."),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="Share the work over a Ray cluster: its address, `auto`, or `local`.",
        show_default=False,
    ),
]
SeedOption = Annotated[int | None, typer.Option(help="Seed of all random numbers.")]
WorkersOption = Annotated[
    int | None, typer.Option(help="Submissions graded at the same time; default: two per core.")
]
