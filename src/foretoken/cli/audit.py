"""`foretoken audit`: what a grader of one's own pays for."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from foretoken.cli.audit_options import (
    AuditAcceptOption,
    AuditAsJsonOption,
    AuditBaselineOption,
    AuditBoxOption,
    AuditDomainOption,
    AuditGraderArgument,
    AuditHtmlOption,
    AuditOutOption,
    AuditQuestionsOption,
    AuditRunOption,
    AuditSarifOption,
    AuditSaveOption,
    AuditSearchOption,
    AuditShapeOption,
    AuditShareOption,
    AuditSourceOption,
    AuditTasksOption,
    AuditTimeoutSOption,
    AuditValuesOption,
)
from foretoken.cli.options import ConfigOption

if TYPE_CHECKING:
    from foretoken.audit.config import AuditConfig
    from foretoken.audit_records import AuditRecord

PAYS = 3
"""Exit code of an audit that found something paid."""


def audit(
    grader: AuditGraderArgument,
    *,
    domain: AuditDomainOption = None,
    tasks: AuditTasksOption = None,
    shape: AuditShapeOption = None,
    values: AuditValuesOption = None,
    questions: AuditQuestionsOption = None,
    timeout_s: AuditTimeoutSOption = None,
    box: AuditBoxOption = True,
    source: AuditSourceOption = True,
    search: AuditSearchOption = None,
    save: AuditSaveOption = None,
    baseline: AuditBaselineOption = None,
    accept: AuditAcceptOption = None,
    as_json: AuditAsJsonOption = False,
    out: AuditOutOption = None,
    sarif: AuditSarifOption = None,
    html: AuditHtmlOption = None,
    run: AuditRunOption = None,
    share: AuditShareOption = 1.0,
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
    from foretoken.cli.audit_tables import next_line, tell_audit
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
        for line in tell_audit(found, search=bool(search)):
            typer.echo(line)
        typer.echo(f"Wrote {', '.join(written)}." if written else next_line(found))
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
