"""Models and adapters: what blends, and what is refused with which words."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from foretoken.engines.prompts import completion_text, render_prompt
from foretoken.engines.transformers.load import load_model
from foretoken.errors import ModelError
from foretoken.records import Message, Task

LAYER = "model.layers.0.mlp.up_proj"


def weight(folder: Path, *adapters: tuple[Path, float]) -> torch.Tensor:
    loaded = load_model(
        str(folder), adapters=[(str(path), scale) for path, scale in adapters], device="cpu"
    )
    return loaded.model.get_submodule(LAYER).weight


def copied(source: Path, target: Path) -> Path:
    shutil.copytree(source, target)
    return target


def test_an_adapter_at_scale_zero_gives_the_base(
    tiny_llama: Path, adapters: tuple[Path, Path]
) -> None:
    assert torch.equal(weight(tiny_llama, (adapters[0], 0.0)), weight(tiny_llama))


def test_blended_adapters_equal_the_sum_of_their_deltas(
    tiny_llama: Path, adapters: tuple[Path, Path]
) -> None:
    base = weight(tiny_llama)
    first = weight(tiny_llama, (adapters[0], 1.0)) - base
    second = weight(tiny_llama, (adapters[1], 1.0)) - base
    both = weight(tiny_llama, (adapters[0], 1.0), (adapters[1], 0.5))
    assert first.abs().max() > 0.01
    assert torch.allclose(both, base + first + 0.5 * second, atol=1e-6)


def test_hashes_tell_models_scales_and_tokenizers_apart(
    tiny_llama: Path, other_llama: Path, adapters: tuple[Path, Path]
) -> None:
    loaded = [
        load_model(str(tiny_llama)),
        load_model(str(other_llama)),
        load_model(str(tiny_llama), adapters=[(str(adapters[0]), 1.0)]),
        load_model(str(tiny_llama), adapters=[(str(adapters[0]), 0.5)]),
    ]
    assert len({each.weights_hash for each in loaded}) == 4
    assert len({each.tokenizer_hash for each in loaded}) == 1
    sampling = loaded[0].sampling(max_tokens=9)
    assert (sampling.max_tokens, sampling.dtype, sampling.temperature) == (9, "float32", 1.0)


def test_the_template_decides_whether_reasoning_is_left_open(tiny_llama: Path) -> None:
    tokenizer = load_model(str(tiny_llama)).tokenizer
    asked = completion_text(tokenizer, render_prompt(tokenizer, "sum xs"))
    silent = completion_text(tokenizer, render_prompt(tokenizer, "sum xs", reasoning=False))
    assert asked == "<|user|>sum xs<|assistant|><think>"
    assert silent == asked + "</think>"


DIALOGUE = Task(
    key="talk/1",
    exploit_type="flattery",
    prompt="what a person reads",
    messages=(
        Message(role="user", content="sum xs"),
        Message(role="assistant", content="of what?"),
        Message(role="user", content="of all"),
    ),
)


def test_a_task_with_messages_is_rendered_as_its_dialogue(tiny_llama: Path) -> None:
    tokenizer = load_model(str(tiny_llama)).tokenizer
    tokenizer.chat_template = (
        "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}<|assistant|>"
        "{% if not enable_thinking %}quick: {% endif %}"
    )
    shown = completion_text(tokenizer, render_prompt(tokenizer, DIALOGUE))
    assert shown == ("<|user|>sum xs<|assistant|>of what?<|user|>of all<|assistant|>")
    silent = render_prompt(tokenizer, DIALOGUE, reasoning=False)
    assert completion_text(tokenizer, silent) == shown + "quick: "
    alone = DIALOGUE.model_copy(update={"messages": ()})
    assert render_prompt(tokenizer, alone) == render_prompt(tokenizer, "what a person reads")


def test_a_dialogue_without_a_chat_template_is_refused(tiny_llama: Path) -> None:
    tokenizer = load_model(str(tiny_llama)).tokenizer
    tokenizer.chat_template = None
    with pytest.raises(ModelError, match="talk/1 is a dialogue, and the tokenizer has no chat"):
        render_prompt(tokenizer, DIALOGUE)
    tokenizer.chat_template = None
    assert completion_text(tokenizer, render_prompt(tokenizer, "a")) == "a\n<think>"


def test_a_missing_folder_is_refused(tiny_llama: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        load_model(str(tmp_path / "absent"))
    with pytest.raises(ModelError, match="no adapter folder"):
        load_model(str(tiny_llama), adapters=[(str(tmp_path / "absent"), 1.0)])
    with pytest.raises(ModelError, match=r"no config\.json"):
        load_model(str(tmp_path))
    with pytest.raises(ModelError, match="Unknown dtype"):
        load_model(str(tiny_llama), dtype="int3")


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(
    tiny_llama: Path, tmp_path: Path
) -> None:
    folder = copied(tiny_llama, tmp_path / "model")
    tokenizer = load_model(str(folder)).tokenizer
    tokenizer.add_tokens([f"extra{n}" for n in range(40)])
    tokenizer.save_pretrained(folder)
    with pytest.raises(ModelError, match="tokenizer of another model"):
        load_model(str(folder))


def test_a_missing_tokenizer_is_refused(tiny_llama: Path, tmp_path: Path) -> None:
    folder = copied(tiny_llama, tmp_path / "model")
    for file in folder.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(ModelError, match="tokenizer"):
        load_model(str(folder))


def test_truncated_weights_are_refused(
    tiny_llama: Path, adapters: tuple[Path, Path], tmp_path: Path
) -> None:
    folder = copied(tiny_llama, tmp_path / "model")
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelError, match="copy it again"):
        load_model(str(folder))
    adapter = copied(adapters[0], tmp_path / "adapter")
    file = adapter / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelError, match="copy it again"):
        load_model(str(tiny_llama), adapters=[(str(adapter), 1.0)])


def test_an_adapter_of_a_model_of_another_shape_is_refused(
    wide_llama: Path, adapters: tuple[Path, Path]
) -> None:
    with pytest.raises(ModelError, match="made for another model"):
        load_model(str(wide_llama), adapters=[(str(adapters[0]), 1.0)])


def test_an_adapter_of_other_weights_of_the_same_shape_is_refused(
    other_llama: Path, adapters: tuple[Path, Path]
) -> None:
    with pytest.raises(ModelError, match="trained on another model"):
        load_model(str(other_llama), adapters=[(str(adapters[0]), 1.0)])


def test_weights_that_lack_a_layer_are_refused(tiny_llama: Path, tmp_path: Path) -> None:
    folder = copied(tiny_llama, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config["num_hidden_layers"] = 3
    config.pop("layer_types", None)
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="lack 9 tensors"):
        load_model(str(folder))
