"""The voices of an engine: copies of a model with adapters blended in, or one base and adapters."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import torch

from foretoken.engines.base import Weights
from foretoken.engines.tags import TagsSetting
from foretoken.engines.transformers.adapters import low_rank
from foretoken.engines.transformers.devices import find_device, place
from foretoken.engines.transformers.load import (
    LoadedModel,
    blended,
    check_adapters,
    check_dtype,
    copy_model,
    in_precision,
    load_base,
)
from foretoken.engines.transformers.low_rank import Factors, beside
from foretoken.engines.weights import blended_hash
from foretoken.records import distinct

VoicesSetting = Literal["merged", "adapters"] | None
"""How voices of one base are held; None: as the size of the base has it."""
FEW_PARAMETERS = 10**9
"""Below, voices are merged: copies are small, and faster to sample from."""


def load_voices(
    voices: Sequence[Weights],
    *,
    dtype: str,
    device: str,
    held: VoicesSetting = None,
    reasoning_tags: TagsSetting = None,
) -> list[LoadedModel]:
    """Load several models, each base from disk once.

    Merged ones share no weights; adapters stand beside one base. A voice is itself whichever way it
    is held, and which one is chosen depends on its base and its adapters alone.

    Args:
        voices: What each model is made of.
        dtype: Of all.
        device: See `find_device`.
        held: `adapters` that are more than products beside linear layers are merged all the same.
        reasoning_tags: What opens and closes the models' reasoning; None: to be found.

    Raises:
        ModelError: See `load_model`.
    """
    check_dtype(dtype)
    target = find_device(device)
    found: dict[int, LoadedModel] = {}
    for path in distinct(each.base for each in voices):
        own = {at: each.adapters for at, each in enumerate(voices) if each.base == path}
        base = load_base(path, reasoning_tags)
        for adapters in own.values():
            check_adapters(base, adapters)
        apart = {at: low_rank(base.model, own[at]) for at in own} if _apart(base, held) else {}
        factors = {at: each for at, each in apart.items() if each is not None}
        merged = [at for at in own if at not in factors]
        for at in merged:
            # On a processor the last one is copied, too: a weight that lies in a file is aligned in
            # another way than one in memory, and rounding would depend on a voice's place.
            last = at == merged[-1] and not factors and target.type != "cpu"
            copied = base if last else copy_model(base, dtype="float32")
            found[at] = blended(copied, own[at], dtype=dtype, device=target)
        if factors:
            base = _shared_base(base, dtype=dtype, device=target)
            found |= {at: _beside(base, own[at], factors=each) for at, each in factors.items()}
    return [found[at] for at in range(len(voices))]


def _apart(base: LoadedModel, held: VoicesSetting) -> bool:
    many = sum(each.numel() for each in base.model.parameters()) >= FEW_PARAMETERS
    return held == "adapters" or (held is None and many)


def _shared_base(base: LoadedModel, *, dtype: str, device: torch.device) -> LoadedModel:
    """Put a base that nobody else needs where it belongs, out of the file that it lies in."""
    model = in_precision(base.model, dtype).requires_grad_(requires_grad=False)
    if device.type == "cpu":
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.data = tensor.data.clone()
    return replace(base, model=place(model, device), dtype=dtype)


def _beside(
    base: LoadedModel, adapters: Sequence[tuple[str, float]], *, factors: dict[str, Factors]
) -> LoadedModel:
    return replace(
        base,
        model=beside(base.model, factors),
        weights_hash=blended_hash(base.base_hash, adapters),
    )
