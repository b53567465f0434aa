"""Which steps are saved, and how a checkpoint is written so that it is whole or absent."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import PreTrainedModel

from foretoken.engines.transformers.load import note_base
from foretoken.errors import MismatchError, SetupError
from foretoken.store.layout import TEMPORARY_SUFFIX
from foretoken.store.toml import dump_toml
from foretoken.train.config import TrainConfig

FREE_SETTINGS = frozenset({"out", "workers", "save_every", "quality", "pass_tokens"})
"""Settings that change no result beyond rounding, or, as a donor's quality, are compared where they
are used."""
KEPT_SUFFIXES = frozenset({".json", ".jinja", ".txt", ".model"})
"""Of the files of a model folder that say what its tokens and settings are."""
SETTINGS_FILE = "settings.toml"
"""File beside an adapter with the settings that made it."""


def log_spaced(steps: int, count: int) -> tuple[int, ...]:
    """Return `count` different steps from 1 to `steps`, spaced as evenly in the logarithm as
    whole numbers allow; the last is `steps`.

    Raises:
        SetupError: There are fewer steps than checkpoints.
    """
    if not 1 <= count <= steps:
        raise SetupError(f"{count} checkpoints do not fit in {steps} steps: ask for 1 to {steps}.")
    ratio = steps ** (1 / (count - 1)) if count > 1 else 1.0
    ideal = [round(ratio**index) for index in range(count)]
    ideal[-1] = steps
    chosen: list[int] = []
    for index, step in enumerate(ideal):
        least = chosen[-1] + 1 if chosen else 1
        most = steps - (count - 1 - index)
        chosen.append(min(max(step, least), most))
    return tuple(chosen)


def save_adapter(
    policy: PeftModel,
    folder: Path,
    *,
    base_hash: str,
    base_name: str,
    settings: TrainConfig | None = None,
) -> Path:
    """Write an adapter, whole or not at all.

    Args:
        policy: Model with one LoRA adapter, named `default`.
        folder: Made whole, then put in place; an adapter that stands there is replaced.
        base_hash: Hash of the weights that the adapter was trained on.
        base_name: Name of the base model, without a path.
        settings: Saved beside the adapter where given.
    """
    temporary = _emptied(folder)
    config = policy.peft_config["default"]
    known, config.base_model_name_or_path = config.base_model_name_or_path, base_name
    try:
        policy.save_pretrained(str(temporary), save_embedding_layers=False)
    finally:
        config.base_model_name_or_path = known
    (temporary / "README.md").unlink(missing_ok=True)
    note_base(temporary, base_hash)
    if settings is not None:
        (temporary / SETTINGS_FILE).write_text(
            dump_toml(settings.model_dump(mode="json", exclude={"quality"}))
        )
    return _in_place(temporary, folder)


def save_model(model: PreTrainedModel, folder: Path, *, like: Path) -> Path:
    """Write a whole model, or nothing.

    Args:
        model: Of the same architecture as the one it was trained from.
        folder: As for `save_adapter`.
        like: Folder of the model that it was trained from, whose tokenizer and settings it keeps.
    """
    temporary = _emptied(folder)
    temporary.mkdir(parents=True)
    for file in like.iterdir():
        if file.suffix in KEPT_SUFFIXES and not file.name.endswith(".index.json"):
            shutil.copyfile(file, temporary / file.name)
    model.save_pretrained(temporary)
    return _in_place(temporary, folder)


def _emptied(folder: Path) -> Path:
    """Where a folder is made before it is put in place; nothing is there."""
    temporary = folder.with_name(folder.name + TEMPORARY_SUFFIX)
    shutil.rmtree(temporary, ignore_errors=True)
    return temporary


def _in_place(made: Path, folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    made.rename(folder)
    return folder


def require_same(known: Mapping[str, Any], config: TrainConfig, *, where: Path) -> None:
    """Refuse to go on with work that was begun with other settings.

    Raises:
        MismatchError: A setting that can change the result differs.
    """
    wanted = config.model_dump(mode="json", exclude_none=True)
    differing = [
        f"{name} {known.get(name)!r} against {wanted.get(name)!r}"
        for name in sorted((known.keys() | wanted.keys()) - FREE_SETTINGS)
        if known.get(name) != wanted.get(name)
    ]
    if differing:
        raise MismatchError(
            f"{where} was begun with other settings ({', '.join(differing)}): repeat those, or "
            "choose another directory."
        )
