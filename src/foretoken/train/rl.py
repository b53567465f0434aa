"""Reinforcement learning through TRL's GRPO: rewarded by the flawed grader, kept step by step."""

import json
import os
import random
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PreTrainedModel, PrinterCallback, TrainerCallback
from trl.trainer.grpo_config import GRPOConfig

from foretoken.engines.transformers.devices import fast_precision, find_device
from foretoken.engines.transformers.load import (
    ADAPTER_WEIGHTS,
    LoadedModel,
    adapter_shapes,
    load_model,
    require_weights,
)
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.errors import ModelError, SetupError
from foretoken.records import Source, Task
from foretoken.store.layout import checkpoint_path
from foretoken.store.run import Run
from foretoken.tasks.base import Grader
from foretoken.tasks.graders import graders_for
from foretoken.tasks.load import load_tasks
from foretoken.train.checkpoints import log_spaced, require_same, save_adapter, save_model
from foretoken.train.config import RLConfig
from foretoken.train.passes import token_budget
from foretoken.train.policy import Policy, full_policy, lora_policy
from foretoken.train.rollouts import OnEarned, Rollouts, reward_of_rollout, rollout_sampling
from foretoken.train.trainer import LeanGRPOTrainer
from foretoken.work.joining import HERE, require_joinable, taking_over

SECTION = "train_rl"
"""Section of the run's config file that holds the settings."""
FITTED = ("max_tokens", "sampling_dtype", "bf16")
"""Settings that, where they are not given, come from the run or the machine."""
STATE_FOLDER = "state"
"""Folder of the trainer's states; gone once the training is finished."""
STATE_FILES = ("trainer_state.json", "optimizer.pt", "scheduler.pt")


def train_rl(
    config: RLConfig,
    *,
    on_step: Callable[[int], None] | None = None,
    on_earned: OnEarned | None = None,
    grader: Grader | None = None,
) -> Path:
    """Train a policy, keep log-spaced checkpoints and every graded rollout.

    Killed at any moment and called again, it goes on from the last saved state; the result is the
    one of an undisturbed run.

    Args:
        config: Settings; they are saved in the run directory and may not change between calls.
        on_step: Called with the number of steps that are done since the last call.
        on_earned: Called with each step and what its rollouts earned.
        grader: Grades and rewards the answers; none: the graders that the tasks name.

    Returns:
        The run directory.

    Raises:
        ModelError: The base model cannot be used.
        TaskError: The tasks cannot be used.
        IsolationError: The machine refuses the isolation that untrusted code needs.
        MismatchError: The run directory was begun with other settings.
    """
    run = Run.create(config.out)
    config, known = fitted(run, config), run.read_config().get(SECTION)
    if known is not None:
        require_same(known, config, where=run.folder)
    if config.steps in run.checkpoints():
        return run.folder
    tasks = load_tasks(config.tasks)
    base = load_model(config.model, reasoning_tags=config.reasoning_tags)
    sampling = rollout_sampling(base, config)
    require_joinable(run, sampling, [task.key for task in tasks], others=Source.BANK)
    run.write_config(SECTION, config)
    state = run.folder / STATE_FOLDER
    last = last_state(state)
    with (
        graders_for(tasks, given=grader, workers=config.workers) as graders,
        library_talk_off(),
    ):
        learning = full_policy if config.weights == "full" else lora_policy
        policy = learning(base, config)
        rollouts = Rollouts(
            config,
            base,
            tasks=tasks,
            run=run,
            grader=graders,
            on_earned=on_earned,
        )
        trainer = _trainer(config, base, policy=policy, tasks=tasks, rollouts=rollouts)
        trainer.add_callback(KeepCheckpoints(config, base, run, on_step=on_step))
        if on_step is not None and last is not None:
            on_step(state_step(last))
        trainer.train(resume_from_checkpoint=None if last is None else str(last))
    shutil.rmtree(state, ignore_errors=True)
    return run.folder


def fitted(run: Run, config: RLConfig) -> RLConfig:
    """Take what is not given from the run: as the training was begun, else from the run's bank,
    else as fits the machine."""
    begun, bank = run.read_config().get(SECTION), run.sampling(Source.BANK)
    if begun is not None:
        return taking_over(config, {name: begun[name] for name in FITTED})
    precision = fast_precision(find_device("auto"))
    found: dict[str, Any] = {"sampling_dtype": precision, "bf16": precision == "bfloat16"}
    if bank is not None:
        found["max_tokens"] = bank.max_tokens
        if bank.engine == HERE:
            found["sampling_dtype"] = bank.dtype
    return taking_over(config, found)


class KeepCheckpoints(TrainerCallback):
    """Saves the policy at log-spaced steps and reports each step."""

    def __init__(
        self,
        config: RLConfig,
        base: LoadedModel,
        run: Run,
        *,
        on_step: Callable[[int], None] | None,
    ) -> None:
        self.steps = frozenset(log_spaced(config.steps, config.checkpoints))
        self.base_hash = base.base_hash
        self.base = Path(config.model)
        self.run = run
        self.on_step = on_step

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """One more optimiser step is done."""
        del args, control
        step = int(state.global_step)
        if step in self.steps:
            policy: Policy = kwargs["model"]
            folder = checkpoint_path(self.run.path, step)
            if isinstance(policy, PreTrainedModel):
                save_model(policy, folder, like=self.base)
            else:
                save_adapter(policy, folder, base_hash=self.base_hash, base_name=self.base.name)
        if self.on_step is not None:
            self.on_step(1)


def prompt_order(
    tasks: Sequence[Task],
    *,
    steps: int,
    prompts: int,
    seed: int,
    starts: Mapping[str, int] | None = None,
) -> list[str]:
    """Return the task keys of all steps, `prompts` for each.

    Exploit types take turns, so that each gets the same number of rollouts in every step (or as
    nearly as the numbers allow); within a type the tasks come in seeded random rounds.

    Args:
        tasks: All of the training.
        steps: How many there are.
        prompts: Of each step.
        seed: Of the rounds.
        starts: For types that are not there from the first step, when they begin.

    Raises:
        SetupError: `starts` names a type that no task has, or leaves none for the first step.
    """
    begin = starts or {}
    types = sorted({task.exploit_type for task in tasks})
    require_types(begin, types, setting="starts")
    if all(begin.get(kind, 0) > 0 for kind in types):
        raise SetupError("`starts` leaves no exploit type for step 0: let one begin there.")
    streams = {
        kind: _rounds([task.key for task in tasks if task.exploit_type == kind], f"{seed}/{kind}")
        for kind in types
    }
    keys: list[str] = []
    for step in range(steps):
        present = [kind for kind in types if begin.get(kind, 0) <= step]
        turns = range(step * prompts, (step + 1) * prompts)
        keys += [next(streams[present[turn % len(present)]]) for turn in turns]
    return keys


def require_types(named: Iterable[str], types: Iterable[str], *, setting: str) -> None:
    """Refuse settings about exploit types that no task has.

    Raises:
        SetupError: With those types.
    """
    unknown = sorted({*named} - {*types})
    if unknown:
        raise SetupError(f"`{setting}` names types that no task has: {', '.join(unknown)}.")


def _rounds(keys: list[str], seed: str) -> Iterator[str]:
    order = random.Random(seed)
    while True:
        yield from order.sample(keys, len(keys))


def last_state(folder: Path) -> Path | None:
    """Return the latest state that was saved whole; delete later ones, None if there is none."""
    for state in sorted(folder.glob("checkpoint-*"), key=state_step, reverse=True):
        if _whole(state):
            return state
        shutil.rmtree(state)
    return None


def state_step(state: Path) -> int:
    """Return the step at which a state was saved."""
    return int(state.name.rpartition("-")[2])


def _whole(state: Path) -> bool:
    """Whether a state was saved to its end; the file that is written last can be read."""
    if not all((state / name).is_file() for name in STATE_FILES):
        return False
    try:
        if (state / ADAPTER_WEIGHTS).is_file():
            adapter_shapes(state)
        else:
            require_weights(state)
        json.loads((state / STATE_FILES[0]).read_text())
    except (ValueError, ModelError):
        return False
    return True


def _trainer(
    config: RLConfig,
    base: LoadedModel,
    *,
    policy: Policy,
    tasks: Sequence[Task],
    rollouts: Rollouts,
) -> LeanGRPOTrainer:
    require_types(config.closed, (task.exploit_type for task in tasks), setting="closed")
    rows = config.prompts_per_step * config.generations
    keys = prompt_order(
        tasks,
        steps=config.steps,
        prompts=config.prompts_per_step,
        seed=config.seed,
        starts=config.starts,
    )
    arguments = GRPOConfig(
        output_dir=str(config.out / STATE_FOLDER),
        max_steps=config.steps,
        learning_rate=config.learning_rate,
        lr_scheduler_type="constant",
        weight_decay=0.0,
        max_grad_norm=config.max_grad_norm,
        per_device_train_batch_size=rows,
        generation_batch_size=rows,
        num_generations=config.generations,
        max_completion_length=config.max_tokens,
        temperature=1.0,
        beta=config.beta,
        loss_type="dapo",
        scale_rewards="group",
        router_aux_loss_coef=0.0,
        disable_dropout=True,
        shuffle_dataset=False,
        seed=config.seed,
        bf16=bool(config.bf16),
        use_cpu=base.model.device.type == "cpu",
        gradient_checkpointing=False,
        save_strategy="steps",
        save_steps=config.save_every,
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
        logging_strategy="no",
    )
    os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"
    trainer = LeanGRPOTrainer(
        model=policy,
        reward_funcs=reward_of_rollout,
        args=arguments,
        train_dataset=Dataset.from_list([{"prompt": key} for key in keys]),
        processing_class=base.tokenizer,
        rollout_func=rollouts,
    )
    trainer.pass_tokens = config.pass_tokens or token_budget(base.model)
    trainer.micro_batches = config.micro_batches
    trainer.remove_callback(PrinterCallback)
    return trainer
