"""A history hides what is later, and says when a type emerged."""

from foretoken.forecast.history import History, TrainingPlan
from foretoken.records import Source, Tally


def tally(step: int, hacks: int, draws: int = 40, **fields: object) -> Tally:
    values: dict[str, object] = {
        "exploit_type": "toy",
        "source": Source.ROLLOUT,
        "paid": hacks,
        "spoken": 0,
        "reward": 0.0,
    }
    return Tally.model_validate({**values, **fields, "step": step, "hacks": hacks, "draws": draws})


def history(*tallies: Tally, step: int = 20) -> History:
    plan = TrainingPlan(steps=step, rollouts={"other": 40.0, "toy": 40.0})
    return History("run", plan, step=step, tallies=tallies)


def test_nothing_later_is_seen() -> None:
    whole = history(*(tally(step, step) for step in range(20)))
    now = whole.until(5)
    assert now.step == 5
    assert now.rollouts("toy")[0].tolist() == [0, 1, 2, 3, 4, 5]
    assert now.paid("other").tolist() == [0] * 6
    assert now.until(9).step == 5


def test_a_type_emerges_where_rollouts_of_some_steps_together_pass() -> None:
    lone = history(*(tally(step, 20 if step == 9 else 0) for step in range(20)))
    assert lone.emerged("toy", threshold=0.1) == 7
    spread = history(*(tally(step, 6 if step >= 9 else 0) for step in range(20)))
    assert spread.emerged("toy", threshold=0.1) == 10
    assert spread.emerged("toy", threshold=0.1, after=15) == 16
    assert spread.emerged("toy", threshold=0.2) is None
    assert spread.emerged("other", threshold=0.1) is None
    few = history(tally(3, 9, draws=9))
    assert few.emerged("toy", threshold=0.1) is None


def test_a_short_history_tells_of_no_step_that_it_does_not_have() -> None:
    short = history(tally(0, 0, draws=60), tally(1, 30, draws=60), step=1)
    assert short.emerged("toy", threshold=0.1) == 0
    assert short.emerged("toy", threshold=0.1, after=1) is None


def test_counted_draws_tell_of_types_that_were_not_trained_on() -> None:
    counted = history(
        tally(12, 4, draws=100, source=Source.COUNT), tally(18, 60, draws=100, source=Source.COUNT)
    )
    assert counted.emerged("toy", threshold=0.1) == 18
    assert counted.rollouts("toy")[1].sum() == 0
    assert counted.rate("toy") == 0.0


def test_the_rate_that_shows_is_that_of_the_last_steps() -> None:
    risen = history(*(tally(step, 0 if step < 16 else 10) for step in range(21)))
    assert risen.rate("toy") == 0.25
    assert risen.until(10).rate("toy") == 0.0
