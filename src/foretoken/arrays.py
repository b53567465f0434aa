"""Names for array shapes; axes are explained in docs/notation.md.

The aliases are documentation for readers and type checkers. `c` is a checkpoint, `x` a task,
`d` a draw (or hit), `k` a token, `m` a component.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatPerDraw = NDArray[np.float64]
"""(draws,) float64."""
BoolPerDraw = NDArray[np.bool_]
"""(draws,) bool."""
IntPerDraw = NDArray[np.int64]
"""(draws,) int64."""
FloatPerToken = NDArray[np.float64]
"""(tokens,) float64."""
BoolPerToken = NDArray[np.bool_]
"""(tokens,) bool."""
FloatPerDrawToken = NDArray[np.float64]
"""(draws, tokens) float64, right-padded with NaN."""
BoolPerDrawToken = NDArray[np.bool_]
"""(draws, tokens) bool."""
FloatPerComponent = NDArray[np.float64]
"""(components,) float64."""
IntPerComponent = NDArray[np.int64]
"""(components,) int64."""
FloatPerFoldComponent = NDArray[np.float64]
"""(folds of tasks, components) float64."""
FloatPerDrawComponent = NDArray[np.float64]
"""(draws, components) float64."""
FloatPerVoiceDraw = NDArray[np.float64]
"""(subjects and donor strengths, draws) float64."""
FloatPerCheckpointDraw = NDArray[np.float64]
"""(checkpoints, draws) float64."""
FloatPerCheckpoint = NDArray[np.float64]
"""(checkpoints,) float64."""
AnyArray = NDArray[Any]
"""An array of any shape and type."""
