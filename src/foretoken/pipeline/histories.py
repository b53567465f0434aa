"""What a run directory has shown, as forecasters read it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from foretoken.errors import SetupError
from foretoken.forecast.history import History, TrainingPlan
from foretoken.records import Draw, Parsed, RateEstimate, Source, Tally
from foretoken.store.kept import KeptParts, kept_records
from foretoken.store.run import Run
from foretoken.work.tallies import read_tallies, sums_of


class Histories:
    """Reads what a run has shown, look after look: of its parts, those that changed."""

    def __init__(self) -> None:
        self._sums = KeptParts(Draw, sums_of)
        self._estimates = kept_records(RateEstimate)

    def estimates(self, run: Run) -> list[RateEstimate]:
        """Return all estimates of a run."""
        return [each for part in self._estimates.of(run) for each in part]

    def read(self, run: Run, *, closed_known: bool = False) -> History:
        """Return what a run has shown; see `read_history`."""
        tallies = read_tallies(run, kept=self._sums)
        return _history(run, tallies, self.estimates(run), closed_known=closed_known)


def read_history(run: Run, *, closed_known: bool = False) -> History:
    """Return what a run has shown.

    Args:
        run: With measured checkpoints, rollouts, or both.
        closed_known: Whether its plan says which loopholes are closed.

    Raises:
        SetupError: Nothing says how long it is, or which exploit types it has.
    """
    return Histories().read(run, closed_known=closed_known)


def _history(
    run: Run, tallies: Sequence[Tally], estimates: Sequence[RateEstimate], *, closed_known: bool
) -> History:
    training = training_settings(run)
    types = sorted({each.exploit_type for each in (*tallies, *estimates)})
    if not types:
        raise SetupError(
            f"{run.path} has neither rollouts nor measured checkpoints: run `foretoken measure` or "
            "`foretoken train rl` first"
        )
    last = max(each.step for each in (*tallies, *estimates))
    closed = set(training.get("closed", ()))
    plan = TrainingPlan(
        steps=int(training.get("steps", last)),
        rollouts=_rollouts(tallies, types, training),
        starts=training.get("starts", {}),
        closed={name: name in closed for name in types} if closed_known else None,
    )
    return History(run.path.name or "run", plan, step=last, estimates=estimates, tallies=tallies)


def _rollouts(
    tallies: Sequence[Tally], types: Sequence[str], training: Mapping[str, Any]
) -> dict[str, float]:
    """Rollouts per step of each type while it takes part: as drawn, else as planned."""
    drawn, steps = Counter[str](), Counter[str]()
    for each in tallies:
        if each.source is Source.ROLLOUT and each.draws:
            drawn[each.exploit_type] += each.draws
            steps[each.exploit_type] += 1
    planned = float(training.get("prompts_per_step", 0) * training.get("generations", 0))
    even = planned / len(types)
    return {name: drawn[name] / steps[name] if steps[name] else even for name in types}


def training_settings(run: Run) -> Mapping[str, Any]:
    """Return the settings of `foretoken train rl`, or what an import says of another trainer's."""
    sections = run.read_config()
    found: Parsed = sections.get("train_rl", sections.get("import", {}))
    return found if isinstance(found, dict) else {}
