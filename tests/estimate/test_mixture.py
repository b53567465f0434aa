"""Densities of switch proposals, and the tuning of their weights.

Faults that were injected and caught here: `log_enter` and `log_leave` swapped in the recursion; the
donor's term added outside the window; padding not masked; the count of draws left out of the pooled
density; weights not reset to the subject's share; the earlier checkpoints' counts forgotten; the
last token dropped; no draws of the subject itself; hinted components taken for the subject; no
whole texts of the hint.
"""

from itertools import pairwise, product

import numpy as np
import pytest
from scipy.special import logsumexp

from foretoken.bank_records import HINT
from foretoken.errors import ScoringError
from foretoken.estimate.mixture import (
    SUBJECT_SHARE,
    default_components,
    initial_weights,
    log_density,
    log_ratios,
    switch_log_ratio,
    tune_by_fold,
    tune_weights,
)
from foretoken.records import Component


def by_enumeration(d_k: np.ndarray, *, enter: float, leave: float) -> float:
    total = 0.0
    for windows in product([0, 1], repeat=len(d_k)):
        chain = enter if windows[0] else 1 - enter
        for before, after in pairwise(windows):
            opened = (1 - leave) if before else enter
            chain *= opened if after else 1 - opened
        total += chain * np.exp(np.array(windows) @ d_k)
    return float(np.log(total))


def test_switch_density_equals_the_sum_over_every_window():
    rng = np.random.default_rng(1)
    d_dk = rng.normal(size=(5, 7)) * 2
    found = switch_log_ratio(d_dk, enter=0.13, leave=0.4)
    expected = [by_enumeration(d_k, enter=0.13, leave=0.4) for d_k in d_dk]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_switch_density_sums_to_one_over_all_texts():
    rng = np.random.default_rng(2)
    reference, donor = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(3))
    texts = np.array(list(product(range(3), repeat=5)))
    log_p_ref = np.log(reference)[texts].sum(axis=1)
    ratio = switch_log_ratio(np.log(donor / reference)[texts], enter=0.2, leave=0.3)
    assert logsumexp(log_p_ref + ratio) == pytest.approx(0.0, abs=1e-12)


def test_ratios_too_steep_for_plain_numbers_are_summed_all_the_same():
    d_dk = np.random.default_rng(4).normal(size=(6, 40)) * 3
    d_dk[1, 5], d_dk[2, 7:9], d_dk[3, 3] = 900.0, (-900.0, 850.0), -np.inf
    d_dk[4, 20:] = np.nan
    components = default_components(40, strengths=(1.0,))
    found = log_ratios({1.0: d_dk}, components)
    for row, d_k in enumerate(d_dk):
        for column, each in enumerate(components[1:], start=1):
            out, inside = np.log1p(-each.enter), np.log(each.enter)
            for d in d_k[~np.isnan(d_k)]:
                total = np.logaddexp(out, inside + d)
                stays = np.logaddexp(out + np.log1p(-each.enter), inside + d + np.log(each.leave))
                inside = np.logaddexp(out + np.log(each.enter), inside + d + np.log1p(-each.leave))
                out = stays
            assert found[row, column] == pytest.approx(total, abs=1e-9)


def test_a_long_text_that_no_donor_says_keeps_its_tiny_density():
    d_dk = np.full((1, 1000), -20.0)
    whole = switch_log_ratio(d_dk, enter=1.0, leave=0.0)
    assert whole[0] == pytest.approx(-20_000.0)


def test_each_fold_is_tuned_on_the_hits_of_the_others():
    rng = np.random.default_rng(5)
    log_ratio_dm = np.concatenate([np.zeros((60, 1)), rng.normal(size=(60, 3)) * 2], axis=1)
    fold = np.arange(60) % 4
    weights = initial_weights(4)
    tuned = tune_by_fold(log_ratio_dm, fold, folds=4, weights=weights)
    for each in range(4):
        expected = tune_weights(log_ratio_dm[fold != each], weights=weights)
        np.testing.assert_array_equal(tuned[each], expected)
    alone = tune_by_fold(log_ratio_dm, np.zeros(60, dtype=np.int64), folds=1, weights=weights)
    np.testing.assert_array_equal(alone[0], tune_weights(log_ratio_dm, weights=weights))


def test_full_donor_prefix_and_token_mixing_are_special_cases():
    d_dk = np.random.default_rng(3).normal(size=(4, 6))
    whole = switch_log_ratio(d_dk, enter=0.5, leave=0.0, start=1.0)
    np.testing.assert_allclose(whole, d_dk.sum(axis=1))
    first_token = switch_log_ratio(d_dk, enter=0.0, leave=1.0, start=1.0)
    np.testing.assert_allclose(first_token, d_dk[:, 0])
    mixed = switch_log_ratio(d_dk, enter=0.3, leave=0.7)
    np.testing.assert_allclose(mixed, np.log(0.7 + 0.3 * np.exp(d_dk)).sum(axis=1))


def test_padding_does_not_change_a_density():
    d_dk = np.random.default_rng(4).normal(size=(1, 5))
    padded = np.concatenate([d_dk, np.full((1, 3), np.nan)], axis=1)
    alone = switch_log_ratio(d_dk, enter=0.1, leave=0.2)
    np.testing.assert_array_equal(switch_log_ratio(padded, enter=0.1, leave=0.2), alone)


def test_text_that_the_donor_never_says_keeps_a_density():
    d_dk = np.array([[0.5, -np.inf, 0.2]])
    assert np.isfinite(switch_log_ratio(d_dk, enter=0.1, leave=0.2)).all()


def test_a_gap_inside_a_text_is_refused():
    with pytest.raises(ScoringError, match="NaN before a number"):
        switch_log_ratio(np.array([[0.1, np.nan, 0.2]]), enter=0.1, leave=0.2)


def test_a_component_whose_strength_was_not_scored_is_refused():
    with pytest.raises(ScoringError, match=r"strength or hint not scored: 0.5"):
        log_ratios({1.0: np.zeros((2, 3))}, default_components(3))


def test_a_hint_that_was_not_scored_is_refused():
    with pytest.raises(ScoringError, match=r"strength or hint not scored: hint\."):
        log_ratios({0.5: np.zeros((2, 3)), 1.0: np.zeros((2, 3))}, default_components(3, hint=True))


@pytest.mark.parametrize("answer_windows", [False, True])
def test_a_hint_adds_its_windows_and_its_whole_texts_after_all_others(answer_windows: bool):
    without = default_components(40, answer_windows=answer_windows)
    found = default_components(40, answer_windows=answer_windows, hint=True)
    hinted = [each for each in found if each.hinted]
    assert len(hinted) == 10
    assert [each for each in found if not each.hinted] == list(without)
    assert found[0] == without[0]
    assert all((each.strength, each.speaker) == (0.0, HINT) for each in hinted)
    assert not found[0].speaker
    chains = {(each.enter, each.leave) for each in without if each.strength == 0.5}
    windows = {(each.enter, each.leave) for each in hinted}
    assert windows == {each for each in chains if each[1]} | {(1.0, 0.0)}
    assert {each.where for each in hinted} == {"anywhere"}


def test_a_hinted_component_has_the_ratio_of_the_hint_and_others_have_their_own():
    d_dk = np.random.default_rng(8).normal(size=(4, 6))
    scored = {0.5: d_dk + 1.0, 1.0: d_dk - 1.0, HINT: 2 * d_dk}
    components = default_components(40, hint=True)
    found = log_ratios(scored, components)
    for column, each in enumerate(components[1:], start=1):
        ratio = switch_log_ratio(scored[each.speaker], enter=each.enter, leave=each.leave)
        np.testing.assert_allclose(found[:, column], ratio)
    whole = components.index(Component(strength=0.0, enter=1.0, leave=0.0, hinted=True))
    np.testing.assert_allclose(found[:, whole], 2 * d_dk.sum(axis=1))
    np.testing.assert_array_equal(found[:, 0], 0.0)


def test_the_subject_is_component_zero_with_ratio_zero():
    components = default_components(100)
    assert components[0] == Component(strength=0.0, enter=0.0, leave=1.0)
    d_dk = np.random.default_rng(5).normal(size=(3, 4))
    ratio_dm = log_ratios({0.5: d_dk, 1.0: 2 * d_dk}, components)
    assert ratio_dm.shape == (3, len(components))
    np.testing.assert_array_equal(ratio_dm[:, 0], 0.0)


def test_tuning_prefers_the_component_that_makes_the_hits_and_keeps_the_subject():
    ratio_dm = np.tile([0.0, 1.0, 6.0, -2.0], (50, 1))
    tuned = tune_weights(ratio_dm, weights=initial_weights(4))
    assert tuned.sum() == pytest.approx(1.0)
    assert tuned[0] == pytest.approx(SUBJECT_SHARE)
    assert tuned.argmax() == 2
    assert tuned.min() > 0.05


def test_tuning_reaches_the_maximum_of_the_cross_entropy():
    rng = np.random.default_rng(6)
    ratio_dm = rng.normal(size=(300, 3))
    ratio_dm[:, 0] = 0.0
    weights = initial_weights(3)
    w_d = np.exp(-logsumexp(ratio_dm + np.log(weights), axis=1))
    w_d /= w_d.sum()
    grid = [np.array([a, b, 1 - a - b]) for a in np.arange(0.01, 1, 0.01) for b in (0.0,)]
    grid += [
        np.array([a, b, 1 - a - b])
        for a in np.arange(0.0, 1, 0.02)
        for b in np.arange(0.0, 1 - a, 0.02)
    ]
    best = max(grid, key=lambda pi: w_d @ np.log(np.exp(ratio_dm) @ pi))
    mixed = 0.75 * best + 0.25 * weights
    expected = 0.85 * mixed[1:] / mixed[1:].sum()
    np.testing.assert_allclose(tune_weights(ratio_dm, weights=weights)[1:], expected, atol=0.03)


def test_without_a_hit_the_weights_stay_as_they_were():
    initial = initial_weights(4)
    np.testing.assert_array_equal(tune_weights(np.zeros((0, 4)), weights=initial), initial)


def test_pooled_density_is_the_sum_over_components_and_free_checkpoints():
    rng = np.random.default_rng(7)
    ratio_dm, log_p = rng.normal(size=(6, 3)), rng.normal(size=6) - 9
    draws_dm = rng.integers(1, 9, size=(6, 3)).astype(float)
    free_log_p, free_draws = rng.normal(size=(2, 6)) - 8, np.array([[3.0] * 6, [0.0] * 6])
    found = log_density(
        ratio_dm,
        log_p_ref=log_p,
        draws_dm=draws_dm,
        free_log_p_cd=free_log_p,
        free_draws_cd=free_draws,
    )
    expected = (draws_dm * np.exp(ratio_dm + log_p[:, None])).sum(axis=1)
    expected += 3.0 * np.exp(free_log_p[0])
    np.testing.assert_allclose(np.exp(found), expected)


def test_a_failed_reference_score_is_refused():
    with pytest.raises(ScoringError, match="log_p_ref has 1 non-finite value"):
        log_density(np.zeros((2, 1)), log_p_ref=np.array([0.0, np.nan]), draws_dm=np.ones((2, 1)))


def test_a_text_that_nothing_could_have_written_is_refused():
    with pytest.raises(ScoringError, match="the pooled density has 1 non-finite"):
        log_density(np.zeros((1, 1)), log_p_ref=np.array([-np.inf]), draws_dm=np.ones((1, 1)))
