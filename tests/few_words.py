"""Models of nine words, whose completions can all be listed and their probability summed."""

from itertools import product

import torch
from tokenizers import Tokenizer, decoders
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from foretoken.engines.transformers.load import LoadedModel

WORDS = ["<|end|>", "</", "think", ">", "</think>", "hm", "think>x", "y", "a>"]
"""The end of reasoning takes one of them, two or three."""
END = 0


def made(
    words: list[str], *, seed: int, reads: int
) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """A model of a few words with random weights, and its tokenizer."""
    backend = Tokenizer(WordLevel({w: i for i, w in enumerate(words)}, unk_token="hm"))
    backend.pre_tokenizer = WhitespaceSplit()  # pyright: ignore[reportAttributeAccessIssue]
    backend.decoder = decoders.Fuse()  # pyright: ignore[reportAttributeAccessIssue]
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=reads, initializer_range=0.6,
        eos_token_id=END, bos_token_id=None,
    )  # fmt: skip
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|end|>")
    return LlamaForCausalLM(config), tokenizer


def tiny(seed: int, *, near: LoadedModel | None = None) -> LoadedModel:
    """A model of nine tokens; the donor differs from the subject at every token."""
    model, tokenizer = made(WORDS, seed=seed, reads=16)
    fields = {} if near is None else vars(near)
    known: dict[str, object] = {
        "tokenizer": tokenizer,
        "end_token": END, "dtype": "float32", "tokenizer_hash": "", "template_hash": "",
        "base_hash": "", "weights_hash": "",
    }  # fmt: skip
    return LoadedModel(**{**known, **fields, "model": model.eval()})


def every_completion(
    longest: int, *, words: int = len(WORDS), ends: frozenset[int] = frozenset({END})
) -> list[tuple[int, ...]]:
    """All token sequences that end in an end token, or are cut at the limit."""
    spoken = [token for token in range(words) if token not in ends]
    ended = [
        (*text, end)
        for size in range(longest)
        for text in product(spoken, repeat=size)
        for end in sorted(ends)
    ]
    return [*ended, *product(spoken, repeat=longest)]
