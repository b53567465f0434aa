"""What may be assumed of a loaded model: its cache, padding, and how much it reads.

Nothing is looked up by name: a model's own signature and its layers say it.
"""

import inspect

from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import (
    DynamicLayer,
    DynamicSlidingWindowLayer,
    LinearAttentionLayer,
)


def cache_argument(model: PreTrainedModel) -> str | None:
    """Return under which name a model takes transformers' cache; None: under none that we know."""
    taken = inspect.signature(model.forward).parameters
    layers = DynamicCache(config=model.config).layers
    if not layers:
        return None
    if "past_key_values" in taken:
        return "past_key_values"
    recurrent = all(isinstance(layer, LinearAttentionLayer) for layer in layers)
    return "cache_params" if "cache_params" in taken and recurrent else None


def allows_padding(model: PreTrainedModel) -> bool:
    """Whether prompts of unequal length can be read together: each layer is attention, which a
    mask keeps from what is left of a prompt. What recurs would carry it along.
    """
    layers = DynamicCache(config=model.config).layers
    attention = all(type(each) in (DynamicLayer, DynamicSlidingWindowLayer) for each in layers)
    return attention and cache_argument(model) is not None


def reads_at_most(model: PreTrainedModel) -> int:
    """Return the most tokens that a model reads, prompt and completion together."""
    return int(getattr(model.config, "max_position_embeddings", None) or 1 << 30)


def attends_fully(model: PreTrainedModel) -> bool:
    """Whether each layer keeps the keys and values of all tokens, and nothing else."""
    layers = DynamicCache(config=model.config).layers
    return allows_padding(model) and all(type(layer) is DynamicLayer for layer in layers)
