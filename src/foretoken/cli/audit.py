"""`foretoken audit`: what a grader of one's own pays for."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretoken.cli.options import ConfigOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from foretoken.audit.config import AuditConfig
    from foretoken.audit_records import AuditFinding, AuditRecord, AuditSearch, AuditSource

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
    source: Annotated[bool, typer.Option(help="Read its source as well.")] = True,
    search: Annotated[
        int | None,
        typer.Option(help="Calls of a search for cheats that nobody listed, e.g. 2000."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Folder for found cheats, as tasks of exploit types.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="File of findings that are known and accepted.")
    ] = None,
    accept: Annotated[
        Path | None, typer.Option(help="Write such a file, which accepts all that is found.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the audit as JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the same JSON, which `foretoken forecast` reads.")
    ] = None,
    sarif: Annotated[
        Path | None, typer.Option(help="Write SARIF, for code scanning of GitHub.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page.")] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Fire nothing: grade a run's rollouts again, beside what training paid."),
    ] = None,
    share: Annotated[
        float, typer.Option(help="Of the run's rollouts that are graded again.", min=0.0, max=1.0)
    ] = 1.0,
    config: ConfigOption = None,
) -> None:
    """Fire right answers, empty ones and every known cheat at a grader, and say what it pays.

    No model is needed. The grader runs in a process and a box of its own. Exit code 3 where it pays
    for anything that deserves nothing.

    With --run it is the second grader of a run instead: where training paid what it refuses.

    Example: foretoken audit rewards.py:correctness
    """
    from foretoken.audit.audit import audit
    from foretoken.audit.config import AuditConfig
    from foretoken.cli.tables import show
    from foretoken.work.settings import resolve

    if run is not None:
        _grade_again(run, grader, share=share, timeout_s=timeout_s)
        return
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
        "source": None if source else False,
        "search": search,
        "save": save,
        "baseline": baseline,
    }
    settings = resolve(AuditConfig, config, flags)
    found = audit(settings)
    written = _write(found, settings, {"json": out, "sarif": sarif, "html": html, "accept": accept})
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        show(_table([each for each in found.findings if not each.accepted]))
        if found.search is not None and found.search.found:
            show(_searched(found.search))
        if found.source is not None and found.source.notes:
            show(_sourced(found.source))
        typer.echo(_line(found))
        if search:
            typer.echo(_search_line(found))
        typer.echo(f"Wrote {', '.join(written)}." if written else _next(found))
    if found.pays:
        raise typer.Exit(PAYS)


def _write(
    found: "AuditRecord", settings: "AuditConfig", files: "dict[str, Path | None]"
) -> list[str]:
    """Write the files that are asked for, by what they hold; return their names."""
    import json

    from foretoken.audit.baseline import accepting
    from foretoken.audit.sourced import as_sarif
    from foretoken.report.audit import render_audit
    from foretoken.store.places import write_atomically

    texts = {
        "json": lambda: found.model_dump_json(indent=1),
        "sarif": lambda: json.dumps(as_sarif(found, settings), indent=1),
        "html": lambda: render_audit(found),
        "accept": lambda: accepting(found),
    }
    wanted = {what: file for what, file in files.items() if file is not None}
    for what, file in wanted.items():
        write_atomically(file, f"{texts[what]()}\n".encode())
    return [str(file) for file in wanted.values()]


def _grade_again(run: Path, grader: str, *, share: float, timeout_s: float | None) -> None:
    """Show where a run paid what a second grader refuses."""
    from foretoken.cli.second import tell_second
    from foretoken.ledger.shadow import ShadowSettings
    from foretoken.pipeline.second import grade_again

    longest = timeout_s or ShadowSettings().shadow_timeout_s
    for line in tell_second(grade_again(run, grader, share=share, timeout_s=longest)):
        typer.echo(line)
    typer.echo(f"Wrote {run}/second-opinions. Next: foretoken report {run}")


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


def _line(found: "AuditRecord") -> str:
    """What it comes to."""
    paid = sum(each.paid > 0 for each in found.attacks)
    refused = sum(each.fired > each.paid for each in found.variants)
    accepted = sum(each.accepted for each in found.findings)
    known = f" {accepted} findings are accepted and not shown." if accepted else ""
    return (
        f"{found.grader} grades {found.domain} and reads them {', '.join(found.forms)}. It was "
        f"asked {found.asked:,} times: it pays for {paid} of {len(found.attacks)} kinds of answers "
        f"that deserve nothing, and refuses {refused} of {len(found.variants)} kinds that are "
        f"right.{known}"
    )


def _searched(search: "AuditSearch") -> "Table":
    """What a search found."""
    from foretoken.cli.tables import plain_table
    from foretoken.tasks.foreign.text import printable

    return plain_table(
        ("found by search", "example", "got", "paid for unseen questions", "at call"),
        [
            (
                printable(each.name),
                _short(printable(each.sent)),
                f"{each.got:g}",
                f"{each.paid} of {each.of} ({each.interval[0]:.0%} to {each.interval[1]:.0%})",
                f"{each.call:,}",
            )
            for each in search.found
        ],
    )


def _sourced(source: "AuditSource") -> "Table":
    """What lines of its source say."""
    from foretoken.cli.tables import plain_table
    from foretoken.tasks.foreign.text import printable

    return plain_table(
        ("source", "line", "rule", "by what was fired"),
        [
            (
                printable(f"{Path(each.path).name}:{each.line}"),
                _short(printable(each.text)),
                each.rule,
                _short(each.said),
            )
            for each in source.notes
        ],
    )


def _search_line(found: "AuditRecord") -> str:
    """What a search came to."""
    if found.search is None:
        return f"No search: which {found.domain} deserve nothing is certain for few."
    count, saved = len(found.search.found), found.search.saved
    kept = f" Tasks: {', '.join(saved)}; next: foretoken check {saved[0]}" if saved else ""
    return f"A search of {found.search.calls:,} calls found {count} ways to be paid.{kept}"


def _next(found: "AuditRecord") -> str:
    """What may be done with it."""
    if found.findings:
        return (
            "Next: --html PAGE shows each with its reason; --accept FILE keeps what is meant to be "
            "so, for --baseline FILE."
        )
    return "Next: --tasks FILE asks it about questions of your own."
