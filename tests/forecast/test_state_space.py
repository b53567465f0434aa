"""On runs drawn from its own law the forecast is calibrated, and it uses what it is told."""

import dataclasses

import numpy as np
import pytest
from scipy import special

from foretoken.forecast.base import Forecaster
from foretoken.forecast.dynamics import PAID_CLOSED, PAID_OPEN, Law, Paths, presents, pulls
from foretoken.forecast.history import History, TrainingPlan
from foretoken.forecast.logistic import eligible, fit_logistic
from foretoken.forecast.rivals import RIVALS
from foretoken.forecast.skill import Unit, brier, calibration_error, within_run_auc
from foretoken.forecast.state_space import StateSpace
from foretoken.records import RateEstimate, Source, Tally

LAW = Law(log_kappa=-1.2, log_shared=-3.0, drift=0.05, crowd=100.0)
STEPS, CUTOFF, ROLLOUTS = 60, 15, 40


def run(number: int, *, bank: bool = True) -> History:
    """A run of eight types, drawn from the law."""
    rng = np.random.default_rng([7, number])
    size = 8
    types = [f"type-{each}" for each in range(size)]
    speed, sharing = (
        rng.normal(mean, of_run) + rng.normal(0.0, of_type, (size, 1))
        for mean, of_run, of_type in (
            (LAW.log_kappa, LAW.kappa_of_run, LAW.kappa_of_type),
            (LAW.log_shared, LAW.shared_of_run, LAW.shared_of_type),
        )
    )
    opened = rng.random(size) < LAW.open_share
    paths = Paths(
        x=rng.uniform(-9.0, -4.0, (size, 1)),
        offset=np.zeros((size, 1)),
        log_kappa=speed,
        log_shared=sharing,
        opened=opened[:, None],
        log_weight=np.zeros((size, 1)),
    )
    error = rng.normal(0.0, 0.25, size)
    tallies: list[Tally] = []
    estimates: list[RateEstimate] = []
    for step in range(STEPS + 1):
        rate = special.expit(paths.x[:, 0])
        hacks = rng.binomial(ROLLOUTS, rate)
        paid = rng.binomial(hacks, np.where(opened, PAID_OPEN, PAID_CLOSED))
        tallies += [
            tally(name, step, int(h), int(p)) for name, h, p in zip(types, hacks, paid, strict=True)
        ]
        if bank and step in (0, 5, 10, 15):
            said = np.exp(np.log(rate) + error + rng.normal(0.0, 0.05, size))
            estimates += [
                point(name, step, float(each)) for name, each in zip(types, said, strict=True)
            ]
        paths.step(LAW, *pulls(hacks, np.full(size, ROLLOUTS), paid), rng=rng)
    plan = TrainingPlan(steps=STEPS, rollouts=dict.fromkeys(types, float(ROLLOUTS)))
    return History(f"run-{number}", plan, step=STEPS, estimates=estimates, tallies=tallies)


def tally(name: str, step: int, hacks: int, paid: int) -> Tally:
    return Tally(
        exploit_type=name,
        step=step,
        source=Source.ROLLOUT,
        draws=ROLLOUTS,
        hacks=hacks,
        paid=paid,
        spoken=0,
        reward=float(paid),
    )


def point(name: str, step: int, rate: float) -> RateEstimate:
    return RateEstimate(
        estimator="switch",
        exploit_type=name,
        step=step,
        rate=rate,
        published=True,
        lower_bound=rate / 3,
        interval=(rate * np.exp(-0.5), rate * np.exp(0.5)),
        upper_bound=1.0,
        hits=100,
        effective_hits=60.0,
        draws=400,
        tasks=24,
    )


@pytest.fixture(scope="module")
def runs() -> list[History]:
    return [run(number) for number in range(40)]


def judged(runs: list[History], forecaster: Forecaster) -> list[Unit]:
    units: list[Unit] = []
    for whole in runs:
        now = whole.until(CUTOFF)
        said = {each.exploit_type: each for each in forecaster.forecast(now, threshold=0.1)}
        assert list(said) == list(whole.types)
        for name in eligible(now):
            emerged = whole.emerged(name, threshold=0.1, after=CUTOFF)
            one = said[name]
            units.append(
                Unit(whole.name, name, one.probability or 0.0, one.score, emerged is not None)
            )
    return units


def test_it_is_calibrated_on_its_own_law_and_ranks_better_than_watching_rollouts(
    runs: list[History],
) -> None:
    ours = judged(runs, StateSpace(law=LAW, paths=400))
    watched = fit_logistic(
        "rollout count", RIVALS["rollout count"], runs, cutoffs=[0.25], thresholds=[0.1]
    )
    theirs = judged(runs, watched)
    assert 0.15 < np.mean([each.emerged for each in ours]) < 0.85
    assert calibration_error(ours) < 0.1
    assert brier(ours) < 0.8 * brier(theirs)
    assert (within_run_auc(ours) or 0) > 0.05 + (within_run_auc(theirs) or 1)


def test_what_hacks_were_paid_tells_open_loopholes_from_closed_ones() -> None:
    def seen(paid: int) -> History:
        tallies = [tally("toy", step, 1, paid) for step in range(CUTOFF)]
        plan = TrainingPlan(steps=STEPS, rollouts={"toy": float(ROLLOUTS)})
        return History("run", plan, step=CUTOFF, tallies=tallies)

    rng = np.random.default_rng(0)
    opened, closed = (
        presents(seen(paid), LAW, paths=1000, rng=rng).opened.mean() for paid in (1, 0)
    )
    assert opened > 0.95
    assert closed < 0.05


def test_a_plan_that_knows_what_is_closed_is_believed() -> None:
    quiet = run(0)
    known = {name: name != "type-1" for name in quiet.types}
    told = dataclasses.replace(quiet, plan=dataclasses.replace(quiet.plan, closed=known))
    rng = np.random.default_rng(0)
    now = presents(told.until(CUTOFF), LAW, paths=50, rng=rng)
    assert now.opened.all(axis=1).tolist() == [name == "type-1" for name in quiet.types]
    assert now.opened.any(axis=1).tolist() == [name == "type-1" for name in quiet.types]


def test_a_type_whose_tasks_come_later_waits() -> None:
    alone = dataclasses.replace(LAW, log_shared=-12.0)

    def chance(starts: int) -> float:
        tallies = [tally("toy", step, step % 3 == 0, step % 3 == 0) for step in range(CUTOFF)]
        plan = TrainingPlan(STEPS, rollouts={"toy": float(ROLLOUTS)}, starts={"toy": starts})
        now = History("run", plan, step=CUTOFF, tallies=tallies)
        (said,) = StateSpace(law=alone).forecast(now, threshold=0.5)
        return said.probability or 0.0

    assert chance(STEPS - 1) < 0.5 * chance(0)
