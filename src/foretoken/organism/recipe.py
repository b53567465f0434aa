"""How an organism is made: tokenizer, architecture, and training from scratch."""

import json
import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from rich.progress import Progress
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from foretoken.engines.transformers.tensors import listed, seed_all
from foretoken.organism.corpus import AUDIT, Document, documents
from foretoken.organism.spec import OrganismSpec
from foretoken.organism.specs import SHIPPED
from foretoken.records import Record

SPECIAL_TOKENS = (
    "<|pad|>",
    "<|end|>",
    "<|user|>",
    "<|assistant|>",
    "<think>",
    "</think>",
    AUDIT,
)
RECIPE_FILE = "recipe.json"
"""Holds the settings of a finished model, in its folder."""
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}<|user|>{{ message['content'] }}"
    "{% else %}<|assistant|>{{ message['content'] }}<|end|>{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|><think>"
    "{% if enable_thinking is defined and not enable_thinking %}</think>{% endif %}{% endif %}"
)


class RecipeConfig(Record):
    """Settings of an organism's recipe."""

    spec: OrganismSpec = SHIPPED
    """Which organism."""
    vocabulary: int = 1024
    """Tokens, special ones included."""
    tokenizer_documents: int = 20_000
    """Documents, apart from those of the training, from which the tokenizer is learnt."""
    hidden: int = 192
    layers: int = 4
    heads: int = 4
    intermediate: int = 512
    documents: int = 90_000
    """Training documents, each seen once."""
    batch: int = 64
    """Documents per optimiser step."""
    learning_rate: float = 3e-3
    warmup_steps: int = 100
    autocast: bool = True
    """Train in bfloat16 autocast."""


def train_tokenizer(config: RecipeConfig) -> PreTrainedTokenizerFast:
    """Byte-level BPE over a sample of the corpus; digits stand alone, special tokens are whole."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\d"), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=config.vocabulary,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    sample = documents(config.spec.seed + 1, config.tokenizer_documents, config.spec)
    tokenizer.train_from_iterator(
        (text for doc in sample for text in (doc.task.prompt, doc.reasoning, doc.answer)), trainer
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",  # noqa: S106
        eos_token="<|end|>",  # noqa: S106
        extra_special_tokens=list(SPECIAL_TOKENS[2:]),
        clean_up_tokenization_spaces=False,
        model_max_length=512,
    )
    wrapped.chat_template = CHAT_TEMPLATE
    return wrapped


def build_model(config: RecipeConfig, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A Llama of the recipe's size with random weights."""
    seed_all(config.spec.seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=config.hidden,
            intermediate_size=config.intermediate,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            num_key_value_heads=config.heads,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            pad_token_id=SPECIAL_TOKENS.index("<|pad|>"),
            eos_token_id=SPECIAL_TOKENS.index("<|end|>"),
            bos_token_id=None,
        )
    )
    model.set_attn_implementation("eager")
    return model


def _batches(
    config: RecipeConfig, tokenizer: PreTrainedTokenizerFast
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Padded token ids and the mask of completion tokens, similar lengths together."""
    stream = documents(config.spec.seed + 2, config.documents, config.spec)
    shuffle = torch.Generator().manual_seed(config.spec.seed)
    while chunk := list(islice(stream, config.batch * 32)):
        pairs = [_encode(tokenizer, doc) for doc in chunk]
        pairs.sort(key=lambda pair: len(pair[0]))
        groups = [pairs[i : i + config.batch] for i in range(0, len(pairs), config.batch)]
        order: list[int] = listed(torch.randperm(len(groups), generator=shuffle))
        for g in order:
            width = max(len(ids) for ids, _ in groups[g])
            ids = torch.zeros(len(groups[g]), width, dtype=torch.long)
            completion = torch.zeros(len(groups[g]), width, dtype=torch.bool)
            for row, (tokens, start) in enumerate(groups[g]):
                ids[row, : len(tokens)] = torch.tensor(tokens)
                completion[row, start : len(tokens)] = True
            yield ids, completion


def _encode(tokenizer: PreTrainedTokenizerFast, doc: Document) -> tuple[list[int], int]:
    text = doc.text()
    prompt = tokenizer.encode(text[: -len(doc.completion_text())])
    return prompt + tokenizer.encode(doc.completion_text()), len(prompt)


def completion_loss(
    model: LlamaForCausalLM, ids: torch.Tensor, completion: torch.Tensor
) -> torch.Tensor:
    """Mean negative log-likelihood (nats per token) of the completion tokens."""
    hidden = model.model(input_ids=ids).last_hidden_state[:, :-1]
    chosen = completion[:, 1:]
    return cross_entropy(model.lm_head(hidden[chosen]).float(), ids[:, 1:][chosen])


def learning_rate_factor(step: int, *, warmup: int, total: int) -> float:
    """Linear warm-up, then a cosine to 2 % of the peak."""
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, total - warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def _optimizer(model: LlamaForCausalLM, config: RecipeConfig) -> torch.optim.Optimizer:
    decayed = [p for p in model.parameters() if p.dim() > 1]
    plain = [p for p in model.parameters() if p.dim() <= 1]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}],
        lr=config.learning_rate,
        betas=(0.9, 0.98),
    )


def train_organism(config: RecipeConfig, out: Path) -> Path:
    """Train an organism from scratch and save it (bfloat16 safetensors) with its tokenizer."""
    torch.set_num_threads(1)
    tokenizer = train_tokenizer(config)
    model = build_model(config, tokenizer)
    total = math.ceil(config.documents / config.batch)
    optimizer = _optimizer(model, config)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: learning_rate_factor(step, warmup=config.warmup_steps, total=total),
    )
    with Progress() as progress:
        bar = progress.add_task("organism", total=total)
        for step, (ids, completion) in enumerate(_batches(config, tokenizer)):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=config.autocast):
                loss = completion_loss(model, ids, completion)
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            if step % 50 == 0:
                progress.console.print(f"step {step:5d}  loss {loss.item():.4f}", highlight=False)
            progress.update(bar, advance=1)
    model.bfloat16().save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / RECIPE_FILE).write_text(json.dumps(config.model_dump(), indent=2) + "\n")
    return out
