"""Densities summed the slow way."""

from itertools import pairwise

import numpy as np


def switch_ratio(ratio_k: np.ndarray, *, enter: float, leave: float) -> float:
    """Sum over every place of windows, one path after the other."""
    total = 0.0
    for path in range(1 << len(ratio_k)):
        inside = [bool(path >> k & 1) for k in range(len(ratio_k))]
        chance = enter if inside[0] else 1 - enter
        for old, new in pairwise(inside):
            leaves, enters = (leave if old != new else 1 - leave), (enter if new else 1 - enter)
            chance *= leaves if old else enters
        total += chance * np.prod([r for r, said in zip(ratio_k, inside, strict=True) if said])
    return total
