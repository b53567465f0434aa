from typing import Any

import numpy as np
from numpy.typing import NDArray

class _ArrayStats:
    def pareto_khat(
        self, ary: NDArray[Any], *, r_eff: float, tail: str
    ) -> NDArray[np.float64] | np.float64: ...

array_stats: _ArrayStats
