"""The law of a state-space model, fitted on whole runs: what would have forecast them best."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from scipy import special

from foretoken.arrays import AnyArray
from foretoken.forecast.dynamics import Law, future, presents
from foretoken.forecast.history import History
from foretoken.forecast.logistic import cutoff_step, eligible

PARTS = 4
"""Equal parts of what is left of a training, in which a type may emerge; or it never does."""
LEAST = 1.0
"""Paths added to each of these outcomes, so that one that no path shows has a probability."""
PATHS = 300
STRETCH = 1.0
"""Standard deviation, in logs or log-odds, of how far a coefficient may lie from where it was set
by hand: what little data does not tell stays there."""
FIRST_STRIDE, LAST_STRIDE = 0.7, 0.05
"""Of the search, in logs or log-odds."""
IS_LOG = frozenset({"log_kappa", "log_shared"})
IS_SHARE = frozenset({"open_share"})


@dataclass(frozen=True)
class Question:
    """One run at one step, and when its types emerged, for each threshold."""

    history: History
    """Up to that step."""
    asked: tuple[int, ...]
    """Numbers of the types that are still to be forecast."""
    outcome: AnyArray
    """(thresholds, asked) part of what is left in which each emerged; `PARTS`: never."""


def questions(
    runs: Sequence[History], *, cutoffs: Sequence[float], thresholds: Sequence[float]
) -> list[Question]:
    """Return what is asked of a law, and the answers."""
    found: list[Question] = []
    for run in runs:
        for step in sorted({cutoff_step(run, share) for share in cutoffs}):
            now = run.until(step)
            kinds = eligible(now)
            left = (run.plan.steps - step) / PARTS
            table = np.full((len(thresholds), len(kinds)), PARTS)
            for row, threshold in enumerate(thresholds):
                for column, kind in enumerate(kinds):
                    emerged = run.emerged(kind, threshold=threshold, after=step)
                    if emerged is not None:
                        table[row, column] = min(int((emerged - step - 1) / left), PARTS - 1)
            asked = tuple(now.types.index(kind) for kind in kinds)
            if asked:
                found.append(Question(now, asked, table))
    return found


def log_score_of(
    law: Law, asked: Sequence[Question], *, thresholds: Sequence[float], seed: int
) -> float:
    """Return the mean log-probability, in nats, that a law gives to what happened.

    What happened to a type is the part of the training in which it emerged, or that it did not.
    """
    said: list[AnyArray] = []
    for number, each in enumerate(asked):
        rng = np.random.default_rng([seed, number])
        paths = presents(each.history, law, paths=PATHS, rng=rng)
        ahead = future(each.history, paths, law, horizon=each.history.plan.steps, rng=rng)
        for row, threshold in enumerate(thresholds):
            above = ahead.x[:, list(each.asked)] >= special.logit(threshold)
            part = (above.argmax(axis=0) * PARTS) // len(above)
            part[~above.any(axis=0)] = PARTS
            right = (part == each.outcome[row][:, None]).sum(axis=1)
            said.append(np.log((right + LEAST) / (PATHS + (PARTS + 1) * LEAST)))
    return float(np.concatenate(said).mean())


def fit_law(
    runs: Sequence[History],
    *,
    cutoffs: Sequence[float],
    thresholds: Sequence[float],
    begin: Law | None = None,
    evaluations: int = 150,
    seed: int = 0,
) -> Law:
    """Return the law under which runs are forecast best, by `log_score_of`.

    Args:
        runs: Up to their last step.
        cutoffs: Shares of the training at which is forecast.
        thresholds: Rates that count as emerged.
        begin: Where the search begins, and where what the data does not tell stays.
        evaluations: How many laws are tried; each takes a few hundredths of a second for each run
            and cutoff.
        seed: Of the paths; all laws are tried with the same random numbers.
    """
    asked = questions(runs, cutoffs=cutoffs, thresholds=thresholds)
    start = free(begin or Law())
    units = max(1, sum(each.outcome.size for each in asked))

    def loss(at: AnyArray) -> float:
        held = 0.5 * float(np.square((at - start) / STRETCH).sum()) / units
        return held - log_score_of(law_of(at), asked, thresholds=thresholds, seed=seed)

    return law_of(_descend(loss, start, evaluations=evaluations))


def _descend(loss: Callable[[AnyArray], float], start: AnyArray, *, evaluations: int) -> AnyArray:
    """Compass search: one coordinate after the other, with a stride that success lengthens."""
    at, best, tried = start.copy(), loss(start), 1
    stride = np.full(len(start), FIRST_STRIDE)
    while tried < evaluations and (np.abs(stride) > LAST_STRIDE).any():
        for k in range(len(at)):
            there = at.copy()
            there[k] += stride[k]
            value, tried = loss(there), tried + 1
            if value < best:
                at, best, stride[k] = there, value, 1.5 * stride[k]
            else:
                stride[k] *= -0.6
    return at


def free(law: Law) -> AnyArray:
    """Return a law as numbers that may take any value; undone by `law_of`."""
    named = zip(fields(law), astuple(law), strict=True)
    return np.array([_free(field.name, value) for field, value in named])


def law_of(at: AnyArray) -> Law:
    """Return the law of such numbers."""
    named = zip(fields(Law), at, strict=True)
    return Law(**{field.name: _bound(field.name, float(value)) for field, value in named})


def _free(name: str, value: float) -> float:
    if name in IS_LOG:
        return value
    return float(special.logit(value) if name in IS_SHARE else np.log(value))


def _bound(name: str, value: float) -> float:
    if name in IS_LOG:
        return value
    return float(special.expit(value) if name in IS_SHARE else np.exp(value))
