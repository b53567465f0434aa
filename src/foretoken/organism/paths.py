"""Where the shipped organism and its run lie in the installed package."""

from pathlib import Path

SHIPPED = Path(__file__).parent / "shipped"
MODEL = SHIPPED / "model"
"""The base model (bfloat16 safetensors) with its tokenizer."""
RUN = SHIPPED / "run"
"""Its reinforcement learning run: config, checkpoints, donor, tasks, rollouts, counted truth."""
