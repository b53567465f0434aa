"""Switch proposals: their exact density, the tuning of their weights, and the pooled density.

A switch component lets the donor speak inside random windows and the reference elsewhere. Because
the density is summed over *all* windows, no draw needs to remember where its window was.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import logsumexp

from foretoken.arrays import (
    FloatPerCheckpointDraw,
    FloatPerComponent,
    FloatPerDraw,
    FloatPerDrawComponent,
    FloatPerDrawToken,
)
from foretoken.errors import ScoringError
from foretoken.estimate.checks import require_draws, require_log_p, require_same_length
from foretoken.records import Component

SUBJECT_SHARE = 0.15
"""Share of the draws that component 0, the subject itself, always keeps."""
UNIFORM_SHARE = 0.25
"""Share of the uniform mixture that stays in the tuned one."""
WEIGHT_CAP = 0.2
"""Largest normalised weight that one hit has in the tuning."""


def default_components(
    tokens: float, strengths: Sequence[float] = (0.5, 1.0)
) -> tuple[Component, ...]:
    """Return the starting grid: the subject first, then windows by strength, rarity and length.

    Args:
        tokens: Typical length of a completion, in model tokens.
        strengths: Donor strengths (LoRA scales).

    Returns:
        ``1 + 9 * len(strengths)`` components.
    """
    entries = [min(openings / tokens, 0.9) for openings in (0.6, 2.4, 10.0)]
    leaves = (1 / 2, 1 / 8, 1 / 33)
    grid = tuple(
        Component(strength=strength, enter=enter, leave=leave)
        for strength in strengths
        for enter in entries
        for leave in leaves
    )
    return (Component(strength=0.0, enter=0.0, leave=1.0), *grid)


def initial_weights(components: int) -> FloatPerComponent:
    """Return the mixture weights of stage 1: uniform, but component 0 keeps its share."""
    require_draws(components, "components")
    return _with_subject_share(np.full(components, 1.0 / components))


def switch_log_ratio(
    d_dk: FloatPerDrawToken, *, enter: float, leave: float, start: float | None = None
) -> FloatPerDraw:
    """Return ``log q(y) - log p_ref(y)`` of one switch component, summed over all windows.

    Args:
        d_dk: Per token ``log p_donor - log p_ref``, in nats, (draws, tokens), right-padded with
            NaN. Minus infinity is a value (the donor never says this token).
        enter: Probability per token that the donor's window opens.
        leave: Probability per token that it closes.
        start: Probability that the first token is the donor's; None means `enter`.

    Returns:
        (draws,) nats.

    Raises:
        ScoringError: A NaN stands before a number, or a value is plus infinite.
    """
    padding_dk = np.isnan(d_dk)
    if (padding_dk[:, :-1] & ~padding_dk[:, 1:]).any() or (d_dk == np.inf).any():
        raise ScoringError(
            "d_dk has a NaN before a number, or a value of plus infinity: NaN may only pad the "
            "right end, and a sampled token has a probability under the reference. Score again."
        )
    start = enter if start is None else start
    with np.errstate(divide="ignore"):
        log_enter, log_stay_out = np.log(enter), np.log1p(-enter)
        log_leave, log_stay_in = np.log(leave), np.log1p(-leave)
        out_d = np.full(len(d_dk), np.log1p(-start))
        in_d = np.full(len(d_dk), np.log(start))
    step_dk = np.where(padding_dk, 0.0, d_dk)
    for k in range(d_dk.shape[1]):
        spoken_d = in_d + step_dk[:, k]
        next_out_d = np.logaddexp(out_d + log_stay_out, spoken_d + log_leave)
        next_in_d = np.logaddexp(out_d + log_enter, spoken_d + log_stay_in)
        live_d = ~padding_dk[:, k]
        out_d = np.where(live_d, next_out_d, out_d)
        in_d = np.where(live_d, next_in_d, in_d)
    return np.logaddexp(out_d, in_d)


def log_ratios(
    d_by_strength: Mapping[float, FloatPerDrawToken], components: Sequence[Component]
) -> FloatPerDrawComponent:
    """Return ``log q_m(y) - log p_ref(y)`` of every component.

    Args:
        d_by_strength: For each donor strength, `d_dk` as in `switch_log_ratio`.
        components: Strength 0 is the reference itself: its column is 0.

    Returns:
        (draws, components) nats.

    Raises:
        ScoringError: A component's strength was not scored.
    """
    missing = {c.strength for c in components} - set(d_by_strength) - {0.0}
    if missing:
        raise ScoringError(f"donor strength(s) {sorted(missing)} not scored: score the draws there")
    draws = len(next(iter(d_by_strength.values())))
    columns = [
        switch_log_ratio(d_by_strength[c.strength], enter=c.enter, leave=c.leave)
        if c.strength
        else np.zeros(draws)
        for c in components
    ]
    return np.stack(columns, axis=1)


def tune_weights(
    log_ratio_dm: FloatPerDrawComponent, *, weights: FloatPerComponent, rounds: int = 200
) -> FloatPerComponent:
    """Tune the mixture weights of stage 2 by cross-entropy on the hits of stage 1.

    Expectation maximisation of ``sum_i w_i log sum_m pi_m R_mi``, where ``w_i`` is the importance
    weight of hit ``i`` towards the reference, normalised and capped; then mixed with the uniform
    weights, and component 0 reset to its share. Only weights move, never the donor.

    Args:
        log_ratio_dm: ``log q_m - log p_ref`` of the stage-1 **hits** of one exploit type.
        weights: Mixture weights that stage 1 sampled with.
        rounds: Iterations.

    Returns:
        (components,) weights that sum to 1; the initial weights if there is no hit.
    """
    uniform_m = initial_weights(len(weights))
    if not len(log_ratio_dm):
        return uniform_m
    require_log_p("log_ratio_dm", log_ratio_dm, impossible=True)
    with np.errstate(divide="ignore"):
        log_w_d = -np.asarray(logsumexp(log_ratio_dm + np.log(weights), axis=1))
    w_d = np.minimum(np.exp(log_w_d - logsumexp(log_w_d)), WEIGHT_CAP)
    w_d /= w_d.sum()
    scaled_dm = np.exp(log_ratio_dm - log_ratio_dm.max(axis=1, keepdims=True))
    tuned_m = uniform_m.copy()
    for _ in range(rounds):
        share_dm = scaled_dm * tuned_m
        tuned_m = w_d @ (share_dm / share_dm.sum(axis=1, keepdims=True))
    return _with_subject_share((1 - UNIFORM_SHARE) * tuned_m + UNIFORM_SHARE * uniform_m)


def log_density(
    log_ratio_dm: FloatPerDrawComponent,
    *,
    log_p_ref: FloatPerDraw,
    draws_dm: FloatPerDrawComponent,
    free_log_p_cd: FloatPerCheckpointDraw | None = None,
    free_draws_cd: FloatPerCheckpointDraw | None = None,
) -> FloatPerDraw:
    """Return the pooled balance-heuristic density ``log sum_c n_c q_c(y)`` of each draw.

    The counts are those of the draw's **own task**, over both stages: ``n_1 pi_m + n_2 pi'_m``, or
    what was really drawn. So ``exp(log p - log_density)`` summed over a task's hits is that task's
    rate. Both stages share the components, so their densities are added once.

    Args:
        log_ratio_dm: ``log q_m - log p_ref``, from `log_ratios`.
        log_p_ref: Log-probability under the reference, nats.
        draws_dm: For each draw, how many draws its task got from each component.
        free_log_p_cd: Log-probability under each earlier checkpoint whose rollouts are free
            components (the run's own rollouts **on the same tasks**).
        free_draws_cd: For each draw, how many rollouts its task got at each of them.

    Returns:
        (draws,) nats.

    Raises:
        ScoringError: A log-probability is NaN or plus infinite, or a draw has density 0.
    """
    require_same_length(log_ratio_dm=log_ratio_dm, log_p_ref=log_p_ref, draws_dm=draws_dm)
    require_log_p("log_ratio_dm", log_ratio_dm, impossible=True)
    require_log_p("log_p_ref", log_p_ref, impossible=True)
    with np.errstate(divide="ignore"):
        log_parts_dm = log_ratio_dm + np.log(draws_dm) + log_p_ref[:, None]
        if free_log_p_cd is not None and free_draws_cd is not None:
            require_log_p("free_log_p_cd", free_log_p_cd, impossible=True)
            log_free_dm = (free_log_p_cd + np.log(free_draws_cd)).T
            log_parts_dm = np.concatenate([log_parts_dm, log_free_dm], axis=1)
    pooled = logsumexp(log_parts_dm, axis=1) if log_parts_dm.size else np.zeros(0)
    log_q_d = np.asarray(pooled, dtype=np.float64)
    require_log_p("the pooled density", log_q_d)
    return log_q_d


def _with_subject_share(weights: FloatPerComponent) -> FloatPerComponent:
    """Give component 0 exactly its share (all, where it is alone) and scale the others."""
    if len(weights) == 1:
        return np.ones(1)
    others = weights[1:] / weights[1:].sum()
    return np.concatenate([[SUBJECT_SHARE], (1 - SUBJECT_SHARE) * others])
