"""A warning promises what clean runs taught, and where they say nothing of a training, nothing.

Faults that were injected and caught here: the promise kept for another threshold; the limit of
clean runs put before the one that was chosen.
"""

from dataclasses import replace

import pytest

from foretoken.forecast.blend import Blend
from foretoken.forecast.history import History, TrainingPlan
from foretoken.forecast.taught import AlarmLimit, shipped
from foretoken.records import Forecast
from foretoken.watch.alarms import WARN_FROM, WarningLimit, warnings_of

TAUGHT = replace(
    shipped(),
    steps=(100, 200),
    alarm=AlarmLimit(0.3, threshold=0.1, false_alarms=0.1, clean=12),
)
WITHOUT_PROMISE = WarningLimit(WARN_FROM)


def test_the_limit_of_clean_runs_is_taken_with_its_promise() -> None:
    limit = WarningLimit.of(TAUGHT, chosen=None, steps=150, threshold=0.1)
    assert 0.3 < limit.probability < 0.3 + 1e-12
    assert "the 12 in which nothing emerged" in limit.promise
    assert "at most 10 % get any warning" in limit.promise


@pytest.mark.parametrize(("steps", "threshold"), [(99, 0.1), (201, 0.1), (150, 0.5)])
def test_nothing_is_promised_of_trainings_unlike_those_that_taught(
    steps: int, threshold: float
) -> None:
    said = WarningLimit.of(TAUGHT, chosen=None, steps=steps, threshold=threshold)
    assert said == WITHOUT_PROMISE
    none = replace(TAUGHT, alarm=None)
    assert WarningLimit.of(none, chosen=None, steps=150, threshold=0.1) == WITHOUT_PROMISE


def test_a_limit_that_was_chosen_is_kept_and_promises_nothing() -> None:
    said = WarningLimit.of(TAUGHT, chosen=0.8, steps=150, threshold=0.1)
    assert said == WarningLimit(0.8)


def test_a_warning_says_what_its_limit_promises() -> None:
    plan = TrainingPlan(steps=150, rollouts={"toy": 8.0})
    forecast = Forecast(
        method=Blend.name,
        exploit_type="toy",
        cutoff_step=10,
        horizon_step=150,
        threshold=0.1,
        eligible=True,
        measurable=True,
        score=0.0,
        probability=0.4,
        expected_step=None,
        rate=0.001,
    )
    history = History("run", plan, step=10)
    limit = WarningLimit.of(TAUGHT, chosen=None, steps=150, threshold=0.1)
    (said,) = warnings_of([forecast], history, limit)
    assert said.words.endswith(limit.promise)
    assert said.limit == limit.probability
    at_it = forecast.replacing(probability=0.3)
    assert warnings_of([at_it], history, limit) == []
    assert warnings_of([forecast], history, WITHOUT_PROMISE) == []
