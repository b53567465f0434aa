"""Where a change of a rate came from, against a system in which one task moves and others do not.

Faults that were injected to see these tests fail: the weights of the two checkpoints exchanged; the
change divided by the tasks with a hit instead of all; misses left out of the variance; the heaviest
hit left out of the interval; each task told at 10 % by itself.
"""

from dataclasses import replace

import numpy as np
import pytest

from foretoken.errors import ScoringError
from foretoken.estimate.change import FALSE_SHARE, RateChange, rate_change
from foretoken.testsystems.catalogue import Catalogue, draw_hits, spread_catalogue

TASKS, MOVED = 20, 3


def moved_world(growth: float, *, drift: float, spread: float) -> tuple[Catalogue, Catalogue]:
    """Before and after: all texts drift, each task keeps its rate but one, whose rate grows."""
    before = spread_catalogue(spread, tasks=TASKS, rate=1e-2)
    rng = np.random.default_rng(7)
    now_xk = before.p_xk * np.exp(drift * rng.normal(size=before.p_xk.shape))
    now_xk *= before.p_xk.sum(axis=1, keepdims=True) / now_xk.sum(axis=1, keepdims=True)
    now_xk[MOVED] *= growth
    return before, replace(before, now_xk=now_xk)


def changed(before: Catalogue, after: Catalogue, *, draws: int, seed: int) -> RateChange:
    hits = draw_hits(after, draws=draws, rng=np.random.default_rng(seed))
    log_p_cd = np.stack([np.log(before.now_xk).ravel()[hits.text], hits.log_p])
    return rate_change(log_p_cd - hits.log_q, hits.task, draws_per_task=hits.draws_per_task)


def truth(before: Catalogue, after: Catalogue) -> np.ndarray:
    return (after.now_xk.sum(axis=1) - before.now_xk.sum(axis=1)) / TASKS


def test_changes_of_tasks_sum_to_the_change_of_the_rate() -> None:
    before, after = moved_world(8.0, drift=0.5, spread=1.0)
    found = changed(before, after, draws=2000, seed=0)
    assert sum(each.value for each in found.tasks) == pytest.approx(found.whole.value, rel=1e-12)
    assert found.after - found.before == pytest.approx(found.whole.value, rel=1e-12)
    assert found.whole.value == pytest.approx(truth(before, after).sum(), rel=0.5)


@pytest.mark.parametrize("growth, drift, spread", [(8.0, 0.5, 1.0), (8.0, 1.0, 1.5), (1.0, 0.5, 1)])
def test_intervals_hold_and_few_tasks_are_told_that_did_not_move(
    growth: float, drift: float, spread: float
) -> None:
    before, after = moved_world(growth, drift=drift, spread=spread)
    true_x = truth(before, after)
    found = [changed(before, after, draws=2000, seed=seed) for seed in range(100)]
    held = [
        part.interval[0] <= true <= part.interval[1]
        for each in found
        for part, true in zip(each.tasks, true_x, strict=True)
        if part.interval is not None
    ]
    assert np.mean(held) >= 0.95
    whole = [each.whole.interval for each in found]
    assert np.mean([w is not None and w[0] <= true_x.sum() <= w[1] for w in whole]) >= 0.9
    still = np.arange(TASKS) != MOVED if growth > 1 else np.ones(TASKS, dtype=bool)
    false = [each.moved_x[still].sum() / max(each.moved_x.sum(), 1) for each in found]
    assert np.mean(false) <= FALSE_SHARE + 4 * np.sqrt(0.1 * 0.9 / len(found))
    if growth == 1.0:
        assert np.mean([each.whole.told for each in found]) <= 0.05


def test_the_task_that_moved_is_told_and_adds_most() -> None:
    before, after = moved_world(8.0, drift=0.5, spread=1.0)
    found = [changed(before, after, draws=2000, seed=seed) for seed in range(40)]
    assert np.mean([each.moved_x[MOVED] for each in found]) >= 0.8
    first = [max(range(TASKS), key=lambda x, e=each: e.tasks[x].value) for each in found]
    assert first == [MOVED] * len(found)


def test_a_change_below_its_noise_is_not_told() -> None:
    before, after = moved_world(1.0, drift=1.0, spread=1.0)
    found = changed(before, after, draws=200, seed=1)
    assert not found.whole.told
    assert not found.moved_x.any()


def test_a_task_without_a_hit_has_no_interval() -> None:
    found = rate_change(
        np.log([[0.1, 0.1], [0.2, 0.1]]), np.array([0, 0]), draws_per_task=np.array([5, 5])
    )
    assert found.tasks[1].value == 0.0
    assert found.tasks[1].interval is None
    assert found.hits_x.tolist() == [2, 0]
    assert found.before == pytest.approx(0.1)
    assert found.after == pytest.approx(0.15)


def test_one_hit_alone_tells_nothing() -> None:
    found = rate_change(np.log([[1e-9], [0.9]]), np.array([0]), draws_per_task=np.array([9]))
    assert not found.whole.told
    assert not found.moved_x.any()


def test_impossible_texts_add_nothing() -> None:
    log_s_cd = np.array([[-np.inf, -2.0], [-np.inf, -2.0]])
    found = rate_change(log_s_cd, np.array([0, 1]), draws_per_task=np.array([3, 3]))
    assert found.whole.value == 0.0
    assert not found.whole.told


@pytest.mark.parametrize(
    "log_s_cd, task, said",
    [
        (np.array([[np.nan], [0.0]]), np.array([0]), "non-finite"),
        (np.zeros((2, 1)), np.array([3]), "belongs to task 3"),
        (np.zeros((3, 1)), np.array([0]), "two checkpoints"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    log_s_cd: np.ndarray, task: np.ndarray, said: str
) -> None:
    with pytest.raises(ScoringError, match=said):
        rate_change(log_s_cd, task, draws_per_task=np.array([4, 4]))


def test_the_error_of_equal_weights_is_that_of_a_share() -> None:
    hits, draws = 30, 100
    log_s_cd = np.log(np.stack([np.full(hits, 1e-12), np.full(hits, 1 / draws)]))
    found = rate_change(log_s_cd, np.zeros(hits, dtype=np.int64), draws_per_task=np.array([draws]))
    share = hits / draws
    assert found.whole.value == pytest.approx(share)
    assert found.whole.error == pytest.approx(np.sqrt(share * (1 - share) / (draws - 1)))
