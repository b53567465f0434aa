"""Switch proposals: their exact density, the tuning of their weights, and the pooled density.

A switch component lets the donor speak inside random windows and the reference elsewhere. Because
the density is summed over *all* windows, no draw needs to remember where its window was.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import logsumexp

from foretoken.arrays import (
    BoolPerDraw,
    FloatPerCheckpointDraw,
    FloatPerComponent,
    FloatPerDraw,
    FloatPerDrawComponent,
    FloatPerDrawToken,
    FloatPerFoldComponent,
    IntPerDraw,
)
from foretoken.errors import ScoringError
from foretoken.estimate.checks import require_draws, require_log_p, require_same_length
from foretoken.records import Component, Speaker, Where

SUBJECT_SHARE = 0.15
"""Share of the draws that component 0, the subject itself, always keeps."""
UNIFORM_SHARE = 0.25
"""Share of the uniform mixture that stays in the tuned one."""
WEIGHT_CAP = 0.2
"""Largest normalised weight that one hit has in the tuning."""
TASK_FOLDS = 4
"""Folds of tasks, each of which is tuned on the hits of the others."""
ANSWER_ENTER = 0.9
"""Probability per token of the answer that a window of the answer opens."""
BLOCK_DRAWS = 1024
"""Draws whose windows are summed together: as many as stay in the processor's cache."""
STEEPEST = 80.0
"""Largest log ratio of one token, in nats, that is summed in plain numbers."""
RESCALED_EVERY = 8
"""Tokens between two rescalings: `STEEPEST` times this stays below what a float64 holds."""


def default_components(
    tokens: float,
    strengths: Sequence[float] = (0.5, 1.0),
    *,
    answer_windows: bool = False,
    hint: bool = False,
) -> tuple[Component, ...]:
    """Return the starting grid: the subject first, then windows by speaker, rarity and length.

    Args:
        tokens: Typical length of a completion, in model tokens.
        strengths: Donor strengths (LoRA scales).
        answer_windows: Whether to add, for each strength, a window that opens in the answer alone
            and stays open: the reasoning is the subject's.
        hint: Whether to add windows in which the hint speaks, and whole texts that it speaks.

    Returns:
        ``1 + 9 * len(strengths)`` components; ``len(strengths)`` more with answer windows, 10 more
        with a hint.
    """
    entries = [min(openings / tokens, 0.9) for openings in (0.6, 2.4, 10.0)]
    leaves = (1 / 2, 1 / 8, 1 / 33)
    speakers = [*((strength, False) for strength in strengths), *([(0.0, True)] if hint else [])]
    grid = tuple(
        Component(strength=strength, enter=enter, leave=leave, hinted=hinted)
        for strength, hinted in speakers
        for enter in entries
        for leave in leaves
    )
    answers = tuple(
        Component(strength=strength, enter=ANSWER_ENTER, leave=0.0, where=Where.ANSWER)
        for strength in (strengths if answer_windows else ())
    )
    whole = (Component(strength=0.0, enter=1.0, leave=0.0, hinted=True),) if hint else ()
    return (Component(strength=0.0, enter=0.0, leave=1.0), *grid, *answers, *whole)


def ladder_components(strengths: Sequence[float]) -> tuple[Component, ...]:
    """Return whole texts from the donor at each strength: the baselines `ladder` and `donor`.

    Args:
        strengths: Donor strengths; 0 is the subject itself.
    """
    return tuple(
        Component(strength=strength, enter=1.0, leave=0.0)
        if strength
        else Component(strength=0.0, enter=0.0, leave=1.0)
        for strength in strengths
    )


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
    chain = np.array([[enter], [leave], [enter if start is None else start]])
    return _sum_over_windows(d_dk, *chain)[:, 0]


def _sum_over_windows(
    d_dk: FloatPerDrawToken,
    enter_m: FloatPerComponent,
    leave_m: FloatPerComponent,
    start_m: FloatPerComponent,
) -> FloatPerDrawComponent:
    """Return the log ratio of components of one strength, a block of draws at a time.

    A padded token counts as one that donor and reference find equally likely: the sum over both
    states of the chain stays what it was at the last token.
    """
    padding_dk = np.isnan(d_dk)
    if (padding_dk[:, :-1] & ~padding_dk[:, 1:]).any() or (d_dk == np.inf).any():
        raise ScoringError(
            "d_dk has a NaN before a number, or a value of plus infinity: NaN may only pad the "
            "right end, and a sampled token has a probability under the reference. Score again."
        )
    ratio_dm = np.empty((len(d_dk), len(enter_m)))
    for first in range(0, len(d_dk), BLOCK_DRAWS):
        rows = slice(first, first + BLOCK_DRAWS)
        step_dk = np.where(padding_dk[rows], 0.0, d_dk[rows])
        steep_dk = np.isfinite(step_dk) & (np.abs(step_dk) > STEEPEST)
        steep_d: BoolPerDraw = np.asarray(steep_dk.any(axis=1))
        calm_dk = np.where(steep_d[:, None], 0.0, step_dk)
        block_dm = _linear_recursion(calm_dk, enter_m, leave_m, start_m)
        if steep_d.any():
            block_dm[steep_d] = _log_recursion(step_dk[steep_d], enter_m, leave_m, start_m)
        ratio_dm[rows] = block_dm
    return ratio_dm


def _linear_recursion(
    step_dk: FloatPerDrawToken,
    enter_m: FloatPerComponent,
    leave_m: FloatPerComponent,
    start_m: FloatPerComponent,
) -> FloatPerDrawComponent:
    """Sum over windows in plain probabilities, rescaled before they can over- or underflow."""
    factor_kd = np.exp(np.ascontiguousarray(step_dk.T))
    enter, leave = enter_m[:, None], leave_m[:, None]
    in_md = np.repeat(start_m[:, None], len(step_dk), axis=1)
    out_md = 1.0 - in_md
    log_scale_md = np.zeros_like(in_md)
    for k, factor_d in enumerate(factor_kd, start=1):
        in_md *= factor_d
        opened_md, closed_md = out_md * enter, in_md * leave
        in_md += opened_md - closed_md
        out_md += closed_md - opened_md
        if k % RESCALED_EVERY == 0:
            scale_md = in_md + out_md
            scale_md[scale_md == 0.0] = 1.0
            in_md /= scale_md
            out_md /= scale_md
            log_scale_md += np.log(scale_md)
    with np.errstate(divide="ignore"):
        return np.asarray((np.log(in_md + out_md) + log_scale_md).T)


def _log_recursion(
    step_dk: FloatPerDrawToken,
    enter_m: FloatPerComponent,
    leave_m: FloatPerComponent,
    start_m: FloatPerComponent,
) -> FloatPerDrawComponent:
    """Sum over windows in logs: slower, for draws with a ratio that plain numbers cannot hold."""
    shape = (len(step_dk), len(enter_m))
    with np.errstate(divide="ignore"):
        log_enter, log_stay_out = np.log(enter_m), np.log1p(-enter_m)
        log_leave, log_stay_in = np.log(leave_m), np.log1p(-leave_m)
        out_dm = np.broadcast_to(np.log1p(-start_m), shape)
        in_dm = np.broadcast_to(np.log(start_m), shape)
    for k in range(step_dk.shape[1]):
        spoken_dm = in_dm + step_dk[:, k, None]
        in_dm = np.logaddexp(out_dm + log_enter, spoken_dm + log_stay_in)
        out_dm = np.logaddexp(out_dm + log_stay_out, spoken_dm + log_leave)
    return np.logaddexp(out_dm, in_dm)


def log_ratios(
    d_by_speaker: Mapping[Speaker, FloatPerDrawToken],
    components: Sequence[Component],
    *,
    answer_start: IntPerDraw | None = None,
) -> FloatPerDrawComponent:
    """Return ``log q_m(y) - log p_ref(y)`` of every component.

    Args:
        d_by_speaker: For each donor strength, and the hint, `d_dk` as in `switch_log_ratio`.
        components: Strength 0 is the reference itself: its column is 0.
        answer_start: (draws,) tokens before the answer, at least all tokens where there is none;
            needed where a component's windows open in the answer alone.

    Returns:
        (draws, components) nats.

    Raises:
        ScoringError: A component's speaker was not scored, or the starts of answers are missing.
    """
    pairs = dict.fromkeys((c.speaker, c.where) for c in components if c.speaker)
    missing = [str(speaker) for speaker, _ in pairs if speaker not in d_by_speaker]
    if missing:
        raise ScoringError(
            f"donor strength or hint not scored: {', '.join(missing)}. Score the draws there"
        )
    draws = len(next(iter(d_by_speaker.values())))
    ratio_dm = np.zeros((draws, len(components)))
    for speaker, where in pairs:
        mine = [m for m, c in enumerate(components) if (c.speaker, c.where) == (speaker, where)]
        enter_m = np.array([components[m].enter for m in mine])
        leave_m = np.array([components[m].leave for m in mine])
        d_dk = d_by_speaker[speaker]
        if where == "answer":
            d_dk = _answers_alone(d_dk, answer_start)
        ratio_dm[:, mine] = _sum_over_windows(d_dk, enter_m, leave_m, enter_m)
    return ratio_dm


def _answers_alone(d_dk: FloatPerDrawToken, answer_start: IntPerDraw | None) -> FloatPerDrawToken:
    """Move each draw's answer to the left end; before it the subject speaks, at ratio 1."""
    if answer_start is None or len(answer_start) != len(d_dk) or (answer_start < 0).any():
        raise ScoringError("windows of the answer need to know where each draw's answer starts")
    tokens: int = d_dk.shape[1]
    from_dk = np.arange(tokens) + answer_start[:, None]
    moved_dk = np.take_along_axis(d_dk, np.minimum(from_dk, max(tokens - 1, 0)), axis=1)
    return np.where(from_dk < tokens, moved_dk, np.nan)


def tune_weights(
    log_ratio_dm: FloatPerDrawComponent,
    *,
    weights: FloatPerComponent,
    log_w: FloatPerDraw | None = None,
    rounds: int = 200,
) -> FloatPerComponent:
    """Tune the mixture weights of the next stage by cross-entropy on the hits so far.

    Expectation maximisation of ``sum_i w_i log sum_m pi_m R_mi``, where ``w_i`` is the importance
    weight of hit ``i`` towards the reference, normalised and capped; then mixed with the uniform
    weights, and component 0 reset to its share. Only weights move, never the donor.

    Args:
        log_ratio_dm: ``log q_m - log p_ref`` of the **hits** of one exploit type.
        weights: Mixture weights that they were sampled with.
        log_w: (draws,) log importance weight of each hit towards the reference, up to a constant,
            where several mixtures were sampled from (None: as follows from `weights`).
        rounds: Iterations.

    Returns:
        (components,) weights that sum to 1; the initial weights if there is no hit.
    """
    uniform_m = initial_weights(len(weights))
    if not len(log_ratio_dm):
        return uniform_m
    require_log_p("log_ratio_dm", log_ratio_dm, impossible=True)
    if log_w is None:
        with np.errstate(divide="ignore"):
            log_w = -np.asarray(logsumexp(log_ratio_dm + np.log(weights), axis=1))
    w_d = np.minimum(np.exp(log_w - np.asarray(logsumexp(log_w))), WEIGHT_CAP)
    w_d /= w_d.sum()
    scaled_dm = np.exp(log_ratio_dm - log_ratio_dm.max(axis=1, keepdims=True))
    tuned_m = uniform_m.copy()
    for _ in range(rounds):
        share_dm = scaled_dm * tuned_m
        tuned_m = w_d @ (share_dm / share_dm.sum(axis=1, keepdims=True))
    return _with_subject_share((1 - UNIFORM_SHARE) * tuned_m + UNIFORM_SHARE * uniform_m)


def tune_by_fold(
    log_ratio_dm: FloatPerDrawComponent,
    fold: IntPerDraw,
    *,
    folds: int,
    weights: FloatPerComponent,
    log_w: FloatPerDraw | None = None,
) -> FloatPerFoldComponent:
    """Tune the next stage's weights for each fold of tasks on the hits of the **other** folds.

    Tuned on its own hits, a mixture covers best the texts that stage 1 happened to draw, and the
    pooled estimate comes out 2 to 4 % low; tuned on the others' it is unbiased.

    Args:
        log_ratio_dm: As in `tune_weights`.
        fold: (draws,) fold of each hit's task, 0 to ``folds - 1``.
        folds: How many.
        weights: As in `tune_weights`.
        log_w: As in `tune_weights`.

    Returns:
        (folds, components) weights; rows sum to 1. One fold is tuned on its own hits.
    """
    tuned: list[FloatPerComponent] = []
    for each in range(folds):
        others = np.flatnonzero(np.not_equal(fold, each)) if folds > 1 else np.arange(len(fold))
        log_w_others = None if log_w is None else log_w[others]
        tuned.append(tune_weights(log_ratio_dm[others], weights=weights, log_w=log_w_others))
    return np.stack(tuned)


def uncovered_share(
    log_ratio_dm: FloatPerDrawComponent, *, weights: FloatPerComponent
) -> float | None:
    """Return the share of spontaneous hacks that the mixture finds less likely than the subject.

    Hacks that the subject wrote by itself are the only witnesses of a route that the donor does
    not know: there the mixture has no more than what its defensive share lends it.

    Args:
        log_ratio_dm: ``log q_m - log p_ref`` of hacks drawn from the reference subject **alone**.
        weights: Of the mixture.

    Returns:
        Between 0 and 1; None without a spontaneous hack.
    """
    if not len(log_ratio_dm):
        return None
    require_log_p("log_ratio_dm", log_ratio_dm, impossible=True)
    with np.errstate(divide="ignore"):
        log_mix_d: FloatPerDraw = np.asarray(logsumexp(log_ratio_dm + np.log(weights), axis=1))
    return float(np.mean(log_mix_d < 0))


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
