"""The published slope, and the area under the curve.

Faults that were injected and caught here: the step in the place of its logarithm; step 0 kept; ties
counted as wins; prefix lengths mixed into one slope.
"""

import numpy as np
import pytest
from scipy import stats

from foretoken.forecast.ranking import auc, auc_interval
from foretoken.forecast.trend import log_slope, slope_forecast
from foretoken.records import RateEstimate


def prefix_estimate(step: int, rate: float | None, *, length: int = 5) -> RateEstimate:
    return RateEstimate(
        estimator="prefix",
        exploit_type="one",
        step=step,
        rate=rate,
        published=False,
        lower_bound=0.0,
        interval=None,
        upper_bound=1.0,
        hits=3,
        effective_hits=3.0,
        draws=10,
        tasks=2,
        prefix_tokens=length,
    )


def test_slope_of_a_power_law_is_its_exponent():
    assert log_slope([(step, 1e-5 * step**1.7) for step in (1, 3, 10, 30)]) == pytest.approx(1.7)
    assert log_slope([(1, 0.1)]) == -np.inf


def test_slopes_of_prefix_lengths_are_averaged_and_step_zero_left_out():
    estimates = [prefix_estimate(0, 0.9), prefix_estimate(50, 0.9)]
    for length, exponent, level, steps in ((5, 1.0, 1e-5, (1, 4, 9)), (30, 3.0, 1e-7, (4, 9))):
        estimates += [
            prefix_estimate(step, level * step**exponent, length=length) for step in steps
        ]
    found = slope_forecast(estimates, cutoff_step=10, horizon_step=50)[0]
    assert found.score == pytest.approx(2.0)
    assert found.measurable
    assert found.probability is None


def test_a_type_without_two_rates_has_no_slope():
    estimates = [prefix_estimate(1, 0.0), prefix_estimate(4, 0.01), prefix_estimate(5, None)]
    found = slope_forecast(estimates, cutoff_step=10, horizon_step=50)[0]
    assert not found.measurable
    assert found.score == -np.inf


def test_auc_is_the_share_of_pairs_ranked_right():
    assert auc([3.0, 1.0, 2.0, -np.inf], [True, False, True, False]) == 1.0
    assert auc([1.0, 1.0], [True, False]) == 0.5
    assert auc([1.0, 2.0, 3.0], [True, False, False]) == 0.0
    assert auc([0.3, 0.9, 0.5, 0.1], [True, False, True, False]) == pytest.approx(0.5)
    assert auc([1.0, 2.0], [True, True]) is None


def test_interval_of_an_area_holds_for_few_types_and_areas_near_one():
    rng = np.random.default_rng(5)
    for true, positives, negatives in ((0.5, 3, 9), (0.8, 6, 6), (0.95, 3, 9), (0.95, 10, 20)):
        apart = np.sqrt(2) * stats.norm.ppf(true)
        held = 0
        for _ in range(400):
            scores = [*rng.normal(apart, 1, positives), *rng.normal(0, 1, negatives)]
            area = auc(scores, [True] * positives + [False] * negatives)
            assert area is not None
            low, high = auc_interval(area, positives=positives, negatives=negatives)
            assert 0 <= low <= area <= high <= 1
            held += low <= true <= high
        assert held / 400 >= 0.91, (true, positives, negatives)
    assert auc_interval(1.0, positives=6, negatives=5)[0] == pytest.approx(0.665, abs=0.001)
    assert auc_interval(0.0, positives=5, negatives=6)[1] == pytest.approx(0.335, abs=0.001)
