"""Where tensors are: all of a batch on the model's device, and few of them brought back."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from elsewhere import FAR, NEAR, elsewhere, move, move_apart
from transformers import MistralConfig, MistralForCausalLM

from foretoken.engines.base import Completion, WindowSpec
from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers import answers, devices, speaking
from foretoken.engines.transformers import sample as sampling
from foretoken.engines.transformers.devices import find_device, input_device, place
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.engines.transformers.sample import sample
from foretoken.engines.transformers.score import score
from foretoken.errors import ModelError, ScoringError

PROMPTS = ["Write f(xs)", "the sum of the numbers", "x"]
NEVER = 10_000
"""An id that no model here says."""


def subject(folder: Path) -> LoadedModel:
    return load_model(str(folder), device="cpu")


def donor(folder: Path, adapter: Path) -> LoadedModel:
    return load_model(str(folder), adapters=[(str(adapter), 1.0)], device="cpu")


def sliding(like: LoadedModel) -> LoadedModel:
    """A model whose layers do not keep all keys, so that its rows share no prompt."""
    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=300, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, sliding_window=8, initializer_range=0.3,
    )  # fmt: skip
    return replace(like, model=MistralForCausalLM(config).eval())


def ids(model: LoadedModel, repeats: int = 4) -> list[list[int]]:
    return [render_prompt(model.tokenizer, text) for text in PROMPTS for _ in range(repeats)]


def items(
    prompts: Sequence[list[int]], made: Sequence[Completion]
) -> list[tuple[list[int], tuple[int, ...]]]:
    return [(prompt, each.tokens) for prompt, each in zip(prompts, made, strict=True)]


def turns(prompts: Sequence[list[int]]) -> list[WindowSpec]:
    """Windows anywhere and in the answer."""
    return [WindowSpec(1, 0.3, 0.3, in_answer=row % 2 == 0) for row in range(len(prompts))]


def test_sampling_and_scoring_elsewhere_give_what_the_processor_gives(
    tiny_llama: Path, adapters: tuple[Path, Path]
) -> None:
    models = [subject(tiny_llama), donor(tiny_llama, adapters[0])]
    prompts = ids(models[0])
    made = sample(models, prompts, max_tokens=50, seed=3, windows=turns(prompts))
    known = score(models[0], items(prompts, made), per_token=True)
    with elsewhere():
        for each in models:
            move(each.model, NEAR)
        assert input_device(models[0].model) == torch.device(NEAR)
        away = sample(models, prompts, max_tokens=50, seed=3, windows=turns(prompts))
        scored = score(models[0], items(prompts, away), per_token=True)
    assert [each.tokens for each in away] == [each.tokens for each in made]
    assert [each.donor_spoke for each in away] == [each.donor_spoke for each in made]
    assert scored.log_p == pytest.approx(known.log_p, abs=1e-4)


def test_a_model_without_shared_prompts_works_elsewhere(tiny_llama: Path) -> None:
    model = sliding(subject(tiny_llama))
    prompts = ids(model)
    made = sample([model], prompts, max_tokens=20, seed=3)
    known = score(model, items(prompts, made))
    with elsewhere():
        move(model.model, NEAR)
        away = sample([model], prompts, max_tokens=20, seed=3)
        scored = score(model, items(prompts, away))
    assert [each.tokens for each in away] == [each.tokens for each in made]
    assert scored.log_p == pytest.approx(known.log_p, abs=1e-4)


def test_a_model_on_two_devices_gives_what_one_gives(tiny_llama: Path) -> None:
    model = subject(tiny_llama)
    prompts = ids(model)
    made = sample([model], prompts, max_tokens=30, seed=3)
    known = score(model, items(prompts, made))
    with elsewhere():
        move_apart(model.model)
        assert str(model.model.get_submodule("model.layers.1.mlp.up_proj").weight.device) == FAR
        away = sample([model], prompts, max_tokens=30, seed=3)
        scored = score(model, items(prompts, away))
    assert [each.tokens for each in away] == [each.tokens for each in made]
    assert scored.log_p == pytest.approx(known.log_p, abs=1e-4)


@pytest.mark.parametrize("kind", ["shared prompts", "prompts of their own", "windows"])
def test_an_accelerator_rests_once_in_sixteen_tokens_and_no_oftener(
    tiny_llama: Path, adapters: tuple[Path, Path], kind: str
) -> None:
    own = subject(tiny_llama)
    models = [own, donor(tiny_llama, adapters[0])] if kind == "windows" else [own]
    if kind == "prompts of their own":
        models = [sliding(own)]
    models = [replace(each, end_token=NEVER, other_ends=frozenset()) for each in models]
    prompts = ids(models[0])[:4]
    windows = turns(prompts) if kind == "windows" else None
    rests = []
    with elsewhere() as counted:
        for each in models:
            move(each.model, NEAR)
        for tokens in (16, 32, 64):
            counted.clear()
            sample(models, prompts, max_tokens=tokens, seed=3, windows=windows)
            rests.append(counted.total())
    looks = 1 / speaking.LOOK_ON_ACCELERATOR
    assert rests[1] - rests[0] == 16 * looks
    assert rests[2] - rests[1] == 32 * looks
    assert rests[0] < 32


def test_rare_looks_change_no_completion(
    tiny_llama: Path, adapters: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    models = [subject(tiny_llama), donor(tiny_llama, adapters[0])]
    prompts = ids(models[0], repeats=10)
    made = sample(models, prompts, max_tokens=60, seed=4, windows=turns(prompts))
    monkeypatch.setattr(speaking, "LOOK_ON_PROCESSOR", 16)
    seldom = sample(models, prompts, max_tokens=60, seed=4, windows=turns(prompts))
    assert len({len(each.tokens) for each in made}) > 5
    for often, rare in zip(made, seldom, strict=True):
        assert rare.log_p == pytest.approx(often.log_p, abs=1e-4)
        assert replace(rare, log_p=often.log_p) == often


def test_nan_logits_are_refused_at_the_next_look(
    tiny_llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "LOOK_ON_PROCESSOR", 16)
    broken = subject(tiny_llama)
    with torch.no_grad():
        broken.model.get_output_embeddings().weight.fill_(float("nan"))
    with pytest.raises(ScoringError, match="NaN logits while sampling"):
        sample([broken], ids(broken), max_tokens=40, seed=0)


def test_answers_heard_wrong_are_found_again_by_their_text(
    tiny_llama: Path, adapters: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    models = [subject(tiny_llama), donor(tiny_llama, adapters[0])]
    prompts = ids(models[0], repeats=20)
    windows = [WindowSpec(1, 0.5, 0.1, in_answer=True)] * len(prompts)
    made = sample(models, prompts, max_tokens=60, seed=4, windows=windows)
    assert any(any(each.donor_spoke) for each in made)
    ways = []
    real = sampling.speak

    def noted(*args, way: speaking.Way, **kwargs):
        ways.append(way.hear)
        return real(*args, way=way, **kwargs)

    monkeypatch.setattr(sampling, "speak", noted)
    monkeypatch.setattr(speaking, "LOOK_ON_PROCESSOR", 16)
    heard = sample(models, prompts, max_tokens=60, seed=4, windows=windows)
    assert ways == [True]
    deaf = answers.transitions(models[0].tokenizer, "</think>") * 0
    monkeypatch.setattr(answers, "transitions", lambda *_: deaf)
    again = sample(models, prompts, max_tokens=60, seed=4, windows=windows)
    assert ways == [True, True, False]
    for found in (heard, again):
        assert [each.tokens for each in found] == [each.tokens for each in made]
        assert [each.donor_spoke for each in found] == [each.donor_spoke for each in made]


def test_a_device_that_is_not_there_is_refused_with_those_that_are() -> None:
    assert find_device("cpu") == torch.device("cpu")
    assert find_device("meta") == torch.device("meta")
    here = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    assert find_device("auto") == (here or torch.device("cpu"))
    for name in ("cuda:99", "abacus", ""):
        with pytest.raises(ModelError, match=f"no device '{name}': here are auto, cpu") as refused:
            find_device(name)
        assert "\n" not in str(refused.value)


def test_a_model_without_values_goes_to_the_device_asked_for(tiny_llama: Path) -> None:
    model = load_model(str(tiny_llama), device="meta").model
    assert {each.device.type for each in (*model.parameters(), *model.buffers())} == {"meta"}


def test_weights_that_do_not_fit_one_device_are_spread_and_give_the_same(
    tiny_llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = subject(tiny_llama)
    prompts = ids(own)
    made = sample([own], prompts, max_tokens=20, seed=1)
    room = int(devices.weights_bytes(own.model) / devices.WEIGHTS_SHARE)
    monkeypatch.setattr(devices, "free_bytes", lambda device: room + 2)
    assert not devices.is_spread(place(own.model, torch.device("cpu")))
    monkeypatch.setattr(devices, "free_bytes", lambda device: room - 2)
    monkeypatch.setattr("accelerate.utils.get_max_memory", lambda: {"cpu": 1 << 30})
    wide = replace(own, model=place(own.model, torch.device("cpu")))
    assert devices.is_spread(wide.model)
    assert sample([wide], prompts, max_tokens=20, seed=1) == [
        replace(each, log_p=pytest.approx(each.log_p, abs=1e-4)) for each in made
    ]
    monkeypatch.setattr("accelerate.utils.get_max_memory", lambda: {"cpu": 1000})
    with pytest.raises(ModelError, match="fit neither the accelerators nor the main memory"):
        place(subject(tiny_llama).model, torch.device("cpu"))
