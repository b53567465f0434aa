"""Plain counting, and the published recipe with its faults marked.

Faults that were injected and caught here: draws averaged without regard to tasks; the donor's
log-probability not subtracted; misses left out of a task's mean; the prefix bound averaged over
prefixes instead of taking the best; an unequal allocation ignored in the bounds.
"""

import numpy as np
import pytest

from foretoken.errors import ScoringError
from foretoken.estimate.cell import Cell
from foretoken.estimate.count import count_rate
from foretoken.estimate.prefix import fixed_prefix_bound, prefix_rate
from foretoken.records import Component, Doubt
from foretoken.testsystems.systems import pivot_system

CELL = Cell(exploit_type="toy", step=3)


def test_each_task_counts_once_however_many_draws_it_has():
    hacked = np.array([True] * 2 + [False] * 98)
    task = np.array([7] * 2 + [9] * 98)
    assert count_rate(hacked, task, cell=CELL).rate == pytest.approx(0.5)


def test_bounds_hold_for_unequal_allocations():
    hacked = np.zeros(1000, dtype=bool)
    task = np.array([0] * 10 + [1] * 990)
    estimate = count_rate(hacked, task, cell=CELL)
    assert estimate.rate == 0.0
    assert estimate.upper_bound >= 0.5 * (1 - 0.025 ** (1 / 10))
    assert Doubt.NO_HACK_SEEN in estimate.doubts
    assert not estimate.published


def test_counting_recovers_the_exact_rate_within_its_bounds():
    system = pivot_system(rarity=4.0, length=30)
    task = np.repeat(np.arange(system.tasks), 300)
    subject = Component(strength=0.0, enter=0.0, leave=1.0)
    tokens = system.sample(subject, task, np.random.default_rng(1))
    estimate = count_rate(system.hacked(tokens), task, cell=CELL)
    exact = system.exact_rates(system.log_p()).mean()
    assert estimate.lower_bound < exact < estimate.upper_bound
    assert estimate.published
    assert estimate.doubts == ()


def test_deliberate_share_is_that_of_the_hacks():
    hacked = np.array([True, True, False, False])
    deliberate = np.array([True, False, True, True])
    estimate = count_rate(hacked, np.zeros(4, dtype=int), cell=CELL, deliberate=deliberate)
    assert estimate.deliberate_share == pytest.approx(0.5)


def test_failed_graders_are_doubted_above_one_percent():
    hacked = np.zeros(100, dtype=bool)
    cell = Cell(exploit_type="toy", step=3, grader_errors=2)
    estimate = count_rate(hacked, np.arange(100), cell=cell)
    assert Doubt.GRADER_ERRORS in estimate.doubts


def test_no_draws_are_refused():
    with pytest.raises(ScoringError, match="nothing to average"):
        count_rate(np.zeros(0, dtype=bool), np.zeros(0, dtype=int), cell=CELL)


def test_prefix_rate_is_the_weighted_mean_per_task_then_over_tasks():
    hacked = np.array([True, False, True, True])
    task = np.array([0, 0, 1, 1])
    log_p_subject = np.log([0.1, 0.2, 0.3, 0.1])
    log_p_donor = np.log([0.4, 0.4, 0.6, 0.5])
    estimate = prefix_rate(
        hacked, task, log_p_subject=log_p_subject, log_p_donor=log_p_donor, cell=CELL
    )
    assert estimate.rate == pytest.approx(((0.25 + 0) / 2 + (0.5 + 0.2) / 2) / 2)
    assert Doubt.REFERENCE_FAULTS in estimate.doubts
    assert not estimate.published
    assert estimate.interval is None


def test_prefixes_of_the_subject_itself_give_the_plain_fraction():
    rng = np.random.default_rng(2)
    hacked, task = rng.random(600) < 0.3, np.repeat(np.arange(6), 100)
    log_p = rng.normal(size=600) - 5
    estimate = prefix_rate(hacked, task, log_p_subject=log_p, log_p_donor=log_p, cell=CELL)
    assert estimate.rate == pytest.approx(count_rate(hacked, task, cell=CELL).rate)


def test_prefixes_chosen_for_success_can_exceed_one_and_say_so():
    estimate = prefix_rate(
        np.ones(5, dtype=bool),
        np.arange(5),
        log_p_subject=np.full(5, -1.0),
        log_p_donor=np.full(5, -2.0),
        cell=CELL,
    )
    assert estimate.rate == pytest.approx(np.e)
    assert Doubt.ABOVE_ONE in estimate.doubts


def test_fixed_prefix_bound_takes_the_best_prefix_of_each_task():
    hacked = np.array([True, False, True, False, False])
    task = np.array([0, 0, 0, 1, 1])
    log_p = np.log([0.2, 0.2, 0.05, 0.5, 0.5])
    bound = fixed_prefix_bound(hacked, task, log_p_subject=log_p)
    assert bound == pytest.approx((0.2 * 0.5 + 0.0) / 2)


def test_prefix_refuses_a_failed_score_and_names_the_draw():
    with pytest.raises(ScoringError, match=r"log_p_donor has 1 .* first at draw 1 \(nan\)"):
        prefix_rate(
            np.array([True, True]),
            np.array([0, 1]),
            log_p_subject=np.zeros(2),
            log_p_donor=np.array([0.0, np.nan]),
            cell=CELL,
        )
