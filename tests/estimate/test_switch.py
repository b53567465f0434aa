"""The switch estimator against systems whose rates are known exactly.

Faults that were injected and caught here: the number of tasks with a hit in the place of all tasks;
the sign of the log weight; the count of draws left out of the lower bound; hits
weighed without the second stage's draws; a doubt that is never raised; a stale bank not noticed;
the ratio swapped; draws pooled in place of the mean over tasks.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from foretoken.calibration.toys import ToyBank, draw_bank
from foretoken.errors import ScoringError
from foretoken.estimate.audit import OwnGroups
from foretoken.estimate.bootstrap import joint_log_rates
from foretoken.estimate.cell import Cell
from foretoken.estimate.count import count_rate
from foretoken.estimate.foresee import foreseen_hits
from foretoken.estimate.switch import switch_rate, weighted_median
from foretoken.records import BankHealth, Doubt, KindShare, Spoken
from foretoken.testsystems.systems import pivot_system, two_route_system
from shapes import unchecked_shapes

CELL = Cell(exploit_type="toy", step=0)
RARE = pivot_system(rarity=14.0, length=40)
TWO_ROUTES = two_route_system(known=9.0, unknown=4.0, length=30)


@cache
def rare_bank() -> ToyBank:
    return draw_bank(RARE, draws=2000, seed=1)


def plain(log_w, task, draws_per_task, cell=CELL, **more):
    return switch_rate(
        log_p_subject=np.asarray(log_w, dtype=np.float64),
        log_q=np.zeros(len(log_w)),
        task=np.asarray(task, dtype=np.int64),
        draws_per_task=np.asarray(draws_per_task, dtype=np.int64),
        cell=cell,
        rng=np.random.default_rng(0),
        **more,
    )


@pytest.mark.parametrize("step", [0, 40])
def test_switch_rate_recovers_a_one_in_a_million_rate_from_2000_draws(step):
    exact = RARE.exact_rates(RARE.log_p(step=step)).mean()
    estimate = rare_bank().estimate(step=step)
    assert exact < 1e-5
    assert estimate.published
    assert estimate.interval is not None
    spread = np.log(estimate.rate / estimate.interval[0]) / 2
    assert abs(np.log(estimate.rate / exact)) < 4 * spread
    assert abs(np.log10(estimate.rate / exact)) < 0.2
    assert 0.2 * exact < estimate.lower_bound < exact
    assert estimate.interval[0] < exact < estimate.interval[1]


def test_slope_from_one_bank_is_far_better_than_its_level():
    steps = (0, 10, 20, 40)
    bank = rare_bank()
    joint = joint_log_rates(
        np.stack([bank.log_p(step=step) - bank.log_q for step in steps]),
        bank.task,
        steps=steps,
        tasks=RARE.tasks,
        rng=np.random.default_rng(1),
    )
    exact = [np.log(RARE.exact_rates(RARE.log_p(step=step)).mean()) for step in steps]
    slope = joint.slope()
    assert slope is not None
    assert abs(slope.per_step - np.polyfit(steps, exact, 1)[0]) < 4 * slope.error
    assert slope.error * 40 < 0.7 * np.sqrt(joint.covariance_cc[0, 0])


def test_weights_of_all_draws_average_to_one():
    weights = np.exp(rare_bank().all_log_w)
    error = weights.std() / np.sqrt(len(weights))
    assert abs(weights.mean() - 1) < 4 * error
    assert weights.max() <= 1 / 0.15 + 1e-9


def test_proposal_equal_to_the_subject_gives_the_plain_fraction():
    rng = np.random.default_rng(3)
    task = np.repeat(np.arange(10), [5, 10, 15, 20, 25, 30, 5, 10, 40, 40])
    hacked = rng.random(len(task)) < 0.3
    draws_per_task = np.bincount(task)
    log_p = rng.normal(size=len(task)) - 20
    estimate = switch_rate(
        log_p_subject=log_p[hacked],
        log_q=(log_p + np.log(draws_per_task[task]))[hacked],
        task=task[hacked],
        draws_per_task=draws_per_task,
        cell=CELL,
        rng=rng,
    )
    assert estimate.rate == pytest.approx(count_rate(hacked, task, cell=CELL).rate)
    assert estimate.draws == 200
    assert estimate.tasks == 10


def test_a_task_without_a_hit_counts_as_zero():
    estimate = plain(np.log([0.2, 0.3]), [1, 1], [2, 4, 2, 2])
    assert estimate.rate == pytest.approx(0.5 / 4)


def test_zero_hits_are_a_bound_and_not_a_number_to_print():
    cell = Cell(exploit_type="toy", step=0, subject_draws=2000)
    estimate = plain([], [], [500] * 4, cell)
    assert estimate.rate == 0.0
    assert not estimate.published
    assert estimate.interval is None
    assert estimate.lower_bound == 0.0
    assert estimate.upper_bound == pytest.approx(1.84e-3, rel=0.01)
    assert estimate.doubts == (Doubt.NO_HACK_SEEN,)


def test_hits_that_the_subject_cannot_write_weigh_nothing():
    estimate = plain([np.log(0.01), -np.inf], [0, 1], [10, 10])
    assert estimate.hits == 1
    assert estimate.rate == pytest.approx(0.005)


def test_a_route_unknown_to_the_donor_is_doubted_and_the_lower_bound_stays_true():
    exact = TWO_ROUTES.exact_rates(TWO_ROUTES.log_p()).mean()
    bank = draw_bank(TWO_ROUTES, draws=600, seed=2)
    route = bank.system.states(bank.tokens)
    known_only = (route == 1).any(axis=1) & ~(route == 2).any(axis=1)
    hits = int(2000 * exact)
    estimate = switch_rate(
        log_p_subject=bank.log_p()[known_only],
        log_q=bank.log_q[known_only],
        task=bank.task[known_only],
        draws_per_task=bank.draws_per_task,
        cell=Cell(exploit_type="toy", step=0, subject_hits=hits, subject_draws=2000),
        rng=np.random.default_rng(0),
    )
    assert estimate.rate < 0.2 * exact
    assert Doubt.COVERAGE_FAILED in estimate.doubts
    assert not estimate.published
    assert estimate.lower_bound < exact < estimate.upper_bound


def test_the_defensive_share_sees_the_route_that_the_donor_does_not_know():
    exact = TWO_ROUTES.exact_rates(TWO_ROUTES.log_p()).mean()
    estimate = draw_bank(TWO_ROUTES, draws=1500, seed=3).estimate()
    assert estimate.interval is not None
    assert estimate.lower_bound < exact
    assert estimate.interval[0] < exact < estimate.interval[1]


def test_few_effective_hits_and_one_dominating_weight_are_doubted():
    estimate = plain([0.0, -5.0, -6.0], [0, 1, 2], [50] * 3)
    assert set(estimate.doubts) == {Doubt.FEW_EFFECTIVE_HITS, Doubt.ONE_WEIGHT_DOMINATES}
    assert not estimate.published


def test_heavy_weights_are_doubted_and_not_published():
    log_w = 3.0 * np.random.default_rng(4).exponential(size=3000)
    estimate = plain(log_w - 25, np.arange(3000) % 30, [200] * 30)
    assert Doubt.HEAVY_TAIL in estimate.doubts
    assert not estimate.published


def test_an_estimate_above_one_is_one_and_marked():
    estimate = plain(np.log(np.full(60, 0.1)), np.zeros(60), [60])
    assert estimate.rate == 1.0
    assert estimate.interval is not None
    assert estimate.interval[1] == 1.0
    assert Doubt.ABOVE_ONE in estimate.doubts
    assert estimate.lower_bound <= 1.0


def test_weights_beyond_what_a_float_holds_give_no_number_and_no_end_above_one():
    tiny = plain(np.full(30, -980.0), np.arange(30) % 10, [60] * 10)
    assert tiny.rate == 0.0
    assert not tiny.published
    assert tiny.interval is None
    huge = plain(np.full(30, 980.0), np.arange(30) % 10, [60] * 10)
    assert huge.rate == 1.0
    assert huge.interval is not None
    assert max(huge.interval) <= 1.0


def test_weights_that_the_own_draws_rule_out_are_doubted():
    cell = Cell(exploit_type="toy", step=0, subject_draws=2000)
    estimate = plain(np.log(np.full(60, 0.01)), np.arange(60) % 10, [60] * 10, cell)
    assert estimate.rate == pytest.approx(0.06)
    assert estimate.doubts == (Doubt.WEIGHTS_OFF_ONE,)
    assert not estimate.published


def test_rollouts_that_show_an_unknown_route_are_believed_and_fewer_hacks_are_not():
    log_w = np.log(np.full(60, 0.01))
    for hits, doubts in ((40, (Doubt.COVERAGE_FAILED,)), (9, ()), (0, ())):
        single = OwnGroups.single(7, hacks=hits, draws=144)
        own = replace(single, elsewhere=np.ones(144, dtype=np.bool_))
        cell = Cell(exploit_type="toy", step=8, own=own, ends={6: 0.06})
        estimate = plain(log_w, np.arange(60) % 10, [60] * 10, cell)
        assert estimate.doubts == doubts
        assert estimate.contradicted_at == (7 if doubts else None)
        assert estimate.published == (not doubts)
        assert estimate.upper_bound == 1.0


def test_a_bank_that_foresees_half_of_its_effective_hits_is_stale():
    cell = Cell(exploit_type="toy", step=9, reference_foreseen_hits=130.0)
    estimate = plain(np.log(np.full(60, 1e-4)), np.arange(60) % 10, [60] * 10, cell)
    assert estimate.doubts == (Doubt.STALE_BANK,)
    assert estimate.published


def test_drift_of_two_nats_is_stale_where_seen_effective_hits_have_hardly_fallen():
    rng = np.random.default_rng(11)
    task = np.arange(1000) % 20
    before = 2.0 * rng.normal(size=1000) - 20
    reference = foreseen_hits(before, np.ones(1000))
    stale = []
    for _ in range(20):
        now = before + 2.0 * rng.normal(size=1000)
        cell = Cell(exploit_type="toy", step=9, reference_foreseen_hits=reference)
        stale.append(Doubt.STALE_BANK in plain(now, task, [100] * 20, cell).doubts)
    assert np.mean(stale) >= 0.9


def test_copies_of_few_texts_are_doubted_and_not_published():
    """89 hits of 6 texts, one a task: a narrow interval around what one donor happens to say."""
    log_w = np.log(np.full(89, 1e-6))
    text = np.arange(89) % 6
    few = plain(log_w, text, [60] * 24, text=text)
    assert Doubt.FEW_TEXTS in few.doubts
    assert not few.published
    assert plain(log_w, text, [60] * 24).published


SOUND = BankHealth(
    exploit_type="toy",
    draws=600,
    hits=20,
    donor_yield=0.3,
    mean_weight=1.0,
    mean_weight_error=0.1,
    rescoring_spread=0.0,
    uncovered_spontaneous=None,
    component_weights=(1.0,),
)
"""Self-checks that raise no doubt."""


def test_self_checks_of_the_bank_become_doubts():
    health = SOUND.replacing(donor_yield=0.03, mean_weight=1.4, uncovered_spontaneous=0.5)
    cell = Cell(exploit_type="toy", step=0, health=health)
    estimate = plain(np.log(np.full(60, 1e-4)), np.arange(60) % 10, [60] * 10, cell)
    expected = {Doubt.WEIGHTS_OFF_ONE, Doubt.COVERAGE_FAILED, Doubt.LOW_DONOR_YIELD}
    assert set(estimate.doubts) == expected


@pytest.mark.parametrize(
    ("uncovered", "hacks", "published"),
    [
        *((0, 0, True), (0, 4, True), (1, 4, True), (1, 8, True), (3, 10, True)),
        *((1, 1, False), (3, 4, False), (4, 4, False), (4, 10, False), (40, 200, False)),
    ],
)
def test_a_route_that_the_self_check_misses_withholds_a_point_however_narrow_its_interval(
    uncovered: int, hacks: int, published: bool
) -> None:
    """On a real model a point stood 18 times below the count: its hacks took another route."""
    share = uncovered / hacks if hacks else None
    health = SOUND.replacing(
        uncovered_spontaneous=share,
        uncovered_kinds=(KindShare(kind=Spoken.SPOKEN, hits=hacks, share=share),),
    )
    cell = Cell(exploit_type="toy", step=0, health=health)
    estimate = plain(np.log(np.full(60, 1e-4)), np.arange(60) % 10, [60] * 10, cell)
    assert estimate.published is published
    assert (Doubt.COVERAGE_FAILED in estimate.doubts) == bool(share and share > 0.1)


def test_a_donor_hardly_one_of_whose_hits_is_spoken_is_doubted_and_no_point_stands() -> None:
    def doubts(reasoned: float, *hits: int) -> set[Doubt]:
        kinds = (Spoken.SPOKEN, Spoken.UNSPOKEN, Spoken.NO_REASONING)
        health = SOUND.replacing(
            donor_kinds=tuple(
                KindShare(kind=kind, hits=n, share=None)
                for kind, n in zip(kinds, hits, strict=False)
            ),
            reasoned_share=reasoned,
        )
        cell = Cell(exploit_type="toy", step=0, health=health)
        estimate = plain(np.log(np.full(60, 1e-4)), np.arange(60) % 10, [60] * 10, cell)
        assert estimate.published is not (Doubt.FEW_SPOKEN_HITS in estimate.doubts)
        return set(estimate.doubts)

    assert doubts(0.4, 0, 5, 3) == {Doubt.FEW_SPOKEN_HITS}
    assert doubts(0.4, 4, 0, 90) == {Doubt.FEW_SPOKEN_HITS}
    assert doubts(0.4, 5, 90, 3) == set()
    assert doubts(0.05, 0, 5, 3) == set(), "such a subject seldom reasons"
    assert doubts(0.4) == set(), "no hit of the donor"


def test_the_weighted_median_is_where_half_of_the_weight_lies_and_may_be_infinite():
    values = np.array([0.6, np.inf, 0.1, 0.3])
    assert weighted_median(values, np.log([1.0, 1.0, 1.0, 1.0])) == 0.3
    assert weighted_median(values, np.log([9.0, 1.0, 1.0, 1.0]) - 2000) == 0.6
    assert weighted_median(values, np.log([1.0, 9.0, 1.0, 1.0])) == np.inf
    assert weighted_median(values, np.full(4, -np.inf)) is None
    assert weighted_median(np.zeros(0), np.zeros(0)) is None


def test_the_same_bank_gives_the_same_estimate():
    assert rare_bank().estimate() == rare_bank().estimate()


@pytest.mark.parametrize(
    "log_w, task, draws, message",
    [
        ([np.nan], [0], [5], "log_p_subject has 1 non-finite value"),
        ([0.0, 0.0], [0], [5], "arrays of different lengths"),
        ([0.0], [3], [5, 5], "belongs to task 3, but there are 2 tasks"),
        ([0.0], [0], [5, 0], "task 1 has no draws"),
        ([0.0, 0.0], [0, 0], [1, 9], "task 0 has more hits than draws"),
        ([], [], [], "no tasks: there is nothing to average"),
    ],
)
def test_what_cannot_enter_the_average_is_refused(log_w, task, draws, message):
    with unchecked_shapes(), pytest.raises(ScoringError, match=message):
        plain(log_w, task, draws)
