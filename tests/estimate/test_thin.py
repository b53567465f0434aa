"""Light hits are left out, and no rate moves on average.

Faults that were injected and caught here: a kept hit stands for itself alone; the probabilities of
a hit grow with its weight under the first voice only; copies of a text left out one by one; the
added variance not bounded.
"""

import numpy as np
import pytest

from foretoken.calibration.toy_series import steps_to
from foretoken.calibration.toys import ToyBank, draw_bank
from foretoken.errors import ScoringError
from foretoken.estimate import thin as thinning
from foretoken.estimate.cell import Cell
from foretoken.estimate.switch import switch_rate
from foretoken.estimate.thin import FEWEST_HITS, LEAST, keep_probability, thin
from foretoken.testsystems.systems import system_at
from shapes import unchecked_shapes

ADDED = 0.05


def some_weights(hits: int = 400) -> np.ndarray:
    """Three voices to which other hits are the heavy ones."""
    return np.random.default_rng(0).normal(scale=2.0, size=(3, hits))


def repeatedly(log_w_ad: np.ndarray, text: np.ndarray, *, times: int = 4000) -> np.ndarray:
    """Choose anew each time, by probabilities that hold no chance and so are found once."""
    rng = np.random.default_rng(1)
    known: dict[bytes, np.ndarray] = {}

    def found_once(weight_ad: np.ndarray, may_go: np.ndarray, *, most_added: float) -> np.ndarray:
        inputs = weight_ad.tobytes() + may_go.tobytes()
        if inputs not in known:
            known[inputs] = keep_probability(weight_ad, may_go, most_added=most_added)
        return known[inputs]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thinning, "keep_probability", found_once)
        return np.array([thin(log_w_ad, text, most_added=ADDED, rng=rng) for _ in range(times)])


def test_any_sum_of_weights_keeps_its_expectation_and_each_voice_its_precision() -> None:
    log_w_ad = some_weights()
    stands_for = repeatedly(log_w_ad, np.arange(400))
    others = np.random.default_rng(2).exponential(size=(5, 400))
    for w_d in (*np.exp(log_w_ad), *others):
        sums = stands_for @ w_d
        assert abs(sums.mean() - w_d.sum()) < 4 * sums.std() / np.sqrt(len(sums))
    for w_d in np.exp(log_w_ad):
        assert np.var(stands_for @ w_d) < 1.1 * ADDED * (w_d**2).sum()
    assert stands_for.max() == pytest.approx(1 / LEAST)
    kept = (stands_for > 0).sum(axis=1)
    assert FEWEST_HITS <= kept.mean() < 200


def test_texts_drawn_more_than_once_and_few_hits_are_all_kept() -> None:
    log_w_ad = some_weights()
    stands_for = repeatedly(log_w_ad, np.arange(400) // 2, times=3)
    assert (stands_for == 1.0).all()
    few = repeatedly(some_weights(FEWEST_HITS), np.arange(FEWEST_HITS), times=3)
    assert few == pytest.approx(1.0)


def test_equal_weights_are_thinned_alike_and_impossible_texts_most() -> None:
    stands_for = repeatedly(np.zeros((2, 2000)), np.arange(2000), times=20)
    values = np.unique(stands_for)
    assert len(values) == 2
    assert values[1] == pytest.approx(1 + ADDED)
    log_w_ad = np.full((2, 300), -np.inf)
    log_w_ad[0, :150] = 0.0
    stands_for = repeatedly(log_w_ad, np.arange(300), times=20)
    assert stands_for[:, 150:].max() == pytest.approx(1 / LEAST)
    np.testing.assert_array_less(0.0, stands_for[:, :150].sum(axis=1))
    assert (repeatedly(np.full((1, 90), -np.inf), np.arange(90), times=1) > 0).sum() >= 30


def test_no_hits_stay_none_and_what_is_no_weight_is_refused() -> None:
    rng = np.random.default_rng(0)
    assert len(thin(np.zeros((2, 0)), np.zeros(0, dtype=np.int64), most_added=ADDED, rng=rng)) == 0
    with pytest.raises(ScoringError, match="log_w_ad has 1 non-finite"):
        thin(np.array([[0.0, np.nan]]), np.arange(2), most_added=ADDED, rng=rng)
    with pytest.raises(ScoringError, match="above 0, not 0"):
        thin(np.zeros((1, 2)), np.arange(2), most_added=0.0, rng=rng)
    with unchecked_shapes(), pytest.raises(ScoringError, match="log_w_ad 2, text 3"):
        thin(np.zeros((1, 2)), np.arange(3), most_added=ADDED, rng=rng)


def test_a_hit_that_was_left_out_has_no_place_in_a_rate() -> None:
    bank = draw_bank(system_at("pivot", 1e-3, length=30, tasks=4), draws=200, seed=1)
    stands_for = np.ones(len(bank.task))
    stands_for[0] = 0.0
    with pytest.raises(ScoringError, match="1 of them not above 0: give the kept hits alone"):
        switch_rate(
            log_p_subject=bank.log_p(),
            log_q=bank.log_q,
            stands_for=stands_for,
            task=bank.task,
            draws_per_task=bank.draws_per_task,
            cell=Cell(exploit_type="toy", step=0),
            rng=np.random.default_rng(0),
        )


def rate_of(bank: ToyBank, stands_for: np.ndarray, *, step: float):
    kept = stands_for > 0
    return switch_rate(
        log_p_subject=bank.log_p(step=step)[kept],
        log_q=bank.log_q[kept],
        stands_for=stands_for[kept],
        task=bank.task[kept],
        draws_per_task=bank.draws_per_task,
        cell=Cell(exploit_type="toy", step=0),
        rng=np.random.default_rng(0),
    )


def test_a_thinned_bank_tells_the_exact_rates_of_a_drifting_subject() -> None:
    system = system_at("pivot", 1e-5, length=60, tasks=20, wander=0.0006)
    truth = [1e-5, 1e-4, 1e-2]
    when = steps_to(system, truth)
    ratios, moved, shares, kept = [], [], [], []
    for seed in range(40):
        bank = draw_bank(system, draws=1500, seed=seed)
        voices = [system.log_p(strength=a) for a in (0.0, 0.5, 1.0)]
        log_p_ad = np.array(
            [system.score(each, bank.task, bank.tokens).sum(axis=1) for each in voices]
        )
        _, text = np.unique(np.column_stack([bank.task, bank.tokens]), axis=0, return_inverse=True)
        rng = np.random.default_rng([seed, 7])
        stands_for = thin(log_p_ad - bank.log_q, text.ravel(), most_added=ADDED, rng=rng)
        shares.append(np.mean(stands_for > 0))
        found = [rate_of(bank, stands_for, step=step) for step in when]
        whole = [rate_of(bank, np.ones(len(text)), step=step) for step in when]
        ratios.append([each.rate / rate for each, rate in zip(found, truth, strict=True)])
        moved.append([a.rate / b.rate for a, b in zip(found, whole, strict=True)])
        for each, rate in zip(found, truth, strict=True):
            assert each.lower_bound <= rate
        kept.append(
            [a.effective_hits / b.effective_hits for a, b in zip(found, whole, strict=True)]
        )
    assert np.mean(shares) < 0.9
    assert np.mean(kept) > 0.9
    assert np.sqrt(np.mean(np.log10(moved) ** 2)) < 0.03
    for found in (ratios, moved):
        mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(len(found))
        np.testing.assert_array_less(np.abs(mean - 1), 4 * error)
