"""Tokens per processor-second of the sampler and of transformers: `python benchmarks/sampling.py`.

The shipped organism samples 128 completions of 4 task prompts, 32 each, at temperature 1 on one
thread, by turns with the sampler that shares prompts, the same sampler on the usual cache, and
`generate` of transformers. Sampled tokens are those up to a row's end. About two minutes.
"""

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
import transformers
from rich.console import Console
from rich.table import Table

from foretoken.engines.base import SUBJECT_ALONE
from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers.cache import left_padded
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.engines.transformers.speaking import LOOK_ON_PROCESSOR, Request, Way, speak
from foretoken.organism.paths import MODEL
from foretoken.tasks.lists import evaluation_tasks

MAX_TOKENS = 128
"""Longest completion, as in the shipped run."""
ROWS = 128
PROMPTS = 4


def ours(model: LoadedModel, prompts: Sequence[list[int]], *, seed: int, share: bool) -> int:
    """Sampled tokens of this package's sampler."""
    way = Way(seed=seed, numbers=MAX_TOKENS, look_every=LOOK_ON_PROCESSOR, share=share)
    requests = [
        Request(
            index=index, prompt=tuple(prompt), prefix=(), window=SUBJECT_ALONE, limit=MAX_TOKENS
        )
        for index, prompt in enumerate(prompts)
    ]
    return sum(len(each.tokens) for each in speak([model], requests, way=way).values())


def theirs(model: LoadedModel, prompts: Sequence[list[int]], *, seed: int) -> int:
    """Sampled tokens of transformers."""
    torch.manual_seed(seed)
    ids_dk, mask_dk = left_padded(prompts, device=torch.device("cpu"))
    with library_talk_off():
        made_dk = model.model.generate(
            input_ids=ids_dk,
            attention_mask=mask_dk,
            do_sample=True,
            temperature=1.0,
            top_k=0,
            top_p=1.0,
            max_new_tokens=MAX_TOKENS,
            pad_token_id=model.tokenizer.pad_token_id,
        )
    ended_dk = made_dk[:, ids_dk.shape[1] :] == model.end_token
    return int((ended_dk.cumsum(1) - ended_dk.int() == 0).sum())


def speed(work: Callable[[int], int], seed: int) -> float:
    """Sampled tokens per processor-second."""
    start = time.process_time()
    tokens = work(seed)
    return tokens / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    table = Table(
        title=f"Tokens per processor-second, {ROWS} completions of {PROMPTS} prompts; median "
        f"(least to most) of {repeats}; transformers {transformers.__version__}"
    )
    for name in ("dtype", "shared prompts", "usual cache", "generate", "over generate"):
        table.add_column(name, justify="left" if name == "dtype" else "right")
    for dtype in ("float32", "bfloat16"):
        model = load_model(str(MODEL), dtype=dtype, device="cpu")
        texts = [task.prompt for task in evaluation_tasks()[:: len(evaluation_tasks()) // PROMPTS]]
        prompts = [render_prompt(model.tokenizer, texts[row % PROMPTS]) for row in range(ROWS)]
        works: list[Callable[[int], int]] = [
            lambda seed, m=model, p=prompts: ours(m, p, seed=seed, share=True),
            lambda seed, m=model, p=prompts: ours(m, p, seed=seed, share=False),
            lambda seed, m=model, p=prompts: theirs(m, p, seed=seed),
        ]
        speeds = np.array(
            [[speed(work, seed) for work in works] for seed in range(repeats + 1)][1:]
        )
        ratio = speeds[:, 0] / speeds[:, 2]
        cells = [spread(column, ",.0f") for column in speeds.T]
        table.add_row(dtype, *cells, spread(ratio, ".1f"))
    Console(width=120).print(table)


def spread(values: np.ndarray, form: str) -> str:
    """Median, and the range."""
    return f"{np.median(values):{form}} ({values.min():{form}} to {values.max():{form}})"


if __name__ == "__main__":
    main()
