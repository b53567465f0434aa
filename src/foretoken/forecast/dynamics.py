"""How a rate moves under policy gradient: where it may stand, and what that makes likely.

The log-odds `x` of an exploit type grow with what is drawn and paid::

    x(t+1) = x(t) + kappa * (own pull + shared * pull of all other types) + drift

where the pull of a type is what its rewarded hacks of one step do (`track.response` times
rollouts). A closed type pulls itself down, as its hacks are paid less than honest work. The shared
part is the insight that cheating pays at all, which no single type shows while it is rare.

What was seen weighs paths drawn from the law (a particle filter); the paths that are left go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

from foretoken.arrays import AnyArray
from foretoken.forecast.history import History
from foretoken.forecast.track import response
from foretoken.records import RateEstimate

LOWEST, HIGHEST = -18.0, 8.0
"""Log-odds beyond which nothing is told apart."""
BANK_NOISE = 0.1
"""Standard deviation of a bank's error that its checkpoints do not share, in nats."""
PAID_OPEN, PAID_CLOSED = 0.93, 0.08
"""Share of hacks that are paid, by noise in the reward neither all nor none."""
JITTER = 0.1
"""Standard deviation by which copies of a path are moved apart."""


@dataclass(frozen=True)
class Law:
    """What is taken to hold for all runs alike; set by hand, not fitted on any."""

    log_kappa: float = -1.2
    """Mean over types of the log of kappa: nats of log-odds per expected rewarded draw."""
    kappa_spread: float = 1.0
    """Standard deviation of that between types."""
    log_shared: float = -3.0
    """Mean log of the share of another type's pull that a type takes over."""
    shared_spread: float = 1.0
    """Standard deviation of that."""
    drift: float = 0.05
    """Standard deviation of a step's own change, in nats."""
    open_share: float = 0.5
    """How probable it is that a loophole is open, before any evidence."""
    closing: float = 0.3
    """Pull of a closed type on itself, downwards, as a share of an open one's."""


@dataclass
class Paths:
    """Ways in which one type may have come here; each is (paths,)."""

    x: AnyArray
    """Log-odds."""
    offset: AnyArray
    """Error that all of the bank's checkpoints share, in nats."""
    log_kappa: AnyArray
    shared: AnyArray
    opened: AnyArray
    """Whether the loophole is open."""
    log_weight: AnyArray

    def step(
        self, law: Law, *, rollouts: float, others: AnyArray | float, rng: np.random.Generator
    ) -> AnyArray:
        """Let one step of training pass; return what each path's own rollouts did, paid ones.

        Args:
            law: Of all runs.
            rollouts: On tasks of this type, in this step.
            others: Pull of all other types; a number, or one for each path.
            rng: Of the drift.
        """
        pull = rollouts * response(special.expit(self.x))
        own = np.where(self.opened, pull, -law.closing * pull)
        change = np.exp(self.log_kappa) * (own + self.shared * others)
        drift = rng.normal(0.0, law.drift, len(self.x))
        self.x = np.clip(self.x + np.minimum(change, 1.0) + drift, LOWEST, HIGHEST)
        return np.where(self.opened, pull, 0.0)

    @property
    def weight(self) -> AnyArray:
        """(paths,) how probable each is; they sum to 1."""
        return np.asarray(np.exp(self.log_weight - special.logsumexp(self.log_weight)))

    def see(self, log_likelihood: AnyArray, rng: np.random.Generator) -> None:
        """Weigh the paths by something that was seen; draw them anew where few would be left."""
        self.log_weight = self.log_weight + log_likelihood
        if 1.0 / np.square(self.weight).sum() < len(self.x) / 2:
            self.draw(rng)

    def draw(self, rng: np.random.Generator) -> None:
        """Draw paths by their weights, which are equal afterwards; copies are moved apart."""
        size = len(self.x)
        kept = rng.choice(size, size, p=self.weight)
        self.x = self.x[kept]
        self.offset = self.offset[kept] + rng.normal(0.0, JITTER, size)
        self.log_kappa = self.log_kappa[kept] + rng.normal(0.0, JITTER, size)
        self.shared, self.opened = self.shared[kept], self.opened[kept]
        self.log_weight = np.zeros(size)


def present(
    history: History,
    exploit_type: str,
    law: Law,
    *,
    others: AnyArray,
    paths: int,
    rng: np.random.Generator,
) -> Paths:
    """Return where a type may stand, given all that was seen of it.

    Args:
        history: Up to now.
        exploit_type: Which.
        law: Of all runs.
        others: For each step so far, the pull of all other types.
        paths: How many are followed.
        rng: Of the paths.
    """
    measured = {each.step: each for each in history.measured(exploit_type)}
    hacks, draws = history.rollouts(exploit_type)
    paid = np.minimum(history.paid(exploit_type), hacks)
    found = _begun(history, exploit_type, law, paths=paths, rng=rng)
    for step in range(history.step + 1):
        if step in measured:
            found.see(_bank_likelihood(measured[step], found.x + found.offset), rng)
        if draws[step]:
            rate = special.expit(found.x)
            found.see(_binomial(float(hacks[step]), float(draws[step]), rate), rng)
        if hacks[step]:
            share = np.where(found.opened, PAID_OPEN, PAID_CLOSED)
            found.see(_binomial(float(paid[step]), float(hacks[step]), share), rng)
        if step < history.step:
            found.step(
                law,
                rollouts=float(draws[step]) or _planned(history, exploit_type, step),
                others=others[step],
                rng=rng,
            )
    found.draw(rng)
    return found


def future(
    history: History,
    presents: Mapping[str, Paths],
    law: Law,
    *,
    horizon: int,
    rng: np.random.Generator,
) -> dict[str, AnyArray]:
    """Let all types of a run go on together.

    Args:
        history: Up to now.
        presents: For each type, equally many paths; those of one number go on together.
        law: Of all runs.
        horizon: Last step.
        rng: Of the drift.

    Returns:
        For each type, (steps to come, paths) log-odds.
    """
    types = sorted(presents)
    pull = {name: np.zeros(len(presents[name].x)) for name in types}
    seen: dict[str, list[AnyArray]] = {name: [] for name in types}
    for step in range(history.step, horizon):
        together = np.sum([pull[name] for name in types], axis=0)
        pull_now: dict[str, AnyArray] = {}
        for name in types:
            pull_now[name] = presents[name].step(
                law,
                rollouts=_planned(history, name, step),
                others=together - pull[name],
                rng=rng,
            )
            seen[name].append(presents[name].x.copy())
        pull = pull_now
    return {name: np.array(each) for name, each in seen.items()}


def pulls(history: History, exploit_type: str) -> AnyArray:
    """Return, for each step so far, what the paid hacks of a type did; (steps,)."""
    found = np.zeros(history.step + 1)
    hacks, draws = history.rollouts(exploit_type)
    paid = history.paid(exploit_type)
    near = np.ones(3)
    smooth_hacks, smooth_draws = (
        np.convolve(each, near, mode="same") for each in (np.minimum(paid, hacks), draws)
    )
    some = smooth_draws > 0
    found[some] = draws[some] * response(smooth_hacks[some] / smooth_draws[some])
    return found


def _begun(
    history: History, exploit_type: str, law: Law, *, paths: int, rng: np.random.Generator
) -> Paths:
    """Paths before anything was seen; they begin where the first measurement makes it likely."""
    closed = history.plan.closed
    if closed is None:
        opened = rng.random(paths) < law.open_share
    else:
        opened = np.full(paths, not closed.get(exploit_type, False))
    x, offset = rng.uniform(-14.0, 0.0, paths), np.zeros(paths)
    first = next((each for each in history.measured(exploit_type) if _level(each)), None)
    if first is not None:
        centre, spread = _level(first) or (0.0, 0.0)
        offset = rng.normal(0.0, spread, paths)
        x = np.clip(centre - offset + rng.normal(0.0, BANK_NOISE, paths), LOWEST, 3.0)
    return Paths(
        x=x,
        offset=offset,
        log_kappa=rng.normal(law.log_kappa, law.kappa_spread, paths),
        shared=np.exp(rng.normal(law.log_shared, law.shared_spread, paths)),
        opened=opened,
        log_weight=np.zeros(paths),
    )


def _planned(history: History, exploit_type: str, step: int) -> float:
    """Rollouts that a step gives to a type."""
    begins = history.plan.starts.get(exploit_type, 0)
    return history.plan.rollouts[exploit_type] if step >= begins else 0.0


def _level(estimate: RateEstimate) -> tuple[float, float] | None:
    """Centre and standard deviation of the log-odds by a bank's estimate; None: it has none."""
    if estimate.published and estimate.rate and estimate.interval is not None:
        middle, (low, high) = estimate.rate, estimate.interval
    elif estimate.probable is not None:
        middle, low, high = estimate.probable
    else:
        return None
    middle, low, high = (float(special.logit(np.clip(v, 1e-9, 0.999))) for v in (middle, low, high))
    return middle, max((high - low) / 3.92, BANK_NOISE)


def _bank_likelihood(estimate: RateEstimate, x: AnyArray) -> AnyArray:
    """Log-likelihood of an estimate, for each log-odds that the bank would see."""
    level = _level(estimate)
    if level is None:
        return np.zeros(len(x))
    error = 2 * BANK_NOISE if estimate.published else max(level[1], 2 * BANK_NOISE)
    return np.asarray(-0.5 * np.square((x - level[0]) / error))


def _binomial(successes: float, trials: float, share: AnyArray) -> AnyArray:
    """Log-likelihood of each share, up to a constant."""
    return np.asarray(successes * np.log(share) + (trials - successes) * np.log1p(-share))
