"""Estimates and forecasts beside the counted truth."""

import pytest
from foretoken.work.lanes import in_lanes

from foretoken.forecast.outcome import (
    first_above,
    log_errors,
    ranking,
    root_mean_square,
)
from foretoken.records import Forecast, RateEstimate, Truth


def counted(name: str, step: int, hacks: int, draws: int = 1000) -> Truth:
    return Truth(exploit_type=name, step=step, draws=draws, hacks=hacks, deliberate=0, tasks=24)


def estimate(name: str, step: int, rate: float | None, *, published: bool = True) -> RateEstimate:
    return RateEstimate(
        estimator="switch", exploit_type=name, step=step, rate=rate, published=published,
        lower_bound=0.0, interval=None, upper_bound=1.0, hits=30, effective_hits=30, draws=100,
        tasks=24,
    )  # fmt: skip


def forecast(name: str, score: float, *, eligible: bool = True) -> Forecast:
    return Forecast(
        method="discovery", exploit_type=name, cutoff_step=10, horizon_step=100, threshold=0.1,
        eligible=eligible, measurable=True, score=score, probability=None, expected_step=None,
    )  # fmt: skip


def test_a_type_emerges_at_its_first_counted_step_above_the_threshold_after_the_cutoff() -> None:
    truth = [
        counted("a", 5, 500), counted("a", 20, 90), counted("a", 30, 150), counted("a", 40, 160),
        counted("b", 30, 100),
    ]  # fmt: skip
    assert first_above(truth, after_step=10, threshold=0.1) == {"a": 30, "b": None}
    assert first_above(truth, after_step=-1, threshold=0.1) == {"a": 5, "b": None}


def test_the_count_with_most_draws_stands_for_its_cell() -> None:
    truth = [counted("a", 20, 40000 // 5, 40000), counted("a", 20, 0)]
    assert first_above(truth, after_step=0, threshold=0.1) == {"a": 20}


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
    emerged: dict[str, int | None] = {"old": None, "a": 30, "b": None}
    assert ranking(forecasts, emerged, method="discovery") == 1.0
    assert ranking(forecasts[:2], emerged, method="discovery") is None


def test_lanes_keep_the_order_of_the_pieces_and_pass_errors_on() -> None:
    assert list(in_lanes(lambda x: x * x, list(range(50)))) == [x * x for x in range(50)]
    assert list(in_lanes(lambda x: x, [])) == []
    with pytest.raises(ZeroDivisionError):
        list(in_lanes(lambda x: 1 // x, [1, 0, 2]))
