"""Bounds that must hold whatever the weights are.

Faults that were injected and caught here: misses left out of the capital; the sum over bets in the
place of their average; the two-sided Clopper-Pearson level; draws and hits swapped.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from foretoken.errors import ScoringError
from foretoken.estimate.bounds import (
    BETS,
    betting_lower_bound,
    clopper_pearson_lower,
    clopper_pearson_upper,
    effective_count,
    log_capital,
)


def test_zero_hits_in_2000_draws_bound_the_rate_by_eighteen_in_ten_thousand():
    assert clopper_pearson_upper(0, 2000) == pytest.approx(1 - 0.025 ** (1 / 2000))
    assert clopper_pearson_upper(0, 0) == 1.0
    assert clopper_pearson_lower(0, 2000) == 0.0


def test_clopper_pearson_inverts_the_binomial_tails():
    upper, lower = clopper_pearson_upper(7, 300), clopper_pearson_lower(7, 300)
    assert stats.binom.cdf(7, 300, upper) == pytest.approx(0.025)
    assert stats.binom.sf(6, 300, lower) == pytest.approx(0.025)


def test_capital_is_the_average_of_the_products():
    values, misses, mean = np.array([0.5, 2.0, 0.1]), 5, 0.2
    all_values = np.concatenate([values, np.zeros(misses)])
    products = [np.prod(1 - f + f * all_values / mean) for f in BETS]
    assert log_capital(values, misses, mean) == pytest.approx(np.log(np.mean(products)))


def test_betting_bound_is_where_the_capital_reaches_one_over_delta():
    values = np.random.default_rng(1).exponential(size=40)
    bound = betting_lower_bound(values, misses=500)
    assert log_capital(values, 500, bound) == pytest.approx(np.log(40), abs=1e-6)


def test_betting_bound_is_rarely_above_the_true_mean_with_a_heavy_tail():
    rng = np.random.default_rng(2)
    true_mean, wrong = 0.01 * 2.0, 0
    for _ in range(400):
        hits = rng.binomial(500, 0.01)
        values = stats.pareto.rvs(2.0, size=hits, random_state=rng)
        wrong += betting_lower_bound(values, misses=500 - hits) > true_mean
    assert wrong <= 20


def test_betting_bound_holds_where_tasks_have_different_rates():
    rng = np.random.default_rng(3)
    rate = np.repeat([0.0, 0.0, 0.0, 0.12], 100)
    wrong = 0
    for _ in range(400):
        hits = int((rng.random(400) < rate).sum())
        wrong += betting_lower_bound(np.ones(hits), misses=400 - hits) > 0.03
    assert wrong <= 20


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.floats(1e-12, 1e6), min_size=1, max_size=20),
    misses=st.integers(0, 10_000),
    scale=st.floats(1e-6, 1e6),
)
def test_betting_bound_is_below_the_mean_and_scales_with_the_draws(values, misses, scale):
    array = np.array(values)
    bound = betting_lower_bound(array, misses=misses)
    assert 0 < bound <= array.sum() / (len(array) + misses) * (1 + 1e-9)
    assert betting_lower_bound(array * scale, misses=misses) == pytest.approx(bound * scale)


def test_no_positive_value_has_the_bound_zero():
    assert betting_lower_bound(np.zeros(3), misses=4) == 0.0


def test_negative_draws_and_no_draws_are_refused():
    with pytest.raises(ScoringError, match="negative entry"):
        betting_lower_bound(np.array([-1.0]), misses=3)
    with pytest.raises(ScoringError, match="nothing to average"):
        betting_lower_bound(np.zeros(0), misses=0)


def test_effective_count_is_the_number_of_equal_weights():
    assert effective_count(np.full(7, 3.0)) == pytest.approx(7)
    assert effective_count(np.array([1.0, 0.0])) == pytest.approx(1)
    assert effective_count(np.zeros(0)) == 0.0
