"""What identifies weights in local folders, and their tokenizer: read without torch."""

import hashlib
import json
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from foretoken.engines.base import Weights
from foretoken.engines.prompts import Tokenizer, turn_end
from foretoken.engines.tags import THINK, TagsSetting, reasoning_tags, set_reasoning_tags
from foretoken.errors import ModelError

ADAPTER_WEIGHTS = "adapter_model.safetensors"
BASE_NOTE = "base.json"
"""File beside an adapter that names the weights it was trained on."""


def existing_folder(path: str, role: str) -> Path:
    """Return a folder that is there.

    Raises:
        ModelError: It is not.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise ModelError(f"There is no {role} folder {folder}: check the path.")
    return folder


def weights_hash(folder: Path) -> str:
    """Return the SHA-256 of all safetensors files of a folder, names included.

    A file is read again only when its size or its time has changed.
    """
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        digest.update(file.name.encode())
        digest.update(_file_digest(file, _state(file)))
    return digest.hexdigest()


def _state(file: Path) -> tuple[int, int, int]:
    """What changes when a file is written again."""
    found = file.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


@lru_cache(maxsize=4096)
def _file_digest(file: Path, state: tuple[int, int, int]) -> bytes:
    del state
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def blended_hash(base_hash: str, adapters: Sequence[tuple[str, float]]) -> str:
    """Return the hash of a base model's weights and of every adapter folder with its scale."""
    marks = [f"{weights_hash(Path(adapter))}:{scale:g}" for adapter, scale in adapters]
    return text_hash("+".join([base_hash, *marks]))


def voice_hash(weights: Weights) -> str:
    """Return the hash of a voice's weights, from its folders alone.

    Raises:
        ModelError: A folder is missing, holds no weights, or an adapter was made for another base.
    """
    base = existing_folder(weights.base, "model")
    if not any(base.glob("*.safetensors")):
        raise ModelError(f"{base} has no safetensors weights: save the model in that format.")
    base_hash = weights_hash(base)
    for path, _ in weights.adapters:
        folder = existing_folder(path, "adapter")
        if not (folder / ADAPTER_WEIGHTS).is_file():
            raise ModelError(f"{folder} has no {ADAPTER_WEIGHTS}: the adapter was not saved whole.")
        check_noted_base(folder, base_hash)
    return blended_hash(base_hash, weights.adapters)


def check_noted_base(adapter: Path, base_hash: str) -> None:
    """Refuse an adapter whose note says that it was trained on another model.

    Raises:
        ModelError: It was, or the note is damaged.
    """
    note = adapter / BASE_NOTE
    if note.is_file() and (trained_on := _noted_base(note)) != base_hash:
        raise ModelError(
            f"The adapter in {adapter} was trained on another model (weights {trained_on[:12]}, "
            f"here {base_hash[:12]}). Give the model it was trained on, or train it again."
        )


@lru_cache(maxsize=8)
def tokenizer_hashes(
    path: str, states: tuple[tuple[int, int, int], ...], tags: TagsSetting = None
) -> tuple[str, str]:
    """Return the hashes of a folder's tokenizer and chat template, in their files' present state.

    Args:
        path: Folder of a model.
        states: From `folder_state`; once they change, the tokenizer is loaded again.
        tags: As for `load_tokenizer`.
    """
    del states
    tokenizer = load_tokenizer(path, tags)
    return tokenizer_hash(tokenizer, end_tokens(tokenizer, path)), template_hash(tokenizer)


def folder_state(path: str) -> tuple[tuple[int, int, int], ...]:
    """Return what changes when a file of a folder, weights apart, is written again."""
    files = existing_folder(path, "model").iterdir()
    return tuple(_state(f) for f in sorted(files) if f.is_file() and f.suffix != ".safetensors")


def load_tokenizer(path: str, tags: TagsSetting = None) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model folder.

    Args:
        path: The folder.
        tags: What opens and closes the model's reasoning, see `reasoning_tags`.
    """
    folder = existing_folder(path, "model")
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"No usable tokenizer in {folder}: {first_line(error)}. Save the tokenizer that the "
            "model was trained with into that folder."
        ) from error
    set_reasoning_tags(tokenizer, tags)
    return tokenizer


def end_tokens(tokenizer: PreTrainedTokenizerBase, path: str) -> tuple[int, ...]:
    """Return the ids of all tokens that end a completion, by tokenizer and generation settings.

    The first is the one that the model is used to write after an answer: by its chat template,
    else by its tokenizer.

    Raises:
        ModelError: There is none.
    """
    own = tokenizer.eos_token_id
    ends = {*_generation_ends(Path(path)), *([own] if isinstance(own, int) else [])}
    if not ends:
        raise ModelError(
            f"Nothing in {path} names an end token: set `eos_token` in tokenizer_config.json."
        )
    usual = turn_end(tokenizer, ends)
    first = own if usual is None and isinstance(own, int) else usual
    return tuple(sorted(ends, key=lambda end: (end != first, end)))


def _generation_ends(folder: Path) -> list[int]:
    """What a model's own settings for generation stop at."""
    for name in ("generation_config.json", "config.json"):
        settings = read_json(folder / name) if (folder / name).is_file() else {}
        for holder in (settings, settings.get("text_config") or {}):
            ends: list[int] | int | None = holder.get("eos_token_id")
            if ends is not None:
                return ends if isinstance(ends, list) else [ends]
    return []


def read_json(file: Path) -> dict[str, Any]:
    """Read one of a model's files.

    Raises:
        ModelError: It is not JSON.
    """
    try:
        return dict(json.loads(file.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{file} cannot be read: copy the model again.") from error


def tokenizer_hash(tokenizer: PreTrainedTokenizerBase, ends: Collection[int]) -> str:
    """Return the hash of a tokenizer's full definition, or of its vocabulary, and of what ends.

    Args:
        tokenizer: Of the model.
        ends: Ids that end a completion. They count where they are not the tokenizer's own alone:
            one model that stops at other tokens says other texts.
    """
    backend: Any = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        own = text_hash(str(backend.to_str()))
    else:
        own = text_hash(json.dumps(tokenizer.get_vocab(), sort_keys=True))
    return own if {*ends} == {tokenizer.eos_token_id} else text_hash(f"{own}\n{sorted(ends)}")


def template_hash(tokenizer: Tokenizer) -> str:
    """Return the hash of a tokenizer's chat template, and of reasoning tags that are not usual."""
    tags, template = reasoning_tags(tokenizer), str(tokenizer.chat_template or "")
    if tags == THINK:
        return text_hash(template)
    return text_hash(f"{template}\n{tags.model_dump_json() if tags else 'no reasoning'}")


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, cut to one line of a terminal or two."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def note_base(adapter: Path, base_hash: str) -> None:
    """Write beside an adapter which weights it was trained on."""
    (adapter / BASE_NOTE).write_text(json.dumps({"weights": base_hash}) + "\n")


def _noted_base(note: Path) -> str:
    try:
        return str(json.loads(note.read_text())["weights"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{note} cannot be read: copy the adapter again.") from error
