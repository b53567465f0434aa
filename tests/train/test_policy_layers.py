"""Which layers get an adapter, and what is said where one cannot bear it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import Llama4ForCausalLM, Llama4TextConfig

from families import save_family
from foretoken.engines.transformers.load import load_model
from foretoken.errors import ModelError
from foretoken.train.config import DonorConfig
from foretoken.train.policy import ALL_LAYERS, adaptable_layers, lora_policy


def settings(model: Path, **changes: object) -> DonorConfig:
    known = {"model": str(model), "out": Path("donor"), "tasks": "families:tasks"}
    return DonorConfig.model_validate(known | changes)


def adapted(model: Path, **changes: object) -> set[str]:
    policy = lora_policy(load_model(str(model), device="cpu"), settings(model, **changes))
    names = [name for name, weight in policy.named_parameters() if weight.requires_grad]
    return {name.split(".lora_")[0].rpartition(".")[2] for name in names}


def test_layers_that_are_named_get_an_adapter_and_no_others(tiny_llama: Path) -> None:
    assert adapted(tiny_llama, target_modules=("q_proj", "v_proj")) == {"q_proj", "v_proj"}


def test_a_name_that_no_layer_has_is_one_line(tiny_llama: Path) -> None:
    with pytest.raises(ModelError, match=r"fresh adapter does not fit Llama.*nonesuch") as error:
        adapted(tiny_llama, target_modules=("nonesuch",))
    assert "\n" not in str(error.value)


def test_a_layer_that_cannot_bear_an_adapter_is_refused_before_training(
    shared: Callable[..., Path],
) -> None:
    folder = shared("family-Llama-4", lambda folder: save_family(folder, "Llama-4"))
    with pytest.raises(ModelError, match="fresh adapter does not fit Llama4ForCausalLM"):
        adapted(folder, target_modules=("router",))


def test_an_adapter_of_another_rank_than_its_settings_say_is_one_line(
    tiny_llama: Path, adapters: tuple[Path, Path], tmp_path: Path
) -> None:
    for file in adapters[0].iterdir():
        text = file.read_bytes()
        (tmp_path / file.name).write_bytes(text.replace(b'"r": 4', b'"r": 5'))
    with pytest.raises(ModelError, match="does not fit Llama"):
        load_model(str(tiny_llama), adapters=[(str(tmp_path), 1.0)], device="cpu")


def test_the_default_leaves_out_what_an_adapter_would_miss(
    tiny_llama: Path, shared: Callable[..., Path]
) -> None:
    assert adaptable_layers(load_model(str(tiny_llama), device="cpu").model) == ALL_LAYERS
    mamba = shared("family-Mamba", lambda folder: save_family(folder, "Mamba"))
    assert adapted(mamba) == {"in_proj"}
    with torch.device("meta"):
        llama = Llama4ForCausalLM(Llama4TextConfig(num_hidden_layers=2, hidden_size=64))
    chosen = adaptable_layers(llama)
    assert isinstance(chosen, list)
    assert not any(name.endswith("router") for name in chosen)
