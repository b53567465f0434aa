"""What foretoken uses of accelerate, whose own annotations are partial."""

from contextlib import AbstractContextManager

from torch.nn import Module

class Accelerator:
    def autocast(self) -> AbstractContextManager[None]: ...

def dispatch_model(
    model: Module, device_map: dict[str, int | str], *, force_hooks: bool
) -> Module: ...
def infer_auto_device_map(
    model: Module,
    max_memory: dict[int | str, int] | None,
    no_split_module_classes: list[str],
) -> dict[str, int | str]: ...
