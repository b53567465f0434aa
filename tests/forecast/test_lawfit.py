"""A law is fitted by what it would have forecast, and better laws have better scores."""

import dataclasses

import numpy as np
import pytest
from test_state_space import CUTOFF, LAW, STEPS, run

from foretoken.forecast.lawfit import PARTS, fit_law, free, law_of, log_score_of, questions

THRESHOLDS = (0.1, 0.5)
WRONG = dataclasses.replace(LAW, log_kappa=-3.5, log_shared=-6.0, open_share=0.1)


def test_a_law_is_its_numbers() -> None:
    assert dataclasses.astuple(law_of(free(WRONG))) == pytest.approx(dataclasses.astuple(WRONG))


def test_what_is_asked_is_in_which_part_of_the_rest_a_type_emerged() -> None:
    whole = run(8)
    (asked,) = questions([whole], cutoffs=[CUTOFF / STEPS], thresholds=THRESHOLDS)
    assert asked.history.step == CUTOFF
    for column, number in enumerate(asked.asked):
        step = whole.emerged(whole.types[number], threshold=0.1, after=CUTOFF)
        part = asked.outcome[0, column]
        assert (part == PARTS) == (step is None)
        if step is not None:
            width = (STEPS - CUTOFF) / PARTS
            assert CUTOFF + part * width < step <= CUTOFF + (part + 1) * width
    assert set(asked.outcome[0]) > {PARTS}


@pytest.mark.slow
def test_a_fit_forecasts_new_runs_better_than_where_it_began_and_the_true_law_best() -> None:
    taught, new = ([run(number) for number in range(first, 26, 2)] for first in (1, 0))
    frame = {"cutoffs": [0.25], "thresholds": [0.1]}
    asked = questions(new, **frame)
    fitted = fit_law(taught, **frame, begin=WRONG, evaluations=31)
    begun, found, true = (
        log_score_of(law, asked, thresholds=[0.1], seed=1) for law in (WRONG, fitted, LAW)
    )
    assert begun + 0.1 < found < true + 0.02


def test_equal_random_numbers_make_scores_comparable() -> None:
    asked = questions([run(1)], cutoffs=[0.25], thresholds=[0.1])
    scores = [log_score_of(LAW, asked, thresholds=[0.1], seed=2) for _ in range(2)]
    assert scores[0] == scores[1]
    assert np.isfinite(scores).all()
