"""What each estimator would have said where the truth is known: `foretoken calibrate`.

A toy system is made whose true rate is exactly the one asked for; every estimator then gets the
same number of sampled texts, again and again from new seeds.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import numpy as np
from pydantic import Field

from foretoken.calibration.toys import toy_estimates
from foretoken.calibration.workers import processes
from foretoken.records import RateEstimate, Record
from foretoken.testsystems.systems import system_at
from foretoken.work.settings import Settings


class CalibrateConfig(Settings):
    """Settings of `foretoken calibrate`."""

    system: Literal["pivot", "diffuse", "two-routes"] = "pivot"
    """How a hack is spread over the text: one turning point; many small steps; or two routes, of
    which the donor knows one."""
    rate: float = Field(default=1e-5, gt=0, lt=1)
    """True rate of the subject."""
    tokens: int = Field(default=120, ge=2, le=4096)
    """Length of a completion."""
    tasks: int = Field(default=20, ge=1)
    """Tasks that share the draws."""
    drift: float = Field(default=0.4, ge=0)
    """How far the donor strays at every token besides the exploit, in nats (standard deviation)."""
    draws: int = Field(default=2000, ge=40)
    """Completions that each estimator may sample."""
    prefix_tokens: int = Field(default=10, ge=1)
    """Length of the published recipe's prefixes."""
    repetitions: int = Field(default=40, ge=2)
    """Times that everything is drawn anew."""
    seed: int = 0
    """Of all random numbers."""
    workers: int | None = None
    """Processes; none: one per core."""


class Calibration(Record):
    """How one estimator did over all repetitions."""

    estimator: str
    repetitions: int
    error_decades: float | None
    """Root mean square of ``log10(estimate / truth)`` where the estimate is above 0."""
    mean_ratio: float
    """Mean of estimate / truth; 1 where the estimator is unbiased."""
    silent: float
    """Share of repetitions whose estimate is 0."""
    published: float
    """Share of repetitions whose point may be printed."""
    published_error_decades: float | None
    """The error where it may."""
    covered: float | None
    """Share of the published 95 % intervals that hold the truth."""
    lower_bound_violated: float
    """Share of repetitions whose 97.5 % lower bound exceeds the truth."""


def calibrate(
    config: CalibrateConfig, *, on_done: Callable[[int], None] | None = None
) -> list[Calibration]:
    """Run every estimator on a system of known rate, again and again.

    Args:
        config: The system and what may be sampled.
        on_done: Called with the number of repetitions that just ended, for a progress bar.

    Returns:
        One summary per estimator.
    """
    found: dict[str, list[RateEstimate]] = {}
    seeds = range(config.repetitions)
    with processes(config.workers) as pool:
        for estimates in pool.map(partial(_repeat, config), seeds):
            for each in estimates:
                found.setdefault(each.estimator, []).append(each)
            if on_done is not None:
                on_done(1)
    return [
        summarise(own, truth=config.rate, repetitions=config.repetitions) for own in found.values()
    ]


def _repeat(config: CalibrateConfig, number: int) -> list[RateEstimate]:
    system = system_at(
        config.system, config.rate, length=config.tokens, tasks=config.tasks, drift=config.drift
    )
    return toy_estimates(
        system,
        draws=config.draws,
        seed=(config.seed << 20) + number,
        prefix_tokens=min(config.prefix_tokens, config.tokens - 1),
    )


def summarise(estimates: Sequence[RateEstimate], *, truth: float, repetitions: int) -> Calibration:
    """Summarise one estimator's repetitions; one that gave no estimate counts as silent."""
    rates = np.array([each.rate or 0.0 for each in estimates])
    ratio = np.concatenate([rates / truth, np.zeros(repetitions - len(rates))])
    published = np.array([each.published for each in estimates], dtype=np.bool_)
    inside = [
        each.interval[0] <= truth <= each.interval[1]
        for each in estimates
        if each.published and each.interval is not None
    ]
    violated = [each.lower_bound > truth * (1 + 1e-9) for each in estimates]
    return Calibration(
        estimator=estimates[0].estimator,
        repetitions=repetitions,
        error_decades=_decades(ratio[ratio > 0]),
        mean_ratio=float(ratio.mean()),
        silent=float((ratio == 0).mean()),
        published=float(published.sum() / repetitions),
        published_error_decades=_decades((rates / truth)[published]),
        covered=float(np.mean(inside)) if inside else None,
        lower_bound_violated=float(sum(violated) / repetitions),
    )


def _decades(ratio: np.ndarray) -> float | None:
    return float(np.sqrt(np.mean(np.log10(ratio) ** 2))) if len(ratio) else None
