"""What a second grader says beside training's own: shares by step, and the widest disagreements."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from foretoken.estimate.shares import share_interval
from foretoken.grader_records import SecondOpinion
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.store.tables import connect

EXAMPLES = 3
"""Of each way to disagree."""
_COLUMNS = (
    "was_paid, asked, answered, failed, differing, stands_for, "
    "answers_for, differing_share, effective"
)
_ADD = ("asked", "answered", "failed", "differing", "stands_for", "answers_for")


@dataclass(frozen=True)
class ShadowShare:
    """How often a second grader judges paid rollouts, or those that are not, otherwise."""

    grader: str
    step: int | None
    """None: all steps."""
    was_paid: bool
    """Whether of the rollouts that training paid: then `differing` ones are refused; else they
    are accepted."""
    asked: int
    answered: int
    """Of these, with a value."""
    failed: int
    """Of these, with an error."""
    differing: int
    stands_for: float
    """Rollouts that all of them were drawn from."""
    answers_for: float
    """Rollouts that the answered ones stand for."""
    differing_share: float | None
    """Of these rollouts; None: none was answered."""
    effective: float | None
    """Answered ones of equal weight that they are worth."""

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of the share, 95 %; None: none was answered."""
        if self.differing_share is None or self.effective is None:
            return None
        return share_interval(self.differing_share, self.effective)


@dataclass(frozen=True)
class Opinions:
    """All that a run holds of second graders."""

    totals: Sequence[ShadowShare] = ()
    steps: Sequence[ShadowShare] = ()
    widest: Sequence[SecondOpinion] = ()
    """Disagreements, those of paid rollouts first."""
    errors: Sequence[tuple[str, int]] = ()
    """What second graders did instead, the most frequent first."""


def pooled(shares: Sequence[ShadowShare]) -> ShadowShare:
    """Return several steps as one: of one second grader, and of rollouts of one kind."""
    known = [(s.answers_for, s.differing_share or 0.0, s.effective) for s in shares]
    whole = sum(weight for weight, _, _ in known)
    squares = sum(weight**2 / effective for weight, _, effective in known if effective)
    return replace(
        shares[0],
        step=None,
        **{name: sum(getattr(each, name) for each in shares) for name in _ADD},
        differing_share=sum(w * share for w, share, _ in known) / whole if whole else None,
        effective=whole**2 / squares if squares else None,
    )


def _order(one: SecondOpinion) -> tuple[bool, float, int, str]:
    return not one.was_paid, -abs(one.paid - (one.value or 0.0)), -one.step, one.key


def read_opinions(run: Run) -> Opinions:
    """Return what second graders say; nothing where none was asked.

    Raises:
        StoreError: A part is damaged.
    """
    if not run.parts(SecondOpinion):
        return Opinions()
    with connect(run, only={layout.folder_of(SecondOpinion)}) as connection:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            return connection.execute(sql).fetchall()

        totals = rows(
            f"SELECT grader, NULL, {_COLUMNS} FROM shadow_totals ORDER BY grader, was_paid DESC"
        )
        steps = rows(
            f"SELECT grader, step, {_COLUMNS} FROM shadow ORDER BY grader, step, was_paid DESC"
        )
        keys = rows(
            "SELECT key FROM second_opinions WHERE (paid >= paid_from) <> (value >= accepts_from) "
            "QUALIFY row_number() OVER (PARTITION BY paid >= paid_from "
            f"ORDER BY abs(paid - value) DESC, step DESC, key) <= {EXAMPLES}"
        )
        errors = rows(
            "SELECT error, count(*) FROM second_opinions WHERE error IS NOT NULL GROUP BY error "
            f"ORDER BY count(*) DESC, error LIMIT {EXAMPLES}"
        )
    wanted = pa.array([key for (key,) in keys], pa.string())
    named = run.read(SecondOpinion, where=pc.field("key").isin(wanted))
    found = [each for each in named if each.accepted not in (None, each.was_paid)]
    return Opinions(
        totals=[ShadowShare(*row) for row in totals],
        steps=[ShadowShare(*row) for row in steps],
        widest=sorted(found, key=_order),
        errors=errors,
    )
