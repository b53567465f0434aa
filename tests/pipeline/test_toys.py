"""Banks on toy systems: a drifting subject, and a route that the donor does not know.

Faults that were injected and caught here: rollouts left out of the density; a refreshed bank left
out of it; a refreshed bank's donor put on the subject of step 0; no refresh; the same texts for
every checkpoint of the recipe.
"""

from functools import cache

import numpy as np
import pytest

from foretoken.calibration.toy_series import bank_series, prefix_series, steps_to
from foretoken.calibration.toys import audit_routes, draw_bank
from foretoken.estimate.doubts import MOST_UNCOVERED
from foretoken.estimate.mixture import uncovered_share
from foretoken.testsystems.automaton import ToySystem
from foretoken.testsystems.systems import SYSTEMS, system_at

RATES = np.geomspace(1e-6, 0.4, 6)


@cache
def drifting() -> ToySystem:
    return system_at("pivot", float(RATES[0]), length=60, tasks=20, wander=0.0006)


@cache
def steps() -> list[float]:
    return steps_to(drifting(), RATES.tolist())


@pytest.mark.parametrize("name", sorted(SYSTEMS))
@pytest.mark.parametrize("rate", [1e-2, 1e-7])
def test_a_system_has_exactly_the_rate_that_was_asked_for(name: str, rate: float):
    system = system_at(name, rate, length=30, tasks=3)
    assert system.exact_rates(system.log_p()).mean() == pytest.approx(rate, rel=1e-4)
    assert system.exact_rates(system.log_p(strength=1.0)).mean() > 0.05


def test_a_drifting_subject_passes_each_rate_at_its_step():
    found = [drifting().exact_rates(drifting().log_p(step=step)).mean() for step in steps()]
    np.testing.assert_allclose(found, RATES, rtol=1e-3)


def test_one_bank_with_rollouts_follows_the_subject_and_the_recipe_does_not():
    def errors(series: list[np.ndarray]) -> tuple[float, float]:
        off = np.array(series) / np.log(10) - np.log10(RATES)
        return float(np.sqrt(np.mean(off**2))), float(np.sqrt(np.mean(np.diff(off) ** 2)))

    ours = [
        bank_series(drifting(), steps(), draws=1000, rollouts=200, seed=seed)[-1].log_rate_c
        for seed in range(3)
    ]
    recipe = [prefix_series(drifting(), steps(), draws=2200, seed=seed) for seed in range(3)]
    level, difference = errors(ours)
    recipe_level, recipe_difference = errors(recipe)
    assert level < 0.20
    assert difference < 0.10
    assert recipe_level > 3 * level
    assert recipe_difference > 3 * difference


def test_rollouts_count_from_their_own_step_on_and_carry_the_late_rates():
    without = bank_series(drifting(), steps(), draws=400, rollouts=20, seed=1)
    with_many = bank_series(drifting(), steps(), draws=400, rollouts=2000, seed=1)
    early = with_many[0].effective_hits_c[0] / without[0].effective_hits_c[0]
    late = with_many[-1].effective_hits_c[-1] / without[-1].effective_hits_c[-1]
    assert early == pytest.approx(1.0, abs=0.3)
    assert late > 3
    assert with_many[-1].effective_hits_c[-1] > 400
    assert np.exp(with_many[-1].log_rate_c[-1]) == pytest.approx(RATES[-1], rel=0.1)


def test_a_bank_that_ages_is_refreshed_and_the_series_stays_one():
    rates = np.geomspace(1e-8, 0.4, 10)
    system = system_at("pivot", 1e-8, length=240, tasks=20, wander=0.0009)
    when = steps_to(system, rates.tolist())
    off: list[float] = []
    jumps: list[float] = []
    for seed in range(4):
        seen = bank_series(system, when, draws=3000, rollouts=200, seed=seed)
        off += [each.log_rate_c[-1] - np.log(rates[len(each.steps) - 1]) for each in seen]
        true_step = np.log(rates[1] / rates[0])
        jumps += [np.diff(each.log_rate_c)[-1] - true_step for each in seen[1:]]
        assert min(each.effective_hits_c[-1] for each in seen) > 7
    assert np.sqrt(np.mean(np.square(off))) / np.log(10) < 0.12
    assert np.sqrt(np.mean(np.square(jumps))) / np.log(10) < 0.10


@pytest.mark.parametrize(("name", "doubted"), [("two-routes", True), ("pivot", False)])
def test_50_spontaneous_exploits_show_a_route_that_the_donor_does_not_know(
    name: str, doubted: bool
):
    system = system_at(name, 1e-2, length=40, tasks=10)
    for seed in range(5):
        share = audit_routes(draw_bank(system, draws=800, seed=seed), exploits=50, seed=seed)
        assert share is not None
        assert (share > MOST_UNCOVERED) is doubted


def test_without_a_spontaneous_exploit_coverage_is_not_known():
    assert uncovered_share(np.zeros((0, 3)), weights=np.full(3, 1 / 3)) is None
    ratio = np.log(np.array([[1.0, 0.1], [1.0, 9.0]]))
    assert uncovered_share(ratio, weights=np.array([0.5, 0.5])) == pytest.approx(0.5)
