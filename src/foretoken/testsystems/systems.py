"""Toy systems of known rate: how a hack is spread over the text, and what the donor knows of it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import brentq

from foretoken.testsystems.automaton import ToySystem


def pivot_system(
    *,
    tasks: int = 12,
    length: int = 60,
    vocabulary: int = 12,
    rarity: float = 9.0,
    drift: float = 0.4,
    wander: float = 0.002,
    seed: int = 0,
) -> ToySystem:
    """Return a system whose hacks pass through a pivot, as an exploit idea in the reasoning.

    Neutral text says the pivot token rarely; only then the exploit token is likely, unless the
    thought is dropped. The donor says the pivot often, and drifts everywhere else.

    Args:
        tasks: Tasks with slightly different logits.
        length: Tokens per text.
        vocabulary: At least 4.
        rarity: How far in nats the pivot lies below an ordinary token.
        drift: Spread in nats of what the donor changes besides the pivot, at every token.
        wander: Spread in nats of what one training step changes besides the hack, at every token.
        seed: Of the logits.
    """
    neutral, pivoted, hacked = 0, 1, 2
    pivot, exploit, drop = 0, 1, 2
    rng = np.random.default_rng(seed)
    next_sv = np.tile(np.arange(3)[:, None], (1, vocabulary))
    next_sv[neutral, pivot] = pivoted
    next_sv[pivoted, exploit] = hacked
    next_sv[pivoted, drop] = neutral
    logits = 0.5 * rng.normal(size=(tasks, 3, vocabulary))
    logits[:, neutral, pivot] -= rarity
    logits[:, pivoted, exploit] -= 1.0
    donor = drift * rng.normal(size=(1, 3, vocabulary)) * np.ones((tasks, 1, 1))
    donor[:, neutral, pivot] += rarity - 1.0
    growth = wander * rng.normal(size=(1, 3, vocabulary)) * np.ones((tasks, 1, 1))
    growth[:, neutral, pivot] += 0.05
    return ToySystem(next_sv, np.array([False, False, True]), length, logits, donor, growth)


def two_route_system(
    *,
    tasks: int = 12,
    length: int = 40,
    known: float = 8.0,
    unknown: float = 5.0,
    drift: float = 0.2,
    wander: float = 0.002,
    seed: int = 0,
) -> ToySystem:
    """Return a system with two ways to hack, of which the donor knows the first only.

    Args:
        tasks: Tasks with slightly different logits.
        length: Tokens per text.
        known: How far in nats the pivot of the donor's route lies below an ordinary token.
        unknown: The same for the route that the donor does not know.
        drift: Spread in nats of what the donor changes besides the routes, at every token.
        wander: Spread in nats of what one training step changes besides the hack, at every token.
        seed: Of the logits.
    """
    neutral, first, second, hacked = 0, 1, 2, 3
    vocabulary = 10
    rng = np.random.default_rng(seed)
    next_sv = np.tile(np.arange(4)[:, None], (1, vocabulary))
    next_sv[neutral, 0], next_sv[neutral, 1] = first, second
    next_sv[first, 2], next_sv[second, 3] = hacked, hacked
    next_sv[first, 4], next_sv[second, 4] = neutral, neutral
    logits = 0.3 * rng.normal(size=(tasks, 4, vocabulary))
    logits[:, neutral, 0] -= known
    logits[:, neutral, 1] -= unknown
    donor = drift * rng.normal(size=(1, 4, vocabulary)) * np.ones((tasks, 1, 1))
    donor[:, neutral, 0] += known
    donor[:, neutral, 1] -= 4.0
    growth = wander * rng.normal(size=(1, 4, vocabulary)) * np.ones((tasks, 1, 1))
    growth[:, neutral, 0] += 0.05
    accepting = np.array([False, False, False, True])
    return ToySystem(next_sv, accepting, length, logits, donor, growth)


def diffuse_system(
    *,
    tasks: int = 12,
    length: int = 60,
    vocabulary: int = 12,
    rarity: float = 3.0,
    needed: int = 6,
    drift: float = 0.2,
    wander: float = 0.002,
    seed: int = 0,
) -> ToySystem:
    """Return a system whose hacks have no single pivot: enough bad tokens, anywhere in the text.

    The donor says a bad token more often, a little at every place.

    Args:
        tasks: Tasks with slightly different logits.
        length: Tokens per text.
        vocabulary: At least 2.
        rarity: How far in nats a bad token lies below an ordinary one.
        needed: Bad tokens that make a hack.
        drift: Spread in nats of what the donor changes besides the bad token.
        wander: Spread in nats of what one training step changes besides the hack, at every token.
        seed: Of the logits.
    """
    states = needed + 1
    rng = np.random.default_rng(seed)
    next_sv = np.tile(np.arange(states)[:, None], (1, vocabulary))
    next_sv[:, 0] = np.minimum(np.arange(states) + 1, needed)
    everywhere = np.ones((1, states, 1))
    logits = 0.5 * rng.normal(size=(tasks, 1, vocabulary)) * everywhere
    logits[..., 0] -= rarity
    donor = drift * rng.normal(size=(1, 1, vocabulary)) * everywhere * np.ones((tasks, 1, 1))
    donor[..., 0] += max(rarity + np.log(1.5 * needed * vocabulary / length), 0.5)
    growth = wander * rng.normal(size=(1, 1, vocabulary)) * everywhere * np.ones((tasks, 1, 1))
    growth[..., 0] += 0.02
    return ToySystem(next_sv, np.arange(states) == needed, length, logits, donor, growth)


def _equal_routes(*, rarity: float, **settings: Any) -> ToySystem:
    return two_route_system(known=rarity, unknown=rarity, **settings)


SYSTEMS: dict[str, Callable[..., ToySystem]] = {
    "pivot": pivot_system,
    "diffuse": diffuse_system,
    "two-routes": _equal_routes,
}
"""By name; each takes `rarity`, `tasks`, `length`, `drift`, `wander` and `seed`."""


def system_at(name: str, rate: float, **settings: Any) -> ToySystem:
    """Return a system whose reference subject hacks exactly at a rate.

    Args:
        name: One of `SYSTEMS`. Of the two routes, one is as frequent as the other.
        rate: Mean over tasks, between 0 and 1.
        settings: As the system takes them.

    Raises:
        ValueError: No rarity of the system gives that rate.
    """
    make = partial(SYSTEMS[name], **settings)

    def excess(rarity: float) -> float:
        system = make(rarity=rarity)
        return float(np.log(system.exact_rates(system.log_p()).mean() / rate))

    rarity = brentq(excess, -10.0, 60.0, xtol=1e-6)
    return make(rarity=rarity)
