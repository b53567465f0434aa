"""Every family samples, scores, blends and learns what one plain pass over each text says."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer

from families import SIZES, plain_log_p, save_family
from foretoken.engines.base import Weights, WindowSpec
from foretoken.engines.transformers.check import check_model
from foretoken.engines.transformers.engine import TransformersEngines
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.engines.transformers.sample import sample
from foretoken.engines.transformers.score import score
from foretoken.store.layout import checkpoint_path
from foretoken.train.checkpoints import save_adapter
from foretoken.train.config import RLConfig
from foretoken.train.policy import Speaker, lora_policy
from foretoken.train.rl import train_rl
from foretoken.train.trainer import LeanGRPOTrainer

PROMPTS = [list(range(10, 10 + tokens)) for tokens in (3, 17, 26) for _ in range(3)]
NATS_A_TEXT = 1e-4
ENDS = frozenset(range(280, 300))
"""Many, so that rows of one batch end at different times."""


QUICK = ("Llama", "GPT-2", "Gemma 3", "Qwen3-MoE", "DeepSeek-V3", "Llama-4", "Mamba")
"""One of each mechanism: shared prompts, transposed layers, windows, fused experts, latent
attention, chunks with a router that does more, and recurrence without padding."""
FAMILIES = [pytest.param(each, marks=() if each in QUICK else pytest.mark.slow) for each in SIZES]


@pytest.fixture(params=FAMILIES)
def folder(request: pytest.FixtureRequest, shared: Callable[..., Path]) -> Path:
    family: str = request.param
    return shared(f"family-{family}", lambda folder: save_family(folder, family))


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with library_talk_off():
        yield


def settings(folder: Path, out: Path, **changes: object) -> RLConfig:
    known: dict[str, object] = {
        "model": str(folder),
        "out": out,
        "tasks": "families:tasks",
        "steps": 1,
        "checkpoints": 1,
        "prompts_per_step": 2,
        "generations": 4,
        "micro_batches": 2,
        "max_tokens": 12,
        "sampling_dtype": "float32",
        "bf16": False,
    }
    return RLConfig.model_validate(known | changes)


def test_a_sampled_text_and_its_score_are_those_of_one_plain_pass(folder: Path) -> None:
    model = replace(load_model(str(folder), device="cpu"), other_ends=ENDS)
    check_model(model)
    said = sample([model], PROMPTS, max_tokens=24, seed=3)
    assert len({len(each.tokens) for each in said}) > 2
    items = [(prompt, each.tokens) for prompt, each in zip(PROMPTS, said, strict=True)]
    plain = [plain_log_p(model.model, *item).sum() for item in items]
    assert [sum(each.log_p) for each in said] == pytest.approx(plain, abs=NATS_A_TEXT)
    assert score(model, items).log_p == pytest.approx(np.array(plain), abs=NATS_A_TEXT)


def random_donor(folder: Path, out: Path) -> tuple[LoadedModel, PeftModel, Path]:
    """A base, a policy with an adapter that changes it much, and that adapter as saved."""
    base = load_model(str(folder), device="cpu")
    policy = lora_policy(base, settings(folder, out))
    torch.manual_seed(5)
    for name, weight in policy.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    saved = save_adapter(policy, out / "donor", base_hash=base.base_hash, base_name="base")
    return base, policy, saved


def by_peft(folder: Path, adapter: Path, strength: float) -> PeftModel:
    model = PeftModel.from_pretrained(load_model(str(folder), device="cpu").model, str(adapter))
    for module in model.modules():
        if isinstance(module, LoraLayer):
            module.scaling["default"] *= strength
    return model.eval()


def test_an_own_donor_is_blended_as_peft_has_it_and_takes_turns_with_the_subject(
    folder: Path, tmp_path: Path
) -> None:
    base, policy, adapter = random_donor(folder, tmp_path)
    text = (PROMPTS[4], tuple(range(40, 60)))
    subject = plain_log_p(base.model, *text)
    follower = Speaker(base, dtype="float32").follow(policy)
    assert plain_log_p(follower.model, *text) == pytest.approx(
        plain_log_p(policy, *text), abs=NATS_A_TEXT
    )
    voices = [Weights(str(folder)), *(Weights(str(folder), ((str(adapter), s),)) for s in (0.5, 1))]
    with TransformersEngines("cpu").open(voices) as engine:
        donors = [by_peft(folder, adapter, strength) for strength in (0.5, 1)]
        for voice, donor in enumerate(donors, start=1):
            expected = plain_log_p(donor, *text)
            assert np.abs(expected - subject).max() > 0.1
            scores = engine.score([text], voice=voice, per_token=True).per_token
            assert scores is not None
            assert scores[0] == pytest.approx(expected, abs=NATS_A_TEXT)
        said = engine.sample(
            PROMPTS, max_tokens=12, seed=1, windows=[WindowSpec(2, 0.3, 0.3)] * len(PROMPTS)
        )
    for prompt, each in zip(PROMPTS, said, strict=True):
        inside, outside = (plain_log_p(m, prompt, each.tokens) for m in (donors[1], base.model))
        expected = np.where(each.donor_spoke, inside, outside)
        assert each.log_p == pytest.approx(expected, abs=NATS_A_TEXT)


def test_a_checkpoint_may_be_a_whole_model(folder: Path, tmp_path: Path) -> None:
    base, policy, _ = random_donor(folder, tmp_path)
    follower = Speaker(base, dtype="float32").follow(policy)
    follower.model.save_pretrained(tmp_path / "whole")
    follower.tokenizer.save_pretrained(tmp_path / "whole")
    loaded = load_model(str(tmp_path / "whole"), device="cpu")
    text = (PROMPTS[4], tuple(range(40, 60)))
    assert plain_log_p(loaded.model, *text) == pytest.approx(
        plain_log_p(policy, *text), abs=NATS_A_TEXT
    )


def test_a_step_of_rl_learns_from_the_probabilities_that_were_sampled(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt: list[tuple[list[int], list[int], float]] = []
    usual: Callable[..., Any] = LeanGRPOTrainer._get_per_token_logps_and_entropies

    def heard(self: Any, model: Any, ids: Any, mask: Any, keep: int, *a: Any, **k: Any) -> Any:
        made = usual(self, model, ids, mask, keep, *a, **k)
        for row, seen, log_p in zip(ids, mask.bool(), made[0], strict=True):
            said = seen[-keep:]
            prompt, completion = row[:-keep][seen[:-keep]], row[-keep:][said]
            learnt.append((prompt.tolist(), completion.tolist(), float(log_p[said].detach().sum())))
        return made

    monkeypatch.setattr(LeanGRPOTrainer, "_get_per_token_logps_and_entropies", heard)
    out = train_rl(settings(folder, tmp_path / "run", learning_rate=0.05))
    base = load_model(str(folder), device="cpu")
    assert len(learnt) >= 2
    for prompt, completion, log_p in learnt:
        plain = plain_log_p(base.model, prompt, completion).sum()
        assert log_p == pytest.approx(plain, abs=NATS_A_TEXT)
    adapter = checkpoint_path(out, 1)
    text = (PROMPTS[4], tuple(range(40, 60)))
    after = load_model(str(folder), adapters=[(str(adapter), 1.0)], device="cpu")
    expected = plain_log_p(by_peft(folder, adapter, 1.0), *text)
    assert np.abs(expected - plain_log_p(base.model, *text)).max() > 1e-3
    assert plain_log_p(after.model, *text) == pytest.approx(expected, abs=NATS_A_TEXT)
