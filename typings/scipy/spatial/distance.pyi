from typing import Any

import numpy as np
from numpy.typing import NDArray

def squareform(X: NDArray[Any], *, checks: bool = True) -> NDArray[np.float64]: ...
