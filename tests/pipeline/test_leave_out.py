"""Parts of a mixture left out, on toy banks with right and with wrong densities.

Faults that were injected and caught here: the mass of what is left out kept in the density; draws
of what is left out kept; labels drawn from the mixture's weights alone; the hint taken for the
subject; the hint no part.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from foretoken.calibration.toys import ToyBank, draw_bank, draw_stage, log_ratios_of
from foretoken.estimate.leave_out import leave_out, mixture_parts, worst_part_weight
from foretoken.estimate.mixture import default_components, initial_weights
from foretoken.records import Component
from foretoken.testsystems.automaton import ToySystem
from foretoken.testsystems.systems import system_at

GRID = default_components(40)
NINTH = "strength 0.5, opens 0.25, closes 0.03"
LONGEST = 18
"""The strongest component with the longest and most frequent windows."""


@cache
def system(name: str = "pivot", rate: float = 1e-2) -> ToySystem:
    return system_at(name, rate, length=40, tasks=20)


def swapped(index: int) -> list[Component]:
    each = GRID[index]
    wrong = each.model_copy(update={"enter": each.leave, "leave": each.enter})
    return [*GRID[:index], wrong, *GRID[index + 1 :]]


def half_strength() -> list[Component]:
    return [
        each.model_copy(update={"strength": 0.5}) if each.strength == 1.0 else each for each in GRID
    ]


def alarms(banks: Sequence[ToyBank], believed: Sequence[Component] | None = None) -> float:
    return float(np.mean([bank.without_parts(believed)[0].chance <= 0.01 for bank in banks]))


@cache
def rare_banks() -> list[ToyBank]:
    return [draw_bank(system(rate=1e-4), draws=3000, seed=seed) for seed in range(10)]


@pytest.mark.slow
def test_right_densities_are_doubted_in_one_bank_of_a_hundred() -> None:
    banks = [draw_bank(system(), draws=800, seed=seed) for seed in range(200)]
    chances = np.array([bank.without_parts()[0].chance for bank in banks])
    assert np.mean(chances <= 0.01) <= 0.02
    assert 0.12 < np.mean(chances <= 0.2) < 0.28


def test_a_strength_scored_with_the_adapter_of_another_is_seen() -> None:
    assert alarms(rare_banks(), half_strength()) >= 0.9


def test_swapped_window_rates_of_one_component_are_seen_where_the_mean_weight_is_blind() -> None:
    banks = rare_banks()
    assert 200 < np.mean([len(bank.tokens) for bank in banks]) < 400
    assert alarms(banks, swapped(LONGEST)) >= 0.9
    worst = [bank.without_parts(swapped(LONGEST))[0].part for bank in banks]
    assert worst.count("strength 1, opens 0.25, closes 0.03") >= 9
    off = [abs(mean - 1) > 3 * error for mean, error in map(mean_weight, range(20))]
    assert sum(off) <= 2


def mean_weight(seed: int) -> tuple[float, float]:
    """Mean weight of 200 draws, hits or not, by the swapped densities."""
    weights = initial_weights(len(GRID))
    drawn = draw_stage(
        system(), GRID, np.tile(weights, (20, 1)), 200, rng=np.random.default_rng(seed)
    )
    ratio = log_ratios_of(system(), swapped(LONGEST), drawn.tokens, drawn.task)
    w_d = 1 / (np.exp(ratio) @ weights)
    return float(w_d.mean()), float(w_d.std(ddof=1) / np.sqrt(len(w_d)))


def test_a_route_that_one_strength_carries_alone_is_no_disagreement() -> None:
    banks = [draw_bank(system("two-routes", 1e-4), draws=1000, seed=seed) for seed in range(8)]
    for bank in banks:
        without = {each.part: each for each in bank.without_parts()}
        assert without["strength 1"].wrote > 0.8 * len(bank.tokens)
    assert alarms(banks) <= 1 / 8


def test_the_rate_without_a_part_is_the_rate_of_a_bank_without_its_draws_and_its_mass() -> None:
    bank = draw_bank(system(), draws=800, seed=3)
    ratio = log_ratios_of(bank.system, GRID, bank.tokens, bank.task)
    donor = np.array([each.strength == 1.0 for each in GRID])
    counts = np.where(donor, 0.0, bank.counts_xm)[bank.task]
    kept = ~donor[bank.component]
    full = np.exp(bank.log_p() - bank.log_q).sum()
    rest = (1 / (np.exp(ratio[kept]) * counts[kept]).sum(axis=1)).sum()
    without = {each.part: each for each in bank.without_parts()}
    assert without["strength 1"].change == pytest.approx(rest / full)
    assert without["strength 1"].wrote == (~kept).sum()


def test_parts_are_components_strengths_and_stages_each_once() -> None:
    named = mixture_parts(GRID, stages=2)
    assert len(named) == len(GRID) + 2 + 2
    assert named["the subject"].tolist() == [[True] + [False] * 18] * 2
    assert named["stage 2"].tolist() == [[False] * 19, [True] * 19]
    assert mixture_parts(GRID[:1]) == {}
    twice = mixture_parts([GRID[0], GRID[9], GRID[9]])
    assert list(twice) == ["the subject", NINTH, f"{NINTH} (2)", "strength 0.5"]


def test_the_hint_is_a_part_and_its_components_are_named_after_it() -> None:
    grid = default_components(40, hint=True)
    named = mixture_parts(grid)
    assert len(named) == len(grid) + 2 + 1
    assert named["the hint"].tolist() == [[each.hinted for each in grid]]
    assert named["the subject"].tolist() == [[True] + [False] * 28]
    assert named["the hint, opens 1, closes 0"].tolist() == [[False] * 28 + [True]]
    assert not (named["the hint"] & (named["strength 0.5"] | named["strength 1"])).any()


@pytest.mark.parametrize("shift, wrong", [(0.0, False), (0.7, True)])
def test_a_wrong_density_of_the_hint_is_seen_among_draws_of_all(shift: float, wrong: bool) -> None:
    """Normal draws in place of texts: of the subject around 0, the donor's and the hint's aside."""
    chain = {"enter": 1.0, "leave": 0.0}
    mixture = [
        GRID[0],
        Component(strength=1.0, **chain),
        Component(strength=0.0, hinted=True, **chain),
    ]
    component = np.arange(900) % 3
    middle_m = np.array([0.0, -1.0, 1.0])
    x = np.random.default_rng(4).normal(size=900) + middle_m[component]
    ratio_dm = x[:, None] * middle_m - middle_m**2 / 2
    ratio_dm[:, 2] += shift
    found = worst_part_weight(
        ratio_dm,
        weights_dm=np.full((900, 3), 1 / 3),
        component=component,
        components=mixture,
    )
    assert found is not None
    assert (found.deviation > 3) is wrong
    assert not wrong or found.part == "the hint, opens 1, closes 0"


def test_without_hits_nothing_is_left_out() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert (
        leave_out(
            np.zeros((0, 19)),
            draws_sdm=np.zeros((2, 0, 19)),
            stage=none,
            component=none,
            components=GRID,
            rng=np.random.default_rng(0),
        )
        == []
    )


def deviations(believed: Sequence[Component], *, draws: int, seeds: int) -> list[float]:
    found: list[float] = []
    for seed in range(seeds):
        weights = np.tile(initial_weights(len(GRID)), (20, 1))
        rare = system(rate=1e-4)
        drawn = draw_stage(rare, GRID, weights, draws, rng=np.random.default_rng(seed))
        worst = worst_part_weight(
            log_ratios_of(rare, believed, drawn.tokens, drawn.task),
            weights_dm=weights[drawn.task],
            component=drawn.component,
            components=GRID,
        )
        assert worst is not None
        found.append(worst.deviation)
    return found


@pytest.mark.parametrize("draws", [200, 1000])
def test_draws_of_every_part_weigh_one_and_are_doubted_where_a_strength_is_wrong(
    draws: int,
) -> None:
    right = deviations(GRID, draws=draws, seeds=50)
    assert np.mean(np.array(right) > 3.0) <= 0.02
    wrong = deviations(half_strength(), draws=draws, seeds=8)
    assert np.mean(np.array(wrong) > 3.0) >= 0.75


def test_a_mixture_of_few_draws_or_of_one_component_is_not_tested() -> None:
    ratio, none = np.zeros((5, 19)), np.zeros(5, dtype=np.int64)
    assert (
        worst_part_weight(ratio, weights_dm=np.ones((5, 19)), component=none, components=GRID)
        is None
    )
