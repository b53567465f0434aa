"""Catalogues of hacks whose weights are set: what publishing must not spoil.

A task has a finite list of texts that hack. How likely the subject and the proposal are to write
each is given, so the rate is a sum and the spread of ``log p/q`` is what it is said to be. Texts
that do not hack need not exist: a draw that is none of the list is a miss.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from foretoken.arrays import AnyArray

SUBJECT_SHARE = 0.15
"""Share of the draws that are the subject's own."""


@dataclass(frozen=True)
class Catalogue:
    """Probabilities of all texts that hack."""

    p_xk: AnyArray
    """(tasks, texts) under the subject that the bank is drawn around."""
    q_xk: AnyArray
    """(tasks, texts) under the donor."""
    now_xk: AnyArray
    """(tasks, texts) under the subject that is measured."""
    rollouts: int = 0
    """Free draws of the measured subject on each task."""

    @property
    def rate(self) -> float:
        """Exact rate of the subject that is measured."""
        return float(self.now_xk.sum(axis=1).mean())


@dataclass(frozen=True)
class CatalogueHits:
    """Hits drawn from a catalogue, copies included, and how often each task was drawn."""

    log_p: AnyArray
    """(hits,) under the subject that is measured, nats."""
    log_q: AnyArray
    """(hits,) pooled density with the draws of the hit's task, nats."""
    task: AnyArray
    text: AnyArray
    """(hits,) number of the text, over all tasks."""
    draws_per_task: AnyArray
    own_hits: int
    """Hits among the free draws of the measured subject."""
    own_draws: int


def relative_error(catalogue: Catalogue, *, draws: int) -> float:
    """Return the exact standard deviation of one bank's sum over its hits, over the rate.

    Where few heavy texts carry the rate, hardly a sample shows it: the mean of 20 numbers looks far
    surer than it is.

    Args:
        catalogue: What is drawn from; its free draws are left out.
        draws: Of all tasks together.
    """
    tasks = len(catalogue.p_xk)
    per_task = max(2, draws // tasks)
    subject = max(1, round(SUBJECT_SHARE * per_task))
    parts = [(subject, catalogue.p_xk), (per_task - subject, catalogue.q_xk)]
    w_xk = catalogue.now_xk / np.sum([n * chance_xk for n, chance_xk in parts], axis=0)
    variance_px = [
        n * ((chance_xk * w_xk**2).sum(axis=1) - (chance_xk * w_xk).sum(axis=1) ** 2)
        for n, chance_xk in parts
    ]
    return float(np.sqrt(np.sum(variance_px)) / tasks) / catalogue.rate


def draw_hits(catalogue: Catalogue, *, draws: int, rng: np.random.Generator) -> CatalogueHits:
    """Draw as a bank does: the subject's share from it, the rest from the donor, equally by task.

    Args:
        catalogue: What is drawn from.
        draws: Of all tasks together, without the free ones.
        rng: Source of the draws.
    """
    tasks, texts = len(catalogue.p_xk), int(catalogue.p_xk.shape[1])
    per_task = max(2, draws // tasks)
    subject = max(1, round(SUBJECT_SHARE * per_task))
    parts = [
        (subject, catalogue.p_xk),
        (per_task - subject, catalogue.q_xk),
        (catalogue.rollouts, catalogue.now_xk),
    ]
    times_pxk = np.stack([_times(n, chance_xk, rng) for n, chance_xk in parts])
    times_xk = times_pxk.sum(axis=0)
    density_xk = np.sum([n * chance_xk for n, chance_xk in parts], axis=0)
    which: AnyArray = np.repeat(np.arange(tasks * texts), times_xk.ravel())
    with np.errstate(divide="ignore"):
        log_p_xk, log_q_xk = np.log(catalogue.now_xk), np.log(density_xk)
    return CatalogueHits(
        log_p=log_p_xk.ravel()[which],
        log_q=log_q_xk.ravel()[which],
        task=which // texts,
        text=which,
        draws_per_task=np.full(tasks, per_task + catalogue.rollouts),
        own_hits=int(times_pxk[2].sum()),
        own_draws=catalogue.rollouts * tasks,
    )


def _times(n: int, chance_xk: AnyArray, rng: np.random.Generator) -> AnyArray:
    """How often each text is among so many draws of each task."""
    miss_x = 1.0 - chance_xk.sum(axis=1, keepdims=True)
    found = rng.multinomial(n, np.concatenate([chance_xk, miss_x], axis=1))
    return np.asarray(found[:, :-1])


def spread_catalogue(
    spread: float,
    *,
    rate: float = 1e-4,
    tasks: int = 20,
    texts: int = 2000,
    yield_: float = 0.7,
    seed: int = 0,
) -> Catalogue:
    """Return texts that the subject likes alike, and the donor by ``exp`` of a normal.

    Args:
        spread: Standard deviation of ``log q/p`` over the subject's hacks, nats.
        rate: Of the subject.
        tasks: Their number; rates of tasks differ by a factor of about 2.
        texts: Of each task.
        yield_: Probability that a donor's text hacks.
        seed: Of the texts.
    """
    rng = np.random.default_rng(seed)
    rate_x = rng.lognormal(0.0, 0.7, size=tasks)
    rate_x *= rate / rate_x.mean()
    p_xk = np.repeat(rate_x[:, None] / texts, texts, axis=1)
    q_xk = p_xk * np.exp(spread * rng.normal(size=p_xk.shape))
    q_xk *= yield_ / q_xk.sum(axis=1, keepdims=True)
    return Catalogue(p_xk=p_xk, q_xk=q_xk, now_xk=p_xk)


def heavy_catalogue(shape: float, *, seed: int = 0, **settings: float) -> Catalogue:
    """Return texts whose weights have a Pareto tail, as those of a donor that forgets some texts.

    Args:
        shape: Of the tail of ``p/q`` under the donor.
        seed: Of the texts.
        settings: As `spread_catalogue` takes them.
    """
    even = spread_catalogue(0.0, seed=seed, **settings)  # pyright: ignore[reportArgumentType]
    rng = np.random.default_rng([seed, 1])
    # Under the donor log w is exponential with mean `shape`; under the subject, tilted by w.
    log_w_xk = rng.exponential(shape / (1.0 - shape), size=even.p_xk.shape)
    q_xk = even.p_xk * np.exp(-log_w_xk)
    q_xk *= even.q_xk.sum(axis=1, keepdims=True) / q_xk.sum(axis=1, keepdims=True)
    return replace(even, q_xk=q_xk)


def route_catalogue(share: float, missed: float, *, seed: int = 0) -> Catalogue:
    """Return two routes, of which the donor writes the second more rarely than the subject does.

    Args:
        share: Of the second route in the subject's hacks.
        missed: By how much, as a factor, the donor prefers the first.
        seed: Of the texts.
    """
    even = spread_catalogue(1.0, seed=seed)
    texts = int(even.p_xk.shape[1])
    second: AnyArray = np.arange(texts) < share * texts
    q_xk = np.where(second, even.q_xk / missed, even.q_xk)
    q_xk *= even.q_xk.sum(axis=1, keepdims=True) / q_xk.sum(axis=1, keepdims=True)
    return replace(even, q_xk=q_xk)


def edged_catalogue(below: float, *, seed: int = 0) -> Catalogue:
    """Return texts of which most are the donor's alone, as in the bank of a language model.

    ``log p/q`` has a sharp edge above and falls off below it over many nats.

    Args:
        below: Mean distance of a donor's text from the edge, nats.
        seed: Of the texts.
    """
    even = spread_catalogue(0.0, seed=seed, yield_=0.1)
    rng = np.random.default_rng([seed, 3])
    log_w_xk = -rng.exponential(below, size=even.p_xk.shape) + 0.3 * rng.normal(
        size=even.p_xk.shape
    )
    p_xk = even.q_xk * np.exp(log_w_xk)
    p_xk *= even.p_xk.sum(axis=1, keepdims=True) / p_xk.sum(axis=1, keepdims=True)
    return replace(even, p_xk=p_xk, now_xk=p_xk)


def drifted(catalogue: Catalogue, *, drift: float, growth: float, seed: int = 0) -> Catalogue:
    """Return the same bank under a subject that training has moved.

    Args:
        catalogue: With the bank.
        drift: Standard deviation of what each text's log-probability changed by, nats.
        growth: Of the rate, as a factor.
        seed: Of the changes.
    """
    rng = np.random.default_rng([seed, 2])
    now_xk = catalogue.p_xk * np.exp(drift * rng.normal(size=catalogue.p_xk.shape))
    now_xk *= growth * catalogue.p_xk.sum() / now_xk.sum()
    return replace(catalogue, now_xk=now_xk)


def with_rollouts(catalogue: Catalogue, rollouts: int) -> Catalogue:
    """Return the catalogue with free draws of the measured subject, not yet trained on."""
    return replace(catalogue, rollouts=rollouts)


CATALOGUES: dict[str, Callable[[], Catalogue]] = {
    **{
        f"spread {spread:g}": lambda spread=spread: spread_catalogue(spread)
        for spread in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
    },
    "spread 2, yield of 10 %": lambda: spread_catalogue(2.0, yield_=0.1),
    "spread 3, yield of 10 %": lambda: spread_catalogue(3.0, yield_=0.1),
    "edge, 4 nats below": lambda: edged_catalogue(4.0),
    "Pareto tail 0.5": lambda: heavy_catalogue(0.5),
    "Pareto tail 0.7": lambda: heavy_catalogue(0.7),
    "second route, 10 % at a tenth": lambda: route_catalogue(0.1, 10.0),
    "second route, half at a hundredth": lambda: route_catalogue(0.5, 100.0),
    "drift of 1 nat": lambda: drifted(spread_catalogue(1.0), drift=1.0, growth=10.0),
    "drift of 2 nats": lambda: drifted(spread_catalogue(2.0), drift=2.0, growth=10.0),
    "own rollouts": lambda: with_rollouts(
        drifted(spread_catalogue(1.5), drift=1.0, growth=300.0), 20
    ),
    "three tasks": lambda: spread_catalogue(1.5, tasks=3),
    "few texts a task": lambda: spread_catalogue(1.0, texts=12),
    "yield of 3 %": lambda: spread_catalogue(1.0, yield_=0.03),
}
"""By name. All at 1e-4 but for those that grew."""
