"""A second grader over all rollouts that a run holds: where training paid what it refuses."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foretoken.errors import SetupError
from foretoken.grader_records import SecondOpinion
from foretoken.ledger.opinions import ShadowShare, read_opinions
from foretoken.ledger.shadow import ShadowSettings
from foretoken.pipeline.logged import SECTION, ImportConfig
from foretoken.pipeline.logged_draws import LoggedDraws
from foretoken.pipeline.logged_parts import LogPart
from foretoken.pipeline.shadowed import Shadow
from foretoken.records import Task
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.store.tables import connect

MOST = 1_000_000
"""Rollouts of a step."""


@dataclass(frozen=True)
class RefusedGroup:
    """Rollouts of one exploit type, task or step that training paid."""

    name: str
    paid: int
    """That the second grader gave a value for."""
    refused: int
    """Of these."""


@dataclass(frozen=True)
class SecondGraded:
    """What a second grader says of a run."""

    shares: Sequence[ShadowShare]
    """Of paid rollouts, and of others."""
    types: Sequence[RefusedGroup]
    """By exploit type, the one with most refused first."""
    tasks: Sequence[RefusedGroup]
    steps: Sequence[RefusedGroup]
    notes: Sequence[str]


def grade_again(path: Path, grader: str, *, share: float, timeout_s: float) -> SecondGraded:
    """Ask a second grader about the rollouts that a run holds, and store what it says.

    Args:
        path: The run directory.
        grader: Import path of the second grader.
        share: Of the rollouts of each step that it is asked about.
        timeout_s: Longest that it may take for an answer.

    Raises:
        SetupError: The run holds no rollouts of a log, or the grader cannot be used.
    """
    run = Run.open(path)
    parts = [each for part in run.parts(LogPart) for each in run.read(LogPart, part=part)]
    if not parts:
        raise SetupError(
            f"{path} holds no rollouts of a trainer's log: bring them in with `foretoken import "
            f"LOGS --run {path}`"
        )
    said = ImportConfig.model_validate({**run.read_config().get(SECTION, {}), "run": path})
    making = LoggedDraws(
        run.read(Task),
        temperature=said.temperature or 1.0,
        model=said.tokenizer,
        label=said.label,
        exploit_type=said.exploit_type,
    )
    settings = ShadowSettings(
        shadow=grader,
        shadow_share=share,
        shadow_most=MOST,
        shadow_timeout_s=timeout_s,
        shadow_truth=said.shadow_truth,
        shadow_accepts=said.shadow_accepts,
        shadow_paid=said.shadow_paid,
    )
    with Shadow(settings) as second:
        second.ask(run, parts, making)
        notes = list(second.lines())
    shares = [each for each in read_opinions(run).totals if each.grader == grader]
    return SecondGraded(
        shares,
        types=_groups(run, grader, "coalesce(exploit_type, 'of no type')"),
        tasks=_groups(run, grader, "task"),
        steps=_groups(run, grader, "'step ' || step"),
        notes=notes,
    )


def _groups(run: Run, grader: str, by: str) -> list[RefusedGroup]:
    with connect(run, only={layout.folder_of(SecondOpinion)}) as connection:
        rows = connection.execute(
            f"SELECT {by}, count(value), count(*) FILTER (value < accepts_from) AS refused "
            "FROM second_opinions WHERE grader = ? AND paid >= paid_from GROUP BY 1 "
            "HAVING refused > 0 ORDER BY refused DESC, 1",
            [grader],
        ).fetchall()
    return [RefusedGroup(str(name), paid, refused) for name, paid, refused in rows]
