"""A LoRA policy in training, and the plain copy of it that samples."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer

from foretoken.engines.transformers.load import LoadedModel, copy_model
from foretoken.engines.transformers.tensors import seed_all
from foretoken.train.config import TrainConfig

ADAPTER = "default"


def lora_policy(
    base: LoadedModel, config: TrainConfig, *, adapter: Path | None = None
) -> PeftModel:
    """Return a trainable copy of a model with an adapter on every linear layer.

    The output layer and the embeddings have none, so that every engine can score the result.

    Args:
        base: The model without adapters.
        config: Rank, scale and seed of a fresh adapter.
        adapter: Folder of a saved adapter to train on; none: a fresh one.
    """
    seed_all(config.seed)
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    model = copy_model(base, dtype="float32").model
    if model.device.type == "cpu":
        # The fused kernel spends half of a step in its backward pass on a processor.
        model.set_attn_implementation("eager")
    if adapter is not None:
        return PeftModel.from_pretrained(model, str(adapter), ADAPTER, is_trainable=True)
    return get_peft_model(model, lora)


class Speaker:
    """A plain model without adapters that follows a policy and samples for it.

    Sampling through adapters costs two more products per layer and token; adding them to the
    weights once a step costs nothing.
    """

    def __init__(self, base: LoadedModel, *, dtype: str) -> None:
        self.loaded = copy_model(base, dtype=dtype)

    @torch.no_grad()
    def follow(self, policy: PeftModel) -> LoadedModel:
        """Take over the policy's present weights."""
        model = self.loaded.model
        modules = cast(
            Iterator[tuple[str, torch.nn.Module]], policy.get_base_model().named_modules()
        )
        for name, module in modules:
            if isinstance(module, LoraLayer):
                own = cast(torch.Tensor, model.get_submodule(name).weight)
                base = cast(torch.Tensor, module.base_layer.weight)
                own.copy_(base + cast(Any, module).get_delta_weight(ADAPTER))
        return self.loaded
