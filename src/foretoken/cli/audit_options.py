"""Arguments of `foretoken audit`."""

from pathlib import Path
from typing import Annotated

import typer

AuditGraderArgument = Annotated[
    str,
    typer.Argument(
        help="package.module:name or file.py:name; a command; the address of a reward server; "
        "the file of a judge's prompt; the folder of a reward model."
    ),
]
AuditDomainOption = Annotated[
    str | None,
    typer.Option(help="What it grades: answers, choice, code, ... Default: found out."),
]
AuditTasksOption = Annotated[
    Path | None, typer.Option(help="Questions of your own, a JSON object a line.")
]
AuditShapeOption = Annotated[
    str | None,
    typer.Option("--as", help="How it is called: plain, trl, verl, ... Default: recognised."),
]
AuditValuesOption = Annotated[
    list[str] | None, typer.Option("--set", help="NAME=VALUE of an argument of it.")
]
AuditQuestionsOption = Annotated[
    int | None, typer.Option(help="Most questions that each attack is tried on.")
]
AuditTimeoutSOption = Annotated[
    float | None, typer.Option(help="Longest that it may take for an answer, in seconds.")
]
AuditBoxOption = Annotated[
    bool, typer.Option(help="Keep it from the network and from writing to this machine.")
]
AuditSourceOption = Annotated[bool, typer.Option(help="Read its source as well.")]
AuditSearchOption = Annotated[
    int | None,
    typer.Option(help="Calls of a search for cheats that nobody listed, e.g. 2000."),
]
AuditSaveOption = Annotated[
    Path | None, typer.Option(help="Folder for found cheats, as tasks of exploit types.")
]
AuditBaselineOption = Annotated[
    Path | None, typer.Option(help="File of findings that are known and accepted.")
]
AuditAcceptOption = Annotated[
    Path | None, typer.Option(help="Write such a file, which accepts all that is found.")
]
AuditAsJsonOption = Annotated[bool, typer.Option("--json", help="Print the audit as JSON.")]
AuditOutOption = Annotated[
    Path | None, typer.Option(help="Write the same JSON, which `foretoken forecast` reads.")
]
AuditSarifOption = Annotated[
    Path | None, typer.Option(help="Write SARIF, for code scanning of GitHub.")
]
AuditHtmlOption = Annotated[Path | None, typer.Option(help="Write a page.")]
AuditRunOption = Annotated[
    Path | None,
    typer.Option(help="Fire nothing: grade a run's rollouts again, beside what training paid."),
]
AuditShareOption = Annotated[
    float, typer.Option(help="Of the run's rollouts that are graded again.", min=0.0, max=1.0)
]
