"""Devices: which one a model goes to, what is free there, and how a model too large is spread."""

from typing import Any, cast

import torch
from transformers import PreTrainedModel

from foretoken.errors import ModelError

WEIGHTS_SHARE = 0.9
"""Of a device's free memory, that the weights of one voice may take before they are spread."""
HOSTS = ("cpu", "disk")
"""Where a spread model keeps weights between two uses, but computes nothing."""
_HOOK = "_hf_hook"
"""Attribute of a module under which accelerate keeps its hook."""


def find_device(name: str) -> torch.device:
    """Return the device of this name.

    Args:
        name: `auto` is the accelerator where there is one, else the processor; `cpu`, `cuda:1`,
            `mps`, ... are taken as they are; `meta` holds shapes without values.

    Raises:
        ModelError: There is no such device here.
    """
    accelerator = torch.accelerator.current_accelerator() if has_accelerator() else None
    if name == "auto":
        return accelerator or torch.device("cpu")
    here = ["auto", "cpu"]
    if accelerator is not None:
        count = torch.accelerator.device_count()
        here += [accelerator.type, *(f"{accelerator.type}:{index}" for index in range(count))]
    if name in here or name == "meta":
        return torch.device(name)
    raise ModelError(f"There is no device {name!r}: here are {', '.join(here)}.")


def has_accelerator() -> bool:
    """Whether this machine computes on something besides its processor."""
    return torch.accelerator.is_available()


def is_accelerator(device: torch.device) -> bool:
    """Whether a device works beside the processor, with a memory of its own."""
    return device.type != "cpu"


def fast_precision(device: torch.device) -> str:
    """Return `bfloat16` where a device multiplies it at least as fast as float32, else `float32`.

    Processors that only emulate it take ten times as long.
    """
    if not is_accelerator(device):
        native = bool(cast(Any, torch.ops.mkldnn)._is_mkldnn_bf16_supported())
    elif device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = True
    return "bfloat16" if native else "float32"


def free_bytes(device: torch.device) -> int | None:
    """Return the memory that tensors may still take on an accelerator; None where unknown."""
    if device.type in {"cpu", "meta"}:
        return None
    module: Any = torch.get_device_module(device)
    if hasattr(module, "mem_get_info"):
        unused = module.memory_reserved(device) - module.memory_allocated(device)
        return int(module.mem_get_info(device)[0] + unused)
    if hasattr(module, "recommended_max_memory"):
        return int(module.recommended_max_memory() - module.driver_allocated_memory())
    return None


def release_unused(device: torch.device) -> None:
    """Hand memory that no tensor holds any more back to the accelerator."""
    if device.type not in {"cpu", "meta"}:
        module: Any = torch.get_device_module(device)
        module.empty_cache()


def weights_bytes(model: PreTrainedModel) -> int:
    """Return the memory of a model's parameters and buffers; tied ones count once."""
    tensors = {id(t): t for t in (*model.parameters(), *model.buffers())}
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def place(model: PreTrainedModel, device: torch.device) -> PreTrainedModel:
    """Move a model to a device, or over all devices where it is too large for the free memory.

    Raises:
        ModelError: All devices and the main memory together are too small.
    """
    free = free_bytes(device)
    if free is not None and weights_bytes(model) > WEIGHTS_SHARE * free:
        return spread(model)
    return cast(PreTrainedModel, torch.nn.Module.to(model, device))


def spread(model: PreTrainedModel) -> PreTrainedModel:
    """Lay the layers of a model over all accelerators, and what is left into main memory.

    Raises:
        ModelError: They are too small.
    """
    from accelerate import dispatch_model, infer_auto_device_map
    from accelerate.utils import get_balanced_memory, get_max_memory

    whole: list[str] = list(getattr(model, "_no_split_modules", None) or ())
    free = {key: int(WEIGHTS_SHARE * each) for key, each in get_max_memory().items()}
    memory = get_balanced_memory(model, max_memory=free, no_split_module_classes=whole)
    device_map = infer_auto_device_map(model, max_memory=memory, no_split_module_classes=whole)
    if "disk" in device_map.values():
        raise ModelError(
            f"The model's weights ({weights_bytes(model):,} bytes) fit neither the accelerators nor"
            " the main memory: choose a smaller dtype, or serve the model and use its server."
        )
    return cast(PreTrainedModel, dispatch_model(model, device_map, force_hooks=True))


def is_spread(model: PreTrainedModel) -> bool:
    """Whether a model's layers may be on several devices."""
    return getattr(model, "hf_device_map", None) is not None


def placement_hooks(model: PreTrainedModel) -> list[object]:
    """Return what moves inputs and weights of a spread model to where a layer computes."""
    return [hook for each in model.modules() if (hook := getattr(each, _HOOK, None)) is not None]


def layer_device(layer: torch.nn.Module) -> torch.device:
    """Return the device that a layer computes on, wherever its weight lies meanwhile."""
    device: Any = getattr(getattr(layer, _HOOK, None), "execution_device", None)
    return layer.get_parameter("weight").device if device is None else torch.device(device)


def input_device(model: PreTrainedModel) -> torch.device:
    """Return the device that token ids go to, and that logits come back on."""
    if is_spread(model):
        places = list(cast(dict[str, Any], model.hf_device_map).values())
        computing = [each for each in places if str(each) not in HOSTS]
        return torch.device(computing[0] if computing else "cpu")
    return cast(torch.Tensor, model.get_input_embeddings().weight).device
