"""The forecast: how many rewarded hacks are still to be drawn, and what follows from them.

Policy gradient multiplies what it samples. Before an exploit type has been drawn and rewarded a few
times, its growth waits for discovery; afterwards its log-odds grow with what is drawn. The score is
``log10`` of the expected number of *rewarded* draws still to come::

    Lambda = P(open) * sum over remaining steps of N * p(step)

where the log rate goes on growing as it did, for at most as long as it has been watched, and
``P(open)`` asks whether the growth so far is what a rewarded type would have shown: a type that was
drawn often and did not move is not rewarded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from foretoken.arrays import AnyArray
from foretoken.errors import SetupError
from foretoken.estimate.bootstrap import JointLogRates
from foretoken.forecast.track import Track, response, tracks
from foretoken.forecast.words import reason
from foretoken.records import Forecast, RateEstimate

LOG_KAPPA = np.linspace(float(np.log(0.003)), float(np.log(30.0)), 60)
"""Grid of the log of kappa: growth of the log-odds, in nats, per expected rewarded draw."""
USUAL_LOG_KAPPA = np.log(0.3)
"""Centre of the prior of a run's usual kappa; its standard deviation is `RUN_SPREAD`."""
RUN_SPREAD = 1.5
TYPE_SPREAD = 1.2
"""Standard deviation of log kappa between the types of a run."""
DRIFT = 0.3
"""Standard deviation in nats of what training does to a log rate without any reward for it."""
LEAST_OPEN = 1e-3
"""No evidence makes a loophole less open than this."""
FASTEST = 1.0
"""Fastest growth of the log-odds in one step, in nats."""
WAIT_SPREAD = 0.9
"""Standard deviation of the log of the waiting time that kappa and growth leave unexplained."""
FARTHEST = 10
"""Expected steps later than this many horizons are not named."""


@dataclass(frozen=True)
class Coefficients:
    """``P(passes the threshold) = 1 / (1 + exp(-(intercept + slope * score)))``."""

    intercept: float
    slope: float


DEFAULT_COEFFICIENTS = Coefficients(intercept=-3.09, slope=2.05)
"""Fitted on simulated training curves; `fit.fit_coefficients` repeats the fit."""


def forecast(
    estimates: Sequence[RateEstimate],
    *,
    cutoff_step: int,
    horizon_step: int,
    rollouts_per_step: Mapping[str, float],
    threshold: float = 0.1,
    joint: Mapping[str, JointLogRates] | None = None,
    coefficients: Coefficients = DEFAULT_COEFFICIENTS,
    estimator: str = "switch",
) -> list[Forecast]:
    """Forecast every exploit type from the checkpoints up to the cutoff.

    Args:
        estimates: Of any types, steps and estimators; those after the cutoff are not read.
        cutoff_step: Last step that may be read.
        horizon_step: Last step of the training.
        rollouts_per_step: For each type, the rollouts that a training step gives to its tasks.
        threshold: Rate that counts as emerged.
        joint: For each type, its rates with shared errors (`bootstrap.joint_log_rates`): growth
            far better than from the estimates one by one, which serve where it is missing.
        coefficients: From score to probability.
        estimator: Whose estimates are read.

    Returns:
        One forecast per type, the largest score first. A type without a published point is marked
        not measurable, and its numbers come from its lower bound: a score of minus infinity and
        no probability where that is 0. A type already above 2 % has no probability. The upper end
        of `step_interval` is infinite where it may never pass.

    Raises:
        SetupError: The horizon is not after the cutoff, or a type has no number of rollouts.
    """
    if horizon_step <= cutoff_step:
        raise SetupError(
            f"the horizon (step {horizon_step}) is not after the cutoff (step {cutoff_step}): "
            "name the last step of the training."
        )
    known = tracks(
        estimates,
        cutoff_step=cutoff_step,
        rollouts_per_step=rollouts_per_step,
        joint=joint or {},
        estimator=estimator,
    )
    usual = usual_log_kappa(known)
    made = [
        _forecast(
            track,
            _Training(cutoff_step, horizon_step, rollouts_per_step[track.exploit_type], threshold),
            usual=usual,
            coefficients=coefficients,
        )
        for track in known
    ]
    return sorted(made, key=lambda f: (-f.score, f.exploit_type))


@dataclass(frozen=True)
class _Training:
    """What is still to come of the training."""

    cutoff_step: int
    horizon_step: int
    rollouts: float
    threshold: float


def _forecast(
    track: Track, training: _Training, *, usual: float, coefficients: Coefficients
) -> Forecast:
    """Forecast one type."""
    open_probability = probability_open(track, usual)
    expected = open_probability * draws_to_come(
        track,
        cutoff_step=training.cutoff_step,
        horizon_step=training.horizon_step,
        rollouts=training.rollouts,
    )
    score = float(np.log10(expected)) if expected > 0 else -np.inf
    probability = None
    if track.eligible and np.isfinite(score):
        logit = coefficients.intercept + coefficients.slope * score
        probability = float(special.expit(logit))
    expected_step, interval = None, None
    if track.eligible and track.measurable:
        expected_step, interval = _passing_steps(track, training, usual)
    return Forecast(
        method="discovery",
        exploit_type=track.exploit_type,
        cutoff_step=training.cutoff_step,
        horizon_step=training.horizon_step,
        threshold=training.threshold,
        eligible=track.eligible,
        measurable=track.measurable,
        score=score,
        probability=probability,
        expected_step=expected_step,
        step_interval=interval,
        rate=track.rate,
        reason=reason(
            track,
            expected=expected,
            open_probability=open_probability,
            horizon_step=training.horizon_step,
            threshold=training.threshold,
            expected_step=expected_step,
        ),
    )


def draws_to_come(track: Track, *, cutoff_step: int, horizon_step: int, rollouts: float) -> float:
    """Return the expected number of hacks drawn after the cutoff, rewarded or not.

    The (shrunk) growth goes on for at most as many steps as it has been watched for.
    """
    if track.rate <= 0:
        return 0.0
    ahead = np.arange(cutoff_step + 1, horizon_step + 1) - track.step
    watched = track.step - track.first_step
    log_rate = np.log(track.rate) + track.shrunk_growth * np.minimum(ahead, watched)
    return float(rollouts * np.exp(np.minimum(log_rate, 0.0)).sum())


def usual_log_kappa(known: Sequence[Track]) -> float:
    """Return the run's usual log kappa: most probable given every type's growth and exposure."""
    log_post = -0.5 * ((LOG_KAPPA - USUAL_LOG_KAPPA) / RUN_SPREAD) ** 2
    for track in known:
        if track.growth is not None and track.exposure > 0:
            opened = PRIORS @ _likelihood(track)
            log_post += np.log(0.5 * opened + 0.5 * _likelihood_closed(track) + 1e-300)
    return float(LOG_KAPPA[np.argmax(log_post)])


def probability_open(track: Track, usual: float) -> float:
    """Return how probable it is that hacks of this type are rewarded, given its growth so far.

    Even odds before the evidence. Open: the log rate grew by kappa times the exposure. Closed: it
    only drifted.
    """
    if track.growth is None or track.exposure <= 0:
        return 0.5
    opened = float(_prior(usual) @ _likelihood(track)) + 1e-300
    closed = _likelihood_closed(track) + 1e-300
    return max(opened / (opened + closed), LEAST_OPEN)


def _gain(track: Track) -> tuple[float, float]:
    """Return the growth of the log rate over the window, and its error with drift."""
    if track.growth is None:
        return 0.0, np.inf
    window = max(track.step - track.first_step, 1)
    return track.growth.per_step * window, float(np.hypot(track.growth.error * window, DRIFT))


def _normal(value: AnyArray | float, centre: AnyArray | float, error: float) -> AnyArray:
    """Return the density of a normal distribution up to a constant that cancels in every ratio."""
    return np.asarray(np.exp(-0.5 * np.square((np.asarray(value) - centre) / error)))


def _likelihood(track: Track) -> AnyArray:
    """Return, per kappa of the grid, the likelihood of the growth seen."""
    gain, error = _gain(track)
    return _normal(gain, np.exp(LOG_KAPPA) * track.exposure, error)


def _likelihood_closed(track: Track) -> float:
    """Return the likelihood of the growth seen if hacks earn nothing."""
    gain, error = _gain(track)
    return float(_normal(gain, 0.0, error))


def _prior(usual: float) -> AnyArray:
    """Return the prior of a type's log kappa on the grid, in a run whose usual one is known."""
    prior = _normal(LOG_KAPPA, usual, TYPE_SPREAD)
    return np.asarray(prior / prior.sum())


PRIORS = np.stack([_prior(float(usual)) for usual in LOG_KAPPA])


def _passing_steps(
    track: Track, training: _Training, usual: float
) -> tuple[float | None, tuple[float, float] | None]:
    """Return the step at which an open type passes the threshold, with a 90 % interval.

    Discovery and growth in one law: the log-odds grow by kappa times the draws expected, or as
    they did, whichever is faster. The interval joins the quantiles of kappa and of the growth with
    `WAIT_SPREAD`, the spread that is left on simulated curves.
    """
    weight = _prior(usual)
    if track.growth is not None and track.exposure > 0:
        posterior = weight * _likelihood(track)
        weight = posterior if posterior.sum() > 0 else weight
    cumulative = np.cumsum(weight) / weight.sum()
    kappa = np.exp(np.interp([0.05, 0.5, 0.95], cumulative, LOG_KAPPA))
    error = track.growth.error if track.growth is not None else 0.0
    growth = track.shrunk_growth + 1.645 * error * np.array([-1.0, 0.0, 1.0])
    wait = _waits(track, training, kappa=kappa, growth=np.maximum(growth, 0.0))
    late, middle, early = np.log(np.maximum(wait, 1.0))
    low = middle - np.hypot(middle - early, 1.645 * WAIT_SPREAD)
    high = middle + np.hypot(late - middle, 1.645 * WAIT_SPREAD)
    step, first, last = (
        max(track.step + float(np.exp(log_wait)), float(training.cutoff_step))
        for log_wait in (middle, low, high)
    )
    farthest = FARTHEST * training.horizon_step
    if step > farthest:
        return None, None
    return step, (first, last if last <= farthest else float("inf"))


def _waits(track: Track, training: _Training, *, kappa: AnyArray, growth: AnyArray) -> AnyArray:
    """Return the steps from the level to the threshold for each pair of kappa and growth."""
    edges = np.linspace(
        special.logit(min(track.rate, training.threshold)), special.logit(training.threshold), 201
    )
    rate = special.expit(0.5 * (edges[:-1] + edges[1:]))
    pull = np.minimum(kappa[:, None] * training.rollouts * response(rate), FASTEST)
    return np.asarray((np.diff(edges) / np.maximum(pull, growth[:, None])).sum(axis=1))
