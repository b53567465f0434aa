"""The forecast from expected discoveries.

Faults that were injected and caught here: later checkpoints read; the level alone as the score
(growth dropped); growth projected without shrinking; the evidence for a closed loophole dropped; a
number for a type without a hit; the rollouts of a step left out.
"""

import numpy as np
import pytest

from foretoken.errors import SetupError
from foretoken.estimate.bootstrap import JointLogRates, Slope
from foretoken.forecast.discovery import DEFAULT_COEFFICIENTS, draws_to_come, forecast
from foretoken.forecast.fit import backtest, fit_coefficients
from foretoken.forecast.outcome import newest_evidence
from foretoken.forecast.ranking import auc
from foretoken.forecast.track import Track, response, tracks
from foretoken.records import Forecast, RateEstimate
from foretoken.testsystems.curves import CurveSettings, simulate_curves

STEPS = (0, 5, 10, 20, 40)
ASKED = {"cutoff_step": 40, "horizon_step": 200}


def estimate(name: str, step: int, rate: float, *, published: bool = True) -> RateEstimate:
    return RateEstimate(
        estimator="switch",
        exploit_type=name,
        step=step,
        rate=rate,
        published=published,
        lower_bound=rate / 2,
        interval=(rate / 2, rate * 2),
        upper_bound=1.0,
        hits=50,
        effective_hits=50.0 if published else 5.0,
        draws=1000,
        tasks=24,
    )


def joint(rates: list[float], *, error: float = 0.02) -> JointLogRates:
    log_rate = np.log(rates)
    noise = np.random.default_rng(1).normal(size=(300, len(rates)))
    return JointLogRates(
        steps=STEPS,
        log_rate_c=log_rate,
        replicate_rbc=(log_rate + error * noise)[None],
        effective_rc=np.full((1, len(rates)), 50.0),
    )


def made(
    curves: dict[str, list[float]], *, rollouts: float = 32.0, error: float = 0.02
) -> dict[str, Forecast]:
    found = forecast(
        [
            estimate(n, s, r)
            for n, rates in curves.items()
            for s, r in zip(STEPS, rates, strict=True)
        ],
        rollouts_per_step=dict.fromkeys(curves, rollouts),
        joint={name: joint(rates, error=error) for name, rates in curves.items()},
        **ASKED,
    )
    return {each.exploit_type: each for each in found}


def growing(first: float, per_step: float) -> list[float]:
    return [first * float(np.exp(per_step * step)) for step in STEPS]


def test_a_rare_type_that_grows_outranks_a_common_one_that_stays_flat():
    found = made(
        {"rare but growing": growing(2e-5, 0.08), "flat": [3e-3] * 5, "rare": [2e-5] * 5},
    )
    order = sorted(found, key=lambda name: -found[name].score)
    assert order == ["rare but growing", "flat", "rare"]
    assert found["rare but growing"].expected_step is not None
    assert "grows by 8.3 % a step" in found["rare but growing"].reason


def test_a_type_drawn_often_without_growing_is_taken_for_unrewarded():
    flat = made({"flat": [8e-3] * 5, "grows": growing(4e-4, 0.05)})["flat"]
    assert "earn nothing" in flat.reason
    assert flat.probability is not None
    assert flat.probability < 0.1


def test_without_distinguishable_growth_the_level_ranks():
    found = made(
        {"noisy": growing(1e-5, 0.01), "higher": [1e-4] * 5, "lower": [1e-6] * 5}, error=0.6
    )
    assert found["higher"].score > found["noisy"].score > found["lower"].score
    expected = np.log10(0.5 * 160 * 32 * 1e-4)
    assert found["higher"].score == pytest.approx(expected, abs=0.05)
    assert "no growth can be told" in found["noisy"].reason


def test_score_counts_the_rollouts_of_a_step():
    few, many = (
        made({"one": [1e-6] * 5}, rollouts=rollouts)["one"].score for rollouts in (3.0, 30.0)
    )
    assert many - few == pytest.approx(1.0, abs=0.02)


def test_checkpoints_after_the_cutoff_change_nothing():
    early = [estimate("one", step, 1e-4) for step in STEPS]
    late = [estimate("one", 80, 0.6), estimate("one", 200, 0.9)]
    asked = {"rollouts_per_step": {"one": 32.0}, **ASKED}
    assert forecast(early, **asked) == forecast(early + late, **asked)


def test_growth_is_read_from_the_estimates_where_no_joint_rates_are_given():
    rates = growing(1e-5, 0.15)
    estimates = [estimate("one", step, rate) for step, rate in zip(STEPS, rates, strict=True)]
    found = forecast(estimates, rollouts_per_step={"one": 32.0}, **ASKED)[0]
    assert "grows by" in found.reason


def test_a_type_without_a_published_point_is_marked_and_speaks_from_its_bound():
    estimates = [estimate("one", step, 1e-3, published=False) for step in STEPS]
    found = forecast(estimates, rollouts_per_step={"one": 32.0}, **ASKED)[0]
    assert not found.measurable
    assert found.rate == pytest.approx(5e-4)
    assert found.expected_step is None
    assert "Not measurable yet" in found.reason


def test_a_type_without_a_hit_has_no_number():
    estimates = [estimate("one", step, 0.0, published=False) for step in STEPS]
    found = forecast(estimates, rollouts_per_step={"one": 32.0}, **ASKED)[0]
    assert found.score == -np.inf
    assert found.probability is None
    assert not found.measurable
    assert Forecast.model_validate_json(found.model_dump_json()) == found


def test_a_type_above_two_percent_is_no_forecast():
    found = made({"one": growing(0.01, 0.05)})["one"]
    assert not found.eligible
    assert found.probability is None
    assert "already hacks" in found.reason


def test_expected_step_is_when_steady_growth_reaches_the_threshold():
    found = made({"one": growing(1e-6, 0.1)}, rollouts=1e-6)["one"]
    logit = np.log(0.1 / 0.9) - np.log(1e-6 * np.exp(4.0))
    assert found.expected_step == pytest.approx(40 + logit / 0.1, rel=0.02)
    assert found.step_interval is not None
    assert found.step_interval[0] < found.expected_step < found.step_interval[1]


def test_a_horizon_before_the_cutoff_and_a_missing_rollout_count_are_refused():
    one = [estimate("one", 0, 1e-4)]
    with pytest.raises(SetupError, match=r"horizon \(step 3\) is not after the cutoff"):
        forecast(one, cutoff_step=3, horizon_step=3, rollouts_per_step={"one": 1.0})
    with pytest.raises(SetupError, match="rollouts_per_step has no entry for one"):
        forecast(one, cutoff_step=3, horizon_step=9, rollouts_per_step={})


def track(per_step: float, error: float) -> Track:
    return Track(
        exploit_type="one",
        step=40,
        rate=1e-4,
        measurable=True,
        growth=Slope(per_step, error, 50.0),
        first_step=10,
        exposure=1.0,
    )


def test_growth_is_projected_for_as_long_as_it_was_watched():
    found = draws_to_come(track(0.1, 0.0), cutoff_step=40, horizon_step=100, rollouts=8.0)
    ahead = [min(step - 40, 30) for step in range(41, 101)]
    assert found == pytest.approx(8.0 * 1e-4 * np.exp(0.1 * np.array(ahead)).sum())


def test_growth_is_shrunk_by_its_error_down_to_the_level():
    assert track(0.1, 0.05).shrunk_growth == pytest.approx(0.075)
    assert track(-0.1, 0.05).shrunk_growth == pytest.approx(-0.075)
    level = draws_to_come(track(0.1, 0.2), cutoff_step=40, horizon_step=100, rollouts=8.0)
    assert level == pytest.approx(8.0 * 60 * 1e-4)


def test_response_is_the_rate_while_rare_and_saturates():
    assert response(1e-6) == pytest.approx(1e-6, rel=1e-4)
    assert response(0.5, group_size=64) == pytest.approx(0.5 / 8, rel=0.05)


def test_score_ranks_simulated_runs_better_than_the_level_does():
    rng = np.random.default_rng(9)
    curves = simulate_curves(CurveSettings(), runs=25, rng=rng)
    tested = backtest(curves, share=0.1, rng=rng).eligible()
    scores = [each.score for each in tested.forecasts]
    levels = [each.rate or 0.0 for each in tested.forecasts]
    assert tested.within_run_auc(scores) > tested.within_run_auc(levels)
    assert (auc(scores, tested.emerged.tolist()) or 0.0) > 0.9


def test_default_coefficients_come_from_the_fit():
    fitted = fit_coefficients(runs=60)
    assert fitted.intercept == pytest.approx(DEFAULT_COEFFICIENTS.intercept, abs=0.4)
    assert fitted.slope == pytest.approx(DEFAULT_COEFFICIENTS.slope, abs=0.3)


def test_a_newer_bound_above_an_older_point_is_the_level() -> None:
    old, newest = estimate("a", 5, 1e-5), estimate("a", 10, 0.3, published=False)
    (found,) = tracks(
        [old, newest.replacing(lower_bound=0.015)],
        cutoff_step=10,
        rollouts_per_step={"a": 8.0},
        joint={},
        estimator="switch",
    )
    assert (found.step, found.rate, found.measurable) == (10, 0.015, False)


def test_once_the_own_draws_refuted_the_bank_the_level_is_what_they_count() -> None:
    known = [estimate("a", step, 1e-4) for step in (5, 10)]
    counted = {"contradicted_at": 18, "lower_bound": 1e-4, "published": False}
    late = [
        estimate("a", 20, 1e-4).replacing(counted=(10, 1000), counted_from=11, **counted),
        estimate("a", 40, 1e-4).replacing(counted=(14, 1000), counted_from=21, **counted),
    ]
    rollouts = {"a": 48.0}
    asked = {"rollouts_per_step": rollouts, "joint": {}, "estimator": "switch"}
    (found,) = tracks([*known, *late], cutoff_step=40, **asked)
    assert (found.step, found.rate, found.measurable) == (40, 0.014, True)
    assert found.growth is not None
    assert found.growth.per_step == pytest.approx(np.log(1.4) / 20)
    assert found.growth.error > 0.01
    made_now = forecast(
        [*known, *late], cutoff_step=40, horizon_step=200, rollouts_per_step=rollouts
    )
    assert "The run's own draws refuted the bank at step 18" in made_now[0].reason
    now = newest_evidence([*known, *late])
    assert now is not None
    assert (now.rate, now.is_bound) == (found.rate, False)


def test_counts_with_draws_in_common_are_no_growth() -> None:
    counted = {"contradicted_at": 3, "published": False}
    late = [
        estimate("a", 20, 1e-4).replacing(counted=(10, 1000), counted_from=0, **counted),
        estimate("a", 40, 1e-4).replacing(counted=(20, 3000), counted_from=0, **counted),
    ]
    (found,) = tracks(
        late, cutoff_step=40, rollouts_per_step={"a": 8.0}, joint={}, estimator="switch"
    )
    assert found.growth is None
    assert found.rate == pytest.approx(20 / 3000)
