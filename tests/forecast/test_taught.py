"""What many runs taught is kept whole, told with its limits, and corrects what was too sure."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretoken.forecast.dynamics import Law
from foretoken.forecast.hazard import WeibullLaw
from foretoken.forecast.history import History, TrainingPlan
from foretoken.forecast.state_space import StateSpace
from foretoken.forecast.taught import (
    SURE,
    AlarmLimit,
    Correction,
    Taught,
    TrackRecord,
    as_json,
    fit_correction,
    from_json,
    records_of,
    shipped,
)

TAUGHT = Taught(
    law=Law(log_kappa=-2.0),
    correction=Correction(0.5, 0.7),
    hazards={0.1: WeibullLaw((1.0, 2.0), (0.5, 1.0), (0.2, -0.1), intercept=-1.0, log_shape=0.1)},
    alarm=AlarmLimit(0.62, threshold=0.1, false_alarms=0.1, clean=11),
    records=(TrackRecord(0.0, 0.4, 40, 5), TrackRecord(0.4, 1.0, 40, 31)),
    runs=("abc", "def"),
    origin="runs of toys",
    steps=(100, 200),
)


def test_it_survives_its_file_and_the_shipped_one_can_be_read() -> None:
    assert from_json(json.loads(json.dumps(as_json(TAUGHT)))) == TAUGHT
    for audited in (True, False):
        assert shipped(audited=audited) == shipped(audited=audited)
        assert shipped(audited=audited).correction.slope > 0


def test_it_says_where_it_does_not_reach() -> None:
    assert TAUGHT.words(150) == "Probabilities rest on 2 runs of toys, of 100 to 200 steps."
    assert "this one has 1,000, so take them as a ranking" in TAUGHT.words(1000)


def test_a_correction_finds_out_by_how_much_log_odds_were_too_sure() -> None:
    rng = np.random.default_rng(5)
    true = rng.normal(-1.0, 1.5, 4000)
    emerged = rng.random(len(true)) < 1 / (1 + np.exp(-true))
    found = fit_correction(list(3.0 * true + 1.0), list(map(bool, emerged)))
    assert found.slope == pytest.approx(1 / 3, abs=0.05)
    assert found.intercept == pytest.approx(-1 / 3, abs=0.1)
    assert fit_correction([], []) == Correction(0.0, 1.0)


def test_a_few_runs_in_which_all_happened_do_not_make_it_certain() -> None:
    found = fit_correction([2.0, 1.0, 0.0], [True, True, True])
    assert found.probability(0.0) < 0.9
    assert found.probability(-99.0) == SURE
    assert found.probability(99.0) == 1 - SURE


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), max_size=60))
def test_every_forecast_is_in_one_record_and_each_probability_finds_its_own(
    forecasts: list[tuple[float, bool]],
) -> None:
    found = records_of(forecasts)
    assert sum(each.forecasts for each in found) == len(forecasts)
    assert sum(each.emerged for each in found) == sum(emerged for _, emerged in forecasts)
    for each in found:
        assert 0 <= each.emerged <= each.forecasts
        assert each.low <= each.high
    if found:
        assert (found[0].low, found[-1].high) == (0.0, 1.0)


def test_a_forecast_tells_what_became_of_the_like() -> None:
    plan = TrainingPlan(steps=60, rollouts={"toy": 32.0})
    model = StateSpace(taught=TAUGHT, paths=200)
    (said,) = model.forecast(History("run", plan, step=6), threshold=0.1)
    assert said.probability is not None
    assert said.probability < 0.4
    assert said.reason.endswith("Of 40 forecasts like it on other runs, 5 came true.")
    assert [step for step, _ in said.chances] == [20, 33, 47, 60]
    chances = [chance for _, chance in said.chances]
    assert chances == sorted(chances)
    assert chances[-1] == said.probability
    assert said.rate is None
    assert not said.at_least
