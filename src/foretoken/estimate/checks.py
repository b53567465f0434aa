"""Refusals that every estimator shares: what may not enter an average."""

import numpy as np

from foretoken.arrays import AnyArray
from foretoken.errors import ScoringError


def require_log_p(name: str, log_p: AnyArray, *, impossible: bool = False) -> None:
    """Refuse log-probabilities that a failed scoring request could have left behind.

    Args:
        name: What the array is called in the message.
        log_p: Any shape, in nats.
        impossible: Whether minus infinity (a text of probability 0) is a value here.

    Raises:
        ScoringError: A value is NaN, plus infinite, or minus infinite where that is no value.
    """
    bad = np.isnan(log_p) | (log_p == np.inf)
    if not impossible:
        bad |= log_p == -np.inf
    if bad.any():
        first = tuple(int(axis[0]) for axis in np.nonzero(bad))
        where = first[0] if len(first) == 1 else first
        raise ScoringError(
            f"{name} has {int(bad.sum())} non-finite value(s) in {log_p.size}, the first at draw "
            f"{where} ({log_p[first]}). A failed scoring request has no log-probability: score "
            "it again, or drop the draw."
        )


def require_same_length(**arrays: AnyArray) -> None:
    """Refuse arrays that do not speak of the same draws.

    Raises:
        ScoringError: The first axes differ in length.
    """
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ScoringError(
            f"arrays of different lengths: {listed}. Every array needs one entry per draw."
        )


def require_draws(draws: int, what: str = "draws") -> None:
    """Refuse an average over nothing.

    Raises:
        ScoringError: There are none.
    """
    if draws < 1:
        raise ScoringError(f"no {what}: there is nothing to average. Sample and grade some first.")
