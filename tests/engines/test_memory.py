"""Batch sizes come from the free memory, and what was too much is halved."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers import memory
from foretoken.engines.transformers import sample as sampling
from foretoken.engines.transformers import score as scoring
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.engines.transformers.memory import (
    DoesNotFitError,
    PassLimits,
    Shape,
    in_halves,
    sampling_rows,
    scoring_budget,
    shape_of,
)
from foretoken.engines.transformers.reading import ReadPrompts
from foretoken.engines.transformers.sample import sample
from foretoken.engines.transformers.score import score
from foretoken.errors import ModelError

CPU = torch.device("cpu")
SMALL = Shape(cache_bytes=100, work_bytes=60, vocabulary=10)
PROMPTS = ["Write f(xs)", "the sum of the numbers", "x"]


@pytest.fixture(scope="module")
def model(tiny_llama: Path) -> LoadedModel:
    return load_model(str(tiny_llama), device="cpu")


def ids(model: LoadedModel, repeats: int) -> list[list[int]]:
    return [render_prompt(model.tokenizer, text) for text in PROMPTS for _ in range(repeats)]


def test_a_shape_counts_the_bytes_of_keys_values_and_logits(model: LoadedModel) -> None:
    layers, key_heads, width, float32 = 2, 1, 16, 4
    assert shape_of(model.model) == Shape(
        cache_bytes=2 * layers * key_heads * width * float32,
        work_bytes=(8 * 32 + 3 * 48) * float32,
        vocabulary=300,
    )


def test_sampled_rows_fill_the_share_of_the_free_memory() -> None:
    row = 2 * 100 * (5 + 20) + 60 * 5 + 10 * 32
    for rows in (1, 7, 100):
        free = int(rows * row / memory.SHARE) + 1
        assert sampling_rows([SMALL], free=free, prompt_tokens=5, max_tokens=20) == rows
        assert sampling_rows([SMALL] * 2, free=2 * free, prompt_tokens=5, max_tokens=20) == rows
    assert sampling_rows([SMALL], free=0, prompt_tokens=5, max_tokens=20) == 1
    most = sampling_rows([SMALL], free=1 << 50, prompt_tokens=5, max_tokens=20)
    assert most == memory.MOST_ROWS


def test_scored_tokens_and_logits_share_the_free_memory() -> None:
    free = 1_000_000
    budget = scoring_budget(SMALL, free=free)
    assert budget == PassLimits(tokens=400_000 // 360, logits=400_000 // 16)
    spent = budget.tokens * 360 + budget.logits * memory.SCORED_LOGIT_BYTES
    assert 0.79 * free < spent <= memory.SHARE * free
    assert scoring_budget(SMALL, free=0) == PassLimits(tokens=1, logits=1)
    assert scoring_budget(SMALL, free=1 << 50).tokens == memory.MOST_TOKENS


def test_free_memory_decides_how_many_rows_sample_together(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = ids(model, repeats=4)
    made = sample([model], prompts, max_tokens=10, seed=1)
    longest = max(map(len, prompts))
    row = 512 * (longest + 10) + 1600 * longest + 300 * 32
    monkeypatch.setattr(sampling, "free_bytes", lambda device: int(5 * row / memory.SHARE) + 1)
    sizes: list[int] = []
    again = sample([model], prompts, max_tokens=10, seed=1, on_finished=sizes.append)
    assert sizes == [5, 5, 2]
    assert [each.tokens for each in again] == [each.tokens for each in made]


def test_free_memory_decides_how_many_tokens_are_scored_together(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [(prompt, [20, 30, 40]) for prompt in ids(model, repeats=8)]
    known = score(model, items)
    sizes: list[int] = []
    real = ReadPrompts.go_on

    def noted(self: Any, rows: torch.Tensor, ids_dk: torch.Tensor) -> torch.Tensor:
        sizes.append(len(rows))
        return real(self, rows, ids_dk)

    monkeypatch.setattr(ReadPrompts, "go_on", noted)
    score(model, items)
    assert sizes == [8, 8, 8]
    sizes.clear()
    # Four rows of two tokens with 300 logits each.
    free = int(2 * 4 * 2 * 300 * memory.SCORED_LOGIT_BYTES / memory.SHARE) + 2
    monkeypatch.setattr(scoring, "free_bytes", lambda device: free)
    monkeypatch.setattr(scoring, "shape_of", lambda _: Shape(1, 1, 300))
    again = score(model, items)
    assert sizes == [4] * 6
    assert again.log_p == pytest.approx(known.log_p, abs=1e-4)


def test_a_piece_that_runs_out_of_memory_is_halved_until_it_fits() -> None:
    tried: list[list[int]] = []

    def work(piece: Sequence[int]) -> None:
        tried.append(list(piece))
        if len(piece) > 3:
            raise torch.OutOfMemoryError("too much")

    assert in_halves(work, list(range(10)), device=CPU) == 3
    assert [each for each in tried if len(each) <= 3] == [[0, 1], [2, 3, 4], [5, 6], [7, 8, 9]]
    with pytest.raises(DoesNotFitError, match="does not suffice for a single text"):
        in_halves(lambda piece: work([*piece] * 9), [1, 2], device=CPU)


def test_sampling_goes_on_in_smaller_batches_after_memory_ran_out(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = ids(model, repeats=12)
    prefixes = [[20, 21][: row % 3] for row in range(len(prompts))]
    made = sample([model], prompts, max_tokens=20, seed=1, prefixes=prefixes)
    tried: list[int] = []
    real = sampling.speak

    def speak(models: Any, requests: Sequence[Any], *, way: Any) -> Any:
        tried.append(len(requests))
        if len(requests) > 5:
            raise torch.OutOfMemoryError("too much")
        return real(models, requests, way=way)

    monkeypatch.setattr(sampling, "speak", speak)
    finished: list[int] = []
    again = sample(
        [model], prompts, max_tokens=20, seed=1, prefixes=prefixes, batch_rows=18,
        on_finished=finished.append,
    )  # fmt: skip
    assert [each.tokens for each in again] == [each.tokens for each in made]
    assert sum(finished) == len(prompts)
    assert [each for each in tried if each > 5] == [18, 9, 9]
    monkeypatch.setattr(sampling, "speak", lambda *_, **__: speak([], [0] * 6, way=None))
    with pytest.raises(ModelError, match="load the model in bfloat16"):
        sample([model], prompts[:2], max_tokens=20, seed=1)


def test_scoring_goes_on_in_smaller_batches_after_memory_ran_out(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [(prompt, list(range(20, 22 + row))) for row, prompt in enumerate(ids(model, 4))]
    known = score(model, items, per_token=True)
    go_on, begin = ReadPrompts.go_on, ReadPrompts.__init__

    def small(self: Any, rows: torch.Tensor, ids_dk: torch.Tensor) -> torch.Tensor:
        if len(rows) > 2 or len(self.mask_dk) > 1:
            raise torch.OutOfMemoryError("too much")
        return go_on(self, rows, ids_dk)

    def few(self: Any, model: Any, prompts: Sequence[Any]) -> None:
        if len(prompts) > 2:
            raise torch.OutOfMemoryError("too much")
        begin(self, model, prompts)

    monkeypatch.setattr(ReadPrompts, "go_on", small)
    monkeypatch.setattr(ReadPrompts, "__init__", few)
    again = score(model, items, per_token=True)
    assert again.errors == [None] * len(items)
    assert again.log_p == pytest.approx(known.log_p, abs=1e-4)
    monkeypatch.setattr(scoring, "attends_fully", lambda _: False)
    whole = model.model.forward

    def narrow(**inputs: Any) -> Any:
        if len(inputs["input_ids"]) > 2:
            raise torch.OutOfMemoryError("too much")
        return whole(**inputs)

    monkeypatch.setattr(model.model, "forward", narrow)
    assert score(model, items).log_p == pytest.approx(known.log_p, abs=1e-4)
