"""What is probable of a rate, against simulated runs whose rate is known."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import special

from foretoken.errors import ScoringError
from foretoken.estimate.bootstrap import log_rate_spread
from foretoken.estimate.bounds import betting_lower_bound, effective_count
from foretoken.estimate.posterior import (
    LOG_RATE,
    Counts,
    Weighed,
    bank_likelihood,
    rate_posterior,
)
from foretoken.estimate.tails import pareto_shape

LAST = 22
BANK_DRAWS = 960
TASKS = 24


def counts_of(*entries: tuple[int, int, int]) -> Counts:
    step, hits, draws = np.array(entries, dtype=np.int64).reshape(-1, 3).T
    return Counts(step, hits, draws)


def simulated_path(rng: np.random.Generator) -> np.ndarray:
    """Rates at steps 0 to `LAST`: steady growth, late growth, none, or a random walk."""
    share = np.arange(LAST + 1) / LAST
    growth = rng.exponential(2.0)
    walk = np.cumsum(rng.normal(0, 1.5 / np.sqrt(LAST), LAST + 1))
    kinds = (
        growth * (share - 1),
        growth * (np.clip((share - 0.6) / 0.4, 0, 1) - 1),
        np.zeros(LAST + 1),
        walk - walk[-1],
    )
    path: np.ndarray = special.expit(
        special.logit(10 ** rng.uniform(-5.5, -1)) + kinds[rng.integers(4)]
    )
    return path


def simulated_bank(rate: float, rng: np.random.Generator) -> Weighed | None:
    """What a bank of lognormal weights says of what it covers; None without a hit."""
    hacked = int(rng.binomial(BANK_DRAWS, rng.uniform(0.01, 0.5)))
    scatter = rng.uniform(0.5, 2.5)
    w = rate / max(hacked, 1) * np.exp(scatter * rng.normal(size=hacked) - scatter**2 / 2)
    if not hacked:
        return None
    return Weighed(
        rate=float(w.sum()),
        spread=log_rate_spread(
            np.log(w), rng.integers(0, TASKS, hacked), tasks=TASKS, rng=rng, replicates=100
        ),
        effective_hits=effective_count(w),
        shape=pareto_shape(np.log(w)),
        lower_bound=betting_lower_bound(w * BANK_DRAWS, misses=BANK_DRAWS - hacked),
    )


@dataclass(frozen=True)
class Held:
    missed: bool
    """Whether the bank misses the main route."""
    held: bool
    narrow: bool


def simulated_type(rng: np.random.Generator) -> Held:
    path = simulated_path(rng)
    draws = np.where(np.arange(LAST + 1) == 0, 248, 48)
    counts = Counts(np.arange(LAST + 1), rng.binomial(draws, path), draws)
    missed = bool(rng.random() < 1 / 3)
    covered = path[-1] * (10 ** -rng.uniform(0.3, 3) if missed else 1.0)
    found = rate_posterior(counts, step=LAST, weighed=simulated_bank(covered, rng))
    return Held(
        missed, bool(found.low <= path[-1] <= found.high), bool(found.high < 10 * found.low)
    )


def test_intervals_hold_the_rates_of_500_types_a_third_of_whose_banks_miss_the_main_route() -> None:
    rng = np.random.default_rng(0)
    types = [simulated_type(rng) for _ in range(500)]
    assert np.mean([each.held for each in types]) >= 0.93
    assert np.mean([each.held for each in types if each.missed]) >= 0.85
    assert np.mean([each.narrow for each in types if not each.missed]) >= 0.4


def test_counts_of_the_step_itself_give_the_beta_distribution() -> None:
    found = rate_posterior(counts_of((7, 4, 1000)), step=7)
    exact: list[float] = special.betaincinv(4, 996, (0.025, 0.5, 0.975)).tolist()
    assert [found.low, found.median, found.high] == pytest.approx(exact, rel=0.05)


def test_counts_long_before_the_step_say_less_than_counts_at_it() -> None:
    before, at = (rate_posterior(counts_of((s, 40, 1000)), step=20) for s in (0, 20))
    assert at.high / at.low < 2 < before.high / before.low
    assert before.low < 0.04 < before.high
    assert before.median > 1.5 * at.median, "rates in training are expected to grow"


def test_growth_that_was_counted_goes_on_up_to_the_step() -> None:
    risen = counts_of((0, 2, 1000), (5, 6, 1000), (10, 18, 1000), (15, 54, 1000))
    flat = counts_of((0, 54, 1000), (5, 54, 1000), (10, 54, 1000), (15, 54, 1000))
    found, still = (rate_posterior(each, step=20) for each in (risen, flat))
    assert found.median > 0.054 * 1.5
    assert still.median < 0.054 * 1.5


def test_a_sudden_rise_is_followed() -> None:
    quiet = [(step, 0, 500) for step in range(18)]
    found = rate_posterior(counts_of(*quiet, (18, 100, 500), (19, 100, 500)), step=19)
    assert 0.15 < found.low < 0.2 < found.high < 0.25


def test_later_counts_are_not_read() -> None:
    now = counts_of((0, 1, 50), (5, 1, 50))
    later = counts_of((0, 1, 50), (5, 1, 50), (6, 50, 50))
    assert rate_posterior(now, step=5) == rate_posterior(later, step=5)


def test_a_bank_speaks_from_below_only() -> None:
    weighed = Weighed(rate=1e-3, spread=0.2, effective_hits=30.0, shape=0.2, lower_bound=6e-4)
    likelihood = bank_likelihood(weighed)
    relative = likelihood / likelihood.max()
    tenfold, tenth = (float(np.interp(np.log(rate), LOG_RATE, relative)) for rate in (1e-2, 1e-4))
    assert tenth < 1e-6
    assert 1e-3 < tenfold < 0.1


def test_no_count_contradicts_a_bank_that_misses_the_route() -> None:
    weighed = Weighed(rate=1e-5, spread=0.1, effective_hits=200.0, shape=0.1, lower_bound=8e-6)
    found = rate_posterior(counts_of((3, 100, 1000)), step=3, weighed=weighed)
    assert found.low < 0.1 < found.high < 0.13


def test_two_hits_bound_the_rate_from_below_as_the_bets_do() -> None:
    weighed = Weighed(rate=1e-3, spread=1.0, effective_hits=2.0, shape=2.0, lower_bound=1e-4)
    found = rate_posterior(counts_of((0, 0, 1000)), step=0, weighed=weighed)
    assert 3e-5 < found.low < 2e-4
    assert found.high < 0.01


def test_without_any_evidence_everything_is_possible() -> None:
    found = rate_posterior(counts_of(), step=3)
    assert found.low < 1e-7
    assert found.high > 0.9


def test_more_hits_than_draws_are_refused() -> None:
    with pytest.raises(ScoringError, match="more hits than draws"):
        rate_posterior(counts_of((0, 3, 2)), step=0)
