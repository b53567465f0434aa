"""What is said before work starts: draws and tokens, a time from a trial, a cost from a price.

Faults that were injected: a cost made up where no price is given; the time of the trial itself said
as the time of all; a trial run although nothing is left to do; items of the plan divided by those
of the trial the wrong way round.
"""

import pytest

from foretoken.errors import SetupError
from foretoken.work.plan import Trial, WorkPlan, evenly, money, tell_plan, timed


def said(plan: WorkPlan, price: float | None = None) -> list[str]:
    lines: list[str] = []
    tell_plan(plan, lines.append, price_per_hour=price)
    return lines


def test_the_time_of_all_is_told_from_a_trial_and_the_cost_from_a_price() -> None:
    plan = WorkPlan("1,440 draws.", 1440, lambda: Trial(64, 16.0, "64 draws"), beside="and scores")
    assert said(plan, 2.5) == [
        "1,440 draws.",
        "Time: at most about 6 min on this machine, where 64 draws took 16 s just now; and scores.",
        "Cost: at most about 0.25, at 2.5 an hour.",
        "Nothing was drawn, trained or written.",
    ]


def test_no_cost_is_made_up_without_a_price() -> None:
    plan = WorkPlan("2 draws.", 2, lambda: Trial(1, 1.0, "1 draw"))
    (_, _, cost, _) = said(plan)
    assert cost == "Cost: not known without the price of this machine: --price-per-hour."
    assert money(1.0, price_per_hour=0.5) == "Cost: at most about less than 0.01, at 0.5 an hour."
    assert money(1.0, price_per_hour=0.0) == "Cost: at most about 0.00, at 0 an hour."


@pytest.mark.parametrize("price", [float("nan"), float("inf")])
def test_what_is_no_price_is_refused(price: float) -> None:
    with pytest.raises(SetupError, match="is no price"):
        said(WorkPlan("2 draws.", 2, lambda: Trial(1, 1.0, "1 draw")), price)


def test_where_nothing_is_left_nothing_is_tried() -> None:
    def trial() -> Trial:
        raise AssertionError

    assert said(WorkPlan("0 of 5 steps.", 0, trial)) == [
        "0 of 5 steps.",
        "Nothing is left to do. Nothing was drawn, trained or written.",
    ]


def test_the_words_are_said_before_the_trial_is_made() -> None:
    lines: list[str] = []

    def trial() -> Trial:
        lines.append("trial")
        return Trial(1, 1.0, "a step")

    tell_plan(WorkPlan("3 steps.", 3, trial), lines.append, price_per_hour=None)
    assert lines[:2] == ["3 steps.", "trial"]


def test_a_trial_times_what_it_does() -> None:
    trial = timed(lambda: 1200, noun="tokens")
    assert (trial.items, trial.words) == (1200, "1,200 tokens")
    assert 0 <= trial.seconds < 1


@pytest.mark.parametrize(("amount", "most"), [(3, 64), (64, 64), (100, 64), (1, 1)])
def test_what_is_tried_is_spread_evenly_and_taken_once(amount: int, most: int) -> None:
    taken = evenly(amount, most=most)
    assert len(taken) == len(set(taken)) == min(amount, most)
    assert all(0 <= number < amount for number in taken)
