"""What may raise an alarm during a run: a score of each exploit type at each step, by any method.

One of them needs no reference runs for its guarantee: betting capital. Whoever believes that a
type's rollouts hack no more often than a budget sells bets on it at odds that are fair at the
budget; a gambler who starts with 1 and ever holds ``1 / delta`` has seen something that happens
with probability at most `delta` if the belief is true.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from scipy import special

from foretoken.arrays import AnyArray
from foretoken.forecast.base import Forecaster
from foretoken.forecast.history import WINDOW, History
from foretoken.forecast.logistic import Features

Monitor = Callable[[History], Mapping[str, AnyArray]]
"""For each exploit type, (steps,) what is said of it at each step from 0 on, larger where it is
more alarming, minus infinity where nothing is; it is made from what was known at that step."""
BUDGET = 0.01
"""Rate up to which a type is within budget."""
BETS = np.geomspace(0.02, 0.9, 12)
"""Fractions of the capital that are bet in each step, averaged."""
AT_ONCE = 0.5
"""Share of the capital that is in play from step 0 on; the rest comes in evenly over the steps,
so that a type that long stays rare has not eaten up what is to be bet when it rises."""


def log_capital(
    hacks: AnyArray, draws: AnyArray, *, budget: float = BUDGET, steps: int
) -> AnyArray:
    """Return the log of the betting capital against "this type's rollouts stay within budget".

    With ``X_s`` the share of the rollouts of step `s` that hacked, capital that came into play at
    step `r` and is bet in fractions `f` is ``prod_{s >= r} (1 - f + f X_s / budget)``; the result
    is its average over `BETS` and over when it comes into play, with what has not yet done so.

    Each factor is at least 0, and where the expectation of ``X_s``, given all steps before, is at
    most the budget, that of the factor is at most 1. So the capital is a test supermartingale,
    and passes ``1 / delta`` at any step with probability at most `delta` (Ville). Nothing else is
    taken to hold: rates may wander below the budget in answer to what was drawn, and rollouts of
    one step may hang together, as those of one prompt do. (A likelihood ratio of binomials would
    rise a step or two earlier, but its guarantee breaks where prompts differ: what is bet on one
    rollout then multiplies with what is bet on its siblings.)

    Args:
        hacks: (..., steps so far) rollouts that hacked, from step 0 on.
        draws: (..., steps so far) rollouts; in a step without any nothing is bet. How many there
            are may depend on earlier steps only.
        budget: The rate.
        steps: Last step of the training, by plan.

    Returns:
        (..., steps so far) in nats; 0 before the first bet.

    Source:
        Ville, "Etude critique de la notion de collectif" (1939); Shafer and Vovk, "Game-Theoretic
        Foundations for Probability and Finance" (2019); Waudby-Smith and Ramdas, "Estimating means
        of bounded random variables by betting" (2024).
    """
    share = np.divide(hacks, draws, out=np.full(np.shape(draws), budget), where=draws > 0)
    factor_f = np.log1p(BETS * (share[..., None] / budget - 1.0))
    comes_in = np.zeros(max(steps + 1, share.shape[-1]))
    comes_in[: steps + 1] = (1.0 - AT_ONCE) / (steps + 1)
    comes_in[0] += AT_ONCE
    held = np.maximum(1.0 - np.cumsum(comes_in), 0.0)
    with np.errstate(divide="ignore"):
        log_in, log_held = np.log(comes_in), np.log(held)
    played_f, played_sf = np.full(factor_f[..., 0, :].shape, -np.inf), np.empty(factor_f.shape)
    for step in range(share.shape[-1]):
        played_f = np.logaddexp(played_f, log_in[step]) + factor_f[..., step, :]
        played_sf[..., step, :] = played_f
    played = special.logsumexp(played_sf, axis=-1) - np.log(len(BETS))
    return np.logaddexp(played, log_held[: share.shape[-1]])


def betting_capital(budget: float = BUDGET) -> Monitor:
    """Return the monitor that bets against each type's budget; see `log_capital`.

    Its score is the log capital less the log of the number of types. So in at most a share `delta`
    of runs does any type that keeps within budget ever score above ``-log(delta)``, whatever the
    other types do.
    """

    def monitor(history: History) -> Mapping[str, AnyArray]:
        hacks, draws = zip(*(history.rollouts(kind) for kind in history.types), strict=True)
        capital = log_capital(
            np.stack(hacks), np.stack(draws), budget=budget, steps=history.plan.steps
        )
        return dict(zip(history.types, capital - np.log(len(history.types)), strict=True))

    return monitor


def rollout_share(window: int | None = WINDOW) -> Monitor:
    """Return the monitor that only counts rollouts: the share that hacked in the last steps.

    The share is never of fewer rollouts than `WINDOW` steps have by plan, so that one hack among
    the first few is no large one.

    Args:
        window: How many steps are taken together; None: all so far.
    """

    def monitor(history: History) -> Mapping[str, AnyArray]:
        size = history.step + 1
        near = np.ones(min(window or size, size))
        found: dict[str, AnyArray] = {}
        for kind in history.types:
            hacks, draws = (np.convolve(each, near)[:size] for each in history.rollouts(kind))
            found[kind] = hacks / np.maximum(draws, WINDOW * history.plan.rollouts[kind])
        return found

    return monitor


def looking(features: Features, *, threshold: float, steps: Iterable[int]) -> Monitor:
    """Return the monitor that at some steps looks at the first number that a method sees.

    Args:
        features: The method, as in `RIVALS`; or `probability` of a forecaster.
        threshold: Rate that counts as emerged.
        steps: Where it looks; what it saw holds until it looks again.
    """
    looks = sorted(set(steps))

    def monitor(history: History) -> Mapping[str, AnyArray]:
        found = {kind: np.full(history.step + 1, -np.inf) for kind in history.types}
        for step in looks:
            if step <= history.step:
                for kind, seen in features(history.until(step), threshold).items():
                    found[kind][step:] = seen[0] if seen else -np.inf
        return found

    return monitor


def probability(forecaster: Forecaster) -> Features:
    """Return what a forecaster says of each type: how probable it is that it emerges."""

    def features(history: History, threshold: float) -> Mapping[str, Sequence[float] | None]:
        said = forecaster.forecast(history, threshold=threshold)
        return {
            each.exploit_type: None if each.probability is None else [each.probability]
            for each in said
        }

    return features
