"""The engine of this process keeps what the protocol promises."""

import gc
import json
import shutil
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from foretoken.engines.base import Weights, WindowSpec
from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers import load
from foretoken.engines.transformers.engine import TransformersEngine, TransformersEngines
from foretoken.engines.transformers.load import copy_model, load_model
from foretoken.engines.transformers.sample import sample
from foretoken.engines.transformers.score import score
from foretoken.errors import ModelError

PROMPTS = ["Write f(xs)", "the sum of the numbers", "x"]
ENGINES = TransformersEngines(device="cpu")


@pytest.fixture
def voices(tiny_llama: Path, adapters: tuple[Path, Path]) -> list[Weights]:
    first, second = map(str, adapters)
    base = str(tiny_llama)
    return [
        Weights(base),
        Weights(base, ((first, 1.0),)),
        Weights(base, ((first, 1.0), (second, 0.5))),
    ]


def ids(engine: TransformersEngine, repeats: int) -> list[list[int]]:
    return [render_prompt(engine.tokenizer, text) for text in PROMPTS for _ in range(repeats)]


def test_an_engine_samples_and_scores_what_the_loaded_models_do(voices: list[Weights]) -> None:
    alone = [load_model(each.base, adapters=each.adapters, device="cpu") for each in voices]
    with ENGINES.open(voices) as engine:
        prompts = ids(engine, 3)
        windows = [WindowSpec(row % 3, 0.3, 0.3) for row in range(len(prompts))]
        made = engine.sample(prompts, max_tokens=20, seed=1, windows=windows)
        copies = [copy_model(each, dtype="float32") for each in alone]
        assert made == sample(copies, prompts, max_tokens=20, seed=1, windows=windows)
        items = [(prompt, each.tokens) for prompt, each in zip(prompts, made, strict=True)]
        for voice, model in enumerate(copies):
            assert list(engine.score(items, voice=voice).log_p) == list(score(model, items).log_p)
        assert engine.longest == 512
        with pytest.raises(ModelError, match="no voice 3: the engine has 3"):
            engine.score(items, voice=3)


def test_voices_are_what_was_said_of_them_before_any_tensor_was_loaded(
    voices: list[Weights], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ENGINES.open(voices) as engine:
        opened = engine.voices
    loaded = load_model(voices[1].base, adapters=voices[1].adapters, device="cpu")
    assert opened[1].weights == loaded.weights_hash
    assert len({each.weights for each in opened}) == 3
    monkeypatch.delattr(load.AutoModelForCausalLM, "from_pretrained")
    assert tuple(map(ENGINES.identify, voices)) == opened
    half = TransformersEngines(device="cpu", dtype="bfloat16").identify(voices[0])
    assert half == opened[0].model_copy(update={"dtype": "bfloat16"})
    assert half.engine_version == transformers.__version__


def test_a_base_is_read_from_disk_once_for_any_number_of_voices(
    voices: list[Weights], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    real = load.AutoModelForCausalLM.from_pretrained

    def noted(folder: Path, **settings: Any) -> Any:
        reads.append(str(folder))
        return real(folder, **settings)

    monkeypatch.setattr(load.AutoModelForCausalLM, "from_pretrained", noted)
    for number in (1, 2, 3):
        reads.clear()
        with ENGINES.open([voices[0], *voices[:number]]) as engine:
            assert reads == [voices[0].base]
            places = [next(each.model.parameters()).data_ptr() for each in engine.models]
            assert len(set(places)) == len(places)


def test_a_voice_says_the_same_in_any_place(voices: list[Weights]) -> None:
    said = []
    for order in (voices[:2], voices[:2][::-1]):
        with ENGINES.open(order) as engine:
            windows = [WindowSpec(order.index(voices[1]), 1.0, 0.0)] * 9
            made = engine.sample(ids(engine, 3), max_tokens=20, seed=1, windows=windows)
            said.append([(each.tokens, each.log_p) for each in made])
    assert said[0] == said[1]


def test_threads_that_sample_and_score_at_once_give_what_one_gives(voices: list[Weights]) -> None:
    with ENGINES.open(voices) as engine:
        prompts = ids(engine, 2)
        windows = [WindowSpec(2, 0.3, 0.3)] * len(prompts)

        def work(seed: int) -> Any:
            made = engine.sample(prompts, max_tokens=20, seed=seed, windows=windows)
            items = [(prompt, each.tokens) for prompt, each in zip(prompts, made, strict=True)]
            return made, list(engine.score(items, voice=seed % 3).log_p)

        alone = [work(seed) for seed in range(8)]
        assert list(engine.side_by_side(work, range(8))) == alone


def test_pieces_keep_their_order_and_pass_errors_on(tiny_llama: Path) -> None:
    with TransformersEngines("cpu").open([Weights(str(tiny_llama))]) as engine:
        squares = engine.side_by_side(lambda x: x * x, range(50))
        assert list(squares) == [x * x for x in range(50)]
        assert list(engine.side_by_side(lambda x: x, [])) == []
        with pytest.raises(ZeroDivisionError):
            list(engine.side_by_side(lambda x: 1 // x, [1, 0, 2]))


def test_a_lane_shares_the_weights_and_not_the_configuration(voices: list[Weights]) -> None:
    with ENGINES.open(voices) as engine:
        own, lane = engine.models[1].model, engine._of_this_thread()[1].model
        assert lane.config is not own.config
        assert lane.config is lane.model.layers[0].self_attn.config
        pairs = zip(lane.parameters(), own.parameters(), strict=True)
        assert all(mine.data_ptr() == theirs.data_ptr() for mine, theirs in pairs)


def test_an_accelerator_does_one_piece_after_the_other(
    voices: list[Weights], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ENGINES.open(voices) as engine:
        engine.accelerated = True
        order: list[int] = []
        results = engine.side_by_side(order.append, range(5))
        next(results)
        assert order == [0]
        assert engine._of_this_thread() is engine.models
        with engine._one_at_a_time():
            assert not engine._turn.acquire(blocking=False)


def test_memory_is_free_again_when_an_engine_closes(voices: list[Weights]) -> None:
    with ENGINES.open(voices) as engine:
        engine.sample(ids(engine, 1), max_tokens=5, seed=1)
        held = [weakref.ref(each) for model in engine.models for each in model.model.parameters()]
    gc.collect()
    assert [each() for each in held] == [None] * len(held)


def test_sampling_stops_at_any_end_token(tiny_llama: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_llama, tmp_path / "model"))
    settings = folder / "generation_config.json"
    ends = [1, *range(20, 60)]
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "eos_token_id": ends}))
    with ENGINES.open([Weights(str(folder))]) as engine:
        assert engine.end_tokens == set(ends)
        made = engine.sample(ids(engine, 20), max_tokens=30, seed=1)
    stopped = [each for each in made if each.ended]
    assert len({each.tokens[-1] for each in stopped}) > 5
    for each in made:
        assert each.ended == (each.tokens[-1] in ends)
        assert not set(each.tokens[:-1]) & set(ends)


def test_voices_that_read_text_differently_are_refused(
    voices: list[Weights], tiny_llama: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_llama, tmp_path / "model"))
    (folder / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    other = Weights(str(folder))
    assert ENGINES.identify(other).template != ENGINES.identify(voices[0]).template
    with (
        pytest.raises(ModelError, match="different tokenizers, end tokens or chat templates"),
        ENGINES.open([voices[0], other]),
    ):
        pass
    with pytest.raises(ModelError, match="at least one voice"), ENGINES.open([]):
        pass


def test_damaged_folders_have_no_identity(
    voices: list[Weights], tiny_llama: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        ENGINES.identify(Weights(str(tmp_path / "absent")))
    with pytest.raises(ModelError, match="no adapter folder"):
        ENGINES.identify(Weights(str(tiny_llama), ((str(tmp_path / "absent"), 1.0),)))
    with pytest.raises(ModelError, match="Unknown dtype"):
        TransformersEngines(dtype="int3").identify(voices[0])
    folder = Path(shutil.copytree(tiny_llama, tmp_path / "model"))
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelError, match="copy it again"):
        ENGINES.identify(Weights(str(folder)))


def test_the_protocol_and_the_prompts_need_no_model_library() -> None:
    code = (
        "import sys, foretoken.engines.base, foretoken.engines.prompts, "
        "foretoken.engines.transformers; "
        "print([m for m in ('torch', 'transformers', 'peft', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['numpy']"


def test_a_closed_engine_holds_no_voice(voices: list[Weights]) -> None:
    with ENGINES.open(voices) as engine:
        assert len(engine.voices) == 3
    assert engine.voices == ()
    assert not torch.is_inference_mode_enabled()
