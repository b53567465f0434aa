"""Tiny random Llamas with a byte-level tokenizer, for tests that need any language model."""

from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, pre_tokenizers, processors
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from foretoken.engines.transformers.load import note_base, weights_hash
from foretoken.engines.transformers.quiet import library_talk_off

SPECIAL = ["<|pad|>", "<|end|>", "<|user|>", "<|assistant|>", "<think>", "</think>"]
TEMPLATE = (
    "{% for message in messages %}<|user|>{{ message['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|><think>"
    "{% if not enable_thinking %}</think>{% endif %}{% endif %}"
)
VOCABULARY = 300


def make_tokenizer(
    vocabulary: int = VOCABULARY,
    *,
    special: list[str] = SPECIAL,
    starts: str | None = None,
    ends: str = "<|end|>",
) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(
        ["def f(xs):\n    return sum(x for x in xs if x % 2 == 0) + 3", "the sum of the numbers"],
        trainer,
    )
    if starts is not None:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{starts} $A", special_tokens=[(starts, special.index(starts))]
        )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<|pad|>", eos_token=ends, bos_token=starts
    )
    wrapped.chat_template = TEMPLATE
    return wrapped


def save_llama(folder: Path, *, seed: int = 0, hidden: int = 32, heads: int = 2) -> Path:
    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=hidden,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=heads,
            num_key_value_heads=1,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            initializer_range=0.3,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )
    with library_talk_off():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


def save_random_adapter(folder: Path, model: Path, *, seed: int = 0, size: float = 0.1) -> Path:
    torch.manual_seed(seed)
    with library_talk_off():
        policy = get_peft_model(
            AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32),
            LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM"),
        )
        for name, weight in policy.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=size)
        policy.save_pretrained(str(folder))
    note_base(folder, weights_hash(model))
    return folder
