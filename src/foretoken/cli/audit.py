"""`foretoken audit`: what a grader of one's own pays for."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretoken.cli.options import ConfigOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from foretoken.audit.audit import Audit
    from foretoken.audit.findings import AuditFinding

PAYS = 3
"""Exit code of an audit that found something paid."""
_SHOWN = 60
"""Characters of an answer that are shown."""


def audit(
    grader: Annotated[
        str,
        typer.Argument(
            help="package.module:name or file.py:name; a command; the address of a reward server; "
            "the file of a judge's prompt; the folder of a reward model."
        ),
    ],
    *,
    domain: Annotated[
        str | None,
        typer.Option(help="What it grades: answers, choice, code, ... Default: found out."),
    ] = None,
    tasks: Annotated[
        Path | None, typer.Option(help="Questions of your own, a JSON object a line.")
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option("--as", help="How it is called: plain, trl, verl, ... Default: recognised."),
    ] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE of an argument of it.")
    ] = None,
    questions: Annotated[
        int | None, typer.Option(help="Most questions that each attack is tried on.")
    ] = None,
    timeout_s: Annotated[
        float | None, typer.Option(help="Longest that it may take for an answer, in seconds.")
    ] = None,
    box: Annotated[
        bool, typer.Option(help="Keep it from the network and from writing to this machine.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print all findings as JSON.")] = False,
    config: ConfigOption = None,
) -> None:
    """Fire right answers, empty ones and every known cheat at a grader, and say what it pays.

    No model is needed. The grader runs in a process and a box of its own. Exit code 3 where it pays
    for anything that deserves nothing.

    Example: foretoken audit rewards.py:correctness
    """
    import json
    from dataclasses import asdict

    from foretoken.audit.audit import audit
    from foretoken.audit.config import AuditConfig
    from foretoken.cli.tables import show
    from foretoken.work.settings import resolve

    given = {name: value for name, _, value in (each.partition("=") for each in values or [])}
    flags = {
        "grader": grader,
        "domain": domain,
        "tasks": tasks,
        "shape": shape,
        "given": given or None,
        "questions": questions,
        "timeout_s": timeout_s,
        "boxed": None if box else False,
    }
    settings = resolve(AuditConfig, config, flags)
    found = audit(settings)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found.findings], indent=1))
    else:
        show(_table(found.findings))
        typer.echo(_line(found))
    if found.pays:
        raise typer.Exit(PAYS)


def _table(findings: "Sequence[AuditFinding]") -> "Table":
    """What was found, the worst first."""
    from foretoken.cli.tables import plain_table
    from foretoken.tasks.foreign.text import printable

    return plain_table(
        ("fault", "answer", "shown by", "shortest", "got", "what to do"),
        [
            (
                each.fault.value,
                each.by,
                f"{each.count} of {each.of}",
                _short(printable(each.sent)),
                _short(printable(each.got)),
                each.remedy,
            )
            for each in findings
        ],
    )


def _short(text: str) -> str:
    shown = " / ".join(text.splitlines())
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."


def _line(found: "Audit") -> str:
    """What it comes to."""
    paid = sum(each.fault == "paid" for each in found.findings)
    refused = sum(each.fault == "refused" for each in found.findings)
    forms = ", ".join(each.form.name for each in found.readings)
    return (
        f"{found.grader} grades {found.domain} and reads them {forms}. It was asked "
        f"{found.asked:,} times: it pays for {paid} of {found.attacks} kinds of answers that "
        f"deserve nothing, and refuses {refused} of {found.variants} kinds that are right."
    )
