from collections.abc import Callable
from typing import Any

import torch
from accelerate import Accelerator
from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer
from trl.trainer.grpo_config import GRPOConfig

class GRPOTrainer(Trainer):
    accelerator: Accelerator
    args: GRPOConfig
    beta: float
    def __init__(
        self,
        model: PeftModel | PreTrainedModel,
        reward_funcs: Callable[..., list[float | None]],
        args: GRPOConfig,
        train_dataset: Dataset,
        *,
        processing_class: PreTrainedTokenizerBase,
        rollout_func: Callable[[list[str], GRPOTrainer], dict[str, Any]],
    ) -> None: ...
    def training_step(
        self,
        model: Any,
        inputs: Any,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor: ...
    def _prepare_inputs(self, generation_batch: Any) -> dict[str, Any]: ...
    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]: ...
    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]: ...
    def create_model_card(self, model_name: str | None = None) -> None: ...
