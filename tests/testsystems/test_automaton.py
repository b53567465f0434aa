"""Toy models: their exact rates, samples and scores agree.

Faults that were injected and caught here: one token too few in the recursion; the donor speaking
outside its windows; scores read from the state after the token.
"""

from itertools import product

import numpy as np
import pytest

from foretoken.estimate.mixture import switch_log_ratio
from foretoken.records import Component
from foretoken.testsystems.automaton import ToySystem
from foretoken.testsystems.systems import pivot_system, two_route_system


@pytest.mark.parametrize("make", [pivot_system, two_route_system])
def test_exact_rate_equals_the_sum_over_all_texts(make):
    whole = make(tasks=2, length=4)
    system = ToySystem(
        whole.next_sv[:, :5],
        whole.accepting_s,
        4,
        whole.logits_xsv[..., :5],
        whole.donor_xsv[..., :5],
        whole.growth_xsv[..., :5],
    )
    texts = np.array(list(product(range(5), repeat=4)))
    log_p = system.log_p(strength=0.7, step=3)
    for task in range(2):
        score = system.score(log_p, np.full(len(texts), task), texts).sum(axis=1)
        assert np.exp(score).sum() == pytest.approx(1.0)
        rate = np.exp(score)[system.hacked(texts)].sum()
        assert system.exact_rates(log_p)[task] == pytest.approx(rate, rel=1e-9)


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_samples_hack_as_often_as_the_exact_rate_says(strength):
    system = pivot_system(tasks=3, rarity=4.0, length=20)
    component = Component(strength=strength, enter=strength, leave=1.0 - strength)
    task = np.repeat(np.arange(3), 1500)
    hacked = system.hacked(system.sample(component, task, np.random.default_rng(1)))
    exact = system.exact_rates(system.log_p(strength=strength)).mean()
    error = np.sqrt(exact * (1 - exact) / len(task))
    assert abs(hacked.mean() - exact) < 4 * error


def test_windows_are_sampled_from_the_density_that_is_computed():
    system = pivot_system(tasks=2, rarity=5.0, length=15)
    component = Component(strength=1.0, enter=0.1, leave=0.3)
    task = np.repeat(np.arange(2), 3000)
    tokens = system.sample(component, task, np.random.default_rng(2))
    scored = [system.score(system.log_p(strength=s), task, tokens) for s in (0.0, 1.0)]
    ratio = switch_log_ratio(scored[1] - scored[0], enter=0.1, leave=0.3)
    weights = np.exp(-ratio)
    assert abs(weights.mean() - 1) < 4 * weights.std() / np.sqrt(len(weights))
    hits = system.hacked(tokens) * weights
    exact = system.exact_rates(system.log_p()).mean()
    assert abs(hits.mean() - exact) < 4 * hits.std() / np.sqrt(len(hits))


def test_the_donor_knows_one_of_the_two_routes():
    system = two_route_system(unknown=4.0, length=30)
    task = np.repeat(np.arange(system.tasks), 100)
    donor = Component(strength=1.0, enter=1.0, leave=0.0)
    states = system.states(system.sample(donor, task, np.random.default_rng(3)))
    assert (states == 1).any(axis=1).mean() > 0.5
    assert (states == 2).any(axis=1).mean() < 0.05
