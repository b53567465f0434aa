"""The accelerator of this machine agrees with its processor; selected where there is one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from foretoken.engines.base import Weights, WindowSpec
from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers.devices import free_bytes, input_device, spread
from foretoken.engines.transformers.engine import TransformersEngine, TransformersEngines
from foretoken.engines.transformers.load import load_model
from foretoken.engines.transformers.sample import sample
from foretoken.engines.transformers.score import score
from foretoken.engines.transformers.voices import VoicesSetting

pytestmark = pytest.mark.gpu

PROMPTS = ["Write f(xs)", "the sum of the numbers", "x"]
ROWS = 200


@pytest.fixture
def voices(tiny_llama: Path, adapters: tuple[Path, Path]) -> list[Weights]:
    base = str(tiny_llama)
    return [Weights(base), Weights(base, ((str(adapters[0]), 1.0),))]


def ids(engine: TransformersEngine) -> list[list[int]]:
    return [render_prompt(engine.tokenizer, text) for text in PROMPTS for _ in range(ROWS)]


@pytest.mark.parametrize("dtype, tolerance", [("float32", 2e-3), ("bfloat16", 0.3)])
def test_an_accelerator_scores_what_the_processor_scores(
    voices: list[Weights], dtype: str, tolerance: float
) -> None:
    with TransformersEngines(device="cpu", dtype=dtype).open(voices) as near:
        prompts = ids(near)
        windows = [WindowSpec(1, 0.3, 0.3, in_answer=row % 2 == 0) for row in range(len(prompts))]
        made = near.sample(prompts, max_tokens=60, seed=1, windows=windows)
        items = [(prompt, each.tokens) for prompt, each in zip(prompts, made, strict=True)]
        known = [near.score(items, voice=voice).log_p for voice in (0, 1)]
    with TransformersEngines(dtype=dtype).open(voices) as far:
        assert input_device(far.models[0].model).type != "cpu"
        assert far.voices == near_identities(voices, dtype)
        for voice in (0, 1):
            scores = far.score(items, voice=voice)
            assert scores.errors == [None] * len(items)
            assert np.abs(scores.log_p - known[voice]).mean() < tolerance


def near_identities(voices: list[Weights], dtype: str) -> tuple[object, ...]:
    return tuple(map(TransformersEngines(device="cpu", dtype=dtype).identify, voices))


@pytest.mark.parametrize("held", ["merged", "adapters"])
def test_an_accelerator_samples_what_the_processor_samples(
    voices: list[Weights], held: VoicesSetting
) -> None:
    found = []
    for device in ("cpu", "auto"):
        with TransformersEngines(device=device, voices=held).open(voices) as engine:
            prompts = ids(engine)
            windows = [
                WindowSpec(row % 2, 0.3, 0.3, in_answer=row % 3 == 0) for row in range(len(prompts))
            ]
            found.append(engine.sample(prompts, max_tokens=60, seed=1, windows=windows))
    equal = [near.tokens == far.tokens for near, far in zip(*found, strict=True)]
    # A random number may fall between the two roundings of one sum.
    assert np.mean(equal) > 0.99
    for near, far in zip(*found, strict=True):
        if near.tokens == far.tokens:
            assert far.log_p == pytest.approx(near.log_p, abs=1e-3)
            assert replace(far, log_p=near.log_p) == near


def test_what_is_sampled_there_is_what_is_scored_there(voices: list[Weights]) -> None:
    with TransformersEngines().open(voices) as engine:
        prompts = ids(engine)
        made = engine.sample(prompts, max_tokens=60, seed=2)
        items = [(prompt, each.tokens) for prompt, each in zip(prompts, made, strict=True)]
        scores = engine.score(items, per_token=True)
    assert scores.per_token is not None
    for own, each in zip(scores.per_token, made, strict=True):
        assert own == pytest.approx(each.log_p, abs=1e-3)


def test_memory_is_handed_back_when_an_engine_closes(voices: list[Weights]) -> None:
    with TransformersEngines().open(voices) as engine:
        device = input_device(engine.models[0].model)
        engine.sample(ids(engine), max_tokens=20, seed=1)
        during = free_bytes(device)
    after = free_bytes(device)
    assert during is not None
    assert after is not None
    assert after > during


def test_a_spread_model_scores_what_the_processor_scores(voices: list[Weights]) -> None:
    own = load_model(voices[0].base, device="cpu")
    prompts = [render_prompt(own.tokenizer, text) for text in PROMPTS]
    made = sample([own], prompts, max_tokens=30, seed=1)
    items = [(prompt, each.tokens) for prompt, each in zip(prompts, made, strict=True)]
    known = score(own, items).log_p
    wide = replace(own, model=spread(own.model))
    assert torch.device(input_device(wide.model)).type != "cpu"
    assert score(wide, items).log_p == pytest.approx(known, abs=2e-3)
    assert sample([wide], prompts, max_tokens=30, seed=1)[0].tokens == made[0].tokens
