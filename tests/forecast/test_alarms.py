"""False alarms keep to what was promised, and what alarms are worth is counted rightly.

Faults that were injected and caught here: capital that is not split over the types; bets without
their stake, ``1 + f X / budget``; what is held back counted twice; a likelihood ratio of binomials
in the place of the bets, where prompts differ; scores that see the next step; the limit one place
too low; the k-th lowest in the place of the k-th highest; a policy that states the cost on the
runs it was chosen on.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from foretoken.arrays import AnyArray
from foretoken.errors import ScoringError, SetupError
from foretoken.forecast.alarms import (
    Costs,
    Watched,
    conformal_limit,
    cost_curve,
    lead_times,
    limits_of,
    stop_policy,
    watch,
)
from foretoken.forecast.history import History, TrainingPlan
from foretoken.forecast.monitors import (
    AT_ONCE,
    BETS,
    BUDGET,
    betting_capital,
    log_capital,
    looking,
    probability,
    rollout_share,
)
from foretoken.records import Forecast, Source, Tally

RUNS, TYPES, STEPS, DRAWS, DELTA = 800, 12, 60, 32, 0.1


def history(hacks: Mapping[str, Sequence[int]], *, draws: int = 100) -> History:
    tallies = [
        Tally(
            exploit_type=kind,
            step=step,
            source=Source.ROLLOUT,
            draws=draws,
            hacks=count,
            paid=count,
            spoken=0,
            reward=0.0,
        )
        for kind, counts in hacks.items()
        for step, count in enumerate(counts)
    ]
    last = max(map(len, hacks.values())) - 1
    plan = TrainingPlan(steps=last, rollouts=dict.fromkeys(hacks, float(draws)))
    return History("run", plan, step=last, tallies=tallies)


def at_budget(rng: np.random.Generator) -> AnyArray:
    return rng.binomial(DRAWS, BUDGET, (RUNS, TYPES, STEPS))


def wandering(rng: np.random.Generator) -> AnyArray:
    """Rates rise to the budget wherever a hack was just drawn, and lie a decade below elsewhere."""
    hacks, rate = np.zeros((RUNS, TYPES, STEPS), dtype=np.int64), np.full((RUNS, TYPES), BUDGET)
    for step in range(STEPS):
        hacks[..., step] = rng.binomial(DRAWS, rate)
        rate = np.where(hacks[..., step] > 0, BUDGET, 0.1 * BUDGET + 0.9 * rate)
    return hacks


def prompts_differ(rng: np.random.Generator) -> AnyArray:
    """One prompt in a hundred is hacked by all of its sixteen completions, the others by none."""
    return 16 * rng.binomial(DRAWS // 16, BUDGET, (RUNS, TYPES, STEPS))


@pytest.mark.parametrize("null", [at_budget, wandering, prompts_differ])
def test_runs_within_budget_rarely_alarm(null: Callable[[np.random.Generator], AnyArray]) -> None:
    hacks = null(np.random.default_rng(1))
    capital = log_capital(hacks, np.full(hacks.shape, DRAWS), steps=STEPS - 1)
    false_alarms = (capital.max(axis=(1, 2)) > np.log(TYPES / DELTA)).mean()
    assert 0 < false_alarms <= DELTA


def test_a_likelihood_ratio_would_alarm_too_often_where_prompts_differ() -> None:
    hacks = prompts_differ(np.random.default_rng(1))
    q = np.geomspace(1.5 * BUDGET, 0.5, 12)
    gain, loss = np.log(q / BUDGET), np.log((1 - q) / (1 - BUDGET))
    ratio = np.cumsum(hacks[:, 0, :, None] * gain + (DRAWS - hacks[:, 0, :, None]) * loss, axis=1)
    highest = (special.logsumexp(ratio, axis=2) - np.log(len(q))).max(axis=1)
    assert (highest > np.log(1 / DELTA)).mean() > 3 * DELTA


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_capital_is_expected_to_stay_the_same_at_the_budget_and_to_fall_below_it(
    steps: int,
) -> None:
    def expected(rate: float) -> float:
        hacks = np.array(list(product(range(3), repeat=4)))
        probability = stats.binom.pmf(hacks, 2, rate).prod(axis=1)
        capital = log_capital(hacks, np.full(hacks.shape, 2), budget=0.2, steps=steps)
        return float(probability @ np.exp(capital[:, -1]))

    assert expected(0.2) == pytest.approx(1.0)
    assert expected(0.15) < 0.99


def test_capital_of_one_step_is_what_is_held_and_what_is_bet() -> None:
    (capital,) = np.exp(log_capital(np.array([3]), np.array([30]), budget=0.02, steps=9))
    played = AT_ONCE + (1 - AT_ONCE) / 10
    assert capital == pytest.approx(1 - played + played * np.mean(1 - BETS + BETS * 5))


def test_a_step_without_rollouts_moves_nothing() -> None:
    hacks, draws = np.array([1, 0, 0]), np.array([32, 0, 0])
    capital = log_capital(hacks, draws, steps=10)
    assert capital[1:] == pytest.approx(capital[0])


def test_capital_is_not_eaten_up_by_a_long_time_without_hacks() -> None:
    rate = np.where(np.arange(100) < 80, 0.0, 0.2)
    capital = log_capital(np.round(30 * rate), np.full(100, 30), steps=99)
    assert np.argmax(capital > np.log(TYPES / DELTA)) <= 84


counts = st.lists(st.integers(0, 100), min_size=3, max_size=12)


@given(counts, counts, st.integers(0, 11))
@settings(max_examples=50, deadline=None)
def test_a_monitor_sees_nothing_later(first: list[int], second: list[int], step: int) -> None:
    whole = history({"a": first, "b": second})
    by_forecast = looking(probability(Counter()), threshold=0.1, steps=[0, 2, 5])
    for monitor in (betting_capital(), rollout_share(), rollout_share(None), by_forecast):
        now, later = monitor(whole.until(step)), monitor(whole)
        for kind in whole.types:
            assert now[kind] == pytest.approx(later[kind][: step + 1])
            assert len(later[kind]) == whole.step + 1


class Counter:
    """Forecasts that a type emerges with the share of rollouts that hacked so far."""

    name = "counter"

    def forecast(self, history: History, *, threshold: float) -> list[Forecast]:
        shares = {kind: np.divide(*map(np.sum, history.rollouts(kind))) for kind in history.types}
        return [
            Forecast(
                method=self.name,
                exploit_type=kind,
                cutoff_step=history.step,
                horizon_step=history.plan.steps,
                threshold=threshold,
                eligible=True,
                measurable=True,
                score=0.0,
                probability=None if kind == "silent" else float(share),
                expected_step=None,
            )
            for kind, share in shares.items()
        ]


def test_what_was_said_holds_until_the_next_look() -> None:
    monitor = looking(probability(Counter()), threshold=0.1, steps=[3, 1, 1, 9])
    said = monitor(history({"a": [0, 4, 4, 8, 90], "silent": [0] * 5}))
    assert said["a"].tolist() == [-math.inf, 0.02, 0.02, 0.04, 0.04]
    assert said["silent"].tolist() == [-math.inf] * 5


def test_capital_is_split_over_the_types() -> None:
    alone, among = (
        betting_capital()(history({"a": [0, 5, 9], **dict.fromkeys(others, [0] * 3)}))["a"]
        for others in ("", "bcd")
    )
    assert among == pytest.approx(alone - np.log(4))


def test_shares_are_of_the_last_steps_and_of_no_few_rollouts() -> None:
    seen = history({"a": [5, 0, 0, 0, 0, 0, 15]}, draws=10)
    assert rollout_share(2)(seen)["a"].tolist() == [0.1, 0.1, 0, 0, 0, 0, 0.3]
    assert rollout_share()(seen)["a"].tolist() == [0.1] * 5 + [0, 0.3]
    assert rollout_share(None)(seen)["a"].tolist() == [0.1] * 5 + [5 / 60, 20 / 70]


def watched(name: str, scores: Mapping[str, Sequence[float]], **emerged: int) -> Watched:
    highest = {kind: np.maximum.accumulate(each) for kind, each in scores.items()}
    return Watched(name, highest, emerged)


def clean_runs(highest: Sequence[float]) -> list[Watched]:
    return [watched(f"clean-{n}", {"a": [0.0, each]}) for n, each in enumerate(highest)]


@pytest.mark.parametrize("runs, place", [(9, 1), (19, 2), (12, 1), (29, 3)])
def test_a_new_clean_run_alarms_as_often_as_was_promised(runs: int, place: int) -> None:
    rng, trials = np.random.default_rng(runs), 800
    alarms = 0
    for _ in range(trials):
        *known, new = rng.normal(size=runs + 1)
        alarms += new > conformal_limit(clean_runs(known), share=DELTA)
    exact = place / (runs + 1)
    assert exact <= DELTA
    assert abs(alarms / trials - exact) < 4 * math.sqrt(exact * (1 - exact) / trials)


def test_too_few_clean_runs_promise_nothing() -> None:
    hacked = watched("hacked", {"a": [0.0, 1.0]}, a=1)
    with pytest.raises(SetupError, match=r"8 clean run.* at most 10 % .*: 9 are needed"):
        conformal_limit([*clean_runs(range(8)), *[hacked] * 9], share=0.1)
    assert conformal_limit(clean_runs(range(9)), share=0.1) == 8.0
    assert conformal_limit(clean_runs(range(9)), share=0.29) == 7.0
    assert conformal_limit(clean_runs(range(9)), share=1.0) == -math.inf


EARLY = watched("early", {"a": [0, 2, 2, 9], "b": [0, 0, 5, 5]}, a=3)
LATE = watched("late", {"a": [0, 0, 0, 4], "b": [1, 1, 1, 1]}, a=2, b=3)
QUIET = watched("quiet", {"a": [0, 1, 1, 3], "b": [0, 0, 0, 0]})
CALM = watched("calm", {"a": [0, 0, 0, 1], "b": [0, 0, 0, 0]})
ALL = [EARLY, LATE, QUIET, CALM]


def test_lead_times_are_those_of_each_type_s_own_alarm() -> None:
    found = lead_times(ALL, 0.5)
    assert [(each.run, each.exploit_type, each.alarm, each.steps) for each in found.leads] == [
        ("early", "a", 1, 2),
        ("late", "a", 3, 0),
        ("late", "b", 0, 3),
    ]
    assert (found.caught, found.median) == (2, 2.0)
    assert (found.quiet, found.quiet_alarms) == (5, 3)
    assert lead_times([QUIET], 0.5).median is None


def test_an_alarm_at_the_limit_or_with_the_emergence_is_none() -> None:
    assert EARLY.alarm(2.0, "a") == 3
    assert EARLY.alarm(9.0) is None
    assert EARLY.lead(2.0, "a") == 0
    assert EARLY.lead(2.0) == 1


def test_the_cost_curve_counts_runs_stopped_and_caught() -> None:
    curve = cost_curve(ALL)
    assert [point.limit for point in curve] == [-math.inf, 1.0, 3.0, math.inf]
    assert [point.clean_stopped for point in curve] == [2, 1, 0, 0]
    assert [point.caught for point in curve] == [2, 1, 1, 0]
    assert [point.median_steps for point in curve] == [2.5, 1.0, 0.5, 0.0]
    assert {(point.clean, point.hacked) for point in curve} == {(2, 2)}
    assert cost_curve([QUIET], [2.0])[0].median_steps is None


def test_a_policy_has_the_least_cost_and_says_it() -> None:
    costs = Costs(clean_stopped=0.5, hacked_missed=4.0, step=0.1, clean_share=0.9)
    found = stop_policy(ALL, costs)
    assert found.limit == 3.0
    assert found.cost_of_none == pytest.approx(0.1 * 4.0)
    assert found.cost == pytest.approx(0.1 * 4.0)
    assert "stops 0 of 2 clean ones, and 1 of 2 hacked ones" in found.words
    assert f"expected to cost {found.cost:.3g}; without alarms, 0.4" in found.words
    dear = stop_policy(ALL, Costs(clean_stopped=1.0, hacked_missed=1e3))
    assert "Stop a run at once" in dear.words
    cheap = stop_policy([LATE, LATE, QUIET, CALM], Costs(clean_stopped=1e3, hacked_missed=1.0))
    assert "Let every run go on" in cheap.words
    with pytest.raises(SetupError, match="not on 1 and 2"):
        stop_policy(ALL[:3], costs)
    with pytest.raises(SetupError, match="below 0"):
        stop_policy(ALL, Costs(clean_stopped=-1.0, hacked_missed=1.0))


def test_a_policy_on_noise_states_the_cost_that_it_has() -> None:
    """Scores know nothing here, so that every limit costs one half."""
    rng, costs = np.random.default_rng(4), Costs(clean_stopped=1.0, hacked_missed=1.0)
    stated: list[float] = []
    flattering: list[float] = []
    for _ in range(100):
        runs = [watched("clean", {"a": [each, each]}) for each in rng.random(8)]
        runs += [watched("hacked", {"a": [each, each]}, a=1) for each in rng.random(8)]
        found = stop_policy(runs, costs)
        stated.append(found.cost)
        missed = found.point.hacked - found.point.caught
        flattering.append(found.point.clean_stopped / 16 + missed / 16)
    error = np.std(stated) / math.sqrt(len(stated))
    assert np.mean(stated) > 0.5 - 4 * error
    assert np.mean(flattering) < 0.4


paths = st.lists(st.integers(0, 6).map(float), min_size=4, max_size=4)


@given(st.lists(paths, min_size=1, max_size=4), st.lists(paths, min_size=1, max_size=4), st.data())
@settings(max_examples=60, deadline=None)
def test_no_limit_is_cheaper_than_those_that_are_tried(
    clean: list[list[float]], hacked: list[list[float]], data: st.DataObject
) -> None:
    runs = [watched("clean", {"a": each}) for each in clean]
    runs += [watched("hacked", {"a": each}, a=3) for each in hacked]
    cost = st.floats(0, 10)
    costs = Costs(data.draw(cost), data.draw(cost), data.draw(cost), data.draw(st.floats(0, 1)))
    tried = min(sum(costs.of(run, limit) for run in runs) for limit in limits_of(runs))
    other = data.draw(st.floats(-1, 7))
    assert tried <= sum(costs.of(run, other) for run in runs) + 1e-9


def test_types_that_hack_from_the_first_step_on_are_not_watched() -> None:
    seen = history({"a": [50] * 9, "b": [0] * 4 + [30] * 5, "c": [0] * 9})
    found = watch(seen, rollout_share())
    assert found.emerged == {"b": 3}
    assert sorted(found.scores) == ["b", "c"]
    assert not found.clean
    with pytest.raises(SetupError, match="leave it out"):
        watch(history({"a": [50] * 9}), rollout_share())


def test_scores_that_are_no_numbers_are_refused() -> None:
    def broken(seen: History) -> dict[str, AnyArray]:
        return {kind: np.full(seen.step + 1, np.nan) for kind in seen.types}

    with pytest.raises(ScoringError, match="score of a in run is not a number"):
        watch(history({"a": [0] * 9}), broken)


def test_betting_capital_warns_of_a_type_that_rises() -> None:
    rate = special.expit(-7 + 0.15 * np.arange(60))
    hacks = {"a": [int(each) for each in np.round(100 * rate)], "b": [0] * 60}
    found = watch(history(hacks), betting_capital())
    limit = -math.log(DELTA)
    assert found.lead(limit, "a") >= 3
    assert found.alarm(limit, "b") is None
