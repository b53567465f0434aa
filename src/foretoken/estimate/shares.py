"""The interval of a share of which draws stand for different numbers."""

from scipy import stats


def share_interval(share: float, effective: float, *, delta: float = 0.05) -> tuple[float, float]:
    """Return a two-sided interval of a weighted share.

    It is the Clopper-Pearson interval of as many draws as the weighted ones are worth; with equal
    weights that is the exact one.

    Args:
        share: Weighted mean of draws that are 0 or 1.
        effective: Number of draws of equal weight that these are worth; see `effective_count`.
        delta: Probability that the interval misses.

    Source:
        Korn and Graubard, "Confidence intervals for proportions with small expected number of
        positive counts estimated from survey data" (1998).
    """
    hits, misses = share * effective, (1 - share) * effective
    low = stats.beta.ppf(delta / 2, hits, misses + 1) if hits > 0 else 0.0
    high = stats.beta.ppf(1 - delta / 2, hits + 1, misses) if misses > 0 else 1.0
    return float(low), float(high)
