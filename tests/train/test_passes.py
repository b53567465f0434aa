"""However many passes a batch takes, its gradient is that of one; each pass keeps to its budget."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import PeftModel
from transformers.models.llama.modeling_llama import LlamaModel

from foretoken.engines.transformers.load import load_model
from foretoken.engines.transformers.tensors import listed
from foretoken.organism.paths import MODEL
from foretoken.records import Outcome, Task, Verdict
from foretoken.tasks.load import load_tasks
from foretoken.train import donor, rl, trainer
from foretoken.train.config import DonorConfig, RLConfig
from foretoken.train.passes import PASS_TOKENS, token_budget, within_budget

Gradient = dict[str, torch.Tensor]
ONE_PASS = 10**6
MOST = 800


def gradient_of(model: PeftModel) -> Gradient:
    named = model.named_parameters()
    return {name: w.grad.clone() for name, w in named if w.grad is not None}


class Watch(donor.StepCount):
    """Keeps the gradient of the first step."""

    found: ClassVar[Gradient] = {}

    def on_pre_optimizer_step(self, *_: Any, **kwargs: Any) -> None:
        Watch.found = gradient_of(kwargs["model"])


class WatchRL(rl.KeepCheckpoints):
    """Keeps the gradient of the first step."""

    def on_pre_optimizer_step(self, *_: Any, **kwargs: Any) -> None:
        Watch.found = gradient_of(kwargs["model"])


class Picky:
    """Accepts answers of some lengths."""

    def grade(self, jobs: Sequence[tuple[Task, str]]) -> list[Verdict]:
        return [
            Verdict(
                strict_passed=False,
                flawed_passed=len(answer) % 2 == 0,
                outcome=Outcome.WRONG,
                flawed_outcome=Outcome.OK,
                cpu_s=0.0,
            )
            for _, answer in jobs
        ]


def require_equal(one: Gradient, other: Gradient, *, largest: float = 1e-3) -> None:
    assert one.keys() == other.keys()
    assert max(float(each.abs().max()) for each in one.values()) > largest
    for name, each in one.items():
        torch.testing.assert_close(other[name], each, rtol=1e-3, atol=1e-6, msg=name)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Tokens of each forward pass that learns, padding included."""
    counted: list[int] = []
    whole = LlamaModel.forward

    def counting(self: LlamaModel, **inputs: Any) -> Any:
        if torch.is_grad_enabled():
            ids, embedded = inputs.get("input_ids"), inputs.get("inputs_embeds")
            counted.append(ids.numel() if ids is not None else embedded.shape[:2].numel())
        return whole(self, **inputs)

    monkeypatch.setattr(LlamaModel, "forward", counting)
    return counted


def test_a_donors_batch_in_parts_has_the_gradient_of_one_pass(
    tiny_llama: Path, tmp_path: Path, passes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(donor, "StepCount", Watch)
    base = load_model(str(tiny_llama))
    tasks = load_tasks("lists")
    gradients: list[Gradient] = []
    for number, most in enumerate((ONE_PASS, 1000)):
        config = DonorConfig.model_validate(
            {
                "model": str(tiny_llama),
                "tasks": "lists",
                "out": tmp_path / str(number),
                "steps": 1,
                "batch": 12,
                "before_answer": "",
                "bf16": False,
                "pass_tokens": most,
            }
        )
        forms = donor.answer_forms(base, tasks, config)
        rows = donor.donor_rows(base, tasks, config, forms=forms)
        assert len({len(row["input_ids"]) for row in rows}) > 6
        donor.learn(base, rows, config, on_step=lambda _: None)
        gradients.append(Watch.found)
    require_equal(*gradients)
    assert len(passes) > 3
    assert max(passes[1:]) <= 1000


@pytest.mark.parametrize("beta", [0.0, 0.05])
def test_a_step_of_training_in_parts_has_the_gradient_of_one_pass(
    tiny_llama: Path,
    tmp_path: Path,
    passes: list[int],
    beta: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rl, "KeepCheckpoints", WatchRL)
    gradients: list[Gradient] = []
    counts: list[int] = []
    changes = ({"pass_tokens": ONE_PASS}, {"pass_tokens": MOST}, {"micro_batches": 3})
    for number, change in enumerate(changes):
        config = RLConfig.model_validate(
            {
                "model": str(tiny_llama),
                "tasks": "lists",
                "out": tmp_path / str(number),
                "steps": 1,
                "checkpoints": 1,
                "prompts_per_step": 3,
                "generations": 6,
                "max_tokens": 12,
                "beta": beta,
                "bf16": False,
                "sampling_dtype": "float32",
                **change,
            }
        )
        rl.train_rl(config, grader=Picky())
        gradients.append(Watch.found)
        counts.append(len(passes))
    require_equal(gradients[0], gradients[1])
    require_equal(gradients[0], gradients[2])
    assert counts[0] == 1 + 1
    in_parts = passes[counts[0] : counts[1]]
    assert len(in_parts) > 3
    assert max(in_parts) <= MOST
    assert counts[2] - counts[1] == 1 + 3


def test_a_step_of_the_shipped_model_learns_the_same_where_prompts_are_read_with_each_completion(
    tmp_path: Path, passes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rl, "KeepCheckpoints", WatchRL)
    gradients: list[Gradient] = []
    for number, share in enumerate((True, False)):
        monkeypatch.setattr(trainer, "attends_fully", lambda _, share=share: share)
        config = RLConfig.model_validate(
            {
                "model": str(MODEL),
                "tasks": "lists",
                "out": tmp_path / str(number),
                "steps": 1,
                "checkpoints": 1,
                "prompts_per_step": 2,
                "generations": 4,
                "max_tokens": 48,
                "micro_batches": 2,
                "bf16": False,
                "sampling_dtype": "float32",
            }
        )
        rl.train_rl(config, grader=Picky())
        gradients.append(Watch.found)
    require_equal(*gradients, largest=5e-4)
    read_apart, read_with_each = passes[:-2], passes[-2:]
    assert len(read_apart) == 1 + 2
    assert sum(read_apart) < 0.6 * sum(read_with_each)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=30),
    st.integers(1, 60),
)
def test_every_row_is_in_one_pass_and_none_is_above_the_budget_but_a_single_row(
    lengths: list[tuple[int, int]], most: int
) -> None:
    table = torch.tensor(lengths)
    groups = within_budget(table, most)
    assert sorted(listed(torch.cat(groups))) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * int(table[group].amax(0).sum()) <= most


def test_a_pass_on_a_processor_fits_its_caches_and_that_of_larger_models_its_memory() -> None:
    model = load_model(str(MODEL)).model
    assert token_budget(model) == PASS_TOKENS
    model.config.update({"num_hidden_layers": 30, "hidden_size": 576, "intermediate_size": 1536})
    assert 1000 < token_budget(model) < PASS_TOKENS
