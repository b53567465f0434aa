"""A model that says something else than it reads is refused before anything depends on it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaForCausalLM

from foretoken.engines.base import Weights
from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers import engine as engines
from foretoken.engines.transformers.check import check_model
from foretoken.engines.transformers.engine import TransformersEngines
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.engines.transformers.sample import sample
from foretoken.errors import ModelError
from foretoken.train.policy import Speaker


class WrongCache(LlamaForCausalLM):
    """Says each cached token at the position of the first."""

    def forward(self, input_ids: Any = None, past_key_values: Any = None, **more: Any) -> Any:
        if input_ids.shape[1] == 1:
            more["position_ids"] = torch.zeros_like(more["position_ids"])
        return super().forward(input_ids=input_ids, past_key_values=past_key_values, **more)


class PaddingAsText(LlamaForCausalLM):
    """Takes what is left of a short prompt for text."""

    def forward(self, input_ids: Any = None, past_key_values: Any = None, **more: Any) -> Any:
        more["attention_mask"] = None
        return super().forward(input_ids=input_ids, past_key_values=past_key_values, **more)


class MixedRows(LlamaForCausalLM):
    """Reads in a batch what the row above says."""

    def forward(self, input_ids: Any = None, past_key_values: Any = None, **more: Any) -> Any:
        said = input_ids.roll(1, 0) if past_key_values is not None else input_ids
        return super().forward(input_ids=said, past_key_values=past_key_values, **more)


class OwnCache(LlamaForCausalLM):
    """Takes no cache but its own."""

    def forward(self, input_ids: Any = None, past_key_values: Any = None, **more: Any) -> Any:
        if past_key_values is not None:
            raise TypeError("OwnCache is not compatible with DynamicCache\nand so on")
        return super().forward(input_ids=input_ids, **more)


def disguised(folder: Path, kind: type[LlamaForCausalLM]) -> LoadedModel:
    loaded = load_model(str(folder), device="cpu")
    loaded.model.__class__ = kind
    return loaded


@pytest.mark.parametrize("kind", [WrongCache, PaddingAsText, MixedRows])
def test_a_model_whose_cache_or_padding_is_wrong_is_refused_with_the_nats(
    tiny_llama: Path, kind: type[LlamaForCausalLM]
) -> None:
    check_model(load_model(str(tiny_llama), device="cpu"))
    with pytest.raises(ModelError, match=rf"{kind.__name__} has other .* nats a token apart") as e:
        check_model(disguised(tiny_llama, kind))
    assert "[engine.server]" in str(e.value)
    assert "\n" not in str(e.value)


def test_what_the_library_raises_while_a_model_is_checked_is_one_line(tiny_llama: Path) -> None:
    with pytest.raises(
        ModelError, match="OwnCache cannot be sampled from or scored: TypeError"
    ) as e:
        check_model(disguised(tiny_llama, OwnCache))
    assert "\n" not in str(e.value)


def test_rl_refuses_a_model_that_it_cannot_sample_from(tiny_llama: Path) -> None:
    with pytest.raises(ModelError, match="WrongCache"):
        Speaker(disguised(tiny_llama, WrongCache), dtype="float32")


def test_an_engine_checks_each_model_once_and_nothing_else_changes(
    tiny_llama: Path, adapters: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    def check(loaded: LoadedModel) -> None:
        before = torch.get_rng_state()
        check_model(loaded)
        assert torch.equal(torch.get_rng_state(), before)
        checked.append(loaded.weights_hash)

    voices = [Weights(str(tiny_llama)), Weights(str(tiny_llama), ((str(adapters[0]), 1.0),))]
    monkeypatch.setattr(engines, "check_model", check)
    with TransformersEngines("cpu").open(voices) as engine:
        assert checked == [engine.voices[0].weights]
        prompts = [render_prompt(engine.tokenizer, "the sum of the numbers")] * 3
        said = engine.sample(prompts, max_tokens=9, seed=1)
    monkeypatch.setattr(engines, "check_model", lambda _: None)
    with TransformersEngines("cpu").open(voices) as engine:
        assert engine.sample(prompts, max_tokens=9, seed=1) == said


def test_a_model_that_reads_few_tokens_is_checked_within_them(tiny_llama: Path) -> None:
    loaded = load_model(str(tiny_llama), device="cpu")
    loaded.model.config.max_position_embeddings = 4
    with pytest.raises(ModelError, match="the model reads 1 to 4"):
        sample([loaded], [[5, 6, 7]], max_tokens=2, seed=0)
    check_model(loaded)
