"""TRL: an observer among the reward functions, and a callback; one object is both.

```python
watch = foretoken.integrations.trl.Watch(run="runs/mine")
trainer = GRPOTrainer(..., reward_funcs=watch.rewards([mine]), callbacks=[watch])
```

Training is as it would be without: the observer scores nothing (`None` for every rollout), and
what goes wrong in it is counted and told when the training ends. `foretoken import --run RUN` reads
what it wrote, `foretoken watch RUN` while it is written.
"""

import functools
import inspect
import json
import math
import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from transformers import TrainerCallback

from foretoken.integrations.recorder import STOP_FILE, Recorder
from foretoken.logs.hooks import written

TASK_COLUMNS = ("task", "task_id", "problem_id", "id", "index")
"""Columns of a dataset that may name a task, the first that is there."""
LONGEST = 400
"""Characters of a dataset's column that is kept with a rollout."""
Reward = Callable[..., Any]
Given = Reward | str
"""What `reward_funcs` takes."""


class Watch(TrainerCallback):
    """Writes down what a `GRPOTrainer` draws, pays and saves.

    Args:
        run: Run directory for what is written; made where there is none.
        task: Column of the dataset that names a task; None: the first of `TASK_COLUMNS`.
        truth: Column that holds the right answer, which is kept whole however long.
    """

    def __init__(
        self, run: str | os.PathLike[str], *, task: str | None = None, truth: str | None = None
    ) -> None:
        self.recorder = Recorder(run)
        self.task, self.truth = task, truth
        self._weights: Sequence[float] | None = None
        self._names: list[str | None] = []
        """Of the reward functions, in order; None where one is not seen."""
        self._batch: dict[str, Any] | None = None
        self._training = False

    def rewards(self, functions: Given | Sequence[Given]) -> list[Given]:
        """Return reward functions, wrapped, and the observer: what `reward_funcs` takes.

        Args:
            functions: One or several. A reward model, or the name of one, is passed on as it is;
                then the sum of rewards is not known.
        """
        given = [functions] if isinstance(functions, str) or callable(functions) else functions
        self._names.clear()
        return [*(self.around(each) for each in given), self.observe]

    def around(self, function: Given) -> Given:
        """Return a reward function that does what it did, and whose values and time are kept."""
        if not (inspect.isfunction(function) or inspect.ismethod(function)):
            self._names.append(None)
            return function
        name = function.__name__
        self._names.append(name)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def timed_async(*args: Any, **columns: Any) -> Any:
                with self._timing(name, columns) as given:
                    given.append(await function(*args, **columns))
                return given[0]

            return timed_async

        @functools.wraps(function)
        def timed(*args: Any, **columns: Any) -> Any:
            with self._timing(name, columns) as given:
                given.append(function(*args, **columns))
            return given[0]

        return timed

    def observe(
        self, prompts: Any = (), completions: Any = (), completion_ids: Any = (), **columns: Any
    ) -> list[None]:
        """See a batch of rollouts; a reward function that scores none of them."""
        batch = self.recorder.guarded(self._begin, completion_ids, columns)
        if batch is not None:
            batch |= {"prompts": prompts, "completions": completions, "columns": columns}
        return [None] * max(len(prompts), len(completions))

    def on_train_begin(self, args: Any, state: Any, _control: Any, /, **_: Any) -> None:
        """See what the training's settings say, and what they lack."""
        self.recorder.guarded(self._begun, args, state)

    def on_step_begin(self, _args: Any, _state: Any, _control: Any, /, **_: Any) -> None:
        """Know that what is drawn until the step ends is for training."""
        self._training = True

    def on_step_end(self, _args: Any, _state: Any, control: Any, /, **_: Any) -> Any:
        """Write a step's rollouts; end the training where that is asked for."""
        self.recorder.guarded(self._flush)
        self._training = False
        if self.recorder.guarded((self.recorder.run / STOP_FILE).exists):
            control.should_training_stop = control.should_save = True
        return control

    def on_save(self, args: Any, state: Any, _control: Any, /, **_: Any) -> None:
        """Name a checkpoint that was written."""
        self.recorder.guarded(self._saved, args, state)

    def on_train_end(self, _args: Any, _state: Any, _control: Any, /, **_: Any) -> None:
        """Write what is left, and say what could not be written."""
        self.recorder.guarded(self._flush)
        self.recorder.end()

    def _begun(self, args: Any, state: Any) -> None:
        self._weights = args.reward_weights
        said = {"steps": state.max_steps, "temperature": args.temperature, "by": "trl"}
        self.recorder.write("training", lambda: said)
        if getattr(args.save_strategy, "value", args.save_strategy) == "no":
            print('Foretoken sees no checkpoints: set save_strategy="steps" and save_steps')

    def _saved(self, args: Any, state: Any) -> None:
        if state.is_world_process_zero:
            step = int(state.global_step)
            path = os.path.abspath(os.path.join(args.output_dir, f"checkpoint-{step}"))  # noqa: PTH100,PTH118
            self.recorder.write("checkpoints", lambda: {"step": step, "path": path})

    def _begin(self, completion_ids: Any, columns: Mapping[str, Any]) -> dict[str, Any]:
        """The batch that these completions are of: the present one, or a new one."""
        if self._batch is None or self._batch["ids"] is not completion_ids:
            self._flush()
            step = int(columns["trainer_state"].global_step)
            self._batch = {"ids": completion_ids, "step": step, "training": self._training}
            self._batch |= {"parts": {}, "graders": {}}
        return self._batch

    @contextmanager
    def _timing(self, name: str, columns: Mapping[str, Any]) -> Generator[list[Any]]:
        """Keep what is put into the list, and how long that took; an error goes on as it was."""
        begin, given = time.perf_counter(), list[Any]()
        failed: BaseException | None = None
        try:
            yield given
        except BaseException as error:  # raised again: only its words are kept
            failed = error
            raise
        finally:
            values = given[0] if given else None
            self._graded(name, columns, values, begin=begin, error=failed)

    def _graded(
        self,
        name: str,
        columns: Mapping[str, Any],
        values: Any,
        *,
        begin: float,
        error: BaseException | None = None,
    ) -> None:
        """Keep what a reward function gave a batch, and how long it took."""
        seconds = time.perf_counter() - begin
        batch = self.recorder.guarded(self._begin, columns.get("completion_ids"), columns)
        if batch is not None:
            batch["parts"][name] = values
            said = None if error is None else f"{type(error).__name__}: {str(error)[:LONGEST]}"
            batch["graders"][name] = {"seconds": seconds, "error": said}

    def _flush(self) -> None:
        """Hand the present batch over."""
        batch, self._batch = self._batch, None
        if batch is not None:
            given = self._weights or [1.0] * len(self._names)
            named = zip(self._names, given, strict=False)
            known = {name: weight for name, weight in named if name is not None}
            weights = known if len(known) == len(self._names) else {}
            self.recorder.write(
                "rollouts", lambda: _line(batch, weights=weights, task=self.task, truth=self.truth)
            )


def _line(
    batch: Mapping[str, Any],
    *,
    weights: Mapping[str, float],
    task: str | None,
    truth: str | None = None,
) -> dict[str, Any]:
    """A batch as it is written: each prompt once."""
    ids: Sequence[Sequence[int]] = batch["ids"]
    prompts: Sequence[Any] = batch.get("prompts", ())
    completions: Sequence[Any] = batch.get("completions", ())
    columns = {name: each for name, each in batch.get("columns", {}).items() if _per_row(each, ids)}
    named = next((name for name in (task, *TASK_COLUMNS) if name in columns), None)
    places: dict[str, int] = {}
    distinct: list[Any] = []
    rollouts: list[dict[str, Any]] = []
    for row, tokens in enumerate(ids):
        parts = {n: _value(each, row) for n, each in batch["parts"].items()}
        rollout: dict[str, Any] = {"ids": [int(token) for token in tokens]}
        rollout |= {"parts": {name: written(value) for name, value in parts.items()}}
        rollout |= {"reward": written(_total(parts, weights)), "training": batch["training"]}
        if row < len(prompts):
            key = json.dumps(prompts[row], default=str)
            if key not in places:
                places[key] = len(distinct)
                distinct.append(prompts[row])
            rollout["prompt"] = places[key]
        if row < len(completions):
            rollout["completion"] = completions[row]
        rollout["task"] = None if named is None else columns[named][row]
        if truth in columns:
            rollout["truth"] = columns[truth][row]
        rollout["columns"] = {n: _short(each[row]) for n, each in columns.items() if n != named}
        rollouts.append(rollout)
    return {
        "by": "trl",
        "step": batch["step"],
        "graders": batch["graders"],
        "prompts": distinct,
        "rollouts": rollouts,
    }


def _per_row(values: Any, ids: Sequence[Any]) -> bool:
    return isinstance(values, list) and len(cast(list[Any], values)) == len(ids)


def _value(values: Any, row: int) -> float | None:
    """What a reward function gave a rollout; None where that is nothing."""
    given = values[row] if values is not None and row < len(values) else None
    return None if given is None else float(given)


def _total(parts: Mapping[str, float | None], weights: Mapping[str, float]) -> float | None:
    """The weighted sum of the numbers given; None where none was, or where not all is seen."""
    given = [(parts.get(name), weight) for name, weight in weights.items()]
    weighed = [v * weight for v, weight in given if v is not None and not math.isnan(v)]
    return sum(weighed) if weighed else None


def _short(value: Any) -> Any:
    """A value of a dataset, if it is short."""
    if value is None or isinstance(value, bool | int | float):
        return value
    said = value if isinstance(value, str) else json.dumps(value, default=str)
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}..."
