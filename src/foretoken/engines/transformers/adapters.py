"""Model folders and LoRA adapters on disk: what fits, what it hashes to, and how it is blended."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from peft import LoraConfig, PeftConfig, PeftModel
from peft.tuners.lora import Linear, LoraLayer
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from foretoken.engines.transformers.low_rank import Factors, same_tensors
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.engines.weights import (
    ADAPTER_WEIGHTS,
    check_noted_base,
    existing_folder,
    first_line,
)
from foretoken.errors import ModelError


def check_adapter(path: str, *, model: PreTrainedModel, base_hash: str) -> None:
    """Refuse an adapter that is damaged or was made for another model.

    Raises:
        ModelError: With what does not fit and what to do.
    """
    folder = existing_folder(path, "adapter")
    config = _adapter_config(folder)
    shapes = adapter_shapes(folder)
    if config.peft_type != "LORA" or not isinstance(config, LoraConfig):
        raise ModelError(f"{folder} holds a {config.peft_type} adapter; only LoRA can be blended.")
    for name, shape in shapes.items():
        _check_adapter_weight(folder, name, shape=shape, model=model)
    check_noted_base(folder, base_hash)


def adapter_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each matrix of a saved adapter.

    Raises:
        ModelError: The file is missing or damaged.
    """
    file = folder / ADAPTER_WEIGHTS
    if not file.is_file():
        raise ModelError(f"{folder} has no {ADAPTER_WEIGHTS}: the adapter was not saved whole.")
    try:
        opened: Any = safe_open(file, framework="pt")
        with opened as weights:
            return {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{file} cannot be read: {first_line(error)}. It may be cut off: copy it again."
        ) from error


def merge(model: PreTrainedModel, adapters: Sequence[tuple[str, float]]) -> PreTrainedModel:
    """Add `scale * delta` of each adapter to a model's own weights; return the model.

    Raises:
        ModelError: PEFT cannot put an adapter on this model.
    """
    adapters = _heard(adapters)
    if not adapters:
        return model
    with _by_peft(model, adapters) as (peft_model, names):
        return peft_model.merge_and_unload(adapter_names=names)


def low_rank(
    model: PreTrainedModel, adapters: Sequence[tuple[str, float]]
) -> dict[str, Factors] | None:
    """Return what adapters add to each layer's output, by its name, scales included.

    Args:
        model: The model without adapters, which is left as it is.
        adapters: Folders with scales; adapters of one layer are laid side by side.

    Returns:
        In float32, on the processor; None where an adapter is more than a sum of products beside
        linear layers: it changes fused experts, a layer that is not only called, the output layer
        where that is tied, or the base.

    Raises:
        ModelError: PEFT cannot put an adapter on this model.
    """
    adapters = _heard(adapters)
    if not adapters:
        return {}
    if not all(_leaves_the_base(_adapter_config(Path(folder))) for folder, _ in adapters):
        return None
    with _by_peft(same_tensors(model), adapters) as (peft_model, names):
        layers = dict(_adapted(peft_model.get_base_model()))
        if not all(_is_plain(name, layer, model=model) for name, layer in layers.items()):
            return None
        return {name: _side_by_side(layer, names) for name, layer in layers.items()}


def _heard(adapters: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    return [(adapter, scale) for adapter, scale in adapters if scale != 0.0]


@contextmanager
def _by_peft(
    model: PreTrainedModel, adapters: Sequence[tuple[str, float]]
) -> Generator[tuple[PeftModel, list[str]]]:
    """A model with adapters on it as PEFT has them, at their scales, and their names there."""
    names = [f"adapter_{index}" for index in range(len(adapters))]
    with library_talk_off(), fitting(model, "; ".join(adapter for adapter, _ in adapters)):
        peft_model = PeftModel.from_pretrained(model, adapters[0][0], adapter_name=names[0])
        for name, (adapter, _) in zip(names[1:], adapters[1:], strict=True):
            peft_model.load_adapter(adapter, adapter_name=name)
        for _, module in _adapted(peft_model.get_base_model()):
            for name, (_, scale) in zip(names, adapters, strict=True):
                if name in module.scaling:
                    module.scaling[name] *= scale
        yield peft_model, names


def _adapted(model: PreTrainedModel) -> Iterator[tuple[str, LoraLayer]]:
    for name, module in cast(Iterator[tuple[str, nn.Module]], model.named_modules()):
        if isinstance(module, LoraLayer):
            yield name, module


_OF_ITS_OWN = (True, False, "gaussian", "orthogonal")
"""Ways to begin an adapter that leave the base's weights alone."""


def _leaves_the_base(config: PeftConfig) -> bool:
    begun: object = getattr(config, "init_lora_weights", True)
    return begun in _OF_ITS_OWN and not getattr(config, "layer_replication", None)


def _is_plain(name: str, layer: LoraLayer, *, model: PreTrainedModel) -> bool:
    """Whether a layer's output is that of the base and two products for each adapter."""
    if type(layer) is not Linear or layer.lora_variant or any(layer.lora_bias.values()):
        return False
    if not bears_adapter(name, model):
        return False
    everyone = model.named_parameters(remove_duplicate=False)
    weight = layer.base_layer.get_parameter("weight")
    return sum(each is weight for _, each in everyone) == 1


def _side_by_side(layer: LoraLayer, names: Sequence[str]) -> Factors:
    own = [name for name in names if name in layer.scaling]
    down = torch.cat([layer.lora_A.get_parameter(f"{name}.weight").detach() for name in own])
    up = [
        layer.lora_B.get_parameter(f"{name}.weight").detach() * layer.scaling[name] for name in own
    ]
    return Factors(down=down, up=torch.cat(up, dim=1))


def bears_adapter(name: str, model: PreTrainedModel) -> bool:
    """Whether a layer is a plain linear one that its model only calls.

    Some routers of experts do more. In a state-space mixer, kernels take the weights of all but the
    first layers as they are, past any adapter.
    """
    parent, _, own = name.rpartition(".")
    mixer = isinstance(getattr(model.get_submodule(parent), "conv1d", None), nn.Conv1d)
    plain = type(model.get_submodule(name)) in {nn.Linear, Conv1D}
    return plain and (not mixer or own.startswith("in_proj"))


@contextmanager
def fitting(model: PreTrainedModel, adapter: str) -> Generator[None]:
    """Inside the block, what PEFT says of an adapter that does not fit becomes one line.

    Raises:
        ModelError: With what PEFT said.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, OSError) as error:
        raise ModelError(
            f"{adapter} does not fit {type(model).__name__}: {first_line(error).rstrip('.')}. Take "
            "an adapter of this model, or name the layers that get one with `target_modules`."
        ) from error


def _adapter_config(folder: Path) -> PeftConfig:
    if not (folder / "adapter_config.json").is_file():
        raise ModelError(f"{folder} has no adapter_config.json: give the folder of a LoRA adapter.")
    try:
        return PeftConfig.from_pretrained(str(folder))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"adapter_config.json in {folder} cannot be read: {first_line(error)}."
        ) from error


def _check_adapter_weight(
    folder: Path, name: str, *, shape: tuple[int, ...], model: PreTrainedModel
) -> None:
    module_name, _, part = name.removeprefix("base_model.model.").rpartition(".lora_")
    if part not in {"A.weight", "B.weight"}:
        raise ModelError(f"{folder} holds {name}, which is no LoRA matrix: it cannot be blended.")
    try:
        module = model.get_submodule(adapted_module(module_name))
    except AttributeError as error:
        raise ModelError(
            f"The adapter in {folder} changes {module_name}, which this model lacks: it was made "
            "for another model."
        ) from error
    axis = 1 if part == "A.weight" else 0
    have, want = shape[axis], _sizes(module, axis=axis)
    if have not in want:
        raise ModelError(
            f"The adapter in {folder} was made for another model: {name} has {have} "
            f"{'inputs' if axis else 'outputs'}, this model's layer "
            f"{' or '.join(map(str, want)) or 'no weights'}."
        )


def adapted_module(name: str) -> str:
    """Return the name that an adapted module has in the model without adapters.

    PEFT wraps a module whose parameters are adapted one by one, such as fused experts, once for
    each of them.
    """
    return ".".join(part for part in name.split(".") if part != "base_layer")


def _sizes(module: nn.Module, *, axis: int) -> list[int]:
    """Return the inputs (axis 1) or outputs (axis 0) that an adapter of a module may have."""
    own = dict(module.named_parameters(recurse=False))
    if "weight" in own:
        return [own["weight"].shape[1 - axis if isinstance(module, Conv1D) else axis]]
    return sorted({size for weight in own.values() if weight.ndim > 2 for size in weight.shape[1:]})
