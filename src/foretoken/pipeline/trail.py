"""What audits a bank: the run's own draws up to a checkpoint, and what was said at those before.

An audit is made anew at each checkpoint from what is stored up to it, so that measuring again, or
in another order, gives the same: draws of later steps are never read.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from foretoken.bank.pool import Bank, TypeBank
from foretoken.estimate.audit import OwnGroups, joined_groups
from foretoken.records import BankHit, RateEstimate
from foretoken.store.run import Run
from foretoken.work.own import OwnDraws, read_own_draws


@dataclass(frozen=True)
class TypeTrail:
    """The audited past of one exploit type at a checkpoint."""

    own: OwnGroups
    """Of all steps up to the checkpoint."""
    ends: Mapping[int, float]
    """Upper ends of the intervals at earlier checkpoints, since the bank's last round."""

    @property
    def digest(self) -> str:
        """Hash of all that an estimate reads of it."""
        return hashlib.sha256(f"{self.own.digest}{sorted(self.ends.items())}".encode()).hexdigest()


class Trail:
    """The past of all types; checkpoints are added to it in order of steps."""

    def __init__(self, rollouts: OwnDraws, counted: OwnDraws, bank: Bank) -> None:
        """Begin with rollouts, and with the draws of checkpoints that are not added."""
        self._tasks = frozenset(bank.tasks)
        self._estimator = bank.estimator
        self._groups: dict[str, list[OwnGroups]] = {}
        self._ends: dict[str, dict[int, float]] = {}
        for source in (rollouts, counted):
            self._add_draws(source)

    def of(self, bank: TypeBank[BankHit], *, step: int, counted: OwnDraws) -> TypeTrail:
        """What is known of one type at a checkpoint.

        Args:
            bank: Of the type, as it stood there.
            step: Of the checkpoint.
            counted: The checkpoint's own draws.
        """
        name, rounds = bank.exploit_type, [each for each in bank.rounds if each <= step]
        begun = max(rounds, default=0)
        parts = [*self._groups.get(name, ()), counted.groups(name, self._tasks)]
        if rounds:
            fresh = bank.rounds[begun]
            hits, draws = fresh.subject_hits, fresh.subject_draws
            parts.append(OwnGroups.single(begun, hacks=hits, draws=draws))
        own = joined_groups(parts)
        ends = self._ends.get(name, {})
        return TypeTrail(
            own=own.where(own.step <= step),
            ends={at: end for at, end in ends.items() if begun <= at < step},
        )

    def add(self, estimates: Collection[RateEstimate], counted: OwnDraws) -> None:
        """Add a checkpoint.

        Args:
            estimates: Of any estimator; those of the bank are read.
            counted: The checkpoint's own draws.
        """
        self._add_draws(counted)
        for each in estimates:
            if each.estimator == self._estimator:
                end = each.interval[1] if each.interval is not None else 0.0
                self._ends.setdefault(each.exploit_type, {})[each.step] = end

    def _add_draws(self, own: OwnDraws) -> None:
        for name in own.present_types():
            self._groups.setdefault(name, []).append(own.groups(name, self._tasks))


def read_trail(
    run: Run,
    *,
    rollouts: OwnDraws,
    added: Collection[int],
    rounds: Collection[int],
    bank: Bank,
) -> Trail:
    """Read the past that the checkpoints of one call do not add themselves; each part once.

    Args:
        run: With a bank.
        rollouts: Of all steps up to the last checkpoint.
        added: Steps of the checkpoints that will be added.
        rounds: Steps that the bank was drawn around. What was said there before the bank was drawn
            again is left out.
        bank: Any round of it.
    """
    others = set(range(max(added) + 1)) - set(added)
    trail = Trail(rollouts, read_own_draws(run, "count", steps=others), bank)
    parts = set(run.parts(RateEstimate))
    for step in sorted(others - (set(rounds) - {min(rounds)})):
        if estimates_part(step) in parts:
            trail.add(run.read(RateEstimate, part=estimates_part(step)), rollouts.at([]))
    return trail


def estimates_part(step: int) -> str:
    """Name of the part that holds what was estimated at a checkpoint."""
    return f"measure-step-{step:06d}"
