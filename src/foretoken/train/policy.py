"""A policy in training, by an adapter or as a whole, and the plain copy of it that samples."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer, ParamWrapper
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from foretoken.engines.transformers.adapters import adapted_module, bears_adapter, fitting
from foretoken.engines.transformers.check import check_model
from foretoken.engines.transformers.load import LoadedModel, copy_model
from foretoken.engines.transformers.tensors import seed_all
from foretoken.train.config import TrainConfig

Policy = PeftModel | PreTrainedModel
"""With an adapter, or a model all of whose weights learn."""
ADAPTER = "default"
ALL_LAYERS = "all-linear"
"""PEFT's name for every linear layer but the output layer, and for fused experts that it knows."""


def lora_policy(
    base: LoadedModel, config: TrainConfig, *, adapter: Path | None = None
) -> PeftModel:
    """Return a trainable copy of a model with an adapter on its linear layers.

    The output layer and the embeddings have none, so that every engine can score the result.

    Args:
        base: The model without adapters.
        config: Rank, scale, layers and seed of a fresh adapter.
        adapter: Folder of a saved adapter to train on; none: a fresh one.

    Raises:
        ModelError: No such adapter fits the model.
    """
    seed_all(config.seed)
    model = _learning_copy(base)
    chosen = config.target_modules
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=0.0,
        target_modules=adaptable_layers(model) if chosen is None else list(chosen),
        task_type="CAUSAL_LM",
    )
    with fitting(model, str(adapter or "A fresh adapter")), torch.no_grad():
        if adapter is None:
            policy = get_peft_model(model, lora)
        else:
            policy = PeftModel.from_pretrained(model, str(adapter), ADAPTER, is_trainable=True)
        # Layers that cannot bear an adapter show it only when they are used.
        policy(input_ids=torch.zeros((1, 2), dtype=torch.long, device=model.device))
    return policy


def full_policy(base: LoadedModel, config: TrainConfig) -> PreTrainedModel:
    """Return a copy of a model all of whose weights learn."""
    seed_all(config.seed)
    return _learning_copy(base).requires_grad_(requires_grad=True)


def model_of(policy: Policy) -> PreTrainedModel:
    """Return the model that a policy is, or stands on."""
    return policy.get_base_model() if isinstance(policy, PeftModel) else policy


def _learning_copy(base: LoadedModel) -> PreTrainedModel:
    model = copy_model(base, dtype="float32").model
    if model.device.type == "cpu":
        # The fused kernel spends half of a step in its backward pass on a processor.
        model.set_attn_implementation("eager")
    return model


def adaptable_layers(model: PreTrainedModel) -> str | list[str]:
    """Return the linear layers that an adapter can stand on, as PEFT takes them."""
    named = cast(Iterator[tuple[str, nn.Module]], model.named_modules())
    layers = [
        name
        for name, module in named
        if isinstance(module, (nn.Linear, Conv1D)) and module is not model.get_output_embeddings()
    ]
    fit = [name for name in layers if bears_adapter(name, model)]
    return ALL_LAYERS if fit == layers else fit


class Speaker:
    """A plain model without adapters that follows a policy and samples for it.

    Sampling through adapters costs two more products per layer and token; adding them to the
    weights once a step costs nothing.

    Raises:
        ModelError: The model cannot be sampled from; see `check_model`.
    """

    def __init__(self, base: LoadedModel, *, dtype: str) -> None:
        self.loaded = copy_model(base, dtype=dtype)
        check_model(self.loaded)

    @torch.no_grad()
    def follow(self, policy: Policy) -> LoadedModel:
        """Take over the policy's present weights, those of fused experts included."""
        if isinstance(policy, PeftModel):
            self._take_adapted(policy)
        else:
            for own, learnt in zip(
                self.loaded.model.parameters(), policy.parameters(), strict=True
            ):
                own.copy_(learnt)
        return self.loaded

    def _take_adapted(self, policy: PeftModel) -> None:
        model = self.loaded.model
        modules = cast(Iterator[tuple[str, torch.nn.Module]], model_of(policy).named_modules())
        for name, module in modules:
            if isinstance(module, LoraLayer):
                fused = module if isinstance(module, ParamWrapper) else None
                base = fused.get_param() if fused else module.base_layer.get_parameter("weight")
                own = model.get_submodule(adapted_module(name))
                own.get_parameter(fused.parameter_name if fused else "weight").copy_(
                    base + module.get_delta_weight(ADAPTER)
                )
