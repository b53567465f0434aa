from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

class _Distribution:
    """A scalar where every argument is one."""

    @overload
    def isf(self, q: float, *shape: float) -> np.float64: ...
    @overload
    def isf(self, q: NDArray[Any], *shape: float) -> NDArray[np.float64]: ...
    @overload
    def ppf(self, q: float, *shape: float) -> np.float64: ...
    @overload
    def ppf(self, q: NDArray[Any], *shape: float) -> NDArray[np.float64]: ...
    @overload
    def sf(self, x: float, *shape: float) -> np.float64: ...
    @overload
    def sf(self, x: NDArray[Any], *shape: float) -> NDArray[np.float64]: ...

class _Binomial:
    def sf(self, k: NDArray[Any], n: NDArray[Any] | float, p: float) -> NDArray[np.float64]: ...

beta: _Distribution
binom: _Binomial
hypergeom: _Distribution
norm: _Distribution
t: _Distribution

class BinomTestResult:
    pvalue: float

def binomtest(k: int, n: int, p: float = 0.5) -> BinomTestResult: ...
def rankdata(a: ArrayLike) -> NDArray[np.float64]: ...
