"""What is probable of a rate: every count up to a step and the bank's hits, under smooth growth.

The log-odds of a rate drift and wander from step to step. Graded draws of the subject itself pull
at them by their binomial likelihood. The bank adds what its hits say of the last step, from below
only: it may miss routes to hack, so that a rate far under its hits' is improbable, and one above
them is not. So there is something to say where no point can be published.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from foretoken.arrays import AnyArray, FloatPerDraw, IntPerDraw
from foretoken.errors import ScoringError
from foretoken.estimate.checks import require_same_length

SPACING = 0.1
LOG_ODDS = np.arange(-18.4, 11.6, SPACING)
"""Grid of the log-odds of a rate; 1e-8 to 0.99999, equally probable before any evidence."""
LOG_RATE = -np.logaddexp(0.0, -LOG_ODDS)
LOG_MISS = -np.logaddexp(0.0, LOG_ODDS)
DRIFT = np.linspace(-4.0, 6.0, 11)
"""Grid of the drift of the log-odds over all steps that are looked at, in nats."""
USUAL_DRIFT, DRIFT_SPREAD = 1.0, 2.0
"""Its normal prior."""
WANDERING = (0.5, 1.5, 5.0)
"""Standard deviations of what a path strays from its drift over these steps."""
WANDERING_ODDS = (0.45, 0.45, 0.1)
"""Their probabilities: sudden growth is rare, and counts show it."""
MOST_TIMES = 24
"""Counts of neighbouring steps are joined to at most so many."""
MISSED = 0.4
"""Probability that the bank misses a route that matters."""
MISSED_NATS = 2 * float(np.log(10.0))
"""Mean of the log of rate over bank's rate where it does."""
ASSUMED_SHAPE = 0.7
"""Pareto shape where none could be fitted."""
LEAST_SPREAD = SPACING / 2
"""Of a log rate; a narrower peak would fall between two points of the grid."""
FAINTEST = 1e-200
"""Least likelihood, so that counts which contradict a bank win."""
AGAINST = 40.0
"""Odds at which a lower bound rejects (`bounds.betting_lower_bound`)."""


@dataclass(frozen=True)
class Counts:
    """Graded draws of the subject itself, by step."""

    step: IntPerDraw
    """(entries,) in any order."""
    hits: IntPerDraw
    draws: IntPerDraw

    @property
    def digest(self) -> str:
        """Hash of all that a posterior reads of them."""
        columns = (self.step, self.hits, self.draws)
        return hashlib.sha256(np.stack(columns).astype(np.int64).tobytes()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """What the hits of a bank say of the rate at one step."""

    rate: float
    spread: float
    """Standard error of its log."""
    effective_hits: float
    shape: float | None
    """Pareto shape of the weights."""
    lower_bound: float
    """One-sided 97.5 % lower bound, valid for heavy tails."""


@dataclass(frozen=True)
class Posterior:
    """Median and central 95 % interval of a rate."""

    median: float
    low: float
    high: float


def rate_posterior(counts: Counts, *, step: int, weighed: Weighed | None = None) -> Posterior:
    """Return what is probable of the rate at a step.

    Before the evidence the log-odds are equally probable from 1e-8 on, and grow by `USUAL_DRIFT`
    nats over the steps that are looked at, give or take `DRIFT_SPREAD`.

    Args:
        counts: Of draws that did not join the bank's pool at the step; later ones are not read.
        step: Of the rate.
        weighed: What the bank says of this very step; None, or a rate of 0: nothing.

    Raises:
        ScoringError: The counts differ in length, or a step has more hits than draws.
    """
    require_same_length(step=counts.step, hits=counts.hits, draws=counts.draws)
    if (counts.hits > counts.draws).any() or (counts.hits < 0).any():
        raise ScoringError("a step has more hits than draws, or fewer than 0: count them again")
    mass_p = _after_counts(counts, step=step)
    if weighed is not None and weighed.rate > 0:
        mass_p = mass_p * bank_likelihood(weighed)
    upto = np.cumsum(mass_p) / mass_p.sum()
    found = np.interp([0.025, 0.5, 0.975], upto, LOG_ODDS + SPACING / 2)
    low, median, high = (1.0 / (1.0 + np.exp(-found))).tolist()
    return Posterior(median, low, high)


def bank_likelihood(weighed: Weighed) -> FloatPerDraw:
    """Return how likely the bank's hits are at each rate of the grid, up to a constant.

    What the bank covers has a likelihood like Student's t, its upper half widened for heavy tails,
    its lower half at most what the bets leave. The rate is what is covered or, with probability
    `MISSED`, more by a factor whose log is exponential.
    """
    off: AnyArray = (LOG_RATE - np.log(weighed.rate)) / max(weighed.spread, LEAST_SPREAD)
    shape = ASSUMED_SHAPE if weighed.shape is None else weighed.shape
    off = np.where(off > 0, off / (1.0 + 2.0 * max(0.0, shape - 0.5)), off)
    freedom = max(weighed.effective_hits - 1.0, 1.0)
    covered: AnyArray = (1.0 + off**2 / freedom) ** (-(freedom + 1.0) / 2.0)
    if weighed.lower_bound > 0:
        # The capital against a mean grows at least in proportion as the mean falls.
        left = np.exp(np.minimum(LOG_RATE - np.log(weighed.lower_bound), 0.0)) / AGAINST
        covered = np.where(
            np.exp(LOG_RATE) < weighed.lower_bound, np.minimum(covered, left), covered
        )
    above = LOG_RATE[:, None] - LOG_RATE[None, :]
    factor = np.where(above >= 0, np.exp(-np.maximum(above, 0.0) / MISSED_NATS), 0.0)
    missing = factor @ (covered * np.gradient(LOG_RATE)) / MISSED_NATS
    return np.maximum((1.0 - MISSED) * covered + MISSED * missing, FAINTEST)


def _after_counts(counts: Counts, *, step: int) -> FloatPerDraw:
    """Probability of each log-odds of the grid at the step, given the counts up to it."""
    time, hits, draws = _joined(counts, step=step)
    drift = np.exp(-0.5 * np.square((DRIFT - USUAL_DRIFT) / DRIFT_SPREAD))
    mass_hp = np.repeat(np.outer(drift, WANDERING_ODDS).reshape(-1, 1), len(LOG_ODDS), axis=1)
    for k, n, waited in zip(hits, draws, np.diff(time, append=step), strict=True):
        log_seen = k * LOG_RATE + (n - k) * LOG_MISS
        mass_hp = mass_hp * np.exp(log_seen - log_seen.max())
        if waited > 0:
            mass_hp = _moved(mass_hp, share=float(waited / (step - time[0])))
        mass_hp /= mass_hp.sum()
    return np.asarray(mass_hp.sum(axis=0))


def _moved(mass_hp: AnyArray, *, share: float) -> AnyArray:
    """Let paths of each drift and wandering go on for a share of the steps; edges absorb."""
    points: int = mass_hp.shape[1]
    spectrum_hf = np.fft.rfft(mass_hp, 2 * points, axis=1) * _move(round(share, 9))
    moved_hp = np.fft.irfft(spectrum_hf, 2 * points, axis=1)[:, :points]
    return np.maximum(moved_hp, 0.0)


@lru_cache(maxsize=4 * MOST_TIMES)
def _move(share: float) -> AnyArray:
    """(paths, frequencies) transform of the normal step that each kind of path makes."""
    drift_h = np.repeat(DRIFT, len(WANDERING)) * share
    variance_h = np.tile(np.square(WANDERING), len(DRIFT)) * share
    angle_f = 2 * np.pi * np.fft.rfftfreq(2 * len(LOG_ODDS), SPACING)
    return np.exp(-1j * np.outer(drift_h, angle_f) - 0.5 * np.outer(variance_h, angle_f**2))


def _joined(counts: Counts, *, step: int) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Mean step, hits and draws of at most `MOST_TIMES` stretches up to a step, in order."""
    used = (counts.step <= step) & (counts.draws > 0)
    at, hits, draws = counts.step[used], counts.hits[used], counts.draws[used]
    if not len(at):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    stretch = (at - at.min()) * MOST_TIMES // max(step + 1 - int(at.min()), MOST_TIMES)
    present, index = np.unique(stretch, return_inverse=True)
    steps, hits, drawn = (
        np.bincount(index, each, len(present)) for each in (at * draws, hits, draws)
    )
    return steps / drawn, hits, drawn
