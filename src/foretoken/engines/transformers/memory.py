"""How much fits: batch sizes from an accelerator's free memory, and halves where it was too much.

The sums are generous on purpose. What they miss is caught by `in_halves`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import torch
from transformers import PreTrainedModel

from foretoken.engines.transformers.devices import release_unused
from foretoken.errors import ModelError

T = TypeVar("T")

SHARE = 0.8
"""Of the free memory that a batch may take."""
MOST_ROWS = 2048
"""Rows that are sampled together on an accelerator; more make it no faster."""
MOST_TOKENS = 1 << 18
"""Tokens in one forward pass on an accelerator."""
CACHE_COPIES = 2
"""A cache and its copy while it grows or loses rows."""
SAMPLED_LOGIT_BYTES = 32
"""Per logit of a sampled token: logits, float32, log-softmax, probabilities, their float64 sums."""
SCORED_LOGIT_BYTES = 16
"""Per logit of a scored token: logits, float32, and the exponentials of the log-sum."""


class DoesNotFitError(ModelError):
    """A single item is too large for the memory."""


@dataclass(frozen=True)
class Shape:
    """What a model's memory depends on."""

    cache_bytes: int
    """Keys and values of one token in all layers."""
    work_bytes: int
    """Hidden states of one token while one layer works."""
    vocabulary: int
    """Logits of one token."""


@dataclass(frozen=True)
class PassLimits:
    """Most of one forward pass of scoring."""

    tokens: int
    """Padding, and prompts that were read before, included."""
    logits: int


def shape_of(model: PreTrainedModel) -> Shape:
    """Return the sizes of a model, from its configuration."""
    config = model.config.get_text_config()
    hidden = int(config.hidden_size)
    heads = int(getattr(config, "num_attention_heads", None) or 1)
    key_heads = int(getattr(config, "num_key_value_heads", None) or heads)
    widths = [int(getattr(config, name, None) or 0) for name in ("head_dim", "qk_head_dim")]
    width = max(widths) or hidden // heads
    inner = int(getattr(config, "intermediate_size", None) or 4 * hidden)
    weight = cast(torch.Tensor, model.get_input_embeddings().weight)
    size = weight.element_size()
    return Shape(
        cache_bytes=2 * int(config.num_hidden_layers) * key_heads * width * size,
        work_bytes=(8 * hidden + 3 * inner) * size,
        vocabulary=int(weight.shape[0]),
    )


def sampling_rows(
    shapes: Sequence[Shape], *, free: int, prompt_tokens: int, max_tokens: int
) -> int:
    """Return how many rows to sample together, at least 1.

    Args:
        shapes: Of the models that speak in one row.
        free: Bytes.
        prompt_tokens: Of the longest prompt.
        max_tokens: Of the longest completion.
    """
    row = sum(
        CACHE_COPIES * each.cache_bytes * (prompt_tokens + max_tokens)
        + each.work_bytes * prompt_tokens
        + each.vocabulary * SAMPLED_LOGIT_BYTES
        for each in shapes
    )
    return max(1, min(MOST_ROWS, int(SHARE * free) // row))


def scoring_budget(shape: Shape, *, free: int) -> PassLimits:
    """Return the most tokens and logits of a pass: each may take half of the share of `free`.

    Args:
        shape: Of the model that scores.
        free: Bytes.
    """
    half = int(SHARE * free) // 2
    # The prompts' cache, its rows laid beside the completions, and the two while they are joined.
    token = (1 + CACHE_COPIES) * shape.cache_bytes + shape.work_bytes
    return PassLimits(
        tokens=max(1, min(MOST_TOKENS, half // token)), logits=max(1, half // SCORED_LOGIT_BYTES)
    )


def in_halves(
    work: Callable[[Sequence[T]], None], batch: Sequence[T], *, device: torch.device
) -> int:
    """Do the work of a batch, in halves of halves where the memory does not suffice.

    Args:
        work: May be done again after it ran out of memory.
        batch: At least one item.
        device: Whose unused memory is handed back before a half is tried.

    Returns:
        The size of the largest piece that fitted.

    Raises:
        DoesNotFitError: One item alone does not fit.
    """
    waiting, fitted = [batch], 0
    while waiting:
        piece = waiting.pop()
        try:
            work(piece)
            fitted = max(fitted, len(piece))
            continue
        except (torch.OutOfMemoryError, DoesNotFitError) as error:
            if len(piece) == 1:
                raise DoesNotFitError(
                    f"The memory of {device} does not suffice for a single text: give it shorter "
                    "ones, load the model in bfloat16, or stop what else runs there."
                ) from error
        # Outside of the handler, as the error holds the tensors of the failed attempt.
        release_unused(device)
        middle = len(piece) // 2
        waiting += [piece[middle:], piece[:middle]]
    return fitted
