"""Evidence that must say nothing: banks of other types or of a donor of honest answers, no evidence
at all, and labels in another order; beside evidence that should say something."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.parquet as pq
from kept import KEPT

from foretoken.forecast.blend import BlendMethod
from foretoken.forecast.history import History
from foretoken.forecast.skill import (
    Unit,
    interval_by_run,
    ranking_terms,
    ratio,
    skill_terms,
)
from foretoken.forecast.state_space import StateSpaceMethod
from foretoken.pipeline.backtest import Vantage, cross_validated
from foretoken.records import RateEstimate

ALL_EVIDENCE, BANK, NOTHING = "all", "bank alone", "nothing"
PERMUTED = "all, labels permuted within runs"
ROUGHLY = 3.0
"""Factor by which a rate of that bank may be off, each way: it has no interval of its own."""
Change = Callable[[History], History]


@dataclass(frozen=True)
class Control:
    """What one kind of evidence is worth."""

    name: str
    must_fail: bool
    area: float | None
    area_interval: tuple[float, float] | None
    skill: float | None
    skill_interval: tuple[float, float] | None


def controls(runs: Sequence[History], *, frame: Vantage, seed: int) -> list[Control]:
    """Forecast each run by what the others taught, from changed evidence."""
    found: list[Control] = []
    for name, (change, must_fail) in evidence().items():
        changed = [Altered.of(each, change) for each in runs]
        folds = [([o for o in changed if o is not each], [each]) for each in changed]
        units = cross_validated(
            BlendMethod(StateSpaceMethod(seed)),
            folds,
            cutoffs=[frame.cutoff],
            thresholds=[frame.threshold],
        )[frame]
        found.append(_control(name, units, must_fail=must_fail, seed=seed))
        if name == ALL_EVIDENCE:
            found.append(_control(PERMUTED, permuted(units, seed), must_fail=True, seed=seed))
    return found


def matched_by(found: Sequence[Control]) -> list[str]:
    """Names of the controls that are as good as what they control, in area or in skill."""
    by_name = {each.name: each for each in found}
    matched: list[str] = []
    for each in found:
        ours = by_name[ALL_EVIDENCE if each.name in (PERMUTED, NOTHING) else BANK]
        if each.must_fail and (
            _at_least(each.area, ours.area_interval) or _at_least(each.skill, ours.skill_interval)
        ):
            matched.append(each.name)
    return matched


def _at_least(value: float | None, ours: tuple[float, float] | None) -> bool:
    return value is not None and (ours is None or value >= ours[0])


def evidence() -> dict[str, tuple[Change, bool]]:
    """Return what is changed of a run's beginning, and whether forecasts must then fail."""
    return {
        ALL_EVIDENCE: (lambda run: run, False),
        BANK: (bank_alone, False),
        "rollouts alone": (lambda run: replace(run, estimates=[]), False),
        NOTHING: (lambda run: replace(run, estimates=[], tallies=[]), True),
        "bank of another type": (lambda run: bank_alone(of_another_type(run)), True),
        "bank of a donor of honest answers": (lambda run: bank_alone(of_benign_donor(run)), True),
    }


@dataclass(frozen=True)
class Altered(History):
    """A run of whose beginning something else is seen; what happened, and which types are asked
    for, is as it was."""

    original: History | None = None
    change: Change = replace

    @classmethod
    def of(cls, run: History, change: Change) -> "Altered":
        """Alter a run."""
        return cls(**vars(run), original=run, change=change)

    def until(self, step: int) -> History:
        """See `History`."""
        assert self.original is not None
        now = self.original.until(step)
        return Altered(**vars(self.change(now)), original=now)

    def rate(self, exploit_type: str) -> float:
        """See `History`."""
        assert self.original is not None
        return self.original.rate(exploit_type)


def bank_alone(run: History) -> History:
    """Leave no rollouts."""
    return replace(run, tallies=[])


def of_another_type(run: History) -> History:
    """Put each type's bank under the next type's name."""
    following = dict(zip(run.types, (*run.types[1:], run.types[0]), strict=True))
    return replace(
        run,
        estimates=[
            each.replacing(exploit_type=following[each.exploit_type]) for each in run.estimates
        ],
    )


def of_benign_donor(run: History) -> History:
    """Put the bank of the donor of honest answers in the bank's place."""
    rows = pq.read_table(KEPT / run.name / "probes.parquet").to_pylist()
    return replace(
        run,
        estimates=[
            _estimate(row["exploit_type"], row["step"], rate=row["value"], draws=row["draws"])
            for row in rows
            if row["probe"] == "benign bank" and row["value"] > 0
        ],
    )


def _estimate(exploit_type: str, step: int, *, rate: float, draws: int) -> RateEstimate:
    return RateEstimate(
        estimator="switch",
        exploit_type=exploit_type,
        step=step,
        rate=min(rate, 1.0),
        published=True,
        lower_bound=0.0,
        interval=(rate / ROUGHLY, min(rate * ROUGHLY, 1.0)),
        upper_bound=1.0,
        hits=draws,
        effective_hits=float(draws),
        draws=draws,
        tasks=1,
    )


def permuted(units: Sequence[Unit], seed: int) -> list[Unit]:
    """Deal what happened in a run to its types anew."""
    rng, found = random.Random(seed), list[Unit]()
    for run in sorted({each.run for each in units}):
        own = [each for each in units if each.run == run]
        labels = [each.emerged for each in own]
        rng.shuffle(labels)
        found += [replace(each, emerged=label) for each, label in zip(own, labels, strict=True)]
    return found


def _control(name: str, units: Sequence[Unit], *, must_fail: bool, seed: int) -> Control:
    skill = skill_terms(float(np.mean([each.emerged for each in units])))
    return Control(
        name=name,
        must_fail=must_fail,
        area=ratio(units, ranking_terms),
        area_interval=interval_by_run(units, ranking_terms, seed=seed),
        skill=ratio(units, skill),
        skill_interval=interval_by_run(units, skill, seed=seed),
    )
