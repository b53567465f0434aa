"""Hacks by whether their reasoning names the flaw: in draws and estimates.

Faults that were injected and caught here: empty reasoning taken for unspoken; shares of
hits in the place of shares of weight.
"""

from pathlib import Path

import numpy as np
import pytest

from foretoken.bank.read import read_bank
from foretoken.records import Draw, RateEstimate, Spoken
from foretoken.store.run import Run
from foretoken.work.scores import read_log_p, step_scorer

LATE = 20


@pytest.fixture(scope="module")
def run(measured_small: Path) -> Run:
    return Run.open(measured_small)


def test_the_kind_of_a_hack_is_told_by_its_reasoning(run: Run) -> None:
    hack = next(draw for draw in run.read(Draw) if draw.hacked)
    spoken = hack.replacing(deliberate=True, reasoning="code hm")
    assert spoken.spoken is Spoken.SPOKEN
    assert spoken.replacing(deliberate=False).spoken is Spoken.UNSPOKEN
    assert spoken.replacing(deliberate=False, reasoning=" ").spoken is Spoken.NO_REASONING
    assert spoken.replacing(hacked=False, deliberate=None).spoken is None


def test_an_estimate_says_the_hits_of_each_kind_and_their_share_of_the_rate(run: Run) -> None:
    scores = read_log_p(run, step_scorer(LATE))
    estimates = {
        each.exploit_type: each
        for each in run.read(RateEstimate)
        if each.estimator == "switch" and each.step == LATE
    }
    kind_of = {draw.key: draw.spoken for draw in run.read(Draw)}
    for bank in read_bank(run).types:
        estimate = estimates[bank.exploit_type]
        if not bank.hits:
            assert estimate.kinds == ()
            continue
        w_d = np.exp(bank.log_w(scores.of(bank.keys)[0]))
        assert sum(one.share or 0.0 for one in estimate.kinds) == pytest.approx(1.0)
        assert sum(one.hits for one in estimate.kinds) == estimate.hits
        for one in estimate.kinds:
            own = [kind_of[hit.key] is one.kind for hit in bank.hits]
            assert one.hits == sum(own)
            assert one.share == pytest.approx(w_d[own].sum() / w_d.sum())
        assert estimate.kinds[0].share == pytest.approx(estimate.deliberate_share)
