"""What the TRL hook costs: `python benchmarks/hook_overhead.py`.

The same steps of GRPO with and without it, in turn, in one process; and the processor time inside
of the hook, its thread included, as a share of a step's. The shipped organism, 96 rollouts a step:
a step of seconds, so the share is far above that of any larger model.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer

import foretoken
from foretoken.integrations.recorder import Recorder
from foretoken.integrations.trl import Watch
from foretoken.organism.paths import MODEL


def length(completion_ids: list[list[int]], **_: Any) -> list[float]:
    """A reward that takes no time."""
    return [float(len(ids) % 7) / 7 for ids in completion_ids]


class Timed:
    """Adds up the processor time of calls in their thread."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, owner: type, name: str) -> None:
        """Time a method from now on."""
        inner = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            begin = time.thread_time()
            try:
                return inner(*args, **kwargs)
            finally:
                self.seconds += time.thread_time() - begin

        setattr(owner, name, timed)


def train(out: Path, *, watched: bool, steps: int, rollouts: int) -> float:
    """Return the processor seconds of some steps."""
    rows = [
        {"prompt": [{"role": "user", "content": task.prompt}], "task_id": task.key}
        for task in foretoken.load_tasks("lists")
    ]
    watch = Watch(out / "run", task="task_id")
    trainer = GRPOTrainer(
        model=str(MODEL),
        args=GRPOConfig(
            output_dir=str(out),
            max_steps=steps,
            per_device_train_batch_size=rollouts,
            num_generations=8,
            max_completion_length=96,
            save_strategy="no",
            logging_steps=1,
            report_to="none",
            bf16=False,
            use_cpu=True,
            seed=1,
        ),
        train_dataset=Dataset.from_list(rows),
        reward_funcs=watch.rewards(length) if watched else [length],
        callbacks=[watch] if watched else [],
    )
    begin = time.process_time()
    trainer.train()
    return time.process_time() - begin


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rollouts", type=int, default=96)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    inside = Timed()
    for name in ("observe", "on_step_end", "on_train_begin", "_graded"):
        inside.around(Watch, name)
    inside.around(Recorder, "_append")
    ratios, shares = list[float](), list[float]()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.repeats):
            spent = {
                watched: train(
                    Path(folder) / f"{number}-{watched}",
                    watched=watched,
                    steps=given.steps,
                    rollouts=given.rollouts,
                )
                for watched in ((False, True) if number % 2 else (True, False))
            }
            ratios.append(spent[True] / spent[False])
            shares.append(inside.seconds / spent[True])
            inside.seconds = 0.0
    print(f"with over without: {spread(ratios)}")
    print(f"inside of the hook, share of a step: {spread(shares)}")


def spread(values: list[float]) -> str:
    """Median, and from where to where."""
    return f"{statistics.median(values):.4f} ({min(values):.4f} to {max(values):.4f})"


if __name__ == "__main__":
    main()
