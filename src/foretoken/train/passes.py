"""Which rows of a batch pass through a model together: as many as a budget of tokens allows."""

from collections.abc import Sequence
from typing import cast

import torch
from transformers import PreTrainedModel

from foretoken.engines.transformers.devices import free_bytes, input_device, is_accelerator
from foretoken.engines.transformers.tensors import listed

PASS_BYTES = 4 << 30
"""What one pass, forward and backward, may take of a processor's memory: the same everywhere, so
that rounding does not depend on the machine."""
PASS_TOKENS = 2500
"""Most tokens of a pass on a processor: what more of them leave behind outgrows its caches, and
each takes up to 1.6 times as long."""
SHARE = 0.5
"""Of an accelerator's free memory that one pass may take."""
LAYER_COPIES = 8
"""Bytes kept for the backward pass for each number of a layer: float32, and autocast's copies."""
LOGIT_BYTES = 24
"""Per logit: float32, its exponentials, gradients."""

BESIDE = 16
"""Tokens of a prompt that cost a completion that goes on from them as much memory as one that it
reads: 4 to 5 of 74 kB in a layer of 135 M parameters' width."""
PADDING = 0.1
"""Of the tokens of a pass, that may be padding where another pass is cheap."""
SPARE_ON_PROCESSOR = 256
SPARE_ON_ACCELERATOR = 16384
"""Tokens of padding that cost about as much as another pass."""


def token_budget(model: PreTrainedModel) -> int:
    """Return how many tokens may pass forward and backward together, padding included.

    The sum behind it is rough: at 135 M parameters it says 3.4 MB a token where 2.5 to 3.2 were
    measured.
    """
    config = model.config.get_text_config()
    hidden = int(config.hidden_size)
    inner = int(getattr(config, "intermediate_size", None) or 4 * hidden)
    vocabulary = int(cast(torch.Tensor, model.get_input_embeddings().weight).shape[0])
    token = LAYER_COPIES * int(config.num_hidden_layers) * (8 * hidden + 3 * inner)
    token += LOGIT_BYTES * vocabulary
    free = free_bytes(input_device(model))
    if free is None:
        return max(1, min(PASS_BYTES // token, PASS_TOKENS))
    return max(1, int(SHARE * free) // token)


def shared_passes(
    prompt_of_row: torch.Tensor, lengths: torch.Tensor, *, most: int, parts: int | None
) -> list[list[torch.Tensor]]:
    """Group rows whose prompts are read together, and those in passes of similar length.

    Args:
        prompt_of_row: (rows,) number of each row's prompt, from 0.
        lengths: (rows, 2) tokens of prompt and completion.
        most: Tokens of the prompts that are read together and of one pass, padding included, and
            a share of what each completion goes on from; at most half of them are prompts, where
            there is more than one.
        parts: How many passes there are instead, at most. No more prompts are read together than
            these passes would read if each read its own.

    Returns:
        Indices of the rows of each pass, short ones first, for each reading of prompts.
    """
    widths = lengths.new_zeros(int(prompt_of_row.max()) + 1)
    widths[prompt_of_row] = lengths[:, 0]
    spare = SPARE_ON_ACCELERATOR if is_accelerator(lengths.device) else SPARE_ON_PROCESSOR
    readings: Sequence[torch.Tensor]
    if parts is None:
        readings = within_budget(widths, most // 2, spare=spare)
    else:
        readings = in_parts(widths, -(-parts * len(widths) // len(lengths)))
    passes: list[list[torch.Tensor]] = []
    for prompts in readings:
        rows = torch.nonzero(torch.isin(prompt_of_row, prompts)).flatten()
        tokens = lengths[rows, 1]
        groups: Sequence[torch.Tensor]
        if parts is None:
            widest = int(widths[prompts].max())
            left = most - len(prompts) * widest
            groups = within_budget(tokens + widest // BESIDE, left, spare=spare)
        else:
            groups = in_parts(tokens, max(1, parts // len(readings)))
        passes.append([rows[group] for group in groups])
    return passes


def in_parts(lengths: torch.Tensor, parts: int) -> Sequence[torch.Tensor]:
    """Return the indices of rows of similar length, in at most so many groups."""
    return lengths.argsort(stable=True).tensor_split(min(parts, len(lengths)))


def within_budget(
    lengths: torch.Tensor, most: int, *, spare: int | None = None
) -> list[torch.Tensor]:
    """Group rows of similar length, so that each group holds at most so many tokens with padding.

    Args:
        lengths: Tokens of each row, in one column or in several that are padded apart.
        most: Tokens; a row that has more stands alone.
        spare: Tokens of padding from which on a group may not have more than a tenth of it; None:
            it may.

    Returns:
        Indices of the rows of each group, short ones first.
    """
    columns = lengths if lengths.ndim == 2 else lengths[:, None]
    order = columns.sum(1).argsort(stable=True)
    groups: list[list[int]] = [[]]
    width, real = torch.zeros_like(columns[0]), 0
    for row in listed(order):
        wider = torch.maximum(width, columns[row])
        tokens = (len(groups[-1]) + 1) * int(wider.sum())
        padding = tokens - real - int(columns[row].sum())
        loose = spare is not None and padding > max(spare, PADDING * tokens)
        if groups[-1] and (tokens > most or loose):
            groups.append([])
            wider, real = columns[row], 0
        groups[-1].append(row)
        width, real = wider, real + int(columns[row].sum())
    return [torch.tensor(group, device=lengths.device) for group in groups]
