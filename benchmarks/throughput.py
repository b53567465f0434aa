"""Throughput beside what one would write without us: `python benchmarks/throughput.py`.

By turns in one run, on the shipped organism or any causal language model in a folder:

* `sampler`: our sampler against `generate` of transformers; sampled tokens up to a row's end.
* `scorer`: our scorer against a plain pass over the same whole texts, padded and of like length.
* `learning`: GRPO's learning pass against the one that reads a prompt with each completion.

Time is that of the processor, or the clock's where an accelerator works.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import torch
from datasets import Dataset
from rich.console import Console
from rich.table import Table
from trl.trainer.grpo_config import GRPOConfig

from foretoken.engines.base import SUBJECT_ALONE
from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.engines.transformers.reading import left_padded
from foretoken.engines.transformers.score import BATCH_TOKENS, score
from foretoken.engines.transformers.speaking import (
    LOOK_ON_ACCELERATOR,
    LOOK_ON_PROCESSOR,
    Request,
    Way,
    speak,
)
from foretoken.organism.paths import MODEL
from foretoken.tasks.lists import evaluation_tasks
from foretoken.train import trainer as trainers
from foretoken.train.config import RLConfig
from foretoken.train.passes import token_budget
from foretoken.train.policy import lora_policy

Work = Callable[[int], int]
"""Does one repetition, of this seed, and returns the tokens that count."""


@dataclass(frozen=True)
class Load:
    """The model and what it is given: each prompt several times, completions of random tokens."""

    model: LoadedModel
    dtype: str
    prompts: list[list[int]]
    """One per completion, those of one prompt side by side."""
    completions: list[list[int]]
    generations: int
    max_tokens: int

    @property
    def device(self) -> torch.device:
        return self.model.model.device


def load_of(options: argparse.Namespace) -> Load:
    model = load_model(options.model, dtype=options.dtype, device=options.device)
    tasks = evaluation_tasks()
    texts = [task.prompt for task in tasks[:: max(1, len(tasks) // options.prompts)]]
    rng = np.random.default_rng(0)
    rows = options.prompts * options.generations
    lengths = rng.integers(options.tokens // 4, options.tokens + 1, rows)
    return Load(
        model=model,
        dtype=options.dtype,
        prompts=[
            render_prompt(model.tokenizer, text)
            for text in texts[: options.prompts]
            for _ in range(options.generations)
        ],
        completions=[rng.integers(10, 1000, length).tolist() for length in lengths],
        generations=options.generations,
        max_tokens=options.tokens,
    )


def sampler(load: Load) -> tuple[Work, Work]:
    """Our sampler and `generate`, at temperature 1."""
    look = LOOK_ON_PROCESSOR if load.device.type == "cpu" else LOOK_ON_ACCELERATOR
    requests = [
        Request(
            index=index,
            prompt=tuple(prompt),
            prefix=(),
            window=SUBJECT_ALONE,
            limit=load.max_tokens,
        )
        for index, prompt in enumerate(load.prompts)
    ]

    def ours(seed: int) -> int:
        way = Way(seed=seed, numbers=load.max_tokens, look_every=look, share=True)
        return sum(len(each.tokens) for each in speak([load.model], requests, way=way).values())

    def theirs(seed: int) -> int:
        torch.manual_seed(seed)
        ids_dk, mask_dk = left_padded(load.prompts, device=load.device)
        with library_talk_off():
            made_dk = load.model.model.generate(
                input_ids=ids_dk,
                attention_mask=mask_dk,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                max_new_tokens=load.max_tokens,
                pad_token_id=load.model.tokenizer.pad_token_id,
            )
        ended_dk = made_dk[:, ids_dk.shape[1] :] == load.model.end_token
        return int((ended_dk.cumsum(1) - ended_dk.int() == 0).sum())

    return ours, theirs


def scorer(load: Load) -> tuple[Work, Work]:
    """Our scorer, and one that pads texts of like length and takes their log-softmax."""
    items = list(zip(load.prompts, load.completions, strict=True))
    texts = sorted(items, key=lambda item: len(item[0]) + len(item[1]))
    count = sum(map(len, load.completions))

    def ours(_: int) -> int:
        score(load.model, items)
        return count

    @torch.inference_mode()
    def theirs(_: int) -> int:
        longest = max(len(prompt) + len(completion) for prompt, completion in items)
        rows = max(1, BATCH_TOKENS // longest)
        for start in range(0, len(texts), rows):
            ids_dk, mask_dk = left_padded(
                [[*prompt, *completion] for prompt, completion in texts[start : start + rows]],
                device=load.device,
            )
            keep = max(len(completion) for _, completion in texts[start : start + rows])
            logits = load.model.model(
                input_ids=ids_dk,
                attention_mask=mask_dk,
                position_ids=(mask_dk.cumsum(1) - 1).clamp(min=0),
                logits_to_keep=keep + 1,
                use_cache=False,
            ).logits[:, :-1]
            log_p = logits.float().log_softmax(-1).gather(2, ids_dk[:, -keep:, None])
            log_p.cpu()
        return count

    return ours, theirs


def learner(load: Load) -> trainers.LeanGRPOTrainer:
    """A trainer that is given its rollouts."""
    folder = tempfile.mkdtemp()
    config = {"model": "unused", "tasks": "lists", "out": folder}
    with library_talk_off():
        trainer = trainers.LeanGRPOTrainer(
            model=lora_policy(load.model, RLConfig.model_validate(config)),
            reward_funcs=lambda **_: [0.0],
            args=GRPOConfig(
                output_dir=folder,
                per_device_train_batch_size=load.generations,
                num_generations=load.generations,
                beta=0.0,
                loss_type="dapo",
                bf16=load.dtype == "bfloat16",
                use_cpu=load.device.type == "cpu",
                report_to="none",
                gradient_checkpointing=False,
            ),
            train_dataset=Dataset.from_list([{"prompt": "x"}]),
            processing_class=load.model.tokenizer,
        )
    trainer.pass_tokens = token_budget(load.model.model)
    trainer.current_gradient_accumulation_steps = 1
    return trainer


def learning(load: Load) -> tuple[Work, Work]:
    """The learning pass, and the same with each prompt beside each of its completions."""
    trainer = learner(load)
    policy: Any = trainer.model
    ids_dk, mask_dk = left_padded(load.prompts, device=load.device)
    reverse_dk, seen_dk = left_padded([row[::-1] for row in load.completions], device=load.device)
    batch = {
        "prompt_ids": ids_dk,
        "prompt_mask": mask_dk,
        "completion_ids": reverse_dk.flip(1),
        "completion_mask": seen_dk.flip(1),
        "advantages": torch.linspace(-1, 1, len(load.prompts), device=load.device) + 1e-3,
        "num_items_in_batch": seen_dk.sum(),
    }

    def learn(*, share: bool) -> int:
        policy.zero_grad()
        usual = mock.patch.object(trainers, "attends_fully", return_value=False)
        with nullcontext() if share else usual:
            trainer.learn(policy, batch)
        return sum(map(len, load.completions))

    return lambda _: learn(share=True), lambda _: learn(share=False)


PARTS = {"sampler": sampler, "scorer": scorer, "learning": learning}


def now(device: torch.device) -> float:
    if device.type == "cpu":
        return time.process_time()
    torch.accelerator.synchronize()
    return time.perf_counter()


def timed(work: Work, seed: int, device: torch.device) -> tuple[float, int]:
    """Tokens that count per second of one repetition, and tokens through the model."""
    pushed: list[int] = []

    def note(module: torch.nn.Module, given: Any) -> None:
        if isinstance(module, torch.nn.Embedding):
            pushed.append(given[0].numel())

    with torch.nn.modules.module.register_module_forward_pre_hook(note):
        start = now(device)
        tokens = work(seed)
        return tokens / (now(device) - start), sum(pushed)


def spread(values: np.ndarray, form: str) -> str:
    """Median, and the range."""
    return f"{np.median(values):{form}} ({values.min():{form}} to {values.max():{form}})"


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=[*PARTS], metavar="|".join(PARTS))
    parser.add_argument("--model", default=str(MODEL))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--generations", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=64, help="longest completion")
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


def main() -> None:
    options = parsed()
    torch.set_num_threads(1)
    load = load_of(options)
    table = Table(
        title=f"{options.prompts} prompts x {options.generations} completions of at most "
        f"{options.tokens} tokens, {options.dtype}, {load.device}; median (least to most) of "
        f"{options.repeats}"
    )
    for name in ("part", "tokens/s, ours", "tokens/s, plain", "times", "pushed, ours", "plain"):
        table.add_column(name, justify="left" if name == "part" else "right")
    for part in options.parts:
        works = PARTS[part](load)
        made = np.array(
            [
                [timed(work, seed, load.device) for work in works]
                for seed in range(options.repeats + 1)
            ][1:]
        )
        speeds, pushed = made[:, :, 0], np.median(made[:, :, 1], axis=0)
        cells = [spread(column, ",.0f") for column in speeds.T]
        ratio = spread(speeds[:, 0] / speeds[:, 1], ".2f")
        print(f"{part}: {ratio} times", flush=True)
        table.add_row(part, *cells, ratio, *(f"{each:,.0f}" for each in pushed))
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
