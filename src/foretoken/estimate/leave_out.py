"""Leave parts of a mixture out: is each part's density that of the texts it wrote?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from foretoken.arrays import AnyArray, FloatPerDraw, FloatPerDrawComponent, IntPerDraw
from foretoken.estimate.checks import require_log_p, require_same_length
from foretoken.records import Component, Speaker

REPLICATES = 4999
"""Relabellings behind a chance: the smallest that can be told is 1 in 5,000."""
ENOUGH_CHECKED = 20
"""Checked draws from which on a part's mean weight is tested."""
SMALLEST_CHANCE = 1e-300
LEAST_OTHERS = 1e-9
"""Share of a hit's density below which the other parts are taken not to write it at all."""


@dataclass(frozen=True)
class LeftOut:
    """What becomes of an estimate without one part of its mixture."""

    part: str
    """`stage 1`, `strength 0.5`, `the subject`, or one component in words."""
    change: float
    """Rate without the part, over the rate with it."""
    wrote: int
    """Hits that the part wrote."""
    expected: float
    """Hits that it should have written, by the densities."""
    chance: float
    """Of so large a disagreement in **any** part if every density is right."""


def leave_out(
    log_ratio_dm: FloatPerDrawComponent,
    *,
    draws_sdm: AnyArray,
    stage: IntPerDraw,
    component: IntPerDraw,
    components: Sequence[Component],
    rng: np.random.Generator,
    replicates: int = REPLICATES,
) -> list[LeftOut]:
    """Estimate the reference rate without each component, donor strength and stage.

    The draws of the part are dropped and its mass is taken out of the density. Both counts are
    **expected** ones: components are chosen in strata, but each draw by itself follows its
    mixture's weights, so the rest is unbiased, too; with the real counts a task without a draw of
    the subject would have weights without a bound.

    Given the texts of the hits, only who wrote which is random, and the densities say how: part
    ``g`` wrote a hit with probability ``r_g = n_g q_g / sum_m n_m q_m``. With the labels drawn
    again in this way, two differences are tested in every part, of which the larger counts: the
    rate without it, and the hits that it wrote. (The second sees most: weights differ by orders of
    magnitude, hits count alike.) So the test is exact however few hits carry the weight, and a
    part that rightly writes a route alone does not fail it.

    Args:
        log_ratio_dm: ``log q_m - log p_ref`` of the hits of one exploit type.
        draws_sdm: (stages, hits, components) draws that each hit's task is expected to get.
        stage: (hits,) position of the stage that wrote each hit.
        component: (hits,) index of the component that wrote it.
        components: Of the mixture.
        rng: Source of the labels.
        replicates: How often they are drawn.

    Returns:
        One entry for each part, the largest disagreement first; none without hits.

    Raises:
        ScoringError: A log ratio is NaN or plus infinite.
    """
    require_same_length(log_ratio_dm=log_ratio_dm, stage=stage, component=component)
    require_log_p("log_ratio_dm", log_ratio_dm, impossible=True)
    parts = mixture_parts(components, stages=len(draws_sdm))
    if not len(log_ratio_dm) or not parts:
        return []
    with np.errstate(divide="ignore"):
        log_q_sdm = np.log(draws_sdm) + log_ratio_dm
    log_q_dl = np.moveaxis(log_q_sdm, 0, 1).reshape(len(log_ratio_dm), -1)
    log_q_d: FloatPerDraw = np.asarray(logsumexp(log_q_dl, axis=1))
    writer_dl = np.exp(log_q_dl - log_q_d[:, None])
    inside_lg = np.stack([inside_sm.reshape(-1) for inside_sm in parts.values()], axis=1)
    share_dg = np.minimum(writer_dl @ inside_lg, 1.0)
    wrote_dg = inside_lg[stage * len(components) + component]
    w_d = np.exp(log_q_d.min() - log_q_d)
    others_dg = np.where(share_dg < 1 - LEAST_OTHERS, 1 - share_dg, np.inf)
    weight_dg = w_d[:, None] / others_dg
    off_g, off_bg = _disagreements(
        np.stack([weight_dg, np.ones_like(weight_dg)]),
        share_dg=share_dg,
        wrote_dg=wrote_dg,
        again_bdg=(inside_lg[label_b] for label_b in _labels(writer_dl, rng, replicates)),
    )
    change_g = np.where(wrote_dg, 0.0, weight_dg).sum(axis=0) / w_d.sum()
    worst_b = off_bg.max(axis=1)
    found = [
        LeftOut(
            part=part,
            change=float(change_g[g]),
            wrote=int(wrote_dg[:, g].sum()),
            expected=float(share_dg[:, g].sum()),
            chance=float((1 + (worst_b >= off_g[g]).sum()) / (1 + replicates)),
        )
        for g, part in enumerate(parts)
    ]
    return [found[g] for g in np.argsort(-off_g, kind="stable")]


def _labels(writer_dl: AnyArray, rng: np.random.Generator, replicates: int) -> Iterator[IntPerDraw]:
    """Draw the writer of each hit again and again: for each hit, (replicates,) labels."""
    for level_l in writer_dl.cumsum(axis=1):
        yield np.searchsorted(level_l, level_l[-1] * rng.random(replicates), side="right")


def _disagreements(
    value_edg: AnyArray,
    *,
    share_dg: AnyArray,
    wrote_dg: AnyArray,
    again_bdg: Iterator[AnyArray],
) -> tuple[AnyArray, AnyArray]:
    """Standard errors by which sums over what each part wrote are off, the larger of both sums.

    The variance of one hit is added, so that a part that should write next to nothing is not
    blamed for one.

    Args:
        value_edg: (sums, hits, parts) what a hit adds if the part wrote it.
        share_dg: Probability that it did.
        wrote_dg: Whether it did.
        again_bdg: For each hit, (replicates, parts) whether it did with its label drawn again.

    Returns:
        (parts,) as it was, and (replicates, parts) drawn again.
    """
    mean_eg = (value_edg * share_dg).sum(axis=1)
    square_edg = value_edg**2
    spread_eg = np.sqrt(
        (square_edg * share_dg * (1 - share_dg)).sum(axis=1) + square_edg.max(axis=1)
    )
    found_eg = (value_edg * wrote_dg).sum(axis=1)
    found_beg: AnyArray = np.zeros(1)
    for value_eg, again_bg in zip(np.moveaxis(value_edg, 1, 0), again_bdg, strict=True):
        found_beg = found_beg + again_bg[:, None, :] * value_eg
    off_beg = np.abs(np.concatenate([found_eg[None], found_beg]) - mean_eg) / spread_eg
    off_bg = off_beg.max(axis=1)
    return off_bg[0], off_bg[1:]


@dataclass(frozen=True)
class PartWeight:
    """How far the draws of one part of a mixture are from weighing 1 on average."""

    part: str
    deviation: float
    """Standard errors, as far out as they would be if this were the only test."""


def worst_part_weight(
    log_ratio_dm: FloatPerDrawComponent,
    *,
    weights_dm: FloatPerDrawComponent,
    component: IntPerDraw,
    components: Sequence[Component],
) -> PartWeight | None:
    """Test each component's and donor strength's density on draws that need not be hits.

    The draws of the part and those of the subject have the density ``q`` of both together, which
    bounds ``w = p_ref / q``; then ``E[w] = 1`` and ``E[log w] <= 0``.

    Args:
        log_ratio_dm: ``log q_m - log p_ref`` of draws that were chosen whether or not they hit.
        weights_dm: Mixture weights that each of them was drawn with.
        component: (draws,) index of the component that wrote it.
        components: Of the mixture.

    Returns:
        The part that is furthest off, corrected for the number of parts and tests; None where no
        part has `ENOUGH_CHECKED` draws.
    """
    subject_m = np.array([not each.speaker for each in components])
    found: list[tuple[float, str]] = []
    for part, (inside_m,) in mixture_parts(components).items():
        if inside_m[component].sum() < ENOUGH_CHECKED or (inside_m & subject_m).any():
            continue
        both_m = inside_m | subject_m
        mine_d = both_m[component]
        pi_dm = weights_dm[mine_d][:, both_m]
        log_q_d = logsumexp(log_ratio_dm[mine_d][:, both_m], b=pi_dm, axis=1)
        log_w_d = np.log(pi_dm.sum(axis=1)) - log_q_d
        bound = max(1.0, float((pi_dm.sum(axis=1) / pi_dm[:, 0]).max()) - 1.0)
        off = 2 * stats.t.sf(abs(_t(np.exp(log_w_d) - 1.0, bound=bound)), len(log_w_d) - 1)
        above = stats.t.sf(_t(log_w_d, bound=bound), len(log_w_d) - 1)
        found.append((float(min(off, above)), part))
    if not found:
        return None
    chance, part = min(found)
    corrected = min(max(2 * len(found) * chance, SMALLEST_CHANCE), 1.0)
    return PartWeight(part=part, deviation=float(stats.norm.isf(corrected / 2)))


def _t(off_d: FloatPerDraw, *, bound: float) -> float:
    """How many standard errors a mean is from 0, where one more draw could be off by `bound`.

    That draw is part of the error: a part that seldom differs from the subject may just not have.
    """
    error = float(np.hypot(off_d.std(ddof=1) / np.sqrt(len(off_d)), bound / len(off_d)))
    return float(off_d.mean()) / error


def mixture_parts(components: Sequence[Component], *, stages: int = 1) -> dict[str, AnyArray]:
    """Return each part of a mixture by name: (stages, components) whether it belongs to it.

    Parts are each component, each donor strength, the hint, and each stage where there are several.
    What would be the whole mixture, or is another part by itself, is no part.
    """
    everywhere = np.ones((stages, 1), dtype=np.bool_)
    everything = np.ones(len(components), dtype=np.bool_)
    parts: dict[str, AnyArray] = {}
    for m, each in enumerate(components):
        name = component_name(each)
        name = f"{name} ({m})" if name in parts else name
        parts[name] = everywhere & (np.arange(len(components)) == m)
    for speaker in dict.fromkeys(each.speaker for each in components if each.speaker):
        inside_m = np.array([each.speaker == speaker for each in components])
        parts[_speaker_name(speaker)] = everywhere & inside_m
    for stage in range(stages):
        parts[f"stage {stage + 1}"] = (np.arange(stages) == stage)[:, None] & everything
    found: dict[str, AnyArray] = {}
    for name, inside_sm in parts.items():
        known = any(np.array_equal(inside_sm, other) for other in found.values())
        if not known and not inside_sm.all():
            found[name] = inside_sm
    return found


def component_name(component: Component) -> str:
    """Name one component in words."""
    if not component.speaker:
        return "the subject"
    opens, closes = f"{component.enter:.2g}", f"{component.leave:.2g}"
    where = ", in the answer" if component.where == "answer" else ""
    return f"{_speaker_name(component.speaker)}, opens {opens}, closes {closes}{where}"


def _speaker_name(speaker: Speaker) -> str:
    return "the hint" if isinstance(speaker, str) else f"strength {speaker:g}"
