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
ShadowOption = Annotated[
    str | None,
    typer.Option(
        metavar="MODULE:NAME",
        help="Second grader, also FILE.py:NAME, that a share of the rollouts is shown to.",
        show_default=False,
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Say draws, tokens, time and cost, by a short trial, and do and write nothing.",
    ),
]
PriceOption = Annotated[
    float | None,
    typer.Option(
        "--price-per-hour",
        min=0.0,
        help="With --dry-run: price of this machine, in any currency, by which the cost is told.",
        show_default=False,
    ),
]
SeedOption = Annotated[int | None, typer.Option(help="Seed of all random numbers.")]
WorkersOption = Annotated[
    int | None, typer.Option(help="Submissions graded at the same time; default: two per core.")
]
MergeOption = Annotated[
    str | None, typer.Option(help="Python that has verl, which merges the shards it saves.")
]
