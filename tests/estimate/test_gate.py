"""A published number is right, also given that it was published.

Faults that were injected and caught here: the whole evidence decides; the number of all hits where
a third decided; the scale of the rest left out; pooled draws in the bound without assumptions
(`python benchmarks/faults.py` repeats them).
"""

import numpy as np
import pytest

from foretoken.calibration.publication import estimate_once, publish
from foretoken.estimate.bounds import balanced_counts, clopper_pearson_upper
from foretoken.estimate.cell import Cell
from foretoken.estimate.count import count_rate
from foretoken.estimate.gate import decide, effective_texts
from foretoken.testsystems.catalogue import CATALOGUES, draw_hits, spread_catalogue

CELL = Cell(exploit_type="toy", step=0)


def test_given_publication_the_sum_is_neither_low_nor_high():
    """Log-normal weights of 2.3 nats: selected on themselves, the same sums are far too low."""
    rng = np.random.default_rng(0)
    said, selected = [], []
    for _ in range(700):
        log_w = rng.normal(-(2.3**2) / 2, 2.3, size=rng.poisson(300)) - np.log(300)
        ones = np.ones(len(log_w))
        gate = decide(log_w, text=np.arange(len(log_w)), stands_for=ones, rng=rng)
        w_d = np.exp(log_w)
        if gate.opens:
            said.append(float(w_d @ gate.factor_d))
        if effective_texts(log_w, np.arange(len(log_w))) >= 40:
            selected.append(float(w_d.sum()))
    error = np.std(said) / np.sqrt(len(said))
    assert len(said) > 70
    assert abs(np.mean(said) - 1) < 3 * error
    assert np.mean(selected) < 0.85


@pytest.mark.parametrize("name", ["spread 2", "Pareto tail 0.7", "three tasks", "own rollouts"])
def test_published_numbers_of_catalogues_hold(name):
    found = publish(name, repetitions=40, seed=1)
    assert found.published > 0.7
    assert found.mean_ratio is not None
    assert found.mean_ratio_error is not None
    assert found.covered is not None
    assert abs(found.mean_ratio - 1) < max(0.05, 3 * found.mean_ratio_error)
    assert found.covered >= 0.93
    assert found.lower_bound_violated <= 0.025


def test_weights_that_cannot_tell_are_hardly_ever_published():
    assert publish("spread 3.5", repetitions=30, seed=2).published < 0.1
    assert publish("drift of 2 nats", repetitions=30, seed=2).published < 0.3


def test_a_number_that_every_third_would_publish_is_the_sum_of_all_hits():
    catalogue = spread_catalogue(0.5)
    hits = draw_hits(catalogue, draws=2000, rng=np.random.default_rng(3))
    estimate = estimate_once(catalogue, draws=2000, rng=np.random.default_rng(3))
    assert estimate.published
    assert estimate.rate == pytest.approx(np.exp(hits.log_p - hits.log_q).sum() / 20)


def test_counts_that_are_published_are_neither_low_nor_high():
    rng = np.random.default_rng(4)
    task = np.arange(2000) % 20
    said, old, inside = [], [], []
    for _ in range(500):
        hacked = rng.random(2000) < 0.007
        estimate = count_rate(hacked, task, cell=CELL)
        assert estimate.interval is not None
        if estimate.published:
            said.append(estimate.rate)
            inside.append(estimate.interval[0] <= 0.007 <= estimate.interval[1])
        if hacked.sum() >= 20:
            old.append(hacked.mean())
    assert np.mean(said) == pytest.approx(0.007, rel=0.04)
    assert np.mean(inside) >= 0.93
    assert np.mean(old) > 1.4 * 0.007


def test_a_bound_from_own_draws_holds_where_tasks_got_unequal_numbers():
    """One task hacks and got a tenth of the draws: pooled, its hacks drown among misses."""
    rng = np.random.default_rng(5)
    draws_x = np.array([20, 200, 200, 200])
    rate_x = np.array([0.2, 0.0, 0.0, 0.0])
    low, pooled_low = 0, 0
    for _ in range(1000):
        hits_x = rng.binomial(draws_x, rate_x)
        low += clopper_pearson_upper(*balanced_counts(hits_x, draws_x)) < rate_x.mean()
        pooled_low += clopper_pearson_upper(int(hits_x.sum()), 620) < rate_x.mean()
    assert low <= 25
    assert pooled_low > 500
    assert balanced_counts(np.array([1, 0]), np.array([9, 0])) == (0, 0)
    assert clopper_pearson_upper(0, 0) == 1.0


def test_rollouts_that_were_trained_on_are_no_free_draws():
    """Training raises what it has drawn: those draws say too much of the subject that it made."""
    rng = np.random.default_rng(6)
    trained_on, fresh = [], []
    for _ in range(60):
        p_k = np.full(400, 1e-2 / 400)
        drawn_k = rng.multinomial(2000, [*p_k, 1 - p_k.sum()])[:-1]
        later_k = p_k * np.exp(0.7 * drawn_k)
        again_k = rng.multinomial(2000, [*later_k, 1 - later_k.sum()])[:-1]
        trained_on.append((drawn_k * later_k / (2000 * p_k)).sum() / later_k.sum())
        fresh.append((again_k * later_k / (2000 * later_k)).sum() / later_k.sum())
    assert np.mean(trained_on) > 1.25
    assert np.mean(fresh) == pytest.approx(1.0, abs=0.06)


def test_every_catalogue_has_the_rate_that_it_says():
    for name, make in CATALOGUES.items():
        found = make()
        assert (found.p_xk.sum(axis=1) < 1).all(), name
        assert (found.q_xk.sum(axis=1) < 1).all(), name
        assert (found.now_xk.sum(axis=1) < 1).all(), name
    assert CATALOGUES["spread 1"]().rate == pytest.approx(1e-4)


def test_a_route_that_no_own_draw_took_may_be_as_frequent_as_chance_hides():
    estimate = estimate_once(spread_catalogue(0.5), draws=500, rng=np.random.default_rng(7))
    assert estimate.unseen_route == 1.0
    bound = estimate.replacing(own_draws=2000).unseen_route
    assert (1 - bound) ** 2000 == pytest.approx(0.025)
    assert bound == pytest.approx(clopper_pearson_upper(0, 2000))
