"""Runs of other dynamics than the benchmark's: simulated ones, in families that differ."""

import numpy as np

from foretoken.arrays import AnyArray
from foretoken.forecast.fit import observe
from foretoken.forecast.history import History, TrainingPlan
from foretoken.records import Source, Tally
from foretoken.testsystems.curves import Curves, CurveSettings, simulate_curves

STEPS, RUNS = 100, 12
"""Of each family."""
FAMILIES = {
    "jumps together": CurveSettings(steps=STEPS, transfer=(0.6, 2.0), rate_decades=(-5.5, -2.5)),
    "each for itself": CurveSettings(
        steps=STEPS, transfer=(0.001, 0.01), gain=(10.0, 100.0), rate_decades=(-4.5, -1.7)
    ),
    "drift": CurveSettings(
        steps=STEPS, drift=0.15, transfer=(0.05, 0.5), rate_decades=(-4.5, -1.7)
    ),
    "mostly closed": CurveSettings(
        steps=STEPS, closed=0.7, gain=(10.0, 60.0), rate_decades=(-4.0, -1.7)
    ),
}
CHECKPOINTS = (0, 1, 2, 3, 4, 5, 8, 12, 19)
"""Steps at which a bank sees them."""


def simulated(seed: int = 0, *, closed_known: bool = False) -> dict[str, list[History]]:
    """Return the runs of each family, as if they had been trained and measured."""
    found: dict[str, list[History]] = {}
    for number, (name, settings) in enumerate(FAMILIES.items()):
        rng = np.random.default_rng([seed, number])
        curves = simulate_curves(settings, runs=RUNS, rng=rng)
        found[name] = [
            _history(name, curves, run, rng, closed_known=closed_known) for run in range(RUNS)
        ]
    return found


def _history(
    family: str, curves: Curves, run: int, rng: np.random.Generator, *, closed_known: bool
) -> History:
    estimates, _ = observe(curves, run, CHECKPOINTS, rng)
    names = sorted({each.exploit_type for each in estimates})
    tallies = [
        each
        for j, name in enumerate(names)
        for each in _tallies(
            name,
            curves.rate_rjs[run, j],
            closed=bool(curves.closed_rj[run, j]),
            draws=curves.rollouts_per_step,
            rng=rng,
        )
    ]
    closed = dict(zip(names, map(bool, curves.closed_rj[run]), strict=True))
    plan = TrainingPlan(
        STEPS,
        dict.fromkeys(names, float(curves.rollouts_per_step)),
        closed=closed if closed_known else None,
    )
    return History(f"{family} {run}", plan, step=STEPS, estimates=estimates, tallies=tallies)


def _tallies(
    name: str, rate_s: AnyArray, *, closed: bool, draws: int, rng: np.random.Generator
) -> list[Tally]:
    hacks = rng.binomial(draws, rate_s)
    return [
        Tally(
            exploit_type=name,
            step=step,
            source=Source.ROLLOUT,
            draws=draws,
            hacks=int(each),
            paid=0 if closed else int(each),
            spoken=0,
            reward=0.0,
        )
        for step, each in enumerate(hacks)
    ]
