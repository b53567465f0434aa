"""Self-checks that run with every bank."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import logsumexp

from foretoken.arrays import FloatPerComponent, FloatPerDraw
from foretoken.bank.densities import Densities
from foretoken.errors import ScoringError
from foretoken.estimate.leave_out import LeftOut, leave_out, worst_part_weight
from foretoken.estimate.mixture import uncovered_share
from foretoken.records import BankHealth, Draw, KindShare, Mixture, Spoken
from foretoken.work.seeds import part_seed


def check_bank(
    draws: Sequence[Draw],
    *,
    checked: Sequence[Draw],
    rescored: Mapping[str, float],
    densities: Densities,
    mixtures: Sequence[Mixture],
    end_tokens: Collection[int],
) -> list[BankHealth]:
    """Self-checks of a bank.

    The mean weights and the spread of scoring twice are taken over all types together: they test
    the densities, which all types share, and a type alone has too few checked draws. For the same
    reason parts are left out of all types together, and of each type alone.

    Args:
        draws: All draws of the bank.
        checked: Draws of stage 1, chosen whether or not they are hits.
        rescored: Their log-probability under the reference in batches of another shape.
        densities: Scores of hits and checked draws.
        mixtures: All stages of every type.
        end_tokens: Ids of the tokens that end a completion.

    Raises:
        ScoringError: A hit or a checked draw stopped without an end token, or went on after one.
    """
    first = {each.exploit_type: np.array(each.weights) for each in mixtures if each.stage == 1}
    hits = [draw for draw in draws if draw.hacked]
    require_whole({draw.key: draw for draw in (*hits, *checked)}.values(), end_tokens=end_tokens)
    shared = _shared_checks(checked, first=first, rescored=rescored, densities=densities)
    together = _without_parts(draws, mixtures=mixtures, densities=densities)
    return [
        _health(
            exploit_type,
            [draw for draw in draws if draw.exploit_type == exploit_type],
            mixtures=[each for each in mixtures if each.exploit_type == exploit_type],
            densities=densities,
            together=together,
            types=len(first),
            shared=shared,
        )
        for exploit_type in first
    ]


def require_whole(draws: Collection[Draw], *, end_tokens: Collection[int]) -> None:
    """Refuse draws whose tokens do not stop where the completion did.

    Raises:
        ScoringError: A draw that was not cut at its limit, nor ended by its task's `stop`, lacks
            the end token, or one holds it before its last token: its log-probability is that of
            another text.
    """
    for draw in draws:
        ends = [position for position, token in enumerate(draw.tokens) if token in end_tokens]
        whole = not ends if draw.stopped else ends == [len(draw.tokens) - 1]
        cut = not ends and len(draw.tokens) == draw.sampling.max_tokens
        if not (whole if draw.ended else cut):
            raise ScoringError(
                f"{draw.key} has {len(draw.tokens)} of at most {draw.sampling.max_tokens} tokens "
                f"and end tokens at {ends}, but is stored as {'ended' if draw.ended else 'cut'}: "
                "the end token must be counted once, at the end; draw this part again"
            )


def _shared_checks(
    checked: Sequence[Draw],
    *,
    first: Mapping[str, FloatPerComponent],
    rescored: Mapping[str, float],
    densities: Densities,
) -> dict[str, Any]:
    """What all types' checked draws say together, as fields of `BankHealth`."""
    log_p, log_ratio_dm = densities.of(checked)
    weights_dm = np.stack([first[draw.exploit_type] for draw in checked])
    log_mix_d: FloatPerDraw = np.asarray(logsumexp(log_ratio_dm, b=weights_dm, axis=1))
    weight_d = np.exp(-log_mix_d)
    again = np.array([rescored[draw.key] for draw in checked])
    worst = worst_part_weight(
        log_ratio_dm,
        weights_dm=weights_dm,
        component=np.array([draw.component for draw in checked], dtype=np.int64),
        components=densities.components,
    )
    return {
        "mean_weight": float(weight_d.mean()),
        "mean_weight_error": float(weight_d.std(ddof=1) / np.sqrt(len(weight_d))),
        "rescoring_spread": float(np.abs(log_p - again).max()),
        "worst_part": worst and worst.part,
        "worst_part_deviation": worst and worst.deviation,
    }


def _mean_weights(mixtures: Sequence[Mixture]) -> FloatPerComponent:
    """Mean over the draws of the tuned stages."""
    tuned = [each for each in mixtures if each.stage > 1]
    draws = np.array([each.draws_per_task * len(each.tasks) for each in tuned])
    return np.asarray(np.average([each.weights for each in tuned], axis=0, weights=draws))


def _without_parts(
    draws: Sequence[Draw], *, mixtures: Sequence[Mixture], densities: Densities
) -> list[LeftOut]:
    """Leave each part out of the bank of one type or of several; none without a hit."""
    stages = sorted({each.stage for each in mixtures})
    weights = {(each.stage, key): np.array(each.weights) for each in mixtures for key in each.tasks}
    tasks = sorted({draw.task for draw in draws})
    draws_sxm = np.zeros((len(stages), len(tasks), len(densities.components)))
    graded = [draw for draw in draws if draw.hacked is not None]
    for draw in graded:
        where = stages.index(draw.stage), tasks.index(draw.task)
        draws_sxm[where] += weights[draw.stage, draw.task]
    hits = [draw for draw in graded if draw.hacked]
    if not hits:
        return []
    _, log_ratio_dm = densities.of(hits)
    return leave_out(
        log_ratio_dm,
        draws_sdm=draws_sxm[:, [tasks.index(hit.task) for hit in hits]],
        stage=np.array([stages.index(hit.stage) for hit in hits], dtype=np.int64),
        component=np.array([hit.component for hit in hits], dtype=np.int64),
        components=densities.components,
        rng=np.random.default_rng(part_seed(0, f"labels-{hits[0].exploit_type}")),
    )


def _least_fitting(
    own: Sequence[LeftOut], together: Sequence[LeftOut], *, types: int
) -> dict[str, Any]:
    """The part that fits least, in one type's bank or in all together, as fields of `BankHealth`.

    Both chances are corrected for being the smaller of two, and the type's own for all types.
    """
    if not own:
        return {}
    chance, part = min((types * own[0].chance, own[0].part), (together[0].chance, together[0].part))
    change = {each.part: each.change for each in own}
    return {
        "left_out": part,
        "left_out_change": change.get(part, 1.0),
        "left_out_chance": min(1.0, 2 * chance),
    }


def _by_kind(hits: Sequence[Draw]) -> dict[Spoken, list[Draw]]:
    """Hits of every kind; none at all where there is no hit."""
    return {kind: [hit for hit in hits if hit.spoken is kind] for kind in Spoken} if hits else {}


def _uncovered(
    hits: Sequence[Draw], *, weights: FloatPerComponent, densities: Densities
) -> float | None:
    """Share of hits that the mixture is less likely to write than the subject is."""
    if not hits:
        return None
    _, log_ratio_dm = densities.of(hits)
    return uncovered_share(log_ratio_dm, weights=weights)


def _health(
    exploit_type: str,
    draws: Sequence[Draw],
    *,
    mixtures: Sequence[Mixture],
    densities: Densities,
    together: Sequence[LeftOut],
    types: int,
    shared: Mapping[str, Any],
) -> BankHealth:
    tuned_m = _mean_weights(mixtures)
    donated = [bool(draw.hacked) for draw in draws if draw.component]
    hits = [draw for draw in draws if draw.hacked]
    spontaneous = [draw for draw in hits if not draw.component]
    uncovered = _uncovered(spontaneous, weights=tuned_m, densities=densities)
    own = _without_parts(draws, mixtures=mixtures, densities=densities)
    by_donor = [draw for draw in hits if draw.component]
    return BankHealth(
        exploit_type=exploit_type,
        draws=len(draws),
        hits=len(hits),
        donor_yield=float(np.mean(donated)) if donated else 0.0,
        uncovered_spontaneous=uncovered,
        uncovered_kinds=tuple(
            KindShare(
                kind=kind,
                hits=len(of_kind),
                share=_uncovered(of_kind, weights=tuned_m, densities=densities),
            )
            for kind, of_kind in _by_kind(spontaneous).items()
        ),
        donor_kinds=tuple(
            KindShare(kind=kind, hits=len(of_kind), share=len(of_kind) / len(by_donor))
            for kind, of_kind in _by_kind(by_donor).items()
        ),
        reasoned_share=float(np.mean([bool(draw.reasoning) for draw in draws])) if draws else None,
        component_weights=tuple(tuned_m.tolist()),
        ended_share=float(np.mean([draw.ended for draw in draws])) if draws else None,
        **_least_fitting(own, together, types=types),
        **shared,
    )
