"""What foretoken uses of peft, whose own annotations are partial."""

from torch.nn import Module
from transformers import PreTrainedModel

class PeftConfig:
    peft_type: str | None
    base_model_name_or_path: str | None
    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str) -> PeftConfig: ...

class LoraConfig(PeftConfig):
    def __init__(
        self,
        *,
        r: int,
        lora_alpha: float,
        lora_dropout: float,
        target_modules: str | list[str],
        task_type: str,
    ) -> None: ...

class PeftModel(Module):
    peft_config: dict[str, PeftConfig]
    @classmethod
    def from_pretrained(
        cls,
        model: PreTrainedModel,
        model_id: str,
        adapter_name: str = "default",
        is_trainable: bool = False,
    ) -> PeftModel: ...
    def load_adapter(self, model_id: str, adapter_name: str) -> object: ...
    def get_base_model(self) -> PreTrainedModel: ...
    def merge_and_unload(self, *, adapter_names: list[str]) -> PreTrainedModel: ...
    def save_pretrained(self, save_directory: str, *, save_embedding_layers: bool) -> None: ...

def get_peft_model(model: PreTrainedModel, peft_config: PeftConfig) -> PeftModel: ...
