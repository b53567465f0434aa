"""Attention of one new token per row, where many rows continue the same prompt.

Rows of one prompt are laid side by side, so that its keys are read once for all of them. Axes:
`g` prompt, `r` row, `p` place of a row beside its prompt, `h` key head, `q` queries of a key head.
"""

import torch

from foretoken.engines.transformers.tensors import distinct

KeysValues = tuple[torch.Tensor, torch.Tensor]
"""Keys and values."""


class PromptGroups:
    """Which prompt each row continues."""

    def __init__(self, prompt_of_row: torch.Tensor, *, visible: torch.Tensor) -> None:
        self.visible = visible
        """(prompts, tokens) bool: False where a prompt is padded."""
        self._place(prompt_of_row)

    def keep(self, rows: torch.Tensor) -> torch.Tensor | None:
        """Keep these rows; return the prompts that remain, None if all do."""
        remaining, prompt_of_row = distinct(self.prompt_of_row[rows])
        if len(remaining) == len(self.visible):
            self._place(prompt_of_row)
            return None
        self.visible = self.visible[remaining]
        self._place(prompt_of_row)
        return remaining

    def _place(self, prompt_of_row: torch.Tensor) -> None:
        self.prompt_of_row = prompt_of_row
        counts = torch.bincount(prompt_of_row, minlength=len(self.visible))
        self.width = int(counts.max())
        """Most rows that one prompt has."""
        order = prompt_of_row.argsort(stable=True)
        first = (counts.cumsum(0) - counts)[prompt_of_row[order]]
        place = torch.empty_like(prompt_of_row)
        place[order] = torch.arange(len(order), device=order.device) - first
        self.slots = prompt_of_row * self.width + place
        """Where each row stands among prompts times places."""

    def spread(self, states_r: torch.Tensor) -> torch.Tensor:
        """Lay rows (r, h, q, x) beside their prompts: (g, h, p * q, x)."""
        _, heads, queries, last = states_r.shape
        groups = len(self.visible)
        laid = states_r.new_zeros((groups * self.width, heads, queries, last))
        laid[self.slots] = states_r
        laid = laid.view(groups, self.width, heads, queries, last).transpose(1, 2)
        return laid.reshape(groups, heads, self.width * queries, last)

    def gather(self, states_g: torch.Tensor, queries: int) -> torch.Tensor:
        """Undo `spread`: (g, h, p * q, x) to (r, h, q, x)."""
        groups, heads, _, last = states_g.shape
        laid = states_g.view(groups, heads, self.width, queries, last).transpose(1, 2)
        return laid.reshape(groups * self.width, heads, queries, last)[self.slots]


def attend(
    query: torch.Tensor,
    completion: KeysValues,
    prompt: KeysValues,
    *,
    groups: PromptGroups,
    scaling: float,
) -> torch.Tensor:
    """Return the attention output of each row, shape (rows, query heads, width).

    Args:
        query: (rows, query heads, width), one new token per row.
        completion: Keys and values of the completions, (rows, key heads, tokens, width); a row has
            no padding.
        prompt: Keys and values of the prompts, (prompts, key heads, tokens, width).
        groups: Which row continues which prompt, and the prompts' padding.
        scaling: Factor on the scores.
    """
    rows, query_heads, width = query.shape
    key_heads, tokens = completion[0].shape[1:3]
    queries = query_heads // key_heads
    query = query.view(rows, key_heads, queries, width)
    scores_g = groups.spread(query) @ prompt[0].transpose(-1, -2)
    scores_g = scores_g.masked_fill(~groups.visible[:, None, None, :], float("-inf"))
    scores = torch.cat(
        [groups.gather(scores_g, queries), _completion_scores(query, completion[0])], dim=-1
    )
    weights = torch.softmax(scores.float() * scaling, dim=-1).to(query.dtype)
    prompt_tokens = prompt[0].shape[2]
    from_prompt = groups.gather(groups.spread(weights[..., :prompt_tokens]) @ prompt[1], queries)
    own = weights[..., prompt_tokens:].reshape(rows * key_heads, queries, tokens)
    from_completion = torch.bmm(own, completion[1].flatten(0, 1))
    out = from_prompt + from_completion.view(from_prompt.shape)
    return out.reshape(rows, query_heads, -1)


def _completion_scores(query: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """Return (rows, key heads, queries, tokens); the faster of two equal forms on a processor."""
    rows, key_heads, queries, _ = query.shape
    flat_query, flat_keys = query.flatten(0, 1), keys.flatten(0, 1)
    if query.dtype == torch.float32:
        scores = torch.bmm(flat_query, flat_keys.transpose(1, 2))
    else:
        scores = torch.bmm(flat_keys, flat_query.transpose(1, 2)).transpose(1, 2)
    return scores.reshape(rows, key_heads, queries, -1)
