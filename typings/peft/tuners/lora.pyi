from torch import Tensor
from torch.nn import Module

class LoraLayer:
    base_layer: Module
    scaling: dict[str, float]
    lora_A: Module
    lora_B: Module
    lora_variant: dict[str, object]
    lora_bias: dict[str, bool]
    def get_delta_weight(self, adapter: str) -> Tensor: ...

class Linear(LoraLayer): ...

class ParamWrapper(LoraLayer):
    parameter_name: str
    def get_param(self) -> Tensor: ...
