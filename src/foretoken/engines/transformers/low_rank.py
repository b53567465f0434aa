"""Adapters beside a base that several models share: `base(x) + up(down(x))`, nothing blended."""

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import torch
from torch import nn
from torch.nn.functional import linear
from transformers import PreTrainedModel

from foretoken.engines.transformers.devices import layer_device, placement_hooks


class Factors(NamedTuple):
    """What adapters add to one layer's output, as two products: all of their ranks together."""

    down: torch.Tensor
    """(ranks, inputs)."""
    up: torch.Tensor
    """(outputs, ranks), scales included."""


class LowRank(nn.Module):
    """A layer of the base, and what adapters add to its output."""

    def __init__(self, base: nn.Module, factors: Factors) -> None:
        super().__init__()
        self.base = base
        device, dtype = layer_device(base), self.weight.dtype
        down, up = (each.detach().to(device, dtype) for each in factors)
        self.down = nn.Parameter(down, requires_grad=False)
        self.up = nn.Parameter(up, requires_grad=False)

    @property
    def weight(self) -> torch.Tensor:
        """The base's: models ask a layer for its precision, as they may ask PEFT's layers."""
        return self.base.get_parameter("weight")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the layer's output, in the precision of its weights."""
        return self.base(x) + linear(linear(x, self.down), self.up)


def beside(model: PreTrainedModel, factors: Mapping[str, Factors]) -> PreTrainedModel:
    """Return a model that shares all tensors with another, and has these adapters beside it.

    Args:
        model: In its precision and where it computes; it is left as it is.
        factors: By the name of the layer.
    """
    own = same_tensors(model)
    for name, each in factors.items():
        own.set_submodule(name, LowRank(own.get_submodule(name), each))
    return own


def stands_beside(model: PreTrainedModel) -> bool:
    """Whether a model has adapters beside its base."""
    return any(isinstance(module, LowRank) for module in model.modules())


def same_tensors(model: PreTrainedModel) -> PreTrainedModel:
    """Return a model with the same tensors, and with modules and a configuration of its own."""
    kept = (*model.parameters(), *model.buffers(), *placement_hooks(model))
    return copy.deepcopy(model, cast(dict[int, Any], {id(each): each for each in kept}))
