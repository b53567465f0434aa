from torch.nn import Module

class LoraLayer:
    base_layer: Module
    scaling: dict[str, float]
