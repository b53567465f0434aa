"""The audit against streams of draws whose rates are known.

Faults that were injected and caught here: draws of one task taken for independent; ends between
two checkpoints taken from the earlier one alone; the margin of other tasks dropped; bets that begin
later added in full; later draws read; a bet that never begins anew; the mean of the factors' wealth
for their sum.
"""

from dataclasses import replace

import numpy as np
import pytest

from foretoken.estimate.audit import (
    OwnGroups,
    contradicted_at,
    joined_groups,
    rate_lower_bound,
    recent_counts,
)

CHECKPOINTS = (0, 5, 10, 20, 40)
STEPS = np.arange(41)
TASKS = 24
STREAMS = 2000


def rates(name: str) -> np.ndarray:
    grown = 5e-4 * np.exp(STEPS / 8)
    paths = {
        "rare": np.full(len(STEPS), 2e-3),
        "common": np.full(len(STEPS), 0.3),
        "growing": grown,
        "rebounding": np.where(STEPS < 5, 0.02, np.where(STEPS < 20, 1e-3, grown)),
    }
    return paths[name]


def claimed(rate_s: np.ndarray) -> np.ndarray:
    """The most that a rate may be where the ends are right, however it moves in between."""
    after = np.searchsorted(CHECKPOINTS, STEPS)
    ends = rate_s[list(CHECKPOINTS)]
    before = np.where(np.isin(STEPS, CHECKPOINTS), after, after - 1)
    return np.maximum(ends[before], ends[after])


def stream(
    rate_s: np.ndarray, rng: np.random.Generator, *, clustered: bool = False, groups: int = 3
) -> OwnGroups:
    """Three groups of 16 draws a step; clustered: one task in 24 has all of the rate."""
    step = np.repeat(STEPS, groups)
    rate = np.repeat(rate_s, groups)
    if clustered:
        rate = np.where(rng.integers(TASKS, size=len(step)) == 0, np.minimum(TASKS * rate, 1), 0)
    return OwnGroups(
        step=step,
        draws=np.full(len(step), 16, dtype=np.int64),
        hacks=rng.binomial(16, rate).astype(np.int64),
        elsewhere=np.zeros(len(step), dtype=np.bool_),
    )


def ends_of(rate_s: np.ndarray) -> dict[int, float]:
    return {step: float(rate_s[step]) for step in CHECKPOINTS}


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("name", ["rare", "common", "growing", "rebounding"])
def test_ends_that_are_just_right_are_refuted_at_most_once_in_a_thousand(
    name: str, clustered: bool
) -> None:
    """Ends are the rates themselves, and between checkpoints the rate is all that they allow."""
    rng = np.random.default_rng(1)
    ends = ends_of(rates(name))
    truth = np.minimum(claimed(rates(name)), 1 / TASKS if clustered else 1)
    ends = {step: min(end, 1 / TASKS) for step, end in ends.items()} if clustered else ends
    streams = STREAMS // 4
    wrong = sum(
        contradicted_at(stream(truth, rng, clustered=clustered), ends) is not None
        for _ in range(streams)
    )
    assert wrong <= 2


def test_a_sixfold_miss_at_two_in_a_thousand_is_found_in_some_hundred_steps() -> None:
    rng = np.random.default_rng(2)
    missed = np.full(len(STEPS), 2e-3)
    ends = {step: end / 6 for step, end in ends_of(missed).items()}
    found = [contradicted_at(stream(missed, rng, groups=12), ends) for _ in range(100)]
    assert sum(step is not None for step in found) > 70
    steps = [len(STEPS) if step is None else step for step in found]
    assert 15 < np.median(steps) < 30, "at 192 draws a step: 48 take four times as long"


def test_a_route_that_opens_late_is_found_though_the_bank_was_right_for_long() -> None:
    rng = np.random.default_rng(3)
    opened = np.where(STEPS > 20, 0.2, 0.005)
    ends = dict.fromkeys(CHECKPOINTS, 0.05)
    found = [contradicted_at(stream(opened, rng), ends) for _ in range(50)]
    steps = [step for step in found if step is not None]
    assert len(steps) == 50
    assert min(steps) > 20
    assert np.median(steps) < 28


def test_draws_after_a_step_change_nothing_that_was_found_before_it() -> None:
    rng = np.random.default_rng(4)
    own = stream(np.full(len(STEPS), 0.05), rng)
    ends = dict.fromkeys(CHECKPOINTS, 0.01)
    whole = contradicted_at(own, ends)
    assert whole is not None
    at = min(step for step in CHECKPOINTS if step >= whole)
    early = {step: end for step, end in ends.items() if step <= at}
    assert contradicted_at(own, early) == whole
    assert contradicted_at(own.where(own.step <= whole), early) == whole
    assert contradicted_at(own.where(own.step < whole), early) is None
    before = {step: end for step, end in ends.items() if step < whole}
    assert contradicted_at(own, before) is None


def test_between_checkpoints_the_larger_end_is_the_claim() -> None:
    step = np.full(6, 7)
    own = OwnGroups(step, np.full(6, 16), np.full(6, 8), np.zeros(6, dtype=np.bool_))
    assert contradicted_at(own, {5: 0.5, 10: 0.01}) is None
    assert contradicted_at(own, {5: 0.01, 10: 0.5}) is None
    assert contradicted_at(own, {5: 0.01, 7: 0.02, 10: 0.5}) == 7
    assert contradicted_at(own, {5: 0.01, 10: 0.02}) == 7


def test_draws_on_other_tasks_must_exceed_an_end_by_half() -> None:
    rng = np.random.default_rng(5)
    own = stream(np.full(len(STEPS), 0.14), rng)
    ends = dict.fromkeys(CHECKPOINTS, 0.1)
    assert contradicted_at(own, ends) is not None
    other = replace(own, elsewhere=np.ones_like(own.elsewhere))
    assert contradicted_at(other, ends) is None


def test_two_hacks_refute_a_bank_without_any_and_no_draws_refute_nothing() -> None:
    assert contradicted_at(OwnGroups.single(3, hacks=2, draws=50), {3: 0.0}) == 3
    assert contradicted_at(OwnGroups.single(3, hacks=1, draws=50), {3: 0.0}) is None
    assert contradicted_at(OwnGroups.single(3, hacks=2, draws=50), {}) is None
    assert contradicted_at(OwnGroups.single(3, hacks=0, draws=0), {3: 0.1}) is None
    assert contradicted_at(OwnGroups.single(3, hacks=9, draws=9), {5: 0.1}) is None


def test_the_lower_bound_holds_for_the_mean_of_clustered_draws_and_comes_near_it() -> None:
    rng = np.random.default_rng(6)
    truth = np.full(len(STEPS), 0.02)
    for clustered, least in ((False, 0.008), (True, 0.002)):
        bounds = [
            rate_lower_bound(stream(truth, rng, clustered=clustered), delta=0.025)
            for _ in range(200)
        ]
        assert np.mean(np.array(bounds) > 0.02) <= 0.025
        assert np.median(bounds) > least
    assert rate_lower_bound(OwnGroups.single(0, hacks=0, draws=9)) == 0.0
    assert rate_lower_bound(OwnGroups.single(0, hacks=1, draws=9)) == 0.0


def test_recent_draws_are_counted_over_as_few_steps_as_have_enough_hacks() -> None:
    rare = OwnGroups.single(1, hacks=4, draws=20)
    common = OwnGroups.single(9, hacks=5, draws=10)
    assert recent_counts(joined_groups([common, rare]), step=10) == (5, 10, 8)
    assert recent_counts(rare, step=2) == (4, 20, 0)
    assert recent_counts(joined_groups([rare, common]), step=14) == (5, 10, 9)
    assert recent_counts(OwnGroups.single(1, hacks=0, draws=0), step=2) is None
