"""Simulated training: what must hold of any policy gradient.

Faults that were injected and caught here: hacks rewarded where the loophole is closed; advantages
without their mean taken off; transfer given to no one.
"""

import numpy as np
import pytest

from foretoken.testsystems.curves import CurveSettings, simulate_curves

QUIET = {"drift": 0.0, "transfer": (1e-9, 1e-9)}


def test_curves_are_rates_and_repeat_from_the_seed():
    settings = CurveSettings(steps=30)
    first, second = (
        simulate_curves(settings, runs=3, rng=np.random.default_rng(1)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.rate_rjs, second.rate_rjs)
    assert first.rate_rjs.shape == (3, 12, 31)
    assert ((first.rate_rjs > 0) & (first.rate_rjs < 1)).all()


def test_one_step_grows_the_log_odds_by_the_expected_advantage():
    size, rate, honest, gain = 4000, 0.05, 0.5, 0.3
    settings = CurveSettings(
        steps=1,
        group_size=size,
        rate_decades=(np.log10(rate), np.log10(rate)),
        honest=(honest, honest),
        gain=(gain, gain),
        honest_gain=0.0,
        closed=0.0,
        **QUIET,
    )
    curves = simulate_curves(settings, runs=30, rng=np.random.default_rng(2))
    odds = np.log(curves.rate_rjs / (1 - curves.rate_rjs))
    passed = rate + honest * (1 - rate)
    expected = gain * rate * (1 - passed) / np.sqrt(passed * (1 - passed))
    assert np.diff(odds, axis=2).mean() == pytest.approx(expected, rel=0.02)


def test_closed_loopholes_do_not_emerge_and_open_ones_do():
    settings = CurveSettings(steps=200, rate_decades=(-2.5, -2.0), **QUIET)
    curves = simulate_curves(settings, runs=20, rng=np.random.default_rng(3))
    passed = curves.passed(0.1)
    assert not passed[curves.closed_rj].any()
    assert passed[~curves.closed_rj].mean() > 0.5


def test_transfer_lifts_types_that_were_never_drawn():
    def last_rates(transfer: float) -> np.ndarray:
        settings = CurveSettings(steps=150, transfer=(transfer, transfer), drift=0.0, closed=0.0)
        curves = simulate_curves(settings, runs=10, rng=np.random.default_rng(4))
        rare = curves.rate_rjs[..., 0] < 1e-5
        return np.log(curves.rate_rjs[..., -1] / curves.rate_rjs[..., 0])[rare]

    assert np.median(last_rates(2.0)) > 1.0 > np.median(last_rates(1e-9))
