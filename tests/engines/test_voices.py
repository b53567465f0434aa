"""Adapters beside one base say what merged copies say, and take the memory of one model."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from elsewhere import NEAR, elsewhere, move
from peft import LoraConfig, get_peft_model
from torch.profiler import ProfilerActivity, profile
from transformers import AutoModelForCausalLM

from families import save_family
from foretoken.bank.config import BankConfig, engine_of, fitted
from foretoken.engines.base import Completion, Weights, WindowSpec
from foretoken.engines.choose import EngineConfig, choose_engines
from foretoken.engines.transformers import devices, voices
from foretoken.engines.transformers.adapters import adapter_shapes
from foretoken.engines.transformers.engine import TransformersEngine, TransformersEngines
from foretoken.engines.transformers.load import LoadedModel
from foretoken.engines.transformers.low_rank import LowRank, stands_beside
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.engines.transformers.voices import VoicesSetting, load_voices
from foretoken.errors import MismatchError, ModelError
from foretoken.store.run import Run
from llamas import save_llama

PROMPTS = [list(range(10, 10 + tokens)) for tokens in (3, 17, 26) for _ in range(3)]
WINDOWS = [WindowSpec(1 + row % 2, 0.3, 0.3) for row in range(len(PROMPTS))]
NATS_A_TEXT = 1e-4


def adapter(folder: Path, model: Path, *, seed: int = 0, **settings: object) -> Path:
    """A random adapter of a model, on all of its linear layers unless the settings say others."""
    torch.manual_seed(seed)
    known: dict[str, object] = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"}
    with library_talk_off():
        base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
        policy = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", **(known | settings)))
        for name, weight in policy.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.1)
        policy.save_pretrained(str(folder), save_embedding_layers=False)
    return folder


def bank_voices(base: Path, own: Path, donor: Path) -> list[Weights]:
    """The subject, which is an adapter itself, and with a donor at two strengths."""
    parts = [(), ((str(donor), 0.5),), ((str(donor), 1.0),)]
    return [Weights(str(base), ((str(own), 1.0), *part)) for part in parts]


def family_voices(folder: Path, out: Path, **settings: object) -> list[Weights]:
    own, donor = (adapter(out / f"{n}", folder, seed=n, **settings) for n in (1, 2))
    return bank_voices(folder, own, donor)


def opened(voices: Sequence[Weights], held: VoicesSetting) -> list[LoadedModel]:
    return load_voices(voices, dtype="float32", device="cpu", held=held)


def said(engine: TransformersEngine) -> tuple[list[Completion], list[np.ndarray]]:
    made = engine.sample(PROMPTS, max_tokens=24, seed=3, windows=WINDOWS)
    items = [(prompt, each.tokens) for prompt, each in zip(PROMPTS, made, strict=True)]
    return made, [engine.score(items, voice=at).log_p for at in range(len(engine.voices))]


def require_equal(voices: Sequence[Weights]) -> list[LoadedModel]:
    """Check that both ways say the same; return the models of adapters."""
    with TransformersEngines("cpu", voices="merged").open(voices) as engine:
        made, scores = said(engine)
        merged = engine.voices
    with TransformersEngines("cpu", voices="adapters").open(voices) as engine:
        models = list(engine.models)
        found, scored = said(engine)
        assert engine.voices == merged == tuple(map(TransformersEngines().identify, voices))
    assert [each.tokens for each in found] == [each.tokens for each in made]
    assert [each.donor_spoke for each in found] == [each.donor_spoke for each in made]
    for one, other in zip(found, made, strict=True):
        assert sum(one.log_p) == pytest.approx(sum(other.log_p), abs=NATS_A_TEXT)
    for one, other in zip(scored, scores, strict=True):
        assert one == pytest.approx(other, abs=NATS_A_TEXT)
    assert np.abs(scores[1] - scores[0]).max() > 100 * NATS_A_TEXT
    return models


@pytest.mark.parametrize("family", ["Llama", "GPT-2", "Phi-3", "Gemma 3"])
def test_adapters_beside_a_base_say_what_merged_copies_say(
    family: str, shared: Callable[..., Path], tmp_path: Path
) -> None:
    folder = shared(f"family-{family}", lambda folder: save_family(folder, family))
    models = require_equal(family_voices(folder, tmp_path))
    assert all(stands_beside(each.model) for each in models)


def test_ranks_scales_and_layers_may_differ_from_adapter_to_adapter(
    tiny_llama: Path, tmp_path: Path
) -> None:
    own = adapter(tmp_path / "own", tiny_llama, r=2, target_modules=["q_proj", "down_proj"])
    donor = adapter(
        tmp_path / "donor", tiny_llama, seed=1, use_rslora=True, rank_pattern={"v_proj": 7},
        alpha_pattern={"q_proj": 3}, target_modules=["q_proj", "v_proj", "up_proj"],
    )  # fmt: skip
    models = require_equal(bank_voices(tiny_llama, own, donor))
    layer = models[2].model.get_submodule("model.layers.1.self_attn.q_proj")
    assert isinstance(layer, LowRank)
    assert layer.down.shape == (2 + 4, 32)


SPECIAL = {
    "fused experts": ("Qwen3-MoE", {"target_modules": "all-linear"}),
    "a tied output layer": ("Llama", {"target_modules": ["lm_head", "q_proj"]}),
    "a kernel of a mixer": ("Mamba", {"target_modules": ["x_proj"]}),
}


@pytest.mark.parametrize("what", SPECIAL)
def test_what_is_more_than_products_beside_linear_layers_is_merged(
    what: str, shared: Callable[..., Path], tiny_llama: Path, tmp_path: Path
) -> None:
    family, settings = SPECIAL[what]
    folder = (
        tiny_llama  # its output layer is tied
        if family == "Llama"
        else shared(f"family-{family}", lambda folder: save_family(folder, family))
    )
    if what == "fused experts":
        settings = settings | {"target_parameters": ["mlp.experts.gate_up_proj"]}
    models = require_equal(family_voices(folder, tmp_path, **settings))
    assert not any(stands_beside(each.model) for each in models)
    assert sum(tensors(models).values()) == 3 * sum(tensors(models[:1]).values())


def test_an_adapter_that_changed_the_base_as_it_began_is_merged(
    tiny_llama: Path, tmp_path: Path
) -> None:
    donor = adapter(tmp_path / "donor", tiny_llama, init_lora_weights="pissa")
    (model,) = opened([Weights(str(tiny_llama), ((str(donor), 1.0),))], "adapters")
    assert not stands_beside(model.model)


def tensors(models: Sequence[LoadedModel]) -> dict[int, int]:
    """Bytes of each distinct storage, by its address."""
    held = [each for m in models for each in (*m.model.parameters(), *m.model.buffers())]
    storages = [each.untyped_storage() for each in held]
    return {each.data_ptr(): each.nbytes() for each in storages if each.nbytes()}


def factor_bytes(voices: Sequence[Weights], size: int) -> int:
    return sum(
        size * int(np.prod(shape))
        for each in voices
        for folder, _ in each.adapters
        for shape in adapter_shapes(Path(folder)).values()
    )


@pytest.mark.parametrize("dtype, size", [("float32", 4), ("bfloat16", 2)])
def test_all_voices_hold_one_base_and_the_factors_to_the_byte(
    tiny_llama: Path, tmp_path: Path, dtype: str, size: int
) -> None:
    voices = family_voices(tiny_llama, tmp_path)
    base = load_voices([Weights(str(tiny_llama))], dtype=dtype, device="cpu")
    alone = sum(tensors(base).values())
    models = load_voices(voices, dtype=dtype, device="cpu", held="adapters")
    assert sum(tensors(models).values()) == alone + factor_bytes(voices, size)
    merged = load_voices(voices, dtype=dtype, device="cpu", held="merged")
    assert sum(tensors(merged).values()) == 3 * alone
    for each in models:
        assert each.model.get_output_embeddings().weight is models[0].model.lm_head.weight
        assert each.model.get_input_embeddings().weight is models[0].model.lm_head.weight
        assert {p.dtype for p in each.model.parameters()} == {getattr(torch, dtype)}


def peak_bytes(work: Callable[[], object]) -> int:
    """Most bytes that tensors held at a time, beyond those before; a mapped file counts whole."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        kept = work()
    events = seen.profiler.kineto_results.events()
    changes = [each for each in events if each.name() == "[memory]"]
    changes.sort(key=lambda each: each.start_ns())
    del kept
    return int(np.cumsum([each.nbytes() for each in changes]).max())


def test_loading_holds_one_copy_beside_the_file(tmp_path: Path) -> None:
    folder = save_llama(tmp_path / "model", hidden=512, heads=8)
    voices = family_voices(folder, tmp_path, r=1)
    size = (folder / "model.safetensors").stat().st_size
    room = 5 * factor_bytes(voices, 4) + 200_000
    assert room < 0.4 * size
    assert peak_bytes(lambda: opened(voices, "adapters")) < size + size + room
    assert peak_bytes(lambda: opened(voices, "merged")) > size + 3 * (size - 10_000)


def test_threads_that_sample_side_by_side_share_all_tensors(
    tiny_llama: Path, tmp_path: Path
) -> None:
    with TransformersEngines("cpu", voices="adapters").open(
        family_voices(tiny_llama, tmp_path)
    ) as engine:
        alone = [said(engine)[0] for _ in range(1)]
        both = list(engine.side_by_side(lambda _: said(engine)[0], range(3)))
        assert both == alone * 3
        assert tensors(engine._of_this_thread()) == tensors(engine.models)


def test_which_way_is_chosen_depends_on_the_size_of_the_model_alone(
    tiny_llama: Path, adapters: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    donor = Weights(str(tiny_llama), ((str(adapters[0]), 1.0),))
    count = sum(each.numel() for each in opened([donor], "merged")[0].model.parameters())
    for few, beside in ((count + 1, False), (count, True)):
        monkeypatch.setattr(voices, "FEW_PARAMETERS", few)
        for number in (1, 3):
            for each in load_voices([donor] * number, dtype="bfloat16", device="cpu"):
                assert stands_beside(each.model) == beside
    with choose_engines(EngineConfig(voices="merged"), device="cpu").open([donor]) as engine:
        assert not stands_beside(engine.models[0].model)


def test_an_adapter_voice_that_says_something_else_than_it_reads_is_refused(
    tiny_llama: Path, adapters: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = LowRank.forward
    monkeypatch.setattr(
        LowRank, "forward", lambda own, x: usual(own, x) if x.shape[1] > 1 else own.base(x)
    )
    weights = [Weights(str(tiny_llama)), Weights(str(tiny_llama), ((str(adapters[0]), 1.0),))]
    with (
        pytest.raises(ModelError, match="other log-probabilities when it is sampled"),
        TransformersEngines("cpu", voices="adapters").open(weights),
    ):
        pass


def test_adapters_stand_beside_a_base_elsewhere(tiny_llama: Path, tmp_path: Path) -> None:
    engine = TransformersEngine(opened(family_voices(tiny_llama, tmp_path), "adapters"))
    made, scores = said(engine)
    with elsewhere():
        for each in engine.models:
            move(each.model, NEAR)
        found, scored = said(engine)
    assert [each.tokens for each in found] == [each.tokens for each in made]
    assert scored == [pytest.approx(each, abs=NATS_A_TEXT) for each in scores]


def test_adapters_stand_beside_a_base_that_is_spread(
    tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voices = family_voices(tiny_llama, tmp_path)
    narrow = opened(voices, "adapters")
    made, scores = said(TransformersEngine(narrow))
    monkeypatch.setattr(devices, "free_bytes", lambda device: 1000)
    monkeypatch.setattr("accelerate.utils.get_max_memory", lambda: {"cpu": 1 << 30})
    wide = opened(voices, "adapters")
    assert all(devices.is_spread(each.model) for each in wide)
    assert sum(tensors(wide).values()) == sum(tensors(narrow).values())
    monkeypatch.setattr(devices, "free_bytes", lambda device: None)
    found, scored = said(TransformersEngine(wide))
    assert [each.tokens for each in found] == [each.tokens for each in made]
    assert scored == [pytest.approx(each, abs=NATS_A_TEXT) for each in scores]


def test_a_bank_keeps_the_way_that_it_was_begun_with(tmp_path: Path) -> None:
    known = {"run": tmp_path / "run", "subject": "base", "donor": "donor"}
    begun = BankConfig.model_validate(known | {"engine": {"voices": "adapters"}})
    run = Run.create(tmp_path / "run")
    assert fitted(run, begun) == begun
    run.write_config("bank", begun)
    assert fitted(run, BankConfig.model_validate(known)).engine.voices == "adapters"
    moved = BankConfig.model_validate(known | {"engine": {"dtype": "bfloat16"}})
    assert fitted(run, moved).engine == EngineConfig(dtype="bfloat16", voices="adapters")
    assert engine_of(begun, None) == begun.engine
    assert engine_of(begun, EngineConfig()).voices == "adapters"
    other = EngineConfig(voices="merged")
    with pytest.raises(MismatchError, match="begun with voices adapters, not merged"):
        engine_of(begun, other)
    with pytest.raises(MismatchError, match="begun with voices adapters, not merged"):
        fitted(run, begun.replacing(engine=other))
