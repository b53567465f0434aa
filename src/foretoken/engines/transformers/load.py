"""Load a causal language model from a local folder, with LoRA adapters blended into its weights."""

import copy
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from peft import LoraConfig, PeftConfig, PeftModel
from peft.tuners.lora import LoraLayer
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.errors import ModelError
from foretoken.records import Sampling

ADAPTER_WEIGHTS = "adapter_model.safetensors"
BASE_NOTE = "base.json"
"""File beside an adapter that names the weights it was trained on."""
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to sample and score, and what identifies it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    end_token: int
    """Id of the token that ends a completion."""
    dtype: str
    tokenizer_hash: str
    template_hash: str
    base_hash: str
    """Hash of the base model's weights."""
    weights_hash: str
    """Hash of the base model's weights and of every adapter with its scale."""

    def sampling(self, *, max_tokens: int) -> Sampling:
        """Return the settings that travel with every draw of this model."""
        return Sampling(
            max_tokens=max_tokens,
            dtype=self.dtype,
            tokenizer=self.tokenizer_hash,
            template=self.template_hash,
        )


def load_model(
    path: str, *, adapters: Sequence[tuple[str, float]] = (), dtype: str = "float32"
) -> LoadedModel:
    """Load a model and add `scale * delta` of each LoRA adapter to its weights.

    `subject + a * donor` is `adapters=[(subject, 1.0), (donor, a)]`. The sum is made in float32
    and cast to `dtype` afterwards.

    Args:
        path: Folder with config, safetensors and tokenizer of a causal language model.
        adapters: Folders of LoRA adapters with their scales; a scale of 0 leaves the weights as
            they are.
        dtype: `float32`, `bfloat16` or `float16`.

    Raises:
        ModelError: The folder, the tokenizer or an adapter is missing, damaged, or does not fit.
    """
    if dtype not in DTYPES:
        raise ModelError(f"Unknown dtype {dtype!r}: use one of {', '.join(DTYPES)}.")
    folder = _existing_folder(path, "model")
    model = _load_weights(folder)
    tokenizer = load_tokenizer(path)
    _check_vocabulary(model, tokenizer, folder)
    base_hash = weights_hash(folder)
    for adapter, _ in adapters:
        check_adapter(adapter, model=model, base_hash=base_hash)
    model = _merge(model, [(adapter, scale) for adapter, scale in adapters if scale != 0.0])
    return LoadedModel(
        model=_in_precision(model, dtype).requires_grad_(requires_grad=False),
        tokenizer=tokenizer,
        end_token=end_token(tokenizer, path),
        dtype=dtype,
        tokenizer_hash=_text_hash(tokenizer_text(tokenizer)),
        template_hash=_text_hash(str(tokenizer.chat_template or "")),
        base_hash=base_hash,
        weights_hash=voice_hash(base_hash, [(Path(path), scale) for path, scale in adapters]),
    )


def load_tokenizer(path: str) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model folder."""
    folder = _existing_folder(path, "model")
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"No usable tokenizer in {folder}: {_first_line(error)}. Save the tokenizer that the "
            "model was trained with into that folder."
        ) from error


def end_token(tokenizer: PreTrainedTokenizerBase, path: str) -> int:
    """Return the id of the token that ends a completion."""
    token = tokenizer.eos_token_id
    if not isinstance(token, int):
        raise ModelError(
            f"The tokenizer in {path} names no end token: set `eos_token` in tokenizer_config.json."
        )
    return token


def check_adapter(path: str, *, model: PreTrainedModel, base_hash: str) -> None:
    """Refuse an adapter that is damaged or was made for another model.

    Raises:
        ModelError: With what does not fit and what to do.
    """
    folder = _existing_folder(path, "adapter")
    config = _adapter_config(folder)
    shapes = adapter_shapes(folder)
    if config.peft_type != "LORA" or not isinstance(config, LoraConfig):
        raise ModelError(f"{folder} holds a {config.peft_type} adapter; only LoRA can be blended.")
    for name, shape in shapes.items():
        _check_adapter_weight(folder, name, shape=shape, model=model)
    note = folder / BASE_NOTE
    if note.is_file() and (trained_on := _noted_base(note)) != base_hash:
        raise ModelError(
            f"The adapter in {folder} was trained on another model (weights {trained_on[:12]}, "
            f"here {base_hash[:12]}). Give the model it was trained on, or train it again."
        )


def adapter_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each matrix of a saved adapter.

    Raises:
        ModelError: The file is missing or damaged.
    """
    file = folder / ADAPTER_WEIGHTS
    if not file.is_file():
        raise ModelError(f"{folder} has no {ADAPTER_WEIGHTS}: the adapter was not saved whole.")
    try:
        with safe_open(file, framework="pt") as weights:
            return {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{file} cannot be read: {_first_line(error)}. It may be cut off: copy it again."
        ) from error


def note_base(adapter: Path, base_hash: str) -> None:
    """Write beside an adapter which weights it was trained on."""
    (adapter / BASE_NOTE).write_text(json.dumps({"weights": base_hash}) + "\n")


def weights_hash(folder: Path) -> str:
    """Return the SHA-256 of all safetensors files of a folder, names included."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def voice_hash(base_hash: str, adapters: Sequence[tuple[Path, float]]) -> str:
    """Return the hash of base weights with adapters at their scales."""
    marks = [base_hash, *(f"{weights_hash(folder)}:{scale:g}" for folder, scale in adapters)]
    return _text_hash("+".join(marks))


def copy_model(loaded: LoadedModel, *, dtype: str) -> LoadedModel:
    """Return an independent copy of a loaded model in another precision."""
    model = _in_precision(copy.deepcopy(loaded.model), dtype)
    return replace(loaded, model=model, dtype=dtype)


def vocabulary_rows(model: PreTrainedModel) -> int:
    """Return how many tokens a model has embeddings for."""
    return int(cast(torch.Tensor, model.get_input_embeddings().weight).shape[0])


def tokenizer_text(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return the text that identifies a tokenizer: its full definition, or its vocabulary."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        return str(backend.to_str())
    return json.dumps(tokenizer.get_vocab(), sort_keys=True)


def _in_precision(model: PreTrainedModel, dtype: str) -> PreTrainedModel:
    return cast(PreTrainedModel, nn.Module.to(model, DTYPES[dtype]).eval())


def _existing_folder(path: str, role: str) -> Path:
    folder = Path(path)
    if not folder.is_dir():
        raise ModelError(f"There is no {role} folder {folder}: check the path.")
    return folder


def _load_weights(folder: Path) -> PreTrainedModel:
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} has no config.json: give the folder of a transformers model.")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(f"{folder} has no safetensors weights: save the model in that format.")
    try:
        with library_talk_off():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
            )
    except (SafetensorError, OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(
            f"The weights in {folder} cannot be read: {_first_line(error)}. The file may be cut "
            "off or made for another architecture: copy it again."
        ) from error
    model, loading = loaded
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


def _adapter_config(folder: Path) -> PeftConfig:
    if not (folder / "adapter_config.json").is_file():
        raise ModelError(f"{folder} has no adapter_config.json: give the folder of a LoRA adapter.")
    try:
        return PeftConfig.from_pretrained(str(folder))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"adapter_config.json in {folder} cannot be read: {_first_line(error)}."
        ) from error


def _check_adapter_weight(
    folder: Path, name: str, *, shape: tuple[int, ...], model: PreTrainedModel
) -> None:
    module_name, _, part = name.removeprefix("base_model.model.").rpartition(".lora_")
    if part not in {"A.weight", "B.weight"}:
        raise ModelError(f"{folder} holds {name}, which is no LoRA matrix: it cannot be blended.")
    try:
        weight = model.get_submodule(module_name).get_parameter("weight")
    except AttributeError as error:
        raise ModelError(
            f"The adapter in {folder} changes {module_name}, which this model lacks: it was made "
            "for another model."
        ) from error
    axis = 1 if part == "A.weight" else 0
    have, want = shape[axis], weight.shape[axis]
    if have != want:
        raise ModelError(
            f"The adapter in {folder} was made for another model: {name} has {have} "
            f"{'inputs' if axis else 'outputs'}, this model's layer {want}."
        )


def _noted_base(note: Path) -> str:
    try:
        return str(json.loads(note.read_text())["weights"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{note} cannot be read: delete it or copy the adapter again.") from error


def _merge(model: PreTrainedModel, adapters: list[tuple[str, float]]) -> PreTrainedModel:
    if not adapters:
        return model
    names = [f"adapter_{index}" for index in range(len(adapters))]
    with library_talk_off():
        peft_model = PeftModel.from_pretrained(model, adapters[0][0], adapter_name=names[0])
        for name, (adapter, _) in zip(names[1:], adapters[1:], strict=True):
            peft_model.load_adapter(adapter, adapter_name=name)
    for module in peft_model.modules():
        if isinstance(module, LoraLayer):
            for name, (_, scale) in zip(names, adapters, strict=True):
                if name in module.scaling:
                    module.scaling[name] *= scale
    return peft_model.merge_and_unload(adapter_names=names)


def _text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
