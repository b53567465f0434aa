"""Baselines beside the switch estimate: whole texts from the donor, rungs, paths, prefixes.

Faults that were injected and caught here: the slope of the path read in place of its value at 0;
a rung's share left out of the pooled density; prefixes of hacking traces alone called corrected.
`benchmarks/faults.py` puts one fault after another into every estimator again (ratio swapped, draws
pooled in place of the mean over tasks, last token dropped, no draws of the subject, unconditional
donor weight) and says which tests fail.
"""

import numpy as np
import pytest

from foretoken.calibration.toys import DONOR, RUNGS, SUBJECT, draw_bank, toy_estimates
from foretoken.errors import ScoringError
from foretoken.estimate.cell import Cell
from foretoken.estimate.mixture import ladder_components, log_ratios
from foretoken.estimate.path import path_rate
from foretoken.estimate.prefix import prefix_rate
from foretoken.records import Doubt
from foretoken.testsystems.systems import system_at
from shapes import unchecked_shapes

CELL = Cell(exploit_type="toy", step=0)
EASY = system_at("pivot", 0.02, length=12, tasks=5, drift=0.05)


def path(strength, hits, draws):
    return path_rate(
        np.asarray(strength, dtype=np.float64),
        hits=np.asarray(hits, dtype=np.int64),
        draws=np.asarray(draws, dtype=np.int64),
        tasks=4,
        cell=CELL,
    )


def test_a_path_is_read_at_strength_zero():
    strength = np.array([0.25, 0.5, 0.75, 1.0])
    odds = np.exp(-6 + 7 * strength)
    draws = np.full(4, 1_000_000)
    found = path(strength, np.rint(draws * odds / (1 + odds)), draws)
    assert found.rate == pytest.approx(1 / (1 + np.exp(6)), rel=0.01)
    assert not found.published
    assert found.doubts == (Doubt.EXTRAPOLATED,)


def test_a_path_without_two_strengths_between_none_and_all_says_nothing():
    assert path([0.5, 1.0], [0, 50], [100, 100]).rate == 0.0
    assert path([0.5, 1.0], [0, 100], [100, 100]).doubts == (Doubt.NO_HACK_SEEN,)


@pytest.mark.parametrize(
    ("strength", "hits", "draws"),
    [([0.0, 1.0], [1, 2], [9, 9]), ([0.5], [10], [9]), ([0.5, 1.0], [1], [9, 9])],
)
def test_a_path_of_impossible_counts_is_refused(strength, hits, draws):
    with unchecked_shapes(), pytest.raises(ScoringError):
        path(strength, hits, draws)


def test_a_rung_is_a_whole_text_of_the_donor_at_that_strength():
    d_dk = np.random.default_rng(1).normal(size=(5, 9))
    components = ladder_components((0.0, 0.5, 1.0))
    found = log_ratios({0.5: 0.5 * d_dk, 1.0: d_dk}, components)
    total = d_dk.sum(axis=1)
    np.testing.assert_allclose(found, np.stack([0 * total, 0.5 * total, total], axis=1))


def test_every_estimator_but_the_published_recipe_is_right_where_hacks_are_common():
    # The recipe's own fault: prefixes of hacking traces weighed by the unconditional donor.
    rates: dict[str, list[float]] = {}
    for seed in range(12):
        for each in toy_estimates(EASY, draws=2000, seed=seed, prefix_tokens=6):
            rates.setdefault(each.estimator, []).append(each.rate or 0.0)
    exact = EASY.exact_rates(EASY.log_p()).mean()
    assert set(rates) == {
        "switch",
        "count",
        "donor",
        "ladder",
        "path",
        "prefix",
        "corrected prefix",
    }
    for name in ("switch", "count", "donor", "ladder", "corrected prefix"):
        error = np.std(rates[name], ddof=1) / np.sqrt(12)
        assert abs(np.mean(rates[name]) - exact) < 4 * error, name
        assert np.mean(rates[name]) == pytest.approx(exact, rel=0.25), name
    assert np.mean(rates["prefix"]) > 1.3 * exact


def test_prefixes_of_all_traces_carry_no_mark_and_those_of_hacks_do():
    hacked, task = np.array([True, False]), np.array([0, 1])
    log_p = np.array([-3.0, -4.0])
    for corrected, name in ((False, "prefix"), (True, "corrected prefix")):
        found = prefix_rate(
            hacked, task, log_p_subject=log_p, log_p_donor=log_p, cell=CELL, corrected=corrected
        )
        assert found.estimator == name
        assert found.rate == pytest.approx(0.5)
        assert (Doubt.REFERENCE_FAULTS in found.doubts) is not corrected


def test_rungs_share_their_draws_equally_and_name_themselves():
    bank = draw_bank(EASY, draws=500, seed=3, components=ladder_components(RUNGS))
    assert bank.subject_draws == pytest.approx(100, abs=40)
    assert bank.estimate(estimator="ladder").estimator == "ladder"
    assert np.exp(bank.all_log_w).mean() == pytest.approx(1.0, abs=0.2)


def test_continuations_keep_the_prefix():
    task = np.zeros(40, dtype=np.int64)
    rng = np.random.default_rng(4)
    prefix = EASY.sample(DONOR, task, rng)[:, :5]
    texts = EASY.sample(SUBJECT, task, rng, prefix=prefix)
    np.testing.assert_array_equal(texts[:, :5], prefix)
    assert (texts[:, 5:] != texts[:1, 5:]).any()
