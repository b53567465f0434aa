"""How much of what a subject writes a bank could have drawn, on texts whose probabilities are set.

Faults that were injected and caught here: the ratio the other way round; hacks counted twice; the
mean over the others alone in place of all draws; a point printed though a fifth is missing.
"""

import numpy as np
import pytest

from foretoken.errors import ScoringError
from foretoken.estimate.bounds import effective_count
from foretoken.estimate.cell import Cell
from foretoken.estimate.covered import covered_mass, misses_much, other_mass
from foretoken.estimate.switch import switch_rate
from foretoken.records import Doubt

HACKS = 60
"""Texts that hack; as many others follow."""


def texts(rng, *, unwritten):
    """(texts,) what subject and bank write; the bank never writes a share of the subject's."""
    p_k = rng.dirichlet(np.ones(2 * HACKS))
    q_k = p_k * np.exp(0.7 * rng.normal(size=2 * HACKS))
    missing = np.cumsum(p_k) <= unwritten
    q_k = np.where(missing, 0.0, q_k)
    return p_k, q_k / q_k.sum(), float(p_k[~missing].sum())


def bank(rng, p_k, q_k, *, draws=2000, checked=300):
    """Draw a bank: its hits, and what its checked draws say of the others."""
    drawn = rng.choice(len(q_k), size=draws, p=q_k)
    first = drawn[:checked]
    others = first[first >= HACKS]
    mass = other_mass(
        log_p_subject=np.log(p_k[others]), log_q=np.log(q_k[others]), drawn=len(first)
    )
    return drawn[drawn < HACKS], mass


def measured(rng, p_k, q_k, *, draws=2000):
    """Estimate from a bank."""
    hits, mass = bank(rng, p_k, q_k, draws=draws)
    return switch_rate(
        log_p_subject=np.log(p_k[hits]),
        log_q=np.log(q_k[hits] * draws),
        task=np.zeros(len(hits), dtype=np.int64),
        draws_per_task=np.array([draws]),
        cell=Cell(exploit_type="toy", step=0, other_mass=mass),
        rng=rng,
    )


@pytest.mark.parametrize("unwritten", [0.0, 0.15, 0.4])
def test_the_covered_mass_is_what_the_bank_writes_of_the_subject(unwritten):
    rng = np.random.default_rng(round(100 * unwritten))
    off = []
    for _ in range(400):
        p_k, q_k, truth = texts(rng, unwritten=unwritten)
        hits, others = bank(rng, p_k, q_k)
        w_d = p_k[hits] / q_k[hits]
        covered, error = covered_mass(
            others, rate=float(w_d.sum() / 2000), effective_hits=effective_count(w_d)
        )
        off.append((covered - truth, error))
    by_d, error_d = np.array(off).T
    assert abs(by_d.mean()) < 3 * by_d.std() / np.sqrt(len(by_d))
    assert 0.8 < np.std(by_d / error_d) < 1.2


def test_a_bank_that_misses_much_publishes_nothing_and_one_that_does_not_is_never_doubted():
    """What is missing are hacks, and the weights of those that are there look perfect."""
    rng = np.random.default_rng(5)
    for unwritten, doubted in ((0.0, False), (0.1, False), (0.4, True)):
        found = [measured(rng, *texts(rng, unwritten=unwritten)[:2]) for _ in range(10)]
        those = [each for each in found if Doubt.MUCH_UNCOVERED in each.doubts]
        assert len(those) >= 8 if doubted else not those
        assert not any(each.published for each in those)
        assert doubted or np.mean([each.published for each in found]) > 0.8
        assert np.median([each.effective_hits for each in found]) > 100


def test_few_draws_of_an_honest_subject_raise_no_doubt():
    """Rates are tiny, 17 draws are checked: chance alone may not withhold a point."""
    rng = np.random.default_rng(6)
    doubted = []
    for _ in range(2000):
        own = rng.random(17) < 0.3
        log_w = np.where(own, np.log(1 / 0.3) - 0.02, -6.0) + 0.1 * rng.normal(size=17)
        mass = other_mass(log_p_subject=log_w, log_q=np.zeros(17), drawn=17)
        doubted.append(misses_much(covered_mass(mass, rate=1e-4, effective_hits=30.0)))
    assert np.mean(doubted) < 0.02


def test_too_few_checked_draws_are_refused():
    with pytest.raises(ScoringError, match="checked draws"):
        other_mass(log_p_subject=np.zeros(1), log_q=np.zeros(1), drawn=1)


def test_a_text_that_the_bank_writes_hardly_ever_overflows_nothing():
    mass, error = other_mass(log_p_subject=np.zeros(2), log_q=np.array([0.0, -900.0]), drawn=4)
    assert np.isfinite([mass, error]).all()
    assert not misses_much((mass, error))
