"""Prompts that learn: read once for all of their completions, whose gradients they gather."""

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from foretoken.engines.transformers.reading import ReadPrompts
from foretoken.engines.transformers.tensors import listed

Prompt = tuple[int, ...]


def prompts_of(ids_dk: torch.Tensor, mask_dk: torch.Tensor) -> list[Prompt]:
    """Return the prompt of each row without its padding; both are (rows, tokens)."""
    rows = zip(listed(ids_dk), listed(mask_dk.bool()), strict=True)
    return [tuple(i for i, real in zip(*row, strict=True) if real) for row in rows]


class LearntPrompts(ReadPrompts):
    """Prompts that were read with a gradient, cut off from what goes on from them.

    Completions pass forward and backward in any number of parts, each of which is free when it is
    done. What they ask of the prompts adds up in float32, and `pass_back` takes it on: by the chain
    rule the gradient is that of one pass over all texts.

    Args:
        model: One that `attends_fully`.
        prompts: Different token ids.
    """

    def __init__(self, model: PreTrainedModel, prompts: Sequence[Prompt]) -> None:
        super().__init__(model, prompts)
        self._row_of = {prompt: row for row, prompt in enumerate(prompts)}
        self._read = [self.next_logits, *self.states]
        self._cut = [_cut(each) for each in self._read]
        self.next_logits, self.states = self._cut[0], self._cut[1:]

    def rows_of(self, prompts: Sequence[Prompt]) -> torch.Tensor:
        """Return which row each of these prompts was read in."""
        return torch.tensor([self._row_of[prompt] for prompt in prompts], device=self.device)

    def pass_back(self) -> None:
        """Take the gradient of all completions so far back through the prompts; once."""
        asked = [
            (read, cut.grad.to(read.dtype))
            for read, cut in zip(self._read, self._cut, strict=True)
            if cut.grad is not None
        ]
        torch.autograd.backward([read for read, _ in asked], [grad for _, grad in asked])


def _cut(read: torch.Tensor) -> torch.Tensor:
    return read.detach().float().requires_grad_(read.requires_grad)
