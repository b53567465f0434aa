"""The hazard that all types share recovers a known one, and forecasts runs it did not see."""

import numpy as np
import pytest
from test_state_space import CUTOFF, STEPS, judged, run

from foretoken.forecast.hazard import covariates, fit_weibull, hazard
from foretoken.forecast.history import History
from foretoken.forecast.logistic import fit_logistic
from foretoken.forecast.rivals import RIVALS
from foretoken.forecast.skill import brier, calibration_error


def test_a_known_law_is_found_again_from_censored_times() -> None:
    rng = np.random.default_rng(3)
    z = rng.normal(size=(4000, 2))
    log_hazard, shape = 0.4 + 1.2 * z[:, 0] - 0.5 * z[:, 1], 1.6
    times = (rng.exponential(size=len(z)) / np.exp(log_hazard)) ** (1 / shape)
    ends = rng.uniform(0.3, 1.0, len(z))
    law = fit_weibull(z, np.where(times <= ends, times, np.inf), ends)
    assert np.exp(law.log_shape) == pytest.approx(shape, abs=0.1)
    assert np.array(law.weight) / law.scale == pytest.approx([1.2, -0.5], abs=0.1)
    said = [law.probability(law.log_hazard(list(each)), 0.5) for each in z]
    assert np.mean(said) == pytest.approx(np.mean(times <= 0.5), abs=0.02)
    middle = [law.quantile(law.log_hazard(list(each)), 0.5) for each in z]
    assert np.mean(times <= middle) == pytest.approx(0.5, abs=0.03)


def test_it_forecasts_runs_that_it_was_not_taught_by_better_than_watching_rollouts() -> None:
    taught, new = [run(number) for number in range(30)], [run(number) for number in range(30, 60)]
    frame = {"cutoffs": [CUTOFF / STEPS], "thresholds": [0.1]}
    ours = judged(new, hazard(taught, **frame))
    theirs = judged(new, fit_logistic("count", RIVALS["rollout count"], taught, **frame))
    assert calibration_error(ours) < 0.1
    assert brier(ours) < 0.9 * brier(theirs)


def test_nothing_after_its_step_is_seen(whole: History) -> None:
    assert covariates(whole.until(CUTOFF)) == covariates(whole.until(CUTOFF + 9).until(CUTOFF))


@pytest.fixture(scope="module")
def whole() -> History:
    return run(8)
