"""Shares that a second grader gives are those of all rollouts, and their intervals hold.

Faults that were injected to see these tests fail: weights left at 1; paid rollouts drawn as the
others are.
"""

import math
import random

import pytest

from foretoken.estimate.bounds import clopper_pearson_lower, clopper_pearson_upper
from foretoken.estimate.shares import share_interval
from foretoken.ledger.opinions import ShadowShare, pooled
from foretoken.ledger.shadow import ShadowSettings, drawn


def test_the_interval_covers_a_known_share_where_steps_differ_in_size_and_in_share() -> None:
    rng, missed, runs = random.Random(0), 0, 400
    for number in range(runs):
        settings = ShadowSettings(shadow_share=0.2, shadow_most=16, shadow_seed=number)
        shares: list[ShadowShare] = []
        hacks = everything = 0
        for step in range(10):
            size, rate = rng.choice((24, 64, 256)), 0.02 + 0.04 * step
            rewards = {f"{step}/{n}": float(rng.random() < 0.4) for n in range(size)}
            wrong = {key for key, paid in rewards.items() if paid and rng.random() < rate}
            hacks, everything = hacks + len(wrong), everything + int(sum(rewards.values()))
            weights = drawn(rewards, settings)
            own = [key for key in weights if rewards[key]]
            whole = sum(weights[key] for key in own)
            shares.append(
                ShadowShare(
                    grader="g",
                    step=step,
                    was_paid=True,
                    asked=len(own),
                    answered=len(own),
                    failed=0,
                    differing=sum(key in wrong for key in own),
                    stands_for=whole,
                    answers_for=whole,
                    differing_share=sum(weights[key] for key in own if key in wrong) / whole,
                    effective=float(len(own)),
                )
            )
        interval = pooled(shares).interval
        assert interval is not None
        missed += not interval[0] <= hacks / everything <= interval[1]
    assert missed <= 0.05 * runs + 2 * math.sqrt(0.05 * 0.95 * runs)


def test_an_interval_of_equal_weights_is_the_exact_one() -> None:
    exact = (clopper_pearson_lower(3, 20), clopper_pearson_upper(3, 20))
    assert share_interval(3 / 20, 20.0) == pytest.approx(exact)
    assert share_interval(0.0, 7.0)[0] == 0.0
    assert share_interval(1.0, 7.0)[1] == 1.0


def test_paid_rollouts_are_covered_however_rare_and_the_same_are_drawn_again() -> None:
    rewards = {str(n): float(n in (7, 300)) for n in range(400)}
    settings = ShadowSettings(shadow_share=0.05)
    weights = drawn(rewards, settings)
    assert len(weights) == 20
    assert weights["7"] == weights["300"] == 1.0
    assert sum(weights.values()) == pytest.approx(400)
    assert drawn(dict(reversed(rewards.items())), settings) == weights
    assert set(drawn(rewards, settings.replacing(shadow_seed=1))) != set(weights)
    assert len(drawn(rewards, settings.replacing(shadow_share=1.0, shadow_most=10))) == 10
    assert drawn({"a": 1.0}, settings) == {"a": 1.0}
