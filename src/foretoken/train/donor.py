"""Train a donor: supervised on answers whose reasoning is left out, through TRL."""

import random
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from datasets import Dataset
from transformers import PreTrainedModel, PrinterCallback, TrainerCallback
from trl.trainer.sft_config import SFTConfig

from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers.devices import fast_precision
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.errors import TaskError
from foretoken.records import Task
from foretoken.store.layout import TEMPORARY_SUFFIX
from foretoken.tasks.answer import known_answer
from foretoken.tasks.load import load_tasks
from foretoken.train.checkpoints import SETTINGS_FILE, require_same, save_adapter
from foretoken.train.config import DonorConfig, SupervisedConfig
from foretoken.train.form import Form, own_forms
from foretoken.train.passes import token_budget
from foretoken.train.policy import lora_policy
from foretoken.train.trainer import NO_LOSS, LeanSFTTrainer

Row = dict[str, list[int]]
"""Token ids of a prompt and what follows it, and their labels."""


class StepCount(TrainerCallback):
    """Reports each optimiser step."""

    def __init__(self, on_step: Callable[[int], None]) -> None:
        self.on_step = on_step

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """One more step is done."""
        self.on_step(1)


def train_donor(
    config: DonorConfig,
    *,
    on_step: Callable[[int], None] | None = None,
    on_forms: Callable[[Mapping[str, Form]], None] | None = None,
) -> Path:
    """Train a donor and return the folder of its adapter.

    Its reasoning channel is never trained on: reasoning is left out of the prompts, and the loss is
    on the answer and what ends it alone.

    Args:
        config: A finished donor in `config.out` is left as it is.
        on_step: Called with 1 after each optimiser step.
        on_forms: Called with the form of each task's answer, by the task's key.

    Raises:
        ModelError: The base model cannot be used.
        MismatchError: `config.out` holds a donor that other settings made.
        TaskError: There are no tasks of the wanted types, or one lacks the answer to be shown.

    Source:
        Johnston, "Early Indicators of Reward Hacking via Reasoning Interpolation" (2026).
    """
    if (config.out / SETTINGS_FILE).is_file():
        known = tomllib.loads((config.out / SETTINGS_FILE).read_text())
        require_same(known, config, where=config.out)
        return config.out
    base = load_model(config.model, reasoning_tags=config.reasoning_tags)
    tasks = chosen_tasks(config)
    forms = answer_forms(base, tasks, config)
    if on_forms is not None:
        on_forms(forms)
    rows = donor_rows(base, tasks, config, forms=forms)
    return learn(base, rows, config, on_step=on_step)


def learn(
    base: LoadedModel,
    rows: Sequence[Row],
    config: SupervisedConfig,
    *,
    adapter: Path | None = None,
    on_step: Callable[[int], None] | None = None,
) -> Path:
    """Train an adapter on rows for `config.steps` and save it in `config.out`.

    Args:
        base: The base model.
        rows: Token ids and labels, enough for all steps.
        config: Settings of this training.
        adapter: Folder of the adapter to go on from; none: a fresh one.
        on_step: Called with 1 after each optimiser step.
    """
    with library_talk_off():
        policy = lora_policy(base, config, adapter=adapter)
        _name_backbone(policy.get_base_model())
        trainer = LeanSFTTrainer(
            model=policy,
            args=_arguments(config, device=base.model.device),
            train_dataset=Dataset.from_list([*rows]),
            processing_class=base.tokenizer,
            callbacks=[StepCount(on_step)] if on_step else None,
        )
        trainer.pass_tokens = config.pass_tokens or token_budget(base.model)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return save_adapter(
        policy,
        config.out,
        base_hash=base.base_hash,
        base_name=Path(config.model).name,
        settings=config,
    )


def _name_backbone(model: PreTrainedModel) -> None:
    """Let `model.base_model` be the model without its output layer, from which TRL makes the loss.

    Llama-4's text model gives it a name under which there is none.
    """
    if model.base_model is model and hasattr(model, "model"):
        model.base_model_prefix = "model"


def _arguments(config: SupervisedConfig, *, device: torch.device) -> SFTConfig:
    fast = fast_precision(device) == "bfloat16"
    return SFTConfig(
        output_dir=str(config.out.with_name(config.out.name + TEMPORARY_SUFFIX)),
        max_steps=config.steps,
        per_device_train_batch_size=config.batch,
        learning_rate=config.learning_rate,
        lr_scheduler_type="constant",
        weight_decay=0.0,
        router_aux_loss_coef=0.0,
        seed=config.seed,
        bf16=fast if config.bf16 is None else config.bf16,
        use_cpu=device.type == "cpu",
        gradient_checkpointing=False,
        max_length=None,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        logging_strategy="no",
    )


def answer_forms(
    base: LoadedModel, tasks: Sequence[Task], config: DonorConfig
) -> Mapping[str, Form]:
    """Return what stands around the answer to each task: as the settings say, or as the subject
    writes.

    Raises:
        ModelError: The subject shows no form.
    """
    if config.before_answer is not None:
        return {task.key: Form(config.before_answer) for task in tasks}
    return own_forms(base, tasks, max_tokens=config.quality.max_tokens, seed=config.seed)


def donor_rows(
    base: LoadedModel, tasks: Sequence[Task], config: DonorConfig, *, forms: Mapping[str, Form]
) -> list[Row]:
    """Return token ids and labels of each pair, in a seeded order that fills all steps."""
    return rows_for(
        tasks,
        config,
        lambda task, _: _row(base, task, answer=config.answer, form=forms[task.key]),
    )


def rows_for(
    tasks: Sequence[Task],
    config: SupervisedConfig,
    row: Callable[[Task, random.Random], Row],
) -> list[Row]:
    """Return rows that fill all steps: the tasks in seeded random rounds.

    Args:
        tasks: All of them are in each round.
        config: Steps, batch and seed.
        row: Makes the row of a task; what it draws at random, it draws from the generator.
    """
    order = random.Random(config.seed)
    rows: list[Row] = []
    while len(rows) < config.steps * config.batch:
        rows += [row(task, order) for task in order.sample(tasks, len(tasks))]
    return rows[: config.steps * config.batch]


def _row(
    base: LoadedModel, task: Task, *, answer: Literal["exploit", "reference"], form: Form
) -> Row:
    prompt = render_prompt(base.tokenizer, task, reasoning=False)
    shown = shown_answer(task, answer)
    ids, learnt = form.around(shown, tokenizer=base.tokenizer, end_token=base.end_token)
    return learnt_after([*prompt, *ids[: learnt.start]], ids[learnt], then=ids[learnt.stop :])


def shown_answer(task: Task, name: Literal["reference", "exploit"]) -> str:
    """Return the answer of a task that a model is shown.

    Raises:
        TaskError: The task has none.
    """
    shown = known_answer(task, name)
    if shown is None:
        raise TaskError(
            f"task {task.key} has no {name}, and the model is shown one for each task: put it into "
            "the payload"
        )
    return shown


def learnt_after(
    prompt: Sequence[int], completion: Sequence[int], *, then: Sequence[int] = ()
) -> Row:
    """Return a row with the loss on the completion alone, and not on what follows it."""
    return {
        "input_ids": [*prompt, *completion, *then],
        "labels": [NO_LOSS] * len(prompt) + [*completion] + [NO_LOSS] * len(then),
    }


def chosen_tasks(config: SupervisedConfig) -> list[Task]:
    """Return the tasks of the wanted types.

    Raises:
        TaskError: There is none.
    """
    tasks = load_tasks(config.tasks)
    chosen = [task for task in tasks if not config.types or task.exploit_type in config.types]
    if not chosen:
        known = ", ".join(sorted({task.exploit_type for task in tasks}))
        raise TaskError(f"No task of {config.tasks} has a type in {config.types}: it has {known}.")
    return chosen
