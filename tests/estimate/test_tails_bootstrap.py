"""Tails of weights, and errors that checkpoints share.

Faults that were injected and caught here: weights in the place of log weights in the tail fit; own
resampling for every checkpoint; tasks without a hit left out of the mean; the interval's upper half
not widened; a slope on the wrong axis.
"""

import numpy as np
import pytest

from foretoken.errors import ScoringError
from foretoken.estimate.bootstrap import joint_log_rates, log_rate_spread
from foretoken.estimate.tails import SMALLEST_TAIL, pareto_shape


@pytest.mark.parametrize("shape", [0.3, 0.9])
def test_pareto_shape_is_recovered_from_4000_weights(shape):
    weights = np.random.default_rng(1).pareto(1 / shape, size=4000) + 1
    assert pareto_shape(np.log(weights)) == pytest.approx(shape, abs=0.2)


def test_equal_weights_have_no_tail():
    assert pareto_shape(np.full(30, -4.0)) == -1.0
    bounded = pareto_shape(np.concatenate([np.full(100, 0.0), np.full(100, -3.0)]))
    assert bounded is not None
    assert bounded < 0


@pytest.mark.parametrize("copies", [1, 2, 3, 4, 5, 6, 8])
def test_copies_of_the_heaviest_text_do_not_switch_the_check_off(copies):
    log_w = np.random.default_rng(0).normal(size=200)
    heavy = np.full(copies, log_w.max() + 5.0)
    shape = pareto_shape(np.concatenate([log_w, heavy]))
    assert shape is not None
    assert shape > 0.7


def test_copies_of_texts_do_not_make_a_tail_heavy():
    """Each text is drawn one to twelve times; the cut of the tail falls among equal weights."""
    rng = np.random.default_rng(8)
    for _ in range(40):
        texts = rng.uniform(-1.5, 0, size=30)
        log_w = np.repeat(texts, rng.integers(1, 13, size=30))
        shape = pareto_shape(log_w)
        assert shape is not None
        assert shape < 0.7


def test_a_thinned_bank_has_the_tail_of_the_whole_one():
    """Heavy weights are kept, light ones in part: of the kept alone, the tail begins elsewhere."""
    rng = np.random.default_rng(9)
    moved, moved_alone = [], []
    for _ in range(60):
        log_w = np.concatenate([rng.normal(0.0, 0.4, size=40), rng.normal(-2.5, 0.8, size=260)])
        keep = np.where(log_w > -1.0, 1.0, 0.2)
        kept = rng.random(300) < keep
        shape, thinned = pareto_shape(log_w), pareto_shape(log_w[kept], 1 / keep[kept])
        alone = pareto_shape((log_w - np.log(keep))[kept])
        assert shape is not None
        assert thinned is not None
        assert alone is not None
        moved.append(abs(thinned - shape))
        moved_alone.append(abs(alone - shape))
    assert np.mean(moved) < 0.15
    assert np.mean(moved) < 0.5 * np.mean(moved_alone)


def test_weights_that_underflow_have_a_shape():
    log_w = np.concatenate([np.linspace(0, -1, 6), np.full(100, -800.0)])
    assert pareto_shape(log_w) is not None
    assert pareto_shape(np.linspace(0, -5000, 100)) is not None


def test_too_few_weights_leave_the_shape_unmeasured():
    log_w = np.random.default_rng(2).normal(size=SMALLEST_TAIL - 1)
    assert pareto_shape(log_w) is None
    assert pareto_shape(np.append(log_w, [-np.inf] * 9)) is None
    assert pareto_shape(np.zeros(0)) is None


def test_growth_that_all_hits_share_has_a_slope_without_error():
    rng = np.random.default_rng(3)
    log_w = rng.normal(size=60)
    joint = joint_log_rates(
        np.stack([log_w + 0.02 * step for step in (0, 10, 40)]),
        rng.integers(0, 10, size=60),
        steps=(0, 10, 40),
        tasks=12,
        rng=rng,
    )
    slope = joint.slope()
    assert slope is not None
    assert slope.per_step == pytest.approx(0.02)
    assert slope.error == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(joint.covariance_cc, joint.covariance_cc[0, 0])
    assert joint.log_rate_c[0] == pytest.approx(np.log(np.exp(log_w).sum() / 12))


def test_joint_errors_match_repeated_banks():
    def bank(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        task = np.repeat(np.arange(20), rng.poisson(6, size=20))
        start = rng.normal(size=len(task))
        return np.stack([start, start + 0.5 + 0.4 * rng.normal(size=len(task))]), task

    rng = np.random.default_rng(4)
    growth, level, said_growth, said_level = [], [], [], []
    for _ in range(120):
        log_w_cd, task = bank(rng)
        joint = joint_log_rates(log_w_cd, task, steps=(0, 1), tasks=20, rng=rng, replicates=200)
        slope = joint.slope()
        assert slope is not None
        growth.append(slope.per_step)
        level.append(joint.log_rate_c[0])
        said_growth.append(slope.error)
        said_level.append(np.sqrt(joint.covariance_cc[0, 0]))
    assert np.mean(said_growth) == pytest.approx(np.std(growth), rel=0.25)
    assert np.mean(said_level) == pytest.approx(np.std(level), rel=0.25)
    assert np.mean(said_growth) < 0.6 * np.mean(said_level)


def test_a_slope_is_not_surer_than_its_tasks_nor_than_its_hits():
    """Tasks that grow at speeds of their own, or tasks alike with few hits each."""
    rng = np.random.default_rng(12)
    for between, within in ((0.05, 0.0), (0.0, 0.6)):
        off = []
        for _ in range(300):
            task = np.repeat(np.arange(10), 6)
            growth = 0.1 + between * rng.normal(size=10)[task]
            log_w = rng.normal(size=60)
            later = log_w + 10 * growth + within * rng.normal(size=60)
            joint = joint_log_rates(
                np.stack([log_w, later]), task, steps=(0, 10), tasks=10, rng=rng, replicates=100
            )
            slope = joint.slope()
            assert slope is not None
            centre = 0.1 + (within**2 / 2 + (10 * between) ** 2 / 2) / 10
            off.append((slope.per_step - centre) / slope.error)
        assert np.mean(np.abs(off) > 2) < 0.10


def test_few_tasks_with_hits_still_have_an_error():
    rng = np.random.default_rng(5)
    task = np.zeros(50, dtype=np.int64)
    spread = log_rate_spread(np.zeros(50), task, tasks=5, rng=rng, replicates=2000)
    assert spread == pytest.approx(1 / np.sqrt(50), rel=0.1)


def test_a_hit_that_does_not_count_at_a_checkpoint_weighs_nothing_there():
    log_w_cd = np.array([[0.0, -np.inf], [0.0, 0.0]])
    joint = joint_log_rates(
        log_w_cd, np.array([0, 1]), steps=(0, 5), tasks=2, rng=np.random.default_rng(6)
    )
    np.testing.assert_allclose(np.exp(joint.log_rate_c), [0.5, 1.0])
    assert joint.usable_steps(fewest_effective_hits=1.5) == [5]
    assert joint.slope(fewest_effective_hits=1.5) is None


def test_joint_rates_refuse_a_failed_score():
    with pytest.raises(ScoringError, match=r"log_w_cd has 1 non-finite value\(s\) in 2"):
        joint_log_rates(
            np.array([[0.0, np.nan]]),
            np.array([0, 0]),
            steps=(0,),
            tasks=1,
            rng=np.random.default_rng(7),
        )
