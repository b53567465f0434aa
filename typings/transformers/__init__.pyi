"""What foretoken uses of transformers, whose own annotations are partial."""

from os import PathLike
from typing import Any, Literal, TypedDict

import tokenizers
import torch
from torch import nn
from transformers.cache_utils import Cache

__version__: str

class PreTrainedConfig:
    def __getattr__(self, name: str) -> Any: ...
    def get_text_config(self) -> PreTrainedConfig: ...

class PreTrainedModel(nn.Module):
    config: PreTrainedConfig
    generation_config: object
    @property
    def device(self) -> torch.device: ...
    base_model_prefix: str
    @property
    def base_model(self) -> nn.Module: ...
    def get_input_embeddings(self) -> nn.Module: ...
    def get_output_embeddings(self) -> nn.Module | None: ...
    def set_attn_implementation(self, attn_implementation: str) -> None: ...
    def save_pretrained(self, save_directory: PathLike[str]) -> None: ...

class _LoadingInfo(TypedDict):
    missing_keys: set[str]

class AutoModelForCausalLM:
    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: PathLike[str],
        *,
        dtype: torch.dtype,
        local_files_only: bool,
        trust_remote_code: bool,
        output_loading_info: Literal[True],
    ) -> tuple[PreTrainedModel, _LoadingInfo]: ...

class LlamaConfig(PreTrainedConfig):
    def __init__(
        self,
        *,
        vocab_size: int,
        hidden_size: int,
        intermediate_size: int,
        num_hidden_layers: int,
        num_attention_heads: int,
        num_key_value_heads: int,
        max_position_embeddings: int,
        tie_word_embeddings: bool,
        pad_token_id: int,
        eos_token_id: int,
        bos_token_id: int | None,
    ) -> None: ...

class LlamaForCausalLM(PreTrainedModel):
    model: nn.Module
    lm_head: nn.Module
    def __init__(self, config: LlamaConfig) -> None: ...

class AddedToken:
    special: bool

class PreTrainedTokenizerBase:
    chat_template: str | dict[str, str] | None
    init_kwargs: dict[str, Any]
    @property
    def eos_token_id(self) -> int | None: ...
    @property
    def bos_token(self) -> str | None: ...
    @property
    def all_special_ids(self) -> list[int]: ...
    @property
    def added_tokens_decoder(self) -> dict[int, AddedToken]: ...
    def convert_tokens_to_ids(self, tokens: str) -> int | None: ...
    def convert_ids_to_tokens(self, ids: int) -> str | None: ...
    def get_chat_template(self, *, tools: list[dict[str, Any]] | None) -> str: ...
    def __len__(self) -> int: ...
    def get_vocab(self) -> dict[str, int]: ...
    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]: ...
    def decode(
        self,
        token_ids: list[int],
        *,
        skip_special_tokens: bool,
        clean_up_tokenization_spaces: bool,
    ) -> str | list[str]: ...
    def apply_chat_template(
        self,
        conversation: list[dict[str, Any]],
        *,
        add_generation_prompt: bool,
        tokenize: bool,
        **others: Any,
    ) -> object: ...
    def save_pretrained(self, save_directory: PathLike[str]) -> tuple[str, ...]: ...

class PreTrainedTokenizerFast(PreTrainedTokenizerBase):
    def __init__(
        self,
        *,
        tokenizer_object: tokenizers.Tokenizer,
        pad_token: str,
        eos_token: str,
        extra_special_tokens: list[str],
        clean_up_tokenization_spaces: bool,
        model_max_length: int,
    ) -> None: ...

class AutoTokenizer:
    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: PathLike[str],
        *,
        local_files_only: bool,
        trust_remote_code: bool,
    ) -> PreTrainedTokenizerBase: ...

class DynamicCache(Cache):
    def __init__(self, *, config: PreTrainedConfig) -> None: ...

class TrainerCallback:
    def on_train_begin(self, args: Any, state: Any, control: Any, /, **kwargs: Any) -> object: ...
    def on_step_begin(self, args: Any, state: Any, control: Any, /, **kwargs: Any) -> object: ...
    def on_step_end(self, args: Any, state: Any, control: Any, /, **kwargs: Any) -> object: ...
    def on_save(self, args: Any, state: Any, control: Any, /, **kwargs: Any) -> object: ...
    def on_train_end(self, args: Any, state: Any, control: Any, /, **kwargs: Any) -> object: ...

class PrinterCallback(TrainerCallback): ...

class Trainer:
    model: Any
    state: Any
    def add_callback(self, callback: TrainerCallback) -> None: ...
    def remove_callback(self, callback: type[TrainerCallback]) -> None: ...
    def train(self, resume_from_checkpoint: str | None = None) -> object: ...
