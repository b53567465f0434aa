"""What torch leaves without a type: each such method as a function that has one."""

from typing import Any, Protocol

import torch


class _Tensor(Protocol):
    def tolist(self) -> list[Any]: ...
    def unique(self, *, return_inverse: bool) -> tuple[torch.Tensor, torch.Tensor]: ...


class _Torch(Protocol):
    def manual_seed(self, seed: int, /) -> torch.Generator: ...


_torch: _Torch = torch


def listed(values: _Tensor) -> list[Any]:
    """Return the numbers of a tensor, one list for each axis."""
    return values.tolist()


def distinct(values: _Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the different values in rising order, and the place of each value among them."""
    return values.unique(return_inverse=True)


def seed_all(seed: int) -> None:
    """Seed the random numbers of every device."""
    _torch.manual_seed(seed)
