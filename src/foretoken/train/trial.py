"""What a training would draw and learn from, and a few steps to see how long all of them take."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.errors import RunError
from foretoken.records import Task
from foretoken.store.run import Run
from foretoken.tasks.load import load_tasks
from foretoken.train.checkpoints import SETTINGS_FILE, require_same
from foretoken.train.config import DonorConfig, RLConfig
from foretoken.train.donor import Row, answer_forms, chosen_tasks, donor_rows, learn
from foretoken.train.rl import SECTION, STATE_FOLDER, fitted, state_step, train_rl
from foretoken.train.yields import SPOKEN_HITS, most_rounds
from foretoken.work.plan import Trial, WorkPlan

TRIED = 2
"""Steps that are tried; the first one is not timed."""


def rl_plan(config: RLConfig) -> WorkPlan:
    """Say what `train_rl` would do; nothing is written.

    Raises:
        MismatchError: The run directory was begun with other settings.
        TaskError: The tasks cannot be used.
    """
    try:
        run = Run.open(config.out)
    except RunError:
        run = None
    if run is not None:
        config, begun = fitted(run, config), run.read_config().get(SECTION)
        if begun is not None:
            require_same(begun, config, where=config.out)
    left = config.steps - (0 if run is None else _done(run, config))
    rollouts = config.prompts_per_step * config.generations
    types = len({task.exploit_type for task in load_tasks(config.tasks)})
    words = (
        f"{left:,} of {config.steps:,} steps, each of {config.prompts_per_step} prompts with "
        f"{config.generations} completions, on tasks of {types} types: {left * rollouts:,} draws "
        f"of at most {config.max_tokens} tokens, {left * rollouts * config.max_tokens:,} in all."
    )

    def trial() -> Trial:
        with TemporaryDirectory() as folder:
            changes = {"out": Path(folder) / "run", "steps": TRIED, "checkpoints": 1}
            return timed_steps(lambda tell: train_rl(config.replacing(**changes), on_step=tell))

    return WorkPlan(words, left, trial, beside="steps take longer as completions grow")


def donor_plan(config: DonorConfig, *, quality: bool) -> WorkPlan:
    """Say what training a donor would do; nothing is written. The model is loaded for it.

    Args:
        config: Of the donor.
        quality: Whether it is asked how often it hacks, and trained further.

    Raises:
        ModelError: The base model cannot be used.
        TaskError: There are no tasks of the wanted types, or one lacks the answer to be shown.
    """
    tasks = chosen_tasks(config)
    base = load_model(config.model, reasoning_tags=config.reasoning_tags)
    forms = answer_forms(base, tasks, config)
    rows = donor_rows(base, tasks, config, forms=forms)
    tokens = sum(len(row["input_ids"]) for row in rows)
    words = (
        f"{config.steps} steps of {config.batch} pairs of prompt and answer, {tokens:,} tokens in "
        "all."
    )
    beside = ""
    if quality and config.answer == "exploit":
        words += f" {_rounds(config, tasks)}"
        beside = "the rounds and draws that may follow are not in it"
    finished = (config.out / SETTINGS_FILE).is_file()
    return WorkPlan(
        words, 0 if finished else config.steps, lambda: try_donor(base, rows, config), beside=beside
    )


def try_donor(base: LoadedModel, rows: Sequence[Row], config: DonorConfig) -> Trial:
    """Train a few steps on the first rows, and throw the adapter away."""
    with TemporaryDirectory() as folder:
        few = config.replacing(steps=TRIED, out=Path(folder) / "donor")
        taken = [*rows[: few.steps * few.batch]]
        taken += [rows[0]] * (few.steps * few.batch - len(taken))
        return timed_steps(lambda tell: learn(base, taken, few, on_step=tell))


def timed_steps(train: Callable[[Callable[[int], None]], object]) -> Trial:
    """Time the last step of a short training: the first one waits for what is loaded.

    Args:
        train: Takes what is to be called after each step.
    """
    ends: list[float] = []
    train(lambda _: ends.append(time.monotonic()))
    return Trial(1, ends[-1] - ends[-2], "a step")


def _done(run: Run, config: RLConfig) -> int:
    """Steps that a run has saved."""
    if config.steps in run.checkpoints():
        return config.steps
    states = (run.folder / STATE_FOLDER).glob("checkpoint-*")
    return max((state_step(each) for each in states), default=0)


def _rounds(config: DonorConfig, tasks: Sequence[Task]) -> str:
    """What may follow the training, in words."""
    asked, types = config.quality, len({task.exploit_type for task in tasks})
    rounds = most_rounds(asked)
    each = types * asked.tasks * asked.draws
    looking = asked.rounds * len({"own hits", SPOKEN_HITS} & {*asked.remedies})
    draws = each * (1 + rounds) + looking * types * asked.hit_draws
    return (
        f"Then {each:,} draws to ask the donor, and where a type is weak at most {rounds} rounds "
        f"of {asked.steps or config.steps} steps more: at most {draws:,} draws of at most "
        f"{asked.max_tokens} tokens."
    )
