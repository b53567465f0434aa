"""The test run looks at the shape and type of every array that enters the checked packages."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jaxtyping import TypeCheckError

import foretoken
from foretoken.estimate.mixture import uncovered_share
from foretoken.estimate.switch import weighted_median
from shapes import CHECKED, unchecked_shapes

MODULES = [
    ".".join(path.relative_to(Path(foretoken.__file__).parents[1]).with_suffix("").parts)
    for package in CHECKED
    for path in sorted(
        Path(foretoken.__file__).parents[1].glob(f"{package.replace('.', '/')}/*.py")
    )
    if path.name != "__init__.py"
]


@pytest.mark.parametrize(
    "values, log_w",
    [
        (np.zeros(3), np.zeros(2)),
        (np.zeros((3, 1)), np.zeros(3)),
        (np.zeros(3, dtype=np.int64), np.zeros(3)),
        (np.zeros(3), np.zeros(3, dtype=np.float32)),
        ([0.0], [0.0]),
    ],
    ids=["two lengths", "two axes", "whole numbers", "half the precision", "no arrays"],
)
def test_an_array_of_wrong_shape_or_type_does_not_enter(values: Any, log_w: Any) -> None:
    with pytest.raises(TypeCheckError):
        weighted_median(values, log_w)
    with unchecked_shapes():
        assert weighted_median(np.zeros(3), np.zeros(3)) == 0.0


def test_sizes_are_held_together_over_all_arguments() -> None:
    assert uncovered_share(np.zeros((2, 3)), weights=np.ones(3) / 3) == 0.0
    with pytest.raises(TypeCheckError):
        uncovered_share(np.zeros((2, 3)), weights=np.ones(2) / 2)


@pytest.mark.parametrize("name", MODULES)
def test_every_module_of_the_checked_packages_is_checked(name: str) -> None:
    spec = importlib.import_module(name).__spec__
    assert spec is not None
    assert type(spec.loader).__name__ == "_JaxtypingLoader"
