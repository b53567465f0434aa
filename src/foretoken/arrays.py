"""Names for array shapes; axes are explained in docs/notation.md.

The aliases are documentation for readers and type checkers. `c` is a checkpoint, `x` a task,
`d` a draw (or hit), `k` a token, `m` a component. The test run checks them: there jaxtyping is
installed, and an import hook (tests/conftest.py) makes beartype look at every call. A size that
one signature names twice, as "draws", must be the same size in one call.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

FloatPerDraw = NDArray[np.float64]
"""(draws,) float64."""
BoolPerDraw = NDArray[np.bool_]
"""(draws,) bool."""
IntPerDraw = NDArray[np.int64]
"""(draws,) int64."""
IntPerTask = NDArray[np.int64]
"""(tasks,) int64."""
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
IntPerGroup = NDArray[np.int64]
"""(groups of draws,) int64."""
BoolPerGroup = NDArray[np.bool_]
"""(groups of draws,) bool."""
FloatPerGroup = NDArray[np.float64]
"""(groups of draws,) float64."""
AnyArray = NDArray[Any]
"""An array of any shape and type."""

if not TYPE_CHECKING:
    with suppress(ImportError):
        from jaxtyping import Bool, Float64, Int64, Shaped

        FloatPerDraw = Float64[np.ndarray, "draws"]
        BoolPerDraw = Bool[np.ndarray, "draws"]
        IntPerDraw = Int64[np.ndarray, "draws"]
        IntPerTask = Int64[np.ndarray, "tasks"]
        FloatPerToken = Float64[np.ndarray, "tokens"]
        BoolPerToken = Bool[np.ndarray, "tokens"]
        FloatPerDrawToken = Float64[np.ndarray, "draws tokens"]
        BoolPerDrawToken = Bool[np.ndarray, "draws tokens"]
        FloatPerComponent = Float64[np.ndarray, "components"]
        IntPerComponent = Int64[np.ndarray, "components"]
        FloatPerFoldComponent = Float64[np.ndarray, "folds components"]
        FloatPerDrawComponent = Float64[np.ndarray, "draws components"]
        FloatPerVoiceDraw = Float64[np.ndarray, "voices draws"]
        FloatPerCheckpointDraw = Float64[np.ndarray, "checkpoints draws"]
        FloatPerCheckpoint = Float64[np.ndarray, "checkpoints"]
        IntPerGroup = Int64[np.ndarray, "groups"]
        BoolPerGroup = Bool[np.ndarray, "groups"]
        FloatPerGroup = Float64[np.ndarray, "groups"]
        AnyArray = Shaped[np.ndarray, "..."]
