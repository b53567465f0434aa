"""A key-value cache that writes into one reserved buffer, and whose rows can be dropped.

The cache of transformers concatenates at each token, which copies the whole cache each time.
"""

from typing import cast

import torch
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import Cache, DynamicLayer


class ReservedLayer(DynamicLayer):
    """One layer's keys and values in a buffer of fixed capacity (tokens)."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Reserve the buffers, once the shape of the states is known."""
        super().lazy_initialization(key_states, value_states)
        self.key_buffer = _reserved_like(key_states, self.capacity)
        self.value_buffer = _reserved_like(value_states, self.capacity)
        self._show(0)

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        *_: object,
        **__: object,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write the new states after the old ones and return views of all of them."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start = self.get_seq_length()
        stop = start + key_states.shape[-2]
        self.key_buffer[:, :, start:stop] = key_states
        self.value_buffer[:, :, start:stop] = value_states
        return self._show(stop)

    def reorder_cache(self, beam_idx: torch.Tensor) -> None:
        """Keep (or repeat) these rows."""
        filled = self.get_seq_length()
        self.key_buffer = self.key_buffer.index_select(0, beam_idx)
        self.value_buffer = self.value_buffer.index_select(0, beam_idx)
        self._show(filled)

    def _show(self, filled: int) -> tuple[torch.Tensor, torch.Tensor]:
        self.keys = self.key_buffer[:, :, :filled]
        self.values = self.value_buffer[:, :, :filled]
        return self.keys, self.values


def reserve_cache(model: PreTrainedModel, *, capacity: int) -> Cache:
    """Return an empty cache for `capacity` tokens a row.

    Models with layers other than full attention get the cache that transformers makes for them.
    """
    usual = DynamicCache(config=model.config)
    if not usual.layers or any(type(layer) is not DynamicLayer for layer in usual.layers):
        return usual
    return Cache(layers=[ReservedLayer(capacity) for _ in usual.layers])


def select_rows(cache: Cache, rows: torch.Tensor) -> None:
    """Keep these rows of a cache, in this order; a row may be named several times."""
    cache.reorder_cache(cast(torch.LongTensor, rows))


def _reserved_like(states: torch.Tensor, capacity: int) -> torch.Tensor:
    rows, heads, _, width = states.shape
    return states.new_zeros((rows, heads, capacity, width))
