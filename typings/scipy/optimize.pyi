from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

def brentq(f: Callable[[float], float], a: float, b: float, *, xtol: float = 2e-12) -> float: ...

class OptimizeResult:
    x: NDArray[np.float64]

def minimize(
    fun: Callable[[NDArray[np.float64]], float], x0: NDArray[np.float64], *, method: str = ...
) -> OptimizeResult: ...
