"""How much of what a subject writes could a bank have drawn: the mean of `p / q` over draws.

Over draws from `q`, hits or not, ``E_q[p / q]`` is the mass that `p` puts on texts that `q` writes:
1 where `q` writes all that `p` does. Where it is less, texts are missing, hacks perhaps among them,
and nothing in the weights of the hits shows it.
"""

import numpy as np

from foretoken.arrays import FloatPerDraw
from foretoken.estimate.checks import require_draws, require_log_p, require_same_length

ENOUGH_COVERED = 0.8
"""Mass from which on what is missing is not worth a doubt."""
LARGEST_LOG = 300.0
"""Log of the largest weight that is told from a larger one: floats hold sums of their squares."""
ERRORS = 3.0
"""Standard errors by which the mass must be below that."""


def other_mass(
    *, log_p_subject: FloatPerDraw, log_q: FloatPerDraw, drawn: int
) -> tuple[float, float]:
    """Return the mass that a subject puts on covered texts which are no hacks, and its error.

    Args:
        log_p_subject: (others,) of those among the draws that do not hack, nats.
        log_q: (others,) density that they were drawn from, nats.
        drawn: How many draws there were, hacks included.

    Raises:
        ScoringError: There are fewer than 2 draws, or a log-probability is no number.
    """
    require_draws(drawn - 1, "checked draws beside the first")
    require_same_length(log_p_subject=log_p_subject, log_q=log_q)
    require_log_p("log_p_subject", log_p_subject, impossible=True)
    require_log_p("log_q", log_q)
    own_d = np.exp(np.minimum(log_p_subject - log_q, LARGEST_LOG))
    w_d = np.concatenate([own_d, np.zeros(drawn - len(log_q))])
    return float(w_d.mean()), float(w_d.std(ddof=1) / np.sqrt(drawn))


def covered_mass(
    others: tuple[float, float], *, rate: float, effective_hits: float
) -> tuple[float, float]:
    """Return the mass of all covered texts, hacks and others, and its standard error.

    Args:
        others: From `other_mass`.
        rate: Of hacks, by the weights of all hits.
        effective_hits: Behind it.
    """
    mass, error = others
    return rate + mass, float(np.hypot(rate / np.sqrt(max(effective_hits, 1.0)), error))


def misses_much(covered: tuple[float, float]) -> bool:
    """Whether texts are missing that the subject writes in more than a fifth of its draws."""
    mass, error = covered
    return mass + ERRORS * error < ENOUGH_COVERED
