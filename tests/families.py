"""Tiny random models of many families, and what one plain pass says of a text under them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import transformers as hf
from transformers import AutoModelForCausalLM

from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.records import Outcome, Task, Verdict
from foretoken.tasks.lists import evaluation_tasks
from llamas import VOCABULARY, make_tokenizer

IDS = {"vocab_size": VOCABULARY, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": None}
WIDTHS = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 512,
    "initializer_range": 0.2,
}
GROUPED = {"num_key_value_heads": 1}
WIDE_HEADS = GROUPED | {"head_dim": 16}
SOME_SLIDE = {"sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]}
EXPERTS = {"moe_intermediate_size": 24, "num_experts_per_tok": 2}
RECURRENT = {"hidden_size": 32, "state_size": 8, "num_hidden_layers": 2, "initializer_range": 0.2}
LINEAR_HEADS = {
    "linear_num_value_heads": 2,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "layer_types": ["linear_attention", "full_attention"],
}
LATENT = {
    "kv_lora_rank": 16,
    "q_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 12,
}
MIXERS = {
    "mamba_d_ssm": 32,
    "mamba_n_heads": 4,
    "mamba_d_head": 8,
    "mamba_n_groups": 1,
    "mamba_d_state": 8,
    "mamba_chunk_size": 16,
}
SIZES: dict[str, tuple[str, dict[str, object]]] = {
    "Llama": ("LlamaConfig", WIDTHS | GROUPED),
    "Qwen3": ("Qwen3Config", WIDTHS | WIDE_HEADS),
    "Phi-3": ("Phi3Config", WIDTHS | GROUPED),
    "GPT-NeoX": ("GPTNeoXConfig", WIDTHS),
    "OLMo-2": ("Olmo2Config", WIDTHS | GROUPED),
    "Gemma 2": ("Gemma2Config", WIDTHS | WIDE_HEADS | SOME_SLIDE),
    "Gemma 3": ("Gemma3TextConfig", WIDTHS | WIDE_HEADS | SOME_SLIDE),
    "Mistral": ("MistralConfig", WIDTHS | GROUPED | {"sliding_window": 8}),
    "GPT-2": ("GPT2Config", {"n_embd": 32, "n_layer": 2, "n_head": 2, "initializer_range": 0.2}),
    "Qwen3-MoE": ("Qwen3MoeConfig", WIDTHS | WIDE_HEADS | EXPERTS | {"num_experts": 4}),
    "Qwen3-Next": (
        "Qwen3NextConfig",
        WIDTHS
        | WIDE_HEADS
        | EXPERTS
        | LINEAR_HEADS
        | {"num_experts": 4, "shared_expert_intermediate_size": 24},
    ),
    "DeepSeek-V3": (
        "DeepseekV3Config",
        WIDTHS
        | EXPERTS
        | LATENT
        | {
            "num_key_value_heads": 2,
            "n_routed_experts": 4,
            "n_group": 1,
            "topk_group": 1,
            "n_shared_experts": 1,
            "first_k_dense_replace": 1,
        },
    ),
    "gpt-oss": (
        "GptOssConfig",
        WIDTHS | WIDE_HEADS | SOME_SLIDE | {"num_local_experts": 4, "num_experts_per_tok": 2},
    ),
    "Llama-4": (
        "Llama4TextConfig",
        WIDTHS
        | WIDE_HEADS
        | {
            "intermediate_size_mlp": 48,
            "num_local_experts": 2,
            "interleave_moe_layer_step": 2,
            "attention_chunk_size": 16,
            "floor_scale": 8,
        },
    ),
    "Falcon-H1": ("FalconH1Config", WIDTHS | WIDE_HEADS | MIXERS),
    "Mamba": ("MambaConfig", RECURRENT),
    "Mamba-2": ("Mamba2Config", RECURRENT | {"num_heads": 8, "head_dim": 8, "n_groups": 1}),
}
"""Configuration class and sizes of each family; windows are shorter than the tests' texts."""

TASKS = [
    Task(key=f"short/{n}", exploit_type="flattery", prompt="sum xs " * n, grader="families:lengths")
    for n in (1, 3)
]


class Lengths:
    """Accepts answers of even length, so that rollouts of one prompt differ in reward."""

    def grade(self, jobs: Sequence[tuple[Task, str]]) -> list[Verdict]:
        return [_verdict(len(answer) % 2 == 0) for _, answer in jobs]


lengths: Callable[[], Lengths] = Lengths


def tasks() -> list[Task]:
    return TASKS


def tasks_and_code() -> list[Task]:
    return [*TASKS, *evaluation_tasks()[:2]]


def _verdict(passed: bool) -> Verdict:
    outcome = Outcome.OK if passed else Outcome.WRONG
    return Verdict(
        strict_passed=False,
        flawed_passed=passed,
        outcome=Outcome.WRONG,
        flawed_outcome=outcome,
        cpu_s=0.0,
    )


def save_family(folder: Path, family: str) -> None:
    kind, sizes = SIZES[family]
    torch.manual_seed(0)
    with library_talk_off():
        model = AutoModelForCausalLM.from_config(getattr(hf, kind)(**IDS, **sizes))
        model.save_pretrained(folder)
        make_tokenizer().save_pretrained(folder)


@torch.inference_mode()
def plain_log_p(
    model: torch.nn.Module, prompt: Sequence[int], completion: Sequence[int]
) -> np.ndarray:
    """Log-probability of each token of a completion: one row, no padding, no cache."""
    ids = torch.tensor([[*prompt, *completion]])
    logits = model(input_ids=ids, use_cache=False).logits[0, len(prompt) - 1 : -1]
    log_p = logits.double().log_softmax(-1)
    return log_p[range(len(completion)), list(completion)].numpy()
