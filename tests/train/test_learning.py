"""A step reads each prompt once, and learns what TRL learns from the whole texts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import PeftModel
from trl.trainer.grpo_trainer import GRPOTrainer

from families import save_family
from foretoken.engines.transformers.tensors import listed
from foretoken.train import trainer as trainers
from foretoken.train.passes import shared_passes
from foretoken.train.trainer import LeanGRPOTrainer
from learners import GENERATIONS, LONGEST, PROMPT_TOKENS, learner, rollouts

Gradient = dict[str, torch.Tensor]
LOG_P = "_get_per_token_logps_and_entropies"


def reference(trainer: LeanGRPOTrainer, batch: dict[str, Any]) -> torch.Tensor:
    """What the trainer says of the completions under the base model."""
    texts = [
        torch.cat([batch[f"prompt_{kind}"], batch[f"completion_{kind}"]], dim=1)
        for kind in ("ids", "mask")
    ]
    policy: Any = trainer.model
    log_p: Callable[..., Any] = getattr(trainer, LOG_P)
    with torch.no_grad(), policy.disable_adapter():
        return log_p(policy, *texts, batch["completion_ids"].shape[1])[0]


def learnt(
    trainer: LeanGRPOTrainer, step: Callable[..., torch.Tensor], batch: dict[str, Any]
) -> tuple[torch.Tensor, Gradient]:
    """Loss and gradient of one way to make a step."""
    policy: Any = trainer.model
    policy.zero_grad()
    if trainer.beta:
        batch = batch | {"ref_per_token_logps": reference(trainer, batch)}
    loss = step(policy, batch)
    named = policy.named_parameters()
    return loss.detach(), {name: w.grad.clone() for name, w in named if w.grad is not None}


def require_equal(one: tuple[torch.Tensor, Gradient], other: tuple[torch.Tensor, Gradient]) -> None:
    torch.testing.assert_close(one[0], other[0], rtol=1e-4, atol=1e-6)
    assert one[1].keys() == other[1].keys()
    assert max(float(each.abs().max()) for each in other[1].values()) > 1e-2
    for name, each in one[1].items():
        torch.testing.assert_close(each, other[1][name], rtol=1e-3, atol=1e-5, msg=name)


@pytest.mark.parametrize("beta", [0.0, 0.05])
@pytest.mark.parametrize("family", ["Llama", "Qwen3", "GPT-NeoX"])
def test_the_gradient_is_trls_of_all_whole_texts_at_once(
    family: str,
    beta: float,
    shared: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = shared(f"family-{family}", lambda folder: save_family(folder, family))
    trainer = learner(model, tmp_path, beta=beta)
    batch = rollouts()
    ours = [learnt(trainer, trainer.learn, batch)]
    trainer.pass_tokens = 60
    ours.append(learnt(trainer, trainer.learn, batch))
    trainer.pass_tokens, trainer.micro_batches = 10**6, 7
    ours.append(learnt(trainer, trainer.learn, batch))
    with monkeypatch.context() as patch:
        patch.setattr(LeanGRPOTrainer, LOG_P, getattr(GRPOTrainer, LOG_P))
        whole = super(LeanGRPOTrainer, trainer).training_step
        theirs = learnt(trainer, lambda model, each: whole(model, each, None), batch)
    for each in ours:
        assert float(each[0]) == pytest.approx(float(theirs[0]), rel=1e-4)
        require_equal(each, theirs)


def pushed(trainer: LeanGRPOTrainer, batch: dict[str, Any]) -> int:
    """Tokens through the model in one step."""
    counted: list[int] = []
    policy: Any = trainer.model
    embeddings: torch.nn.Module = policy.get_base_model().get_input_embeddings()
    hook = embeddings.register_forward_pre_hook(lambda _, ids: counted.append(ids[0].numel()))
    trainer.learn(policy, batch)
    hook.remove()
    return sum(counted)


def test_each_prompt_passes_once_however_many_completions_and_passes_it_has(
    tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = learner(tiny_llama, tmp_path, beta=0.0)
    batch = rollouts(zeros=0)
    prompts = len(PROMPT_TOKENS) * max(PROMPT_TOKENS)
    rows = len(PROMPT_TOKENS) * GENERATIONS
    assert pushed(trainer, batch) == prompts + rows * (LONGEST - 1)
    trainer.micro_batches = 5
    lengths = batch["completion_mask"].sum(1).sort().values.view(5, -1)
    longest = lengths.amax(1) * lengths.shape[1]
    assert pushed(trainer, batch) == prompts + int(longest.sum()) - rows
    monkeypatch.setattr(trainers, "attends_fully", lambda _: False)
    assert pushed(trainer, batch) > rows * sum(PROMPT_TOKENS) / len(PROMPT_TOKENS) + rows


def test_a_model_that_does_not_attend_fully_reads_whole_texts(
    tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = learner(tiny_llama, tmp_path, beta=0.0)
    ours, few = learnt(trainer, trainer.learn, rollouts()), pushed(trainer, rollouts())
    monkeypatch.setattr(trainers, "attends_fully", lambda _: False)
    require_equal(ours, learnt(trainer, trainer.learn, rollouts()))
    assert pushed(trainer, rollouts()) > few


def test_what_has_no_adapter_below_it_asks_nothing_of_its_prompt(
    tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = learner(tiny_llama, tmp_path, beta=0.0)
    policy: Any = trainer.model
    assert isinstance(policy, PeftModel)
    for name, weight in policy.named_parameters():
        weight.requires_grad_("layers.1" in name and "lora" in name)
    ours = learnt(trainer, trainer.learn, rollouts())
    assert all("layers.1" in name for name in ours[1])
    monkeypatch.setattr(trainers, "attends_fully", lambda _: False)
    require_equal(ours, learnt(trainer, trainer.learn, rollouts()))


def test_completions_of_unlike_length_pass_apart_where_padding_would_cost_more() -> None:
    tokens = torch.arange(10, 138).repeat(4)
    lengths = torch.stack([torch.full_like(tokens, 60), tokens], dim=1)
    (passes,) = shared_passes(tokens % 8, lengths, most=10**6, parts=None)
    widths = sum(len(group) * int(lengths[group, 1].max()) for group in passes)
    assert widths < 1.12 * int(tokens.sum())
    assert 4 < len(passes) < 20


ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 9)), min_size=1, max_size=30)


@given(ROWS, st.lists(st.integers(1, 9), min_size=5, max_size=5), st.integers(1, 60))
def test_every_row_is_in_one_pass_that_fits_with_its_prompts(
    rows: list[tuple[int, int]], widths: list[int], most: int
) -> None:
    numbers = {number: place for place, number in enumerate(dict.fromkeys(n for n, _ in rows))}
    prompt_of_row = torch.tensor([numbers[number] for number, _ in rows])
    lengths = torch.tensor([[widths[number], tokens] for number, tokens in rows])
    readings = shared_passes(prompt_of_row, lengths, most=most, parts=None)
    groups = [group for reading in readings for group in reading]
    assert sorted(listed(torch.cat(groups))) == list(range(len(rows)))
    whole = [prompt_of_row[torch.cat(reading)].unique() for reading in readings]
    assert len(torch.cat(whole)) == len(numbers)
    for prompts, reading in zip(whole, readings, strict=True):
        read = len(prompts) * int(lengths[torch.cat(reading), 0].max())
        assert len(prompts) == 1 or read <= most // 2
        for group in reading:
            assert len(group) == 1 or read + len(group) * int(lengths[group, 1].max()) <= most


@given(ROWS, st.integers(1, 40))
def test_a_number_of_passes_is_kept_and_reads_no_more_prompts_than_they_would_alone(
    rows: list[tuple[int, int]], parts: int
) -> None:
    numbers = {number: place for place, number in enumerate(dict.fromkeys(n for n, _ in rows))}
    prompt_of_row = torch.tensor([numbers[number] for number, _ in rows])
    lengths = torch.tensor([[1, tokens] for _, tokens in rows])
    readings = shared_passes(prompt_of_row, lengths, most=1, parts=parts)
    groups = [group for reading in readings for group in reading]
    assert sorted(listed(torch.cat(groups))) == list(range(len(rows)))
    assert len(groups) <= parts
    for reading in readings:
        prompts = len(prompt_of_row[torch.cat(reading)].unique())
        assert prompts <= -(-len(rows) // parts)
