"""Completions that are known already, after prompts that are read once for all of them."""

from collections.abc import Sequence
from typing import cast

import torch
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from foretoken.engines.transformers.devices import input_device
from foretoken.engines.transformers.traits import reads_at_most


def left_padded(
    prompts: Sequence[Sequence[int]], *, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids of prompts and the mask of what is no padding; both (prompts, tokens)."""
    width = max(map(len, prompts))
    ids_dk = torch.zeros((len(prompts), width), dtype=torch.long)
    mask_dk = torch.zeros((len(prompts), width), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids_dk[row, width - len(prompt) :] = torch.tensor(prompt)
        mask_dk[row, width - len(prompt) :] = 1
    return ids_dk.to(device), mask_dk.to(device)


class ReadPrompts:
    """Prompts that were read, with their gradient where one is wanted.

    Args:
        model: One that `attends_fully`.
        prompts: Token ids.
    """

    def __init__(self, model: PreTrainedModel, prompts: Sequence[Sequence[int]]) -> None:
        self.model = model
        self.device = input_device(model)
        ids_dk, self.mask_dk = left_padded(prompts, device=self.device)
        self.width = ids_dk.shape[1]
        """Tokens of the longest prompt."""
        self.tokens = ids_dk.numel()
        """Tokens that were read, padding included."""
        cache = DynamicCache(config=model.config)
        logits = model(
            input_ids=ids_dk,
            attention_mask=self.mask_dk,
            position_ids=(self.mask_dk.cumsum(1) - 1).clamp(min=0),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits
        self.next_logits = cast(torch.Tensor, logits)[:, -1].to(self.device)
        """(prompts, vocabulary), of the token after each."""
        layers = cast(list[DynamicLayer], cache.layers)
        self.states = [cast(torch.Tensor, s) for each in layers for s in (each.keys, each.values)]
        """Keys and values of each layer, by turns."""
        self.dtypes = [each.dtype for each in self.states]

    def go_on(self, rows: torch.Tensor, ids_dk: torch.Tensor) -> torch.Tensor:
        """Return the logits after each of these tokens, (completions, tokens, vocabulary).

        Args:
            rows: (completions,) which prompt each of them continues.
            ids_dk: (completions, tokens) ids, padded on the right.
        """
        cache = DynamicCache(config=self.model.config)
        own = [
            states.index_select(0, rows.to(states.device)).to(dtype)
            for states, dtype in zip(self.states, self.dtypes, strict=True)
        ]
        for layer, keys, values in zip(cache.layers, own[::2], own[1::2], strict=True):
            cast(DynamicLayer, layer).update(keys, values)
        seen = self.mask_dk[rows]
        places_dk = seen.sum(1, keepdim=True) + torch.arange(ids_dk.shape[1], device=self.device)
        return self.model(
            input_ids=ids_dk,
            attention_mask=torch.cat([seen, torch.ones_like(ids_dk)], dim=1),
            # Padding behind a completion may lie past the places that the model knows.
            position_ids=places_dk.clamp(max=reads_at_most(self.model) - 1),
            past_key_values=cache,
            use_cache=True,
        ).logits
