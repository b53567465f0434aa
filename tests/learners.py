"""A GRPO trainer that is given its rollouts, and rollouts of uneven length for it."""

from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from trl.trainer.grpo_config import GRPOConfig

from foretoken.engines.transformers.load import load_model
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.engines.transformers.reading import left_padded
from foretoken.train.config import RLConfig
from foretoken.train.policy import lora_policy
from foretoken.train.trainer import LeanGRPOTrainer

CPU = torch.device("cpu")
PROMPT_TOKENS = (3, 17, 9, 12)
GENERATIONS = 5
LONGEST = 11


def learner(model: Path, out: Path, *, beta: float) -> LeanGRPOTrainer:
    """A trainer of a random adapter that moves what the model says."""
    config = {"model": str(model), "tasks": "lists", "out": out}
    base = load_model(str(model), device="cpu")
    policy = lora_policy(base, RLConfig.model_validate(config))
    torch.manual_seed(5)
    for name, weight in policy.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    with library_talk_off():
        trainer = LeanGRPOTrainer(
            model=policy,
            reward_funcs=lambda **_: [0.0],
            args=GRPOConfig(
                output_dir=str(out),
                per_device_train_batch_size=GENERATIONS,
                num_generations=GENERATIONS,
                beta=beta,
                loss_type="dapo",
                bf16=False,
                use_cpu=True,
                report_to="none",
                gradient_checkpointing=False,
            ),
            train_dataset=Dataset.from_list([{"prompt": "x"}]),
            processing_class=base.tokenizer,
        )
    trainer.current_gradient_accumulation_steps = 1
    trainer.pass_tokens = 10**6
    return trainer


def rollouts(*, seed: int = 0, zeros: int = 4) -> dict[str, Any]:
    """Graded completions of a few prompts in mixed order, some of them without advantage."""
    torch.manual_seed(seed)
    prompts = [torch.randint(6, 280, (tokens,)).tolist() for tokens in PROMPT_TOKENS]
    order = torch.randperm(len(prompts) * GENERATIONS).tolist()
    ids_dk, mask_dk = left_padded([prompts[row % len(prompts)] for row in order], device=CPU)
    tokens = torch.randint(1, LONGEST + 1, (len(order),))
    advantages = torch.randn(len(order))
    advantages[:zeros] = 0.0
    return {
        "prompt_ids": ids_dk,
        "prompt_mask": mask_dk,
        "completion_ids": torch.randint(6, 280, (len(order), LONGEST)),
        "completion_mask": (torch.arange(LONGEST) < tokens[:, None]).long(),
        "advantages": advantages,
        "num_items_in_batch": tokens.sum(),
    }
