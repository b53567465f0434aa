"""A device that this machine need not have: values stay on the processor, and nothing may know.

A tensor made on the device says that it is there. An operation that mixes it with a tensor of the
processor, or of another device, fails as it would on a GPU, and what a GPU has to come to rest for
is counted.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

NEAR = "meta:0"
FAR = "meta:1"
MOVES = ("_to_copy", "copy_", "to")
RESTS = (
    "_local_scalar_dense", "is_nonzero", "nonzero", "masked_select", "equal", "bincount",
    "_unique2", "unique_dim", "unique_consecutive",
)  # fmt: skip
"""Operations whose result, or its shape, the processor has to wait for."""


class Away(torch.Tensor):
    """A tensor on the device."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor, device: torch.device) -> "Away":
        made = torch.Tensor._make_wrapper_subclass(
            cls, held.shape, strides=held.stride(), storage_offset=held.storage_offset(),
            dtype=held.dtype, device=device,
        )  # fmt: skip
        made.held = held
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError(f"{func} on a tensor of the device, outside of `elsewhere`")


class _Devices(TorchDispatchMode):
    """Computes on the processor, and keeps account of devices."""

    def __init__(self) -> None:
        super().__init__()
        self.rests: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        flat = [*_leaves(args), *_leaves(tuple(kwargs.values()))]
        away = [each for each in flat if isinstance(each, Away)]
        target = next((each for each in flat if isinstance(each, torch.device)), None)
        name = func._schema.name.removeprefix("aten::")
        if away:
            self._check(name, flat, target)
        here = {name: _mapped(_here, each) for name, each in kwargs.items()}
        out = func(*_mapped(_here, args), **here)
        if func._schema.is_mutable and isinstance(args[0], Away):
            return args[0]
        target = target or (away[0].device if away else torch.device("cpu"))
        if target.type == "cpu":
            return out
        return _mapped(lambda x: Away(x, target) if isinstance(x, torch.Tensor) else x, out)

    def _check(self, name: str, flat: list[Any], target: torch.device | None) -> None:
        tensors = [each for each in flat if isinstance(each, torch.Tensor)]
        if name in MOVES:
            self.rests["to cpu"] += target is not None and target.type == "cpu"
            return
        devices = {str(each.device) for each in tensors if each.dim() or isinstance(each, Away)}
        assert len(devices) == 1, f"{name} mixes {sorted(devices)}"
        self.rests[name] += name in RESTS
        masks = any(each.dtype == torch.bool for each in tensors[1:])
        self.rests["mask as index"] += name == "index" and masks


class _Functions(TorchFunctionMode):
    """Two functions that would not let the other mode see what they do."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.Tensor.tolist:
            return func(args[0].cpu())
        device = kwargs.pop("device", None) if func is torch.tensor else None
        made = func(*args, **kwargs)
        return made if device is None else made.to(device)


def _leaves(each: Any) -> Iterator[Any]:
    """What an operation is given, out of its lists (many times faster than pytree)."""
    if isinstance(each, list | tuple):
        for part in each:
            yield from _leaves(part)
    else:
        yield each


def _mapped(change: Callable[[Any], Any], each: Any) -> Any:
    if isinstance(each, list | tuple):
        return type(each)([_mapped(change, part) for part in each])
    return change(each)


def _here(each: Any) -> Any:
    if isinstance(each, torch.device):
        return torch.device("cpu")
    return each.held if isinstance(each, Away) else each


@contextmanager
def elsewhere() -> Generator[Counter[str]]:
    """Inside, devices named `meta` have values; yields what they had to come to rest for."""
    devices = _Devices()
    with _Functions(), devices:
        yield devices.rests


def move(module: torch.nn.Module, device: str) -> None:
    """Move a module to the device."""
    for part in module.modules():
        for name, each in part._parameters.items():
            if each is not None:
                away = Away(each.detach(), torch.device(device))
                part._parameters[name] = torch.nn.Parameter(away, requires_grad=False)
        for name, each in part._buffers.items():
            part._buffers[name] = None if each is None else Away(each, torch.device(device))


def move_apart(model: Any) -> None:
    """Spread a Llama of two layers over two devices; what goes into a part is moved to it."""
    core = model.model
    places = {
        "model.embed_tokens": NEAR, "model.rotary_emb": NEAR, "model.layers.0": NEAR,
        "model.layers.1": FAR, "model.norm": FAR, "lm_head": FAR,
    }  # fmt: skip
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    for name, device in places.items():
        module = model.get_submodule(name)
        move(module, device)
        module.register_forward_pre_hook(_brought_to(device), with_kwargs=True)
    assert len(core.layers) == 2
    model.hf_device_map = places


def _brought_to(device: str) -> Callable[..., Any]:
    def bring(_: torch.nn.Module, args: Any, kwargs: Any) -> Any:
        moved = lambda x: x.to(device) if isinstance(x, torch.Tensor) else x  # noqa: E731
        return tree_map(moved, args), tree_map(moved, kwargs)

    return bring
