"""Load a causal language model from a local folder, with LoRA adapters blended into its weights."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
import transformers
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from foretoken.engines.base import Weights
from foretoken.engines.tags import TagsSetting
from foretoken.engines.transformers.adapters import adapter_shapes, check_adapter, merge
from foretoken.engines.transformers.devices import find_device, place
from foretoken.engines.transformers.low_rank import same_tensors
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.engines.weights import (
    ADAPTER_WEIGHTS,
    blended_hash,
    end_tokens,
    existing_folder,
    first_line,
    folder_state,
    load_tokenizer,
    note_base,
    template_hash,
    tokenizer_hash,
    tokenizer_hashes,
    weights_hash,
)
from foretoken.errors import ModelError
from foretoken.records import Identity, Sampling

__all__ = [
    "ADAPTER_WEIGHTS",
    "DTYPES",
    "LoadedModel",
    "adapter_shapes",
    "blended",
    "check_adapters",
    "check_dtype",
    "copy_model",
    "identify",
    "in_precision",
    "load_base",
    "load_model",
    "load_tokenizer",
    "note_base",
    "require_weights",
    "share_weights",
    "vocabulary_rows",
    "weights_hash",
]

LOADING_ERRORS = (
    SafetensorError,
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    AttributeError,
    TypeError,
    ImportError,
)
"""What transformers raises of a model that it cannot make."""
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to sample and score, and what identifies it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    end_token: int
    """Id of the token that the model is used to end a completion with."""
    dtype: str
    tokenizer_hash: str
    template_hash: str
    base_hash: str
    """Hash of the base model's weights."""
    weights_hash: str
    """Hash of the base model's weights and of every adapter with its scale."""
    other_ends: frozenset[int] = frozenset()
    """Other ids that end a completion, by tokenizer or by the settings for generation."""

    @property
    def end_tokens(self) -> frozenset[int]:
        """Ids of all tokens that end a completion."""
        return self.other_ends | {self.end_token}

    @property
    def identity(self) -> Identity:
        """What scores and draws of this model carry."""
        return _identity(
            self.weights_hash,
            tokenizer=self.tokenizer_hash,
            template=self.template_hash,
            dtype=self.dtype,
        )

    def sampling(self, *, max_tokens: int) -> Sampling:
        """Return the settings that travel with every draw of this model."""
        return Sampling(
            max_tokens=max_tokens,
            dtype=self.dtype,
            tokenizer=self.tokenizer_hash,
            template=self.template_hash,
        )


def load_model(
    path: str,
    *,
    adapters: Sequence[tuple[str, float]] = (),
    dtype: str = "float32",
    device: str = "auto",
    reasoning_tags: TagsSetting = None,
) -> LoadedModel:
    """Load a model and add `scale * delta` of each LoRA adapter to its weights.

    `subject + a * donor` is `adapters=[(subject, 1.0), (donor, a)]`. The sum is made in float32
    and cast to `dtype` afterwards.

    Args:
        path: Folder with config, safetensors and tokenizer of a causal language model.
        adapters: Folders of LoRA adapters with their scales; a scale of 0 leaves the weights as
            they are.
        dtype: `float32`, `bfloat16` or `float16`.
        device: See `find_device`.
        reasoning_tags: What opens and closes the model's reasoning; None: to be found.

    Raises:
        ModelError: The folder, the tokenizer or an adapter is missing, damaged, or does not fit,
            or there is no such device.
    """
    check_dtype(dtype)
    target = find_device(device)
    return blended(load_base(path, reasoning_tags), adapters, dtype=dtype, device=target)


def identify(weights: Weights, *, dtype: str, reasoning_tags: TagsSetting = None) -> Identity:
    """Return what a loaded model would be; reads files, but no tensor of them.

    Raises:
        ModelError: A folder is missing or damaged.
    """
    check_dtype(dtype)
    folder = require_weights(weights.base)
    for adapter, _ in weights.adapters:
        adapter_shapes(existing_folder(adapter, "adapter"))
    state = folder_state(weights.base)
    tokenizer, template = tokenizer_hashes(weights.base, state, reasoning_tags)
    return _identity(
        blended_hash(weights_hash(folder), weights.adapters),
        tokenizer=tokenizer,
        template=template,
        dtype=dtype,
    )


def require_weights(path: str | Path) -> Path:
    """Return the folder of a model whose weights are whole; no tensor is read.

    Raises:
        ModelError: It is missing, holds no weights, or they are cut off.
    """
    folder = _weights_folder(str(path))
    for file in folder.glob("*.safetensors"):
        try:
            with safe_open(file, framework="pt"):
                pass
        except (SafetensorError, OSError) as error:
            raise _unreadable(folder, error) from error
    return folder


def _identity(weights: str, *, tokenizer: str, template: str, dtype: str) -> Identity:
    return Identity(
        weights=weights,
        tokenizer=tokenizer,
        template=template,
        dtype=dtype,
        engine="transformers",
        engine_version=transformers.__version__,
    )


def check_dtype(dtype: str) -> None:
    """Refuse a precision that there is none of.

    Raises:
        ModelError: With those that there are.
    """
    if dtype not in DTYPES:
        raise ModelError(f"Unknown dtype {dtype!r}: use one of {', '.join(DTYPES)}.")


def load_base(path: str, reasoning_tags: TagsSetting) -> LoadedModel:
    """Load a model without adapters, in float32, on the processor.

    Raises:
        ModelError: The folder or the tokenizer is missing or damaged.
    """
    folder = _weights_folder(path)
    model = _load_weights(folder)
    tokenizer = load_tokenizer(path, reasoning_tags)
    ends = end_tokens(tokenizer, path)
    _check_vocabulary(model, tokenizer, folder)
    base_hash = weights_hash(folder)
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        end_token=ends[0],
        dtype="float32",
        tokenizer_hash=tokenizer_hash(tokenizer, ends),
        template_hash=template_hash(tokenizer),
        base_hash=base_hash,
        weights_hash=blended_hash(base_hash, ()),
        other_ends=frozenset(ends[1:]),
    )


def blended(
    base: LoadedModel,
    adapters: Sequence[tuple[str, float]],
    *,
    dtype: str,
    device: torch.device,
) -> LoadedModel:
    """Add adapters to a base that nobody else needs, and put it where it belongs.

    Raises:
        ModelError: An adapter is missing, damaged, or does not fit.
    """
    check_adapters(base, adapters)
    model = in_precision(merge(base.model, adapters), dtype).requires_grad_(requires_grad=False)
    return replace(
        base,
        model=place(model, device),
        dtype=dtype,
        weights_hash=blended_hash(base.base_hash, adapters),
    )


def check_adapters(base: LoadedModel, adapters: Sequence[tuple[str, float]]) -> None:
    """Refuse adapters that are damaged or were made for another model.

    Raises:
        ModelError: With what does not fit.
    """
    for adapter, _ in adapters:
        check_adapter(adapter, model=base.model, base_hash=base.base_hash)


def copy_model(loaded: LoadedModel, *, dtype: str) -> LoadedModel:
    """Return an independent copy of a loaded model in another precision."""
    model = in_precision(copy.deepcopy(loaded.model), dtype)
    return replace(loaded, model=model, dtype=dtype)


def share_weights(loaded: LoadedModel) -> LoadedModel:
    """Return a model with the same weights and a configuration of its own, for another thread."""
    return replace(loaded, model=same_tensors(loaded.model))


def vocabulary_rows(model: PreTrainedModel) -> int:
    """Return how many tokens a model has embeddings for."""
    return int(cast(torch.Tensor, model.get_input_embeddings().weight).shape[0])


def in_precision(model: PreTrainedModel, dtype: str) -> PreTrainedModel:
    """Give all of a model's numbers this precision; return the model, for use and not training."""
    return cast(PreTrainedModel, nn.Module.to(model, DTYPES[dtype]).eval())


def _weights_folder(path: str) -> Path:
    folder = existing_folder(path, "model")
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} has no config.json: give the folder of a transformers model.")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(f"{folder} has no safetensors weights: save the model in that format.")
    return folder


def _unreadable(folder: Path, error: Exception) -> ModelError:
    return ModelError(
        f"The weights in {folder} cannot be read: {first_line(error).rstrip('.')}. The file may be "
        "cut off or made for another architecture: copy it again (docs/engines.md says what a "
        "model folder holds)."
    )


def _load_weights(folder: Path) -> PreTrainedModel:
    try:
        with library_talk_off():
            model, loading = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=torch.float32,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
    except LOADING_ERRORS as error:
        raise _unreadable(folder, error) from error
    if loading["missing_keys"]:
        missing = ", ".join(sorted(loading["missing_keys"])[:3])
        raise ModelError(
            f"The weights in {folder} lack {len(loading['missing_keys'])} tensors ({missing}, ...):"
            " they are not those of this architecture. Copy the model again."
        )
    return model


def _check_vocabulary(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path
) -> None:
    rows = vocabulary_rows(model)
    if len(tokenizer) > rows:
        raise ModelError(
            f"The tokenizer in {folder} has {len(tokenizer)} tokens, the model only {rows} "
            "embeddings: this is the tokenizer of another model."
        )
