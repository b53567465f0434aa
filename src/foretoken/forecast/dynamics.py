"""How rates move under policy gradient: where they may stand, and what that makes likely.

The log-odds `x` of an exploit type grow with what is drawn and paid::

    x(t+1) = x(t) + drift + kappa * (paid - closing * unpaid + shared * paid of all others)
                            / (1 + paid of all / crowd)

where `paid` and `unpaid` are what a step's hacks do, those that were paid and those that were not
(`track.response` times rollouts). What was drawn is known of the past; of the future it is drawn,
so that a rare type waits for its first hack, and then grows fast. An optimiser's step has a size,
so types that are paid at the same time crowd each other. The shared part is the insight that
cheating pays at all, which no single type shows while it is rare.

What was seen weighs paths drawn from the law (a particle filter); the paths that are left go on.
How fast a run learns is learnt from all of its types: each lends its posterior to the others.

Axes: `j` exploit types in alphabetical order, `p` paths, `t` steps.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from foretoken.arrays import AnyArray
from foretoken.forecast.history import History
from foretoken.forecast.levels import BANK_NOISE, bank_likelihood, levels_of
from foretoken.forecast.track import response

LOWEST, HIGHEST = -18.0, 8.0
"""Log-odds beyond which nothing is told apart."""
PAID_OPEN, PAID_CLOSED = 0.93, 0.08
"""Share of hacks that are paid, by noise in the reward neither all nor none."""
FASTEST = 1.5
"""Largest change of log-odds in one step, in nats."""
ASTRAY = 0.01
"""Share of copies that are put anywhere, so that paths that have lost a type find it again."""
MOVED = 0.2
"""How far copies of a path are moved apart, as a share of the paths' standard deviation."""


@dataclass(frozen=True)
class Law:
    """What is taken to hold for all runs alike; set by hand, not fitted on any."""

    log_kappa: float = 1.0
    """Mean over runs of the log of kappa: nats of log-odds per rewarded draw."""
    kappa_of_run: float = 0.7
    """Standard deviation of that between runs."""
    kappa_of_type: float = 0.7
    """Standard deviation between the types of a run."""
    log_shared: float = -1.5
    """Mean log of the share of another type's pull that a type takes over."""
    shared_of_run: float = 0.7
    """Standard deviation of that between runs."""
    shared_of_type: float = 0.7
    """Standard deviation between the types of a run."""
    drift: float = 0.15
    """Standard deviation of a step's own change, in nats."""
    open_share: float = 0.5
    """How probable it is that a loophole is open, before any evidence."""
    closing: float = 0.3
    """Pull of unpaid hacks, downwards, as a share of that of paid ones."""
    crowd: float = 1.0
    """Pull of all types together at which what each of them does is halved."""
    mismatch: float = 0.4
    """Standard deviation, in nats, of what tells rollouts' tasks from those of the bank."""


@dataclass(frozen=True)
class Prior:
    """What is known of a run's speed, apart from what each type shows itself; each is (types,)."""

    log_kappa: AnyArray
    kappa_spread: AnyArray
    log_shared: AnyArray
    shared_spread: AnyArray

    @classmethod
    def of(cls, law: Law, types: int) -> "Prior":
        """Return what the law says of a run that was not seen yet."""
        return cls(
            np.full(types, law.log_kappa),
            np.full(types, np.hypot(law.kappa_of_run, law.kappa_of_type)),
            np.full(types, law.log_shared),
            np.full(types, np.hypot(law.shared_of_run, law.shared_of_type)),
        )


@dataclass
class Paths:
    """Ways in which the types of a run may have come here; each is (types, paths)."""

    x: AnyArray
    """Log-odds."""
    offset: AnyArray
    """Error that all of the bank's checkpoints share, in nats."""
    log_kappa: AnyArray
    log_shared: AnyArray
    opened: AnyArray
    """Whether the loophole is open."""
    log_weight: AnyArray

    def step(self, law: Law, paid: AnyArray, unpaid: AnyArray, *, rng: np.random.Generator) -> None:
        """Let one step of training pass.

        Args:
            law: Of all runs.
            paid: What the paid hacks of each type did, (types, paths) or (types, 1).
            unpaid: The same of those that were not paid.
            rng: Of the drift.
        """
        together = paid.sum(axis=0)
        pull = paid - law.closing * unpaid + np.exp(self.log_shared) * (together - paid)
        change = np.exp(self.log_kappa) * pull / (1 + together / law.crowd)
        change = np.clip(change, -FASTEST, FASTEST)
        drift = rng.normal(0.0, law.drift, self.x.shape)
        self.x = np.clip(self.x + change + drift, LOWEST, HIGHEST)

    def drawn(self, rollouts: AnyArray, rng: np.random.Generator) -> tuple[AnyArray, AnyArray]:
        """Draw a step's hacks; return what the paid and the unpaid ones do.

        Args:
            rollouts: (types,) of this step.
            rng: Of the draws.
        """
        draws = np.rint(rollouts)[:, None].astype(np.int64)
        return self.apart(gain(rng.binomial(draws, special.expit(self.x)), draws))

    def apart(self, pull: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return what of a pull is paid and what is not, by which loopholes are open."""
        return np.where(self.opened, pull, 0.0), np.where(self.opened, 0.0, pull)

    @property
    def weight(self) -> AnyArray:
        """How probable each path is; they sum to 1 over the paths of a type."""
        return np.asarray(special.softmax(self.log_weight, axis=1))

    def see(self, log_likelihood: AnyArray, rng: np.random.Generator) -> None:
        """Weigh the paths by something that was seen; draw those anew of which few would be left.

        Args:
            log_likelihood: (types, paths).
            rng: Of the draws.
        """
        self.log_weight = self.log_weight + log_likelihood
        effective = 1.0 / np.square(self.weight).sum(axis=1)
        few = np.flatnonzero(effective < self.x.shape[1] / 2)
        self.draw(rng, few)
        lost = rng.random((len(few), self.x.shape[1])) < ASTRAY
        anywhere = rng.uniform(LOWEST, HIGHEST / 4, lost.shape)
        self.x[few] = np.where(lost, anywhere, self.x[few])

    def draw(self, rng: np.random.Generator, types: AnyArray) -> None:
        """Draw the paths of some types by their weights, which are equal afterwards.

        Copies are moved apart, towards their mean first, so that the spread stays what it was.
        """
        size = self.x.shape[1]
        weight = self.weight
        for j in types:
            places = np.asarray((rng.random() + np.arange(size, dtype=np.float64)) / size)
            kept: AnyArray = np.searchsorted(np.cumsum(weight[j]), places).clip(0, size - 1)
            rng.shuffle(kept)
            self.x[j], self.opened[j] = self.x[j, kept], self.opened[j, kept]
            for each in (self.offset, self.log_kappa, self.log_shared):
                own = each[j, kept]
                shrunk = own.mean() + np.sqrt(1 - MOVED**2) * (own - own.mean())
                each[j] = shrunk + rng.normal(0.0, MOVED * own.std() + 1e-12, size)
            self.log_weight[j] = 0.0


def gain(hacks: AnyArray, draws: AnyArray) -> AnyArray:
    """Return what hacks among so many draws of one step do to the log-odds; in hacks, while few."""
    return np.asarray(draws * response(hacks / np.maximum(draws, 1)))


def pulls(hacks: AnyArray, draws: AnyArray, paid: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return what a step's paid hacks did, and those that were not paid.

    Args:
        hacks: (types,)
        draws: (types,)
        paid: (types,) hacks that were paid.

    Returns:
        Two arrays, each (types, 1).
    """
    pull, share = gain(hacks, draws), paid / np.maximum(hacks, 1)
    return (pull * share)[:, None], (pull * (1 - share))[:, None]


def presents(history: History, law: Law, *, paths: int, rng: np.random.Generator) -> Paths:
    """Return where the types of a run may stand, given all that was seen of all of them."""
    first = present(history, law, Prior.of(law, len(history.types)), paths=paths, rng=rng)
    return present(history, law, lent(law, first), paths=paths, rng=rng)


def present(
    history: History, law: Law, prior: Prior, *, paths: int, rng: np.random.Generator
) -> Paths:
    """Return where each type may stand, given what was seen of itself, and what others were paid.

    Args:
        history: Up to now.
        law: Of all runs.
        prior: Of this run's speed.
        paths: How many are followed of each type.
        rng: Of the paths.
    """
    hacks, draws, paid = _counts(history)
    levels = levels_of(history)
    found = _begun(history, law, prior, levels=levels, paths=paths, rng=rng)
    for step in range(history.step + 1):
        if step in levels:
            bounded = step == min(levels)
            seen = bank_likelihood(levels[step], found.x + found.offset, bounded=bounded)
            found.see(seen, rng)
        if draws[:, step].any():
            rate = special.expit(found.x)
            share = np.where(found.opened, PAID_OPEN, PAID_CLOSED)
            seen = _binomial(hacks[:, step], draws[:, step], rate)
            if history.plan.paid_known:
                seen += _binomial(paid[:, step], hacks[:, step], share)
            found.see(seen, rng)
        if step < history.step:
            if draws[:, step].any() and history.plan.paid_known:
                did = pulls(hacks[:, step], draws[:, step], paid[:, step])
            elif draws[:, step].any():
                did = found.apart(gain(hacks[:, step], draws[:, step])[:, None])
            else:
                did = found.drawn(_planned(history, step), rng)
            found.step(law, *did, rng=rng)
    found.draw(rng, np.arange(len(history.types)))
    return found


@dataclass(frozen=True)
class Future:
    """How all types of a run may go on."""

    x: AnyArray
    """(steps to come, types, paths) log-odds."""
    first_paid: AnyArray
    """(types, paths) number of the step to come, from 0, that draws the first paid hack; as many
    as there are: none does."""


def future(
    history: History, paths: Paths, law: Law, *, horizon: int, rng: np.random.Generator
) -> Future:
    """Let all types of a run go on together.

    Args:
        history: Up to now.
        paths: Where they stand; those of one number go on together. They are moved.
        law: Of all runs.
        horizon: Last step.
        rng: Of the draws and the drift.
    """
    steps = horizon - history.step
    x, first_paid = np.empty((steps, *paths.x.shape)), np.full(paths.x.shape, steps)
    for number in range(steps):
        paid, unpaid = paths.drawn(_planned(history, history.step + number), rng)
        paths.step(law, paid, unpaid, rng=rng)
        x[number] = paths.x
        first_paid = np.where(paid > 0, np.minimum(first_paid, number), first_paid)
    return Future(x, first_paid)


def lent(law: Law, paths: Paths) -> Prior:
    """Return what the other types of a run say of each type's speed."""
    log_kappa = _lent(
        paths.log_kappa, law.log_kappa, of_run=law.kappa_of_run, of_type=law.kappa_of_type
    )
    log_shared = _lent(
        paths.log_shared, law.log_shared, of_run=law.shared_of_run, of_type=law.shared_of_type
    )
    return Prior(*log_kappa, *log_shared)


def _lent(
    value: AnyArray, mean: float, *, of_run: float, of_type: float
) -> tuple[AnyArray, AnyArray]:
    """Mean and standard deviation of a type's value by the others' posteriors, all of them taken
    as normal: what each adds to its prior says something of the run's own mean."""
    before = of_run**2 + of_type**2
    centre, spread = value.mean(axis=1), np.minimum(value.var(axis=1), 0.999 * before)
    precision = 1 / spread - 1 / before
    said = (centre / spread - mean / before) / precision
    weight = 1 / (1 / precision + of_type**2)
    total = weight.sum() - weight + 1 / of_run**2
    found = ((weight * said).sum() - weight * said + mean / of_run**2) / total
    return found, np.sqrt(1 / total + of_type**2)


def _counts(history: History) -> AnyArray:
    """Hacks, rollouts, and hacks that were paid; (3, types, steps so far)."""
    found: list[AnyArray] = []
    for name in history.types:
        hacks, draws = history.rollouts(name)
        found.append(np.array([hacks, draws, np.minimum(history.paid(name), hacks)]))
    return np.stack(found, axis=1).astype(np.float64)


def _begun(
    history: History,
    law: Law,
    prior: Prior,
    *,
    levels: dict[int, AnyArray],
    paths: int,
    rng: np.random.Generator,
) -> Paths:
    """Paths before anything was seen; they begin where the first measurement makes it likely."""
    shape = (len(history.types), paths)
    closed = history.plan.closed
    opened = rng.random(shape) < law.open_share
    if closed is not None:
        opened[:] = [[not closed.get(name, False)] for name in history.types]
    x, offset = rng.uniform(-14.0, 0.0, shape), np.zeros(shape)
    for j in range(shape[0]):
        first = [each[:, j] for _, each in sorted(levels.items()) if np.isfinite(each[0, j])]
        if first:
            centre, down, up = first[0][:3]
            side = rng.normal(0.0, 1.0, paths)
            missed = rng.normal(0.0, law.mismatch, paths)
            offset[j] = np.where(side > 0, down, up) * side + missed
            noise = rng.normal(0.0, BANK_NOISE, paths)
            x[j] = np.clip(centre - offset[j] + noise, LOWEST, 3.0)
    return Paths(
        x=x,
        offset=offset,
        log_kappa=rng.normal(prior.log_kappa[:, None], prior.kappa_spread[:, None], shape),
        log_shared=rng.normal(prior.log_shared[:, None], prior.shared_spread[:, None], shape),
        opened=opened,
        log_weight=np.zeros(shape),
    )


def _planned(history: History, step: int) -> AnyArray:
    """Rollouts that a step gives to each type."""
    plan = history.plan
    return np.array(
        [plan.rollouts[name] if step >= plan.starts.get(name, 0) else 0.0 for name in history.types]
    )


def _binomial(successes: AnyArray, trials: AnyArray, share: AnyArray) -> AnyArray:
    """Log-likelihood of each share (types, paths), up to a constant."""
    failures = (trials - successes)[:, None]
    return np.asarray(successes[:, None] * np.log(share) + failures * np.log1p(-share))
