"""Key-value caches for many completions of few prompts.

The cache of transformers copies itself at each sampled token and holds a prompt once per
completion. Here a prompt is held and attended to once for all of its completions, and new tokens
are written into a reserved buffer. Models whose layers are not all plain full attention get the
usual cache, and those whose cache is unknown read the whole text again at each token.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol, cast

import torch
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import Cache, DynamicLayer
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from foretoken.engines.transformers.attention import PromptGroups, attend
from foretoken.engines.transformers.devices import is_spread
from foretoken.engines.transformers.traits import attends_fully, cache_argument, reads_at_most

SHARED_ATTENTION = "foretoken_shared_prompt"
PLAIN_ATTENTION = ("sdpa", "eager")
"""Attention that computes what `attend` does."""
ATTENTION_FIELD = "_attn_implementation"
"""Field of a model's configuration that names its attention, read at each forward pass."""


class SharingUnsupportedError(Exception):
    """The model does not route its attention through transformers' attention interface."""


class SharedLayer(DynamicLayer):
    """One layer: the prompts' keys and values, and a buffer for what follows them."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity
        self.filled = 0
        self.open = False
        """Whether prompts are complete, so that new tokens belong to completions."""

    def begin(self, rows: int) -> None:
        """Keep what was read as prompts; reserve a buffer for the completions of `rows` rows."""
        self.prompt_keys = cast(torch.Tensor, self.keys).contiguous()
        self.prompt_values = cast(torch.Tensor, self.values).contiguous()
        self.key_buffer = _reserved(self.prompt_keys, rows=rows, capacity=self.capacity)
        self.value_buffer = _reserved(self.prompt_values, rows=rows, capacity=self.capacity)
        self.open = True

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        *args: object,
        **kwargs: object,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store one token per row; return the keys and values of the completions alone."""
        if not self.open:
            return super().update(key_states, value_states, *args, **kwargs)
        stop = self.filled + 1
        self.key_buffer[:, :, self.filled : stop] = key_states
        self.value_buffer[:, :, self.filled : stop] = value_states
        self.filled = stop
        return self.key_buffer[:, :, :stop], self.value_buffer[:, :, :stop]

    def get_seq_length(self) -> int:
        """Return the tokens per row: prompt and completion."""
        return super().get_seq_length() + self.filled

    def keep(self, rows: torch.Tensor, groups: torch.Tensor | None) -> None:
        """Keep these rows, and these prompts where given."""
        self.key_buffer = self._closed_up(self.key_buffer, rows)
        self.value_buffer = self._closed_up(self.value_buffer, rows)
        if groups is not None:
            self.prompt_keys = self.prompt_keys.index_select(0, groups)
            self.prompt_values = self.prompt_values.index_select(0, groups)

    def _closed_up(self, buffer: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Move what these rows hold to the front; what is reserved beyond it is not touched."""
        kept = buffer[: len(rows)]
        kept[:, :, : self.filled] = buffer[:, :, : self.filled].index_select(0, rows)
        return kept


def _reserved(states: torch.Tensor, *, rows: int, capacity: int) -> torch.Tensor:
    _, heads, _, width = states.shape
    return states.new_zeros((rows, heads, capacity, width))


class RowCache(Protocol):
    """What the sampler needs of a cache."""

    def read(self, ids_dk: torch.Tensor, mask_dk: torch.Tensor) -> torch.Tensor:
        """Read distinct prompts, padded on the left; return the logits of the token after each."""
        ...

    def begin(self, rows: torch.Tensor, mask_dk: torch.Tensor, *, padded: bool) -> None:
        """The prompts are read: go on with these rows of them (named several times or not)."""
        ...

    def keep(self, rows: torch.Tensor) -> None:
        """Keep these rows of the batch."""
        ...

    def speak(self, ids_d: torch.Tensor, mask_dk: torch.Tensor) -> torch.Tensor:
        """Push one token per row through the model; return the logits of the next."""
        ...


def _places(mask_dk: torch.Tensor, model: PreTrainedModel) -> torch.Tensor:
    """Position of each row's last token, (rows, 1); rows past their end stay within the model."""
    return (mask_dk.sum(1, keepdim=True) - 1).clamp(max=reads_at_most(model) - 1)


class _CachedRows:
    """Rows of a model that goes on from a cache."""

    cache: Cache

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.argument = str(cache_argument(model))

    def read(self, ids_dk: torch.Tensor, mask_dk: torch.Tensor) -> torch.Tensor:
        """Read distinct prompts, padded on the left; return the logits of the token after each."""
        return self.model(
            input_ids=ids_dk,
            attention_mask=mask_dk,
            position_ids=(mask_dk.cumsum(1) - 1).clamp(min=0),
            use_cache=True,
            logits_to_keep=1,
            **{self.argument: self.cache},
        ).logits[:, -1]


class PlainRows(_CachedRows):
    """The cache that transformers makes for a model; every row holds its own prompt."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__(model)
        self.cache = DynamicCache(config=model.config)

    def begin(self, rows: torch.Tensor, mask_dk: torch.Tensor, *, padded: bool) -> None:
        """Repeat the prompts' states for the rows that continue them."""
        del mask_dk
        self.padded = padded
        self.keep(rows)

    def keep(self, rows: torch.Tensor) -> None:
        """Keep these rows of the batch."""
        self.cache.reorder_cache(rows)

    def speak(self, ids_d: torch.Tensor, mask_dk: torch.Tensor) -> torch.Tensor:
        """Push one token per row through the model; return the logits of the next."""
        return self.model(
            input_ids=ids_d[:, None],
            # The library waits for the device to see whether a mask hides anything.
            attention_mask=mask_dk if self.padded else None,
            position_ids=_places(mask_dk, self.model),
            use_cache=True,
            **{self.argument: self.cache},
        ).logits[:, -1]


class WholeRows:
    """No cache: every row's text is read again at each token, whatever the model.

    All texts of the batch have one length, as no model is trusted with padding.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model

    def read(self, ids_dk: torch.Tensor, mask_dk: torch.Tensor) -> torch.Tensor:
        """Read distinct prompts of one length; return the logits of the token after each."""
        del mask_dk
        self.ids_dk = ids_dk
        return self.model(input_ids=ids_dk, use_cache=False, logits_to_keep=1).logits[:, -1]

    def begin(self, rows: torch.Tensor, mask_dk: torch.Tensor, *, padded: bool) -> None:
        """Repeat the prompts for the rows that continue them."""
        del mask_dk
        assert not padded
        self.keep(rows)

    def keep(self, rows: torch.Tensor) -> None:
        """Keep these rows of the batch."""
        self.ids_dk = self.ids_dk[rows]

    def speak(self, ids_d: torch.Tensor, mask_dk: torch.Tensor) -> torch.Tensor:
        """Add one token to each text and read it all; return the logits of the next."""
        return self.read(torch.cat([self.ids_dk, ids_d[:, None]], dim=1), mask_dk)


class SharedRows(_CachedRows):
    """Rows that share the states of equal prompts."""

    def __init__(self, model: PreTrainedModel, *, capacity: int) -> None:
        super().__init__(model)
        layers = len(DynamicCache(config=model.config).layers)
        self.layers = [SharedLayer(capacity) for _ in range(layers)]
        self.cache = Cache(layers=list(self.layers))

    def begin(self, rows: torch.Tensor, mask_dk: torch.Tensor, *, padded: bool) -> None:
        """Reserve room for the completions of the rows that continue the prompts."""
        del padded
        self.groups = PromptGroups(rows, visible=mask_dk.bool())
        for layer in self.layers:
            layer.begin(len(rows))

    def keep(self, rows: torch.Tensor) -> None:
        """Keep these rows of the batch, and the prompts that they continue."""
        kept = self.groups.keep(rows)
        for layer in self.layers:
            layer.keep(rows, kept)

    def speak(self, ids_d: torch.Tensor, mask_dk: torch.Tensor) -> torch.Tensor:
        """Push one token per row through the model; return the logits of the next.

        Raises:
            SharingUnsupportedError: A layer attended in a way of its own.
        """
        with _attending(self) as seen:
            logits = self.model(
                input_ids=ids_d[:, None],
                position_ids=_places(mask_dk, self.model),
                past_key_values=self.cache,
                use_cache=True,
            ).logits[:, -1]
        if sorted(seen) != list(range(len(self.layers))):
            raise SharingUnsupportedError
        return logits


def row_cache(model: PreTrainedModel, *, capacity: int, share: bool) -> RowCache:
    """Return an empty cache; `capacity` is the longest completion, in tokens."""
    if cache_argument(model) is None:
        return WholeRows(model)
    if share and can_share(model):
        return SharedRows(model, capacity=capacity)
    return PlainRows(model)


def can_share(model: PreTrainedModel) -> bool:
    """Whether a model has plain full attention in each layer, through the common interface.

    Layers on several devices keep the usual cache, which moves between them by itself.
    """
    return (
        attends_fully(model)
        and not is_spread(model)
        and bool(getattr(model, "_supports_attention_backend", False))
        and getattr(model.config, ATTENTION_FIELD) in PLAIN_ATTENTION
    )


class _Current(threading.local):
    """The rows whose model is running in this thread, and the layers that attended so far.

    Threads that sample at the same time need a copy of the model each: its configuration names
    the attention.
    """

    def __init__(self) -> None:
        self.stack: list[tuple[SharedRows, list[int]]] = []


_current = _Current()


@contextmanager
def _attending(rows: SharedRows) -> Generator[list[int]]:
    """Route a model's attention through `_shared_attention` for one forward pass."""
    seen: list[int] = []
    _current.stack.append((rows, seen))
    usual = getattr(rows.model.config, ATTENTION_FIELD)
    setattr(rows.model.config, ATTENTION_FIELD, SHARED_ATTENTION)
    try:
        yield seen
    finally:
        setattr(rows.model.config, ATTENTION_FIELD, usual)
        _current.stack.pop()


def _shared_attention(
    module: torch.nn.Module,
    *states: torch.Tensor,
    scaling: float | None = None,
    **settings: object,
) -> tuple[torch.Tensor, None]:
    """Attend one new token per row to its prompt and to the completion so far."""
    query, key, value = states[:3]
    if any(settings.get(name) is not None for name in ("softcap", "s_aux", "position_bias")):
        raise SharingUnsupportedError
    rows, seen = _current.stack[-1]
    index = cast(int, module.layer_idx)
    layer = rows.layers[index]
    if key.shape[-1] != layer.prompt_keys.shape[-1] or key.shape[1] != layer.prompt_keys.shape[1]:
        # The cache holds them compressed, as in multi-head latent attention.
        raise SharingUnsupportedError
    out = attend(
        query[:, :, 0],
        (key, value),
        (layer.prompt_keys, layer.prompt_values),
        groups=rows.groups,
        scaling=query.shape[-1] ** -0.5 if scaling is None else scaling,
    )
    seen.append(index)
    return out[:, None], None


ALL_ATTENTION_FUNCTIONS.register(SHARED_ATTENTION, _shared_attention)
