"""Is a published number right, given that it was published? On catalogues of known weights."""

import numpy as np

from foretoken.estimate.cell import Cell
from foretoken.estimate.switch import switch_rate
from foretoken.records import RateEstimate, Record
from foretoken.testsystems.catalogue import CATALOGUES, Catalogue, draw_hits


class Publication(Record):
    """How the estimates of one system did, those that were published by themselves."""

    system: str
    repetitions: int
    published: float
    """Share of repetitions whose number was published."""
    mean_ratio: float | None
    """Mean of number / truth among them."""
    mean_ratio_error: float | None
    """Its standard error."""
    error_decades: float | None
    """Root mean square of ``log10(number / truth)`` among them."""
    covered: float | None
    """Share of their intervals that hold the truth."""
    width_decades: float | None
    """Median width of their intervals."""
    lower_bound_violated: float
    """Share of all repetitions whose lower bound is above the truth."""
    upper_bound_violated: float
    """Share of all repetitions whose upper bound is below the truth."""


def publish(name: str, *, draws: int = 2000, repetitions: int = 200, seed: int = 0) -> Publication:
    """Estimate the rate of one catalogue again and again.

    Args:
        name: One of `CATALOGUES`.
        draws: Texts of each bank.
        repetitions: Banks.
        seed: Same seed, same banks.
    """
    catalogue = CATALOGUES[name]()
    found = [
        estimate_once(catalogue, draws=draws, rng=np.random.default_rng([seed, repetition]))
        for repetition in range(repetitions)
    ]
    return summarise_published(name, found, truth=catalogue.rate)


def estimate_once(catalogue: Catalogue, *, draws: int, rng: np.random.Generator) -> RateEstimate:
    """The estimate from one bank of a catalogue."""
    hits = draw_hits(catalogue, draws=draws, rng=rng)
    return switch_rate(
        log_p_subject=hits.log_p,
        log_q=hits.log_q,
        task=hits.task,
        text=hits.text,
        draws_per_task=hits.draws_per_task,
        cell=Cell(
            exploit_type="catalogue",
            step=0,
            subject_hits=hits.own_hits,
            subject_draws=hits.own_draws,
        ),
        rng=rng,
    )


def summarise_published(name: str, found: list[RateEstimate], *, truth: float) -> Publication:
    """Summarise the estimates of one system of known rate."""
    said = [each for each in found if each.published and each.rate and each.interval]
    ratio = np.array([each.rate or 0.0 for each in said]) / truth
    ends = np.array([each.interval for each in said], dtype=np.float64).reshape(-1, 2) / truth
    some = len(said) > 0
    return Publication(
        system=name,
        repetitions=len(found),
        published=len(said) / len(found),
        mean_ratio=float(ratio.mean()) if some else None,
        mean_ratio_error=float(ratio.std() / np.sqrt(len(ratio))) if some else None,
        error_decades=float(np.sqrt(np.mean(np.log10(ratio) ** 2))) if some else None,
        covered=float(((ends[:, 0] <= 1) & (ends[:, 1] >= 1)).mean()) if some else None,
        width_decades=float(np.median(np.log10(ends[:, 1] / ends[:, 0]))) if some else None,
        lower_bound_violated=float(np.mean([each.lower_bound > truth for each in found])),
        upper_bound_violated=float(np.mean([each.upper_bound < truth for each in found])),
    )
