from torch import Tensor
from torch.nn import Module

class LoraLayer:
    base_layer: Module
    scaling: dict[str, float]
    def get_delta_weight(self, adapter: str) -> Tensor: ...

class ParamWrapper(LoraLayer):
    parameter_name: str
    def get_param(self) -> Tensor: ...
