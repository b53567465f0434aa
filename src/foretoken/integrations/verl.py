"""verl: a reward function around one's own, by import path.

```yaml
reward:
  custom_reward_function:
    path: pkg://foretoken.integrations.verl
    name: compute_score
    reward_kwargs: {inner: "mypackage.rewards:compute_score", run: runs/mine}
trainer:
  rollout_data_dir: outputs/rollouts      # has the steps, which a reward function is not told
  checkpoint_callback_class: foretoken.integrations.verl.Checkpoints    # names them for the watch
```

What the inner function returns is what verl gets, and what it raises is raised. An `async` one is
wrapped by `compute_score_async`. The callback takes the run from the same `reward_kwargs`, else
from the environment variable FORETOKEN_RUN.
"""

import os
from functools import lru_cache
from typing import Any

from foretoken.integrations.graded import Graded, Rewards, name_checkpoint, named_run, told_once
from foretoken.logs.base import mapping
from foretoken.tasks.importing import imported

TASK_KEYS = ("task", "task_id", "id", "index")
"""Keys of `extra_info` that may name a task, the first that is there."""
REWARD_KWARGS = ("reward", "custom_reward_function", "reward_kwargs")
SAVE_CONTENTS = ("actor_rollout_ref", "actor", "checkpoint", "save_contents")
NO_HF_WEIGHTS = (
    "Foretoken measures checkpoints with Hugging Face weights: set actor_rollout_ref.actor."
    "checkpoint.save_contents='[model,optimizer,extra,hf_model]', or have foretoken watch merge "
    "them with --merge-with PYTHON"
)
NO_CHECKPOINTS = "Foretoken sees no checkpoints: set trainer.save_freq to a number of steps"


def compute_score(
    data_source: Any,
    solution_str: str,
    ground_truth: Any,
    extra_info: Any = None,
    *,
    inner: str,
    run: str | None = None,
    **more: Any,
) -> Any:
    """Return what the inner function does, which is recorded; see the module."""
    function = _function(inner)
    with _recording(inner, run, solution_str, ground_truth, extra_info) as graded:
        result = function(data_source, solution_str, ground_truth, extra_info, **more)
        graded.rewards = lambda: _rewards(result)
        return result


async def compute_score_async(
    data_source: Any,
    solution_str: str,
    ground_truth: Any,
    extra_info: Any = None,
    *,
    inner: str,
    run: str | None = None,
    **more: Any,
) -> Any:
    """Return what an `async` inner function does, which is recorded; see the module."""
    function = _function(inner)
    with _recording(inner, run, solution_str, ground_truth, extra_info) as graded:
        result = await function(data_source, solution_str, ground_truth, extra_info, **more)
        graded.rewards = lambda: _rewards(result)
        return result


class Checkpoints:
    """Names checkpoints; a `CheckpointCallback` of verl's newer trainer, which lets it raise.

    Args:
        config: Of the trainer.
    """

    def __init__(self, config: Any = None) -> None:
        self.run = ""
        try:
            self.run = named_run(_setting(config, *REWARD_KWARGS, "run"))
            saved = _setting(config, *SAVE_CONTENTS)
            if saved is not None and "hf_model" not in saved:
                told_once(NO_HF_WEIGHTS)
            if (_setting(config, "trainer", "save_freq") or 0) <= 0:
                told_once(NO_CHECKPOINTS)
        except Exception as error:  # noqa: BLE001  somebody else's training begins
            told_once(f"Foretoken cannot read the trainer's settings: {error}")

    def on_save(
        self,
        trainer: Any = None,  # noqa: ARG002  verl calls it by these names
        global_step: int = 0,
        checkpoint_dir: str = "",
        async_save: bool = False,  # noqa: ARG002  as above: a file that grows is not taken as whole
        **_: Any,
    ) -> None:
        """Put a checkpoint in the queue."""
        try:
            step, path = int(global_step), os.path.abspath(checkpoint_dir)  # noqa: PTH100  no disk is asked
            name_checkpoint(self.run, step=step, path=path)
        except Exception as error:  # noqa: BLE001  somebody else's training goes on
            told_once(f"Foretoken cannot name a checkpoint: {error}")


def _setting(config: Any, *names: str) -> Any:
    """What the trainer's settings say under some names; None where they have none."""
    found: Any = config
    for name in names:
        get: Any = getattr(found, "get", None)
        found = None if get is None else get(name)
    return found


@lru_cache
def _function(path: str) -> Any:
    return imported(path)


def _recording(inner: str, run: str | None, *said: Any) -> Graded:
    """What records a call of the inner function."""
    return Graded(named_run(run), "verl", inner, lambda: _answer(*said))


def _answer(solution: str, truth: Any, extra_info: Any) -> list[tuple[None, dict[str, Any]]]:
    """The one answer of a call; its prompt is not told."""
    known = mapping(extra_info)
    task = next((known[key] for key in TASK_KEYS if known.get(key) is not None), None)
    said = {"completion": solution, "truth": truth, "task": None if task is None else str(task)}
    return [(None, said)]


def _rewards(result: Any) -> Rewards:
    """A number, or a dictionary with a score."""
    held = mapping(result) or {"score": result}
    parts = {name: _number(value) for name, value in held.items() if name != "score"}
    return [(_number(held.get("score")), parts)]


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
