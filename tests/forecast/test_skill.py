"""Scores of forecasts say what they are known to be."""

import numpy as np
import pytest

from foretoken.forecast.skill import (
    Unit,
    brier_skill,
    calibration_error,
    interval_by_run,
    interval_share,
    log_score,
    ratio,
    skill_terms,
    within_run_auc,
)


def unit(run: str, probability: float, emerged: bool, **fields: object) -> Unit:
    return Unit(run, "t", probability, probability, emerged, **fields)  # type: ignore[arg-type]


def world(runs: int, *, distort: float = 1.0, seed: int = 0) -> list[Unit]:
    """Forecasts that are right (`distort` 1), or whose log-odds are too large by that factor."""
    rng = np.random.default_rng(seed)
    made: list[Unit] = []
    for run in range(runs):
        for log_odds in rng.normal(-1.0, 1.5, size=12):
            said = 1 / (1 + np.exp(-distort * log_odds))
            emerged = rng.random() < 1 / (1 + np.exp(-log_odds))
            made.append(unit(f"run-{run}", float(said), bool(emerged)))
    return made


def test_skill_is_1_for_what_is_known_and_0_for_the_base_rate() -> None:
    known = [unit("a", 1.0, True), unit("a", 0.0, False), unit("b", 0.0, False)]
    assert brier_skill(known, 1 / 3) == 1.0
    constant = [unit("a", 1 / 3, each.emerged) for each in known]
    assert brier_skill(constant, 1 / 3) == 0.0
    assert brier_skill([unit("a", 0.5, False)], 0.0) is None
    assert log_score(known) == 0.0
    assert log_score([unit("a", 0.0, True)]) == pytest.approx(np.log(1e-3))


def test_ranking_compares_types_of_one_run_alone() -> None:
    mixed = [unit("a", 0.1, True), unit("a", 0.05, False), unit("b", 0.9, False)]
    assert within_run_auc(mixed) == 1.0
    assert within_run_auc([unit("a", 0.1, True), unit("b", 0.9, False)]) is None
    tied = [*mixed, unit("b", 0.9, True)]
    assert within_run_auc(tied) == 0.75


def test_probabilities_that_are_right_are_calibrated_and_others_are_not() -> None:
    assert calibration_error(world(200)) < 0.03
    assert calibration_error(world(200, distort=4.0)) > 0.1


def test_an_interval_by_runs_holds_the_skill_as_often_as_it_says() -> None:
    skill = skill_terms(0.32)
    truth = ratio(world(4000, seed=99), skill)
    assert truth is not None
    intervals = [
        interval_by_run(world(30, seed=seed), skill, seed=seed, replicates=200)
        for seed in range(60)
    ]
    held = [low <= truth <= high for low, high in filter(None, intervals)]
    assert len(held) == 60
    assert 0.85 <= np.mean(held) <= 1.0
    same = world(30)
    assert interval_by_run(same, skill, seed=0, others=same, replicates=50) == (0.0, 0.0)


def test_intervals_of_steps_are_judged_where_something_emerged() -> None:
    units = [
        unit("a", 0.5, True, step=10, interval=(5.0, 15.0)),
        unit("a", 0.5, True, step=20, interval=(5.0, 15.0)),
        unit("a", 0.5, False, step=None, interval=(5.0, 15.0)),
        unit("a", 0.5, True, step=3),
    ]
    assert interval_share(units) == 0.5
    assert interval_share(units[3:]) is None
