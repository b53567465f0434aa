from collections.abc import Sequence

import torch

class CacheLayerMixin:
    keys: torch.Tensor | None
    values: torch.Tensor | None

class DynamicLayer(CacheLayerMixin):
    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        *args: object,
        **kwargs: object,
    ) -> tuple[torch.Tensor, torch.Tensor]: ...
    def get_seq_length(self) -> int: ...

class DynamicSlidingWindowLayer(DynamicLayer): ...
class LinearAttentionLayer(CacheLayerMixin): ...

class Cache:
    layers: list[CacheLayerMixin]
    def __init__(self, layers: Sequence[CacheLayerMixin]) -> None: ...
    def reorder_cache(self, beam_idx: torch.Tensor) -> None: ...
