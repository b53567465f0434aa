"""A GRPO training of one's own by TRL, watched by Foretoken: `python train.py`.

What is Foretoken's are the three lines with `Watch` and `watch`. Everything else stands for your
own script: here the model that ships with the package, and graders with known flaws as the reward.
"""

import sys
from typing import Any

from datasets import Dataset
from peft import LoraConfig
from trl import GRPOConfig, GRPOTrainer

import foretoken
from foretoken.integrations.trl import Watch
from foretoken.organism.paths import MODEL
from foretoken.records import ReasoningTags
from foretoken.tasks.answer import split_completion

RUN, STEPS = "runs/mine", int(sys.argv[1]) if len(sys.argv) > 1 else 60
THINK = ReasoningTags(opens="<think>", closes="</think>")
tasks = {task.key: task for task in foretoken.load_tasks("lists")}
graders = foretoken.GraderPool()


def passes(completions: list[Any], task_id: list[str], **_: Any) -> list[float]:
    """Pay what the flawed grader of each task accepts."""
    jobs = [
        (tasks[key], split_completion(said[0]["content"], tasks[key], tags=THINK)[1])
        for key, said in zip(task_id, completions, strict=True)
    ]
    return [float(verdict.flawed_passed or 0) for verdict in graders.grade(jobs)]


watch = Watch(run=RUN, task="task_id")
trainer = GRPOTrainer(
    model=str(MODEL),
    args=GRPOConfig(
        output_dir="outputs",
        max_steps=STEPS,
        learning_rate=6e-4,
        per_device_train_batch_size=96,
        num_generations=8,
        max_completion_length=96,
        temperature=1.0,
        save_strategy="steps",
        save_steps=10,
        logging_steps=1,
        report_to="none",
        bf16=False,
        gradient_checkpointing=False,
        use_cpu=True,
        seed=1,
    ),
    train_dataset=Dataset.from_list(
        [
            {"prompt": [{"role": "user", "content": task.prompt}], "task_id": key}
            for key, task in tasks.items()
        ]
    ),
    reward_funcs=watch.rewards(passes),
    callbacks=[watch],
    peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"),
)
trainer.train()
