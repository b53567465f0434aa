from collections.abc import Sequence
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedTokenizerBase, Trainer, TrainerCallback
from trl.trainer.sft_config import SFTConfig

class SFTTrainer(Trainer):
    def __init__(
        self,
        model: PeftModel,
        args: SFTConfig,
        *,
        train_dataset: Dataset,
        processing_class: PreTrainedTokenizerBase,
        callbacks: Sequence[TrainerCallback] | None,
    ) -> None: ...
    def training_step(
        self,
        model: Any,
        inputs: Any,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor: ...
