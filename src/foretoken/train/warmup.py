"""Warm a model up that never earns a reward: supervised on honest answers after some reasoning.

Reinforcement learning teaches nothing where every completion of a prompt earns the same. After a
warm-up the model has the form of an answer, and is right now and then; what it does with its
graders' flaws is left to the training.
"""

import random
import shutil
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from foretoken.engines.prompts import completion_text, render_prompt
from foretoken.engines.tags import reasoning_tags
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.records import CODE, Task
from foretoken.store.layout import TEMPORARY_SUFFIX
from foretoken.store.toml import dump_toml
from foretoken.train.checkpoints import SETTINGS_FILE, require_same
from foretoken.train.config import WarmupConfig
from foretoken.train.donor import (
    Row,
    chosen_tasks,
    learn,
    learnt_after,
    rows_for,
    shown_answer,
)
from foretoken.train.form import encoded

ADAPTER_SUFFIX = ".adapter"
"""Of the folder that holds the adapter until it is part of the model."""
WITH_TAGS = "{{reasoning}}\n{closes}\n{{answer}}"
FENCED = "{reasoning}\n\n```python\n{answer}\n```"
BARE = "{reasoning}\n\n{answer}"
NOT_COPIED = (".safetensors", ".safetensors.index.json", ".bin", ".gguf")
"""Ends of the names of the base model's files that are not those of the warmed-up one."""


def train_warmup(config: WarmupConfig, *, on_step: Callable[[int], None] | None = None) -> Path:
    """Warm a model up and return the folder of the whole model, adapter merged.

    Args:
        config: A finished model in `config.out` is left as it is.
        on_step: Called with 1 after each optimiser step.

    Raises:
        ModelError: The base model cannot be used.
        MismatchError: `config.out` holds a model that other settings made.
        TaskError: There are no tasks of the wanted types, or one lacks a reference.
    """
    for folder in (config.out, _adapter(config)):
        if (folder / SETTINGS_FILE).is_file():
            known = tomllib.loads((folder / SETTINGS_FILE).read_text())
            require_same(known, config, where=folder)
    if (config.out / SETTINGS_FILE).is_file():
        return config.out
    if not (_adapter(config) / SETTINGS_FILE).is_file():
        base = load_model(config.model, reasoning_tags=config.reasoning_tags)
        tasks = chosen_tasks(config)
        rows = rows_for(tasks, config, lambda task, chance: warmup_row(base, task, config, chance))
        learn(base, rows, config.replacing(out=_adapter(config)), on_step=on_step)
    _save_whole(config)
    shutil.rmtree(_adapter(config), ignore_errors=True)
    return config.out


def warmup_row(base: LoadedModel, task: Task, config: WarmupConfig, chance: random.Random) -> Row:
    """Return what is learnt of one task: reasoning, then its reference.

    Args:
        base: Renders the prompt.
        task: Has a reference, and perhaps a `reasoning` in its payload.
        config: The form, and what is thought where the task does not say.
        chance: Chooses among several reasonings.
    """
    prompt = render_prompt(base.tokenizer, task)
    reasoning = task.payload.get("reasoning")
    if not isinstance(reasoning, str):
        reasoning = chance.choice(config.reasoning) if config.reasoning else ""
    form = config.form or _form(base, prompt, task)
    answer = shown_answer(task, "reference")
    parts = [part.replace("{reasoning}", reasoning) for part in form.split("{answer}")]
    text = answer.join(parts)
    completion = [*encoded(base.tokenizer, text), base.end_token]
    return learnt_after(prompt, completion)


def _form(base: LoadedModel, prompt: Sequence[int], task: Task) -> str:
    tags, asked = reasoning_tags(base.tokenizer), completion_text(base.tokenizer, prompt)
    if tags and asked.rfind(tags.opens) > asked.rfind(tags.closes):
        return WITH_TAGS.format(closes=tags.closes)
    return FENCED if task.grader == CODE else BARE


def _adapter(config: WarmupConfig) -> Path:
    return config.out.with_name(config.out.name + ADAPTER_SUFFIX)


def _save_whole(config: WarmupConfig) -> None:
    """Write the model with the adapter in its weights, beside the base model's tokenizer."""
    temporary = config.out.with_name(config.out.name + TEMPORARY_SUFFIX)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    for file in Path(config.model).iterdir():
        if file.is_file() and not file.name.endswith(NOT_COPIED):
            shutil.copyfile(file, temporary / file.name)
    whole = load_model(config.model, adapters=[(str(_adapter(config)), 1.0)], device="cpu")
    with library_talk_off():
        whole.model.save_pretrained(temporary)
    settings = config.model_dump(mode="json", exclude_none=True)
    (temporary / SETTINGS_FILE).write_text(dump_toml(settings))
    shutil.rmtree(config.out, ignore_errors=True)
    temporary.rename(config.out)
