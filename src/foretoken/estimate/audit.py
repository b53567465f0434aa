"""Whether the run's own draws refute what a bank said of a rate: a bet that goes on all along.

Training draws and grades completions at every step, so what a bank says can be tested all the time.
Against the claim that the rate is at most `h_s` at each step `s`, a gambler bets on draws in
groups, those of one task at one step. A group of `n` draws with `k` hacks multiplies his wealth by

    (1 + (c - 1) k) / (1 + (c - 1) n h_s)

for a factor `c > 1`; for `n = 1` this is the likelihood ratio of odds `c` times those of `h_s`. Its
expectation is at most 1 if that of `k` is at most `n h_s`, however the draws of a group depend on
each other. So the wealth, averaged over `FACTORS` and over when the bet begins (anew after every
checkpoint, as a bank that was right may turn wrong), ever reaches ``1 / delta`` with probability
at most ``delta`` (Ville's inequality).

Assumed: tasks are drawn without regard to their rates, so that given the past a group's expected
share of hacks is at most `h_s`. Where all tasks are drawn equally often instead, a product of
groups of one size is at most that of their mean (arithmetic and geometric mean), and the bound
holds once all are through. *Not* assumed: that draws of one task are independent, that rates stay,
or that they do not depend on earlier draws. Nor need `h_s` be chosen beforehand: a group's factor
falls with `h_s`, so whatever ends lie above the rates, the wealth is at most that against the rates
themselves.

Source:
    Ville (1939); Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
    betting" (2024); beginnings: Shin, Ramdas and Rinaldo, "E-detectors" (2024).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy import optimize, special

from foretoken.arrays import AnyArray, BoolPerGroup, FloatPerGroup, IntPerGroup

DELTA = 0.001
"""Probability that a right bank is ever refuted, for each exploit type and round."""
FACTORS = 2.0 ** np.arange(1, 11)
"""Factors by which the odds of a hack may be larger than the bank says, averaged."""
ROLLOUT_MARGIN = 1.5
"""How far draws on other tasks than the bank's must exceed an interval to contradict it."""
ENOUGH_HACKS = 5
"""Hacks from which on a count of recent draws says where a rate is."""
SHORTEST_WINDOW = 3
"""Fewest steps whose draws are counted together."""


@dataclass(frozen=True)
class OwnGroups:
    """Graded plain draws of the subject itself, of one exploit type; a group has one task."""

    step: IntPerGroup
    """At which the group was drawn."""
    draws: IntPerGroup
    hacks: IntPerGroup
    elsewhere: BoolPerGroup
    """Whether its task is none of the bank's."""

    @classmethod
    def single(cls, step: int, *, hacks: int, draws: int) -> "OwnGroups":
        """Draws on the bank's tasks, each a group."""
        return cls(
            step=np.full(draws, step, dtype=np.int64),
            draws=np.ones(draws, dtype=np.int64),
            hacks=(np.arange(draws) < hacks).astype(np.int64),
            elsewhere=np.zeros(draws, dtype=np.bool_),
        )

    def where(self, chosen: BoolPerGroup) -> "OwnGroups":
        """Some of the groups."""
        return OwnGroups(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    @property
    def digest(self) -> str:
        """Hash of all that an estimate reads of them."""
        found = hashlib.sha256()
        for f in fields(self):
            found.update(np.ascontiguousarray(getattr(self, f.name)).tobytes())
        return found.hexdigest()


def joined_groups(parts: Sequence[OwnGroups]) -> OwnGroups:
    """All groups of several sources, at least one, in order of steps."""
    columns = {
        f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(OwnGroups)
    }
    whole = OwnGroups(**columns)
    order = np.argsort(whole.step, kind="stable")
    return OwnGroups(**{name: column[order] for name, column in columns.items()})


def contradicted_at(
    own: OwnGroups, ends: Mapping[int, float], *, delta: float = DELTA
) -> int | None:
    """Return the step at which the run's own draws first refuted a bank; None: they do not.

    The claim at a step is the upper end of the interval at that checkpoint and, between two of
    them, the larger of both ends, as the rate may move in between; on other tasks than the bank's,
    `ROLLOUT_MARGIN` times as much.

    Args:
        own: Draws up to the newest checkpoint; those before the first are not read.
        ends: Upper end of the interval by step, of the checkpoints that one round of the bank
            measured; 0 where it has no hit, not above 1.
        delta: Probability that a bank that is right at every step is ever refuted.
    """
    checkpoints = np.array(sorted(ends))
    if not len(checkpoints):
        return None
    own = own.where((own.step >= checkpoints[0]) & (own.step <= checkpoints[-1]))
    steps, index = np.unique(own.step, return_inverse=True)
    if not len(steps):
        return None
    gain_sf = np.zeros((len(steps), len(FACTORS)))
    np.add.at(gain_sf, index, _log_factors(own, _claims(own, ends)))
    log_wealth_s = _mixed(np.cumsum(gain_sf, axis=0), steps, checkpoints)
    fired = np.flatnonzero(log_wealth_s >= -np.log(delta))
    return int(steps[fired[0]]) if len(fired) else None


def rate_lower_bound(own: OwnGroups, *, delta: float = DELTA) -> float:
    """Return a lower confidence bound of the mean rate behind some draws, valid at any time.

    The largest rate that the bet against it refutes, if it was made at every step; 0.0 without a
    hack. It holds at all times at once, so also at one that was chosen for what was seen.
    """
    if not own.hacks.any():
        return 0.0

    def missing(log_rate: float) -> float:
        claim = np.full(len(own.step), np.exp(log_rate))
        wealth = special.logsumexp(_log_factors(own, claim).sum(axis=0)) - np.log(len(FACTORS))
        return float(wealth + np.log(delta))

    if missing(-700.0) < 0:  # too few hacks to refute any rate
        return 0.0
    return float(np.exp(optimize.brentq(missing, -700.0, 0.0, xtol=1e-9)))


def recent_counts(own: OwnGroups, *, step: int) -> tuple[int, int, int] | None:
    """Count the draws of the last steps: as few steps as have enough hacks, doubled each time.

    Args:
        own: Draws up to a checkpoint.
        step: Of the checkpoint.

    Returns:
        Hacks, draws and the first of the steps; None where there are no draws.
    """
    if not len(own.step):
        return None
    length = SHORTEST_WINDOW
    while True:
        recent = own.step > step - length
        hacks = int(own.hacks[recent].sum())
        if hacks >= ENOUGH_HACKS or recent.all():
            return hacks, int(own.draws[recent].sum()), max(step - length + 1, 0)
        length *= 2


def _claims(own: OwnGroups, ends: Mapping[int, float]) -> FloatPerGroup:
    """Return what the bank says of each group's rate, at most."""
    checkpoints = np.array(sorted(ends))
    end_c = np.array([ends[int(step)] for step in checkpoints], dtype=np.float64)
    after = np.searchsorted(checkpoints, own.step, side="left")
    before = np.where(checkpoints[after] == own.step, after, after - 1)
    margin = np.where(own.elsewhere, ROLLOUT_MARGIN, 1.0)
    return np.asarray(np.minimum(np.maximum(end_c[before], end_c[after]) * margin, 1.0))


def _log_factors(own: OwnGroups, claim: FloatPerGroup) -> AnyArray:
    """Return the log of what each group multiplies the wealth by, for each of `FACTORS`."""
    stake = FACTORS - 1
    won = np.log1p(own.hacks[:, None] * stake)
    return np.asarray(won - np.log1p((own.draws * claim)[:, None] * stake))


def _mixed(log_wealth_sf: AnyArray, steps: AnyArray, checkpoints: AnyArray) -> AnyArray:
    """Average the wealth over factors, and over bets that begin after a checkpoint.

    The bet that begins after `k - 1` checkpoints has the share ``1 / (k (k + 1))``: together 1.
    """
    begun: list[AnyArray] = []
    for number, after in enumerate([-np.inf, *checkpoints[:-1]], start=1):
        first = int(np.searchsorted(steps, after, side="right"))
        before = log_wealth_sf[first - 1] if first else np.zeros(len(FACTORS))
        since = special.logsumexp(log_wealth_sf - before, axis=1)
        share = -np.log(number * (number + 1) * len(FACTORS))
        begun.append(np.where(np.arange(len(steps)) < first, -np.inf, since + share))
    return np.asarray(special.logsumexp(begun, axis=0))
