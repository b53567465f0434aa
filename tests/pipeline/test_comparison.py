"""Estimates and forecasts beside the counted truth."""

from collections.abc import Sequence

import pytest

from foretoken.forecast.counts import log_errors, root_mean_square
from foretoken.forecast.outcome import (
    Comparison,
    ForecastOutcome,
    Frame,
    Standing,
    compare,
    frame_of,
    newest_evidence,
)
from foretoken.records import Forecast, RateEstimate, Truth


def counted(name: str, step: int, hacks: int, draws: int = 1000) -> Truth:
    return Truth(exploit_type=name, step=step, draws=draws, hacks=hacks, deliberate=0, tasks=24)


def estimate(
    name: str, step: int, rate: float | None, *, published: bool = True, lower: float = 0.0
) -> RateEstimate:
    return RateEstimate(
        estimator="switch", exploit_type=name, step=step, rate=rate, published=published,
        lower_bound=lower, interval=None, upper_bound=1.0, hits=30, effective_hits=30, draws=100,
        tasks=24,
    )  # fmt: skip


def forecast(
    name: str, score: float, *, eligible: bool = True, measurable: bool = True,
    method: str = "discovery", probability: float | None = 0.2, cutoff: int = 10,
    threshold: float = 0.1,
) -> Forecast:  # fmt: skip
    return Forecast(
        method=method, exploit_type=name, cutoff_step=cutoff, horizon_step=100,
        threshold=threshold, eligible=eligible, measurable=measurable, score=score,
        probability=probability, expected_step=None,
    )  # fmt: skip


def judged(
    forecasts: Sequence[Forecast],
    truth: Sequence[Truth] = (),
    estimates: Sequence[RateEstimate] = (),
) -> Comparison:
    return compare(frame_of(forecasts), forecasts=forecasts, estimates=estimates, truth=truth)


def test_a_type_emerges_at_its_first_count_above_the_threshold() -> None:
    truth = [
        counted("a", 5, 90), counted("a", 30, 150), counted("a", 40, 160), counted("b", 30, 100),
    ]  # fmt: skip
    a, b = judged([forecast("a", 1.0), forecast("b", 0.0)], truth).types
    assert (a.emerged_step, a.below_step) == (30, 5)
    assert (b.emerged_step, b.below_step) == (None, 30)


def test_counts_after_the_horizon_and_of_few_draws_say_nothing() -> None:
    truth = [counted("a", 30, 40, draws=49), counted("a", 100, 90), counted("a", 101, 900)]
    (a,) = judged([forecast("a", 1.0)], truth).types
    assert a.emerged_step is None
    assert a.outcome is ForecastOutcome.RIGHT_STAYED


def test_a_type_is_known_to_stay_below_only_once_it_was_counted_close_to_the_horizon() -> None:
    for step, outcome in [
        (90, ForecastOutcome.STILL_BELOW),
        (91, ForecastOutcome.RIGHT_STAYED),
        (10, ForecastOutcome.NOT_COUNTED),
    ]:
        (a,) = judged([forecast("a", 1.0)], [counted("a", step, 3)]).types
        assert a.outcome is outcome
        assert a.ranked is (outcome is ForecastOutcome.RIGHT_STAYED)


def test_the_count_with_most_draws_stands_for_its_cell() -> None:
    truth = [counted("a", 20, 40000 // 5, 40000), counted("a", 20, 0)]
    (a,) = judged([forecast("a", 1.0)], truth).types
    assert a.emerged_step == 20


def test_a_type_counted_above_the_threshold_by_the_cutoff_is_not_ranked() -> None:
    forecasts = [forecast("old", -9.0), forecast("a", 1.0), forecast("b", 0.0)]
    truth = [
        counted("old", 10, 101), counted("old", 30, 500),
        counted("a", 30, 101), counted("b", 100, 0),
    ]  # fmt: skip
    found = judged(forecasts, truth)
    assert found.ranking == 1.0
    (old,) = [one for one in found.types if one.exploit_type == "old"]
    assert (old.standing, old.outcome) == (Standing.EMERGED, ForecastOutcome.OVERLOOKED)


def test_errors_are_decades_over_cells_with_twenty_counted_hacks() -> None:
    truth = [counted("a", 1, 20), counted("a", 2, 19), counted("b", 1, 100)]
    estimates = [
        estimate("a", 1, 0.2),
        estimate("a", 2, 0.5),
        estimate("b", 1, 0.001, published=False),
        estimate("b", 1, None),
    ]
    published = log_errors(estimates, truth, published_only=True)
    assert [each.decades for each in published] == pytest.approx([1.0])
    everything = log_errors(estimates, truth, published_only=False)
    assert [each.decades for each in everything] == pytest.approx([1.0, -2.0])
    assert root_mean_square(everything) == pytest.approx((5 / 2) ** 0.5)
    assert root_mean_square([]) is None


def test_types_that_were_there_at_the_cutoff_are_not_ranked() -> None:
    forecasts = [forecast("old", 9.0, eligible=False), forecast("a", 1.0), forecast("b", 0.0)]
    truth = [counted("old", 100, 0), counted("a", 30, 500), counted("b", 100, 0)]
    assert judged(forecasts, truth).ranking == 1.0
    assert judged(forecasts[:2], truth).ranking is None


def test_a_baseline_chooses_no_type_and_is_ranked_over_the_same_ones_or_not_at_all() -> None:
    ours = [forecast("a", 1.0), forecast("b", 0.0), forecast("c", 2.0)]
    slopes = [
        forecast("a", 0.0, method="slope", eligible=False), forecast("b", 1.0, method="slope"),
        forecast("c", 0.0, method="slope"),
    ]  # fmt: skip
    truth = [counted("a", 30, 500), counted("b", 100, 0), counted("c", 100, 500)]
    whole = judged([*ours, *slopes], truth)
    assert (whole.ranking, whole.baseline_ranking) == (1.0, 0.0)
    part = judged([*ours, *slopes[:2]], truth)
    assert (part.ranking, part.baseline_ranking) == (1.0, None)


def test_only_the_latest_cutoff_with_steps_ahead_is_judged() -> None:
    forecasts = [
        forecast("a", 0.0, cutoff=5), forecast("b", 1.0, cutoff=5),
        forecast("a", 1.0), forecast("b", 0.0), forecast("a", 0.0, cutoff=100),
        forecast("a", 0.0, threshold=0.5), forecast("c", 9.0, cutoff=5),
    ]  # fmt: skip
    assert frame_of(forecasts) == Frame(10, 100, 0.1)
    truth = [counted("a", 30, 500), counted("b", 100, 0), counted("c", 100, 0)]
    found = judged(forecasts, truth)
    assert found.ranking == 1.0
    assert [one.standing for one in found.types][-1] is Standing.NO_FORECAST


def test_the_rate_now_is_that_of_the_newest_checkpoint_bound_or_point() -> None:
    old = estimate("a", 4, 0.004)
    bound = estimate("a", 9, 0.5, published=False, lower=0.015)
    nothing = estimate("a", 10, None, published=False)
    later = estimate("a", 20, 0.9)
    for order in ([old, bound, nothing, later], [later, nothing, bound, old]):
        now = newest_evidence(order, last_step=10)
        assert now is not None
        assert (now.step, now.rate, now.is_bound) == (9, 0.015, True)
    assert newest_evidence([nothing]) is None


def test_a_bound_of_the_newest_checkpoint_outweighs_an_older_point() -> None:
    old = estimate("a", 4, 0.004)
    for lower, standing in [(0.3, Standing.EMERGED), (0.03, Standing.COMMON)]:
        newest = estimate("a", 9, 0.9, published=False, lower=lower)
        (a,) = judged([forecast("a", 1.0)], estimates=[old, newest]).types
        assert a.standing is standing


@pytest.mark.parametrize(
    ("probability", "measurable", "standing"),
    [
        (0.8, True, Standing.EXPECTED),
        (0.8, False, Standing.EXPECTED),
        (0.5, False, Standing.EXPECTED),
        (0.49, False, Standing.UNKNOWN),
        (0.49, True, Standing.UNLIKELY),
        (None, False, Standing.UNKNOWN),
        (None, True, Standing.UNKNOWN),
    ],
)
def test_a_probable_lower_bound_is_expected_and_an_improbable_one_clears_nobody(
    probability: float | None, measurable: bool, standing: Standing
) -> None:
    (a,) = judged([forecast("a", 1.0, probability=probability, measurable=measurable)]).types
    assert a.standing is standing


def test_nothing_at_all_compares_to_nothing() -> None:
    found = judged([])
    assert (found.frame, found.types, found.ranking, found.our_error) == (None, (), None, None)


def test_an_old_point_clears_nobody_where_the_newest_checkpoint_knows_only_a_bound() -> None:
    """The bank has aged: published at step 5, and at the cutoff at least 1.5 %."""
    aged = [estimate("a", 5, 1e-5), estimate("a", 10, 0.3, published=False, lower=0.015)]
    (a,) = judged([forecast("a", -2.0, probability=0.004)], estimates=aged).types
    assert a.standing is Standing.UNKNOWN
    fresh = [estimate("a", 5, 1e-5), estimate("a", 10, 1e-5)]
    (a,) = judged([forecast("a", -2.0, probability=0.004)], estimates=fresh).types
    assert a.standing is Standing.UNLIKELY


def test_a_level_that_was_measured_above_the_threshold_is_not_forgotten() -> None:
    later = [estimate("a", 50, 0.5, lower=0.4), estimate("a", 80, None, published=False)]
    (a,) = judged([forecast("a", 0.0)], estimates=later).types
    assert a.measured_above
