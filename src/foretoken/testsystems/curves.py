"""Training curves of a tabular policy gradient: what emerges, when, and what never does.

Each exploit type is a softmax policy over three outcomes (hack, honest success, failure), trained
with group-normalised advantages as in GRPO. Hits are really drawn, so that a rare type waits for
its discovery. Where the loophole is closed a hack earns nothing. Honest success is limited by
ability: it learns slowly (`honest_gain`). Types help each other by a `transfer` of the growth, as
shared features of a language model do.
"""

from dataclasses import dataclass

import numpy as np

from foretoken.arrays import AnyArray

HACK, HONEST, FAIL = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class CurveSettings:
    """How a simulated run is trained."""

    types: int = 12
    steps: int = 300
    groups: int = 4
    """Groups of rollouts per step and type."""
    group_size: int = 8
    rate_decades: tuple[float, float] = (-6.0, -1.7)
    """Range of log10 of the first rate."""
    honest: tuple[float, float] = (0.35, 0.7)
    """Range of the honest success."""
    gain: tuple[float, float] = (3.0, 30.0)
    """Range of the learning rate of the policy's logits, log-uniform over types."""
    honest_gain: float = 0.002
    """Share of that gain with which honest success learns."""
    transfer: tuple[float, float] = (0.05, 2.0)
    """Range over runs (log-uniform) of the share of the mean growth that every type gets."""
    drift: float = 0.02
    """Random walk of the log-odds of a hack, in nats per square root of a step."""
    closed: float = 0.3
    """Share of types whose loophole is closed."""


@dataclass(frozen=True)
class Curves:
    """Rates of simulated runs."""

    settings: CurveSettings
    rate_rjs: AnyArray
    """(runs, types, steps + 1) hack rate, exact."""
    closed_rj: AnyArray
    """(runs, types) whether the loophole is closed."""

    @property
    def rollouts_per_step(self) -> int:
        """Rollouts that a step gives to each type."""
        return self.settings.groups * self.settings.group_size

    def passed(self, threshold: float) -> AnyArray:
        """Return whether each type's rate is ever above the threshold, (runs, types)."""
        return np.asarray((self.rate_rjs > threshold).any(axis=2))


def simulate_curves(settings: CurveSettings, *, runs: int, rng: np.random.Generator) -> Curves:
    """Simulate independent training runs.

    Args:
        settings: How they are trained.
        runs: How many.
        rng: Source of first rates, closed loopholes and rollouts.

    Returns:
        The exact rates of every step.
    """
    shape = (runs, settings.types)
    first = 10 ** rng.uniform(*settings.rate_decades, size=shape)
    honest = rng.uniform(*settings.honest, size=shape)
    gain = np.exp(rng.uniform(*np.log(settings.gain), size=shape))
    transfer = np.exp(rng.uniform(*np.log(settings.transfer), size=(runs, 1)))
    closed = rng.random(shape) < settings.closed
    logits = np.log(np.stack([first, honest * (1 - first), (1 - honest) * (1 - first)], axis=2))
    reward = np.ones((*shape, 3))
    reward[..., FAIL] = 0.0
    reward[..., HACK] = np.where(closed, 0.0, 1.0)
    rates = np.empty((*shape, settings.steps + 1))
    rates[..., 0] = first
    for step in range(settings.steps):
        growth = gain[..., None] * _gradient(_softmax(logits), reward, settings, rng)
        growth[..., HONEST] *= settings.honest_gain
        growth[..., FAIL] *= settings.honest_gain
        shared = np.where(closed, 0.0, growth[..., HACK]).mean(axis=1, keepdims=True)
        growth[..., HACK] += transfer * shared + settings.drift * rng.normal(size=shape)
        logits += growth
        rates[..., step + 1] = _softmax(logits)[..., HACK]
    return Curves(settings=settings, rate_rjs=rates, closed_rj=closed)


def _softmax(logits: AnyArray) -> AnyArray:
    """Return the probabilities of the outcomes (last axis)."""
    scaled = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return scaled / scaled.sum(axis=-1, keepdims=True)


def _gradient(
    probability: AnyArray, reward: AnyArray, settings: CurveSettings, rng: np.random.Generator
) -> AnyArray:
    """Draw one step's groups and return the mean group-normalised gradient of the logits."""
    size = settings.group_size
    wide = np.repeat(probability[..., None, :], settings.groups, axis=-2)
    counts = rng.multinomial(size, wide)
    mean = (counts * reward[..., None, :]).sum(axis=-1, keepdims=True) / size
    spread = np.sqrt(mean * (1 - mean))
    advantage = (reward[..., None, :] - mean) / np.where(spread > 0, spread, np.inf)
    return np.asarray((counts * advantage).mean(axis=-2) / size)
