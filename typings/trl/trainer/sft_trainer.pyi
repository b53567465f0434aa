from collections.abc import Sequence

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
