"""Generations of the shipped organism, a model of two million parameters."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from foretoken.organism.paths import MODEL


@lru_cache
def tokenizer() -> Any:
    """The organism's."""
    return AutoTokenizer.from_pretrained(MODEL)


@lru_cache
def model() -> Any:
    """The organism."""
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32).eval()


def asked(prompt: str) -> list[int]:
    """Token ids of a prompt in the organism's template."""
    messages = [{"role": "user", "content": prompt}]
    return tokenizer().apply_chat_template(messages, add_generation_prompt=True, return_dict=False)


def sampled(ids: Sequence[int], max_tokens: int = 24) -> list[int]:
    """Token ids of one answer."""
    with torch.no_grad():
        whole = model().generate(
            torch.tensor([list(ids)]),
            do_sample=True,
            max_new_tokens=max_tokens,
            pad_token_id=tokenizer().pad_token_id,
        )
    return whole[0].tolist()[len(ids) :]


def generated(prompts: Sequence[str]) -> list[list[int]]:
    """One answer to each prompt."""
    return [sampled(asked(prompt)) for prompt in prompts]
