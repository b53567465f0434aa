"""Two methods taken together: half of each, and better than the one that knows less.

Faults that were injected and caught here: the hazard asked for the whole training in place of what
is left of it; its log-odds left out.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy import special
from test_state_space import CUTOFF, STEPS, judged, run

from foretoken.forecast.blend import Blend, BlendMethod
from foretoken.forecast.hazard import covariates
from foretoken.forecast.history import History
from foretoken.forecast.skill import brier, calibration_error
from foretoken.forecast.state_space import StateSpaceMethod

FRAME = {"cutoffs": [CUTOFF / STEPS], "thresholds": [0.1]}


@pytest.fixture(scope="module")
def runs() -> list[History]:
    return [run(number) for number in range(60)]


@pytest.fixture(scope="module")
def blend(runs: list[History]) -> Blend:
    return BlendMethod(StateSpaceMethod(paths=400))(runs[:30], **FRAME)


def test_its_log_odds_are_the_mean_of_both_at_every_horizon(
    blend: Blend, runs: list[History]
) -> None:
    now = runs[33].until(CUTOFF)
    paths = {each.exploit_type: each for each in blend.paths.forecast(now, threshold=0.1)}
    law, seen = blend.hazard.laws[0.1], covariates(now)
    for said in blend.forecast(now, threshold=0.1):
        for (step, chance), (_, by_paths) in zip(
            said.chances, paths[said.exploit_type].chances, strict=True
        ):
            hazard = law.log_hazard(seen[said.exploit_type])
            alike = law.probability(hazard, (step - CUTOFF) / STEPS)
            both = special.logit([by_paths, np.clip(alike, 1e-3, 0.999)])
            if 0.002 < by_paths < 0.998:
                assert special.logit(chance) == pytest.approx(np.mean(both), abs=1e-6)
        assert said.probability == said.chances[-1][1]
        assert said.method == "blend"


def test_it_is_better_than_the_worse_of_both_near_the_better_and_calibrated(
    blend: Blend, runs: list[History]
) -> None:
    ours = judged(runs[30:], blend)
    each = [brier(judged(runs[30:], one)) for one in (blend.paths, blend.hazard)]
    assert brier(ours) < max(each)
    assert brier(ours) < 1.05 * min(each)
    assert calibration_error(ours) < 0.1


def test_paths_speak_alone_at_a_threshold_that_was_not_taught(
    blend: Blend, runs: list[History]
) -> None:
    now = runs[40].until(CUTOFF)
    said = [each.probability for each in blend.forecast(now, threshold=0.3)]
    assert said == [each.probability for each in blend.paths.forecast(now, threshold=0.3)]


@pytest.mark.parametrize("audited", [True, False])
def test_what_ships_forecasts_every_type(runs: list[History], audited: bool) -> None:
    shipped, now = Blend.as_shipped(audited=audited), runs[0].until(CUTOFF)
    closed = dict.fromkeys(now.types, True) if audited else None
    known = replace(now, plan=replace(now.plan, closed=closed))
    said = shipped.forecast(known, threshold=0.1)
    assert [each.exploit_type for each in said] == list(now.types)
    assert all(0 < (each.probability or 0) < 1 for each in said)
    if audited:
        by_closing = [each.probability or 0 for each in said]
        opened = replace(now, plan=replace(now.plan, closed=dict.fromkeys(now.types, False)))
        by_opening = [each.probability or 0 for each in shipped.forecast(opened, threshold=0.1)]
        assert np.mean(by_closing) < np.mean(by_opening)


def test_a_run_that_pays_no_hack_is_told_from_one_that_pays_all(runs: list[History]) -> None:
    now = runs[0].until(CUTOFF)
    paid, unpaid = (
        replace(now, tallies=[each.replacing(paid=each.hacks * share) for each in now.tallies])
        for share in (1, 0)
    )
    share_paid, open_odds = -2, -1
    for place in (share_paid, open_odds):
        of = [covariates(each)["type-0"][place] for each in (paid, now, unpaid)]
        assert of == sorted(of, reverse=True)
        assert of[0] > of[2]
