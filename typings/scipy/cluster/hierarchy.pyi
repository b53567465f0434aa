from typing import Any

import numpy as np
from numpy.typing import NDArray

def linkage(y: NDArray[Any], method: str = "single") -> NDArray[np.float64]: ...
def fcluster(
    Z: NDArray[np.float64], t: float, criterion: str = "inconsistent"
) -> NDArray[np.int64]: ...
