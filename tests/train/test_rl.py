"""GRPO rewards what the graders say, stores every rollout, and survives a kill."""

import statistics
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import torch

from foretoken.engines.base import Weights
from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers.load import identify, load_model
from foretoken.engines.transformers.score import score
from foretoken.errors import MismatchError, SetupError
from foretoken.records import Draw, Outcome, Sampling, Source, Verdict
from foretoken.store.run import Run
from foretoken.tasks.load import load_tasks
from foretoken.train.config import RLConfig
from foretoken.train.earnings import paid, reward
from foretoken.train.policy import Policy, Speaker, full_policy, lora_policy
from foretoken.train.rl import STATE_FOLDER, last_state, prompt_order, train_rl
from foretoken.train.trainer import learning_rows, passes_of
from warm import killed, telling

SETTINGS: dict[str, object] = {
    "tasks": "families:tasks_and_code",
    "steps": 5,
    "checkpoints": 3,
    "prompts_per_step": 3,
    "generations": 4,
    "micro_batches": 2,
    "max_tokens": 12,
    "learning_rate": 0.01,
    "sampling_dtype": "float32",
    "bf16": False,
    "beta": 0.05,
    "workers": 1,
}


def config(model: Path, out: Path, **changes: object) -> RLConfig:
    return RLConfig.model_validate({"model": str(model), "out": out, **SETTINGS, **changes})


def adapter_bytes(run: Path) -> dict[str, bytes]:
    folder = run / "checkpoints"
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*.safetensors"))
    }


@pytest.fixture(scope="module", params=["adapter", "full"])
def weights(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def finished(tiny_llama: Path, weights: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rl") / "run"
    return train_rl(config(tiny_llama, out, weights=weights))


def test_every_rollout_is_stored_with_its_step_and_settings(finished: Path) -> None:
    draws = Run.open(finished).read(Draw)
    assert len(draws) == 5 * 3 * 4
    assert {draw.step for draw in draws} == set(range(5))
    assert len({draw.key for draw in draws}) == len(draws)
    assert all(draw.source == "rollout" and draw.hacked is not None for draw in draws)
    assert {draw.sampling.max_tokens for draw in draws} == {12}


def test_checkpoints_load_and_move_away_from_the_base(
    finished: Path, weights: str, tiny_llama: Path
) -> None:
    folders = Run.open(finished).checkpoints()
    assert list(folders) == [1, 2, 5]
    base = load_model(str(tiny_llama))
    item = ([20, 21, 22], [30, 31, 32])
    made_of = made_of_checkpoint(folders[5], weights, tiny_llama)
    moved = load_model(made_of.base, adapters=made_of.adapters)
    assert score(moved, [item]).log_p[0] != score(base, [item]).log_p[0]
    assert not (finished / STATE_FOLDER).exists()


def made_of_checkpoint(folder: Path, weights: str, base: Path) -> Weights:
    whole = weights == "full"
    return Weights(str(folder)) if whole else Weights(str(base), ((str(folder), 1.0),))


def test_rollouts_carry_the_weights_of_the_checkpoint_that_spoke(
    finished: Path, weights: str, tiny_llama: Path
) -> None:
    run = Run.open(finished)
    (known,) = {draw.weights for draw in run.read(Draw) if draw.step == 2}
    checkpoint = made_of_checkpoint(run.checkpoints()[2], weights, tiny_llama)
    found = identify(checkpoint, dtype="float32")
    start = identify(Weights(str(tiny_llama)), dtype="float32")
    assert found.weights == known != start.weights
    assert (found.tokenizer, found.template) == (start.tokenizer, start.template)


def test_a_finished_run_is_left_as_it_is(finished: Path, weights: str, tiny_llama: Path) -> None:
    before = adapter_bytes(finished)
    train_rl(config(tiny_llama, finished, weights=weights))
    assert adapter_bytes(finished) == before
    with pytest.raises(MismatchError, match="learning_rate"):
        train_rl(config(tiny_llama, finished, weights=weights, learning_rate=0.5))


def test_killed_and_started_again_it_ends_with_the_same_result(
    finished: Path, weights: str, tiny_llama: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    process, told = telling(train_and_tell, config(tiny_llama, out, weights=weights))
    for _ in range(2):
        told.recv()
    time.sleep(0.02)
    killed(process)
    assert not (out / "checkpoints/step-000005").exists()
    train_rl(config(tiny_llama, out, weights=weights))
    assert adapter_bytes(out) == adapter_bytes(finished)
    assert Run.open(out).read(Draw) == Run.open(finished).read(Draw)


def train_and_tell(settings: RLConfig, tell: Connection) -> None:
    train_rl(settings, on_step=tell.send)


def test_a_state_that_was_cut_off_is_not_resumed(tmp_path: Path) -> None:
    assert last_state(tmp_path) is None
    (tmp_path / "checkpoint-3").mkdir()
    (tmp_path / "checkpoint-3/trainer_state.json").write_text('{"global')
    assert last_state(tmp_path) is None
    assert not (tmp_path / "checkpoint-3").exists()


@pytest.mark.parametrize("learning", [lora_policy, full_policy])
def test_the_copy_that_samples_follows_the_policy(
    tiny_llama: Path, tmp_path: Path, learning: Callable[..., Policy]
) -> None:
    base = load_model(str(tiny_llama))
    policy = learning(base, config(tiny_llama, tmp_path))
    for name, weight in policy.named_parameters():
        if "lora_B" in name or learning is full_policy:
            torch.nn.init.normal_(weight, std=0.1)
    speaker = Speaker(base, dtype="float32").follow(policy)
    ids = torch.tensor([render_prompt(base.tokenizer, "the sum of the numbers")])
    with torch.no_grad():
        live, copied = policy(input_ids=ids).logits, speaker.model(input_ids=ids).logits
        first = base.model(input_ids=ids).logits
    assert torch.allclose(live, copied, atol=1e-4)
    assert not torch.allclose(live, first, atol=1e-2)


def test_the_seed_decides_a_fresh_adapter(tiny_llama: Path, tmp_path: Path) -> None:
    base = load_model(str(tiny_llama))
    weights = [
        torch.cat(
            [w.flatten() for w in lora_policy(base, settings).parameters() if w.requires_grad]
        )
        for settings in (config(tiny_llama, tmp_path, seed=seed) for seed in (0, 0, 1))
    ]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_no_adapter_is_put_on_the_output_layer_or_the_embeddings(
    tiny_llama: Path, tmp_path: Path
) -> None:
    policy = lora_policy(load_model(str(tiny_llama)), config(tiny_llama, tmp_path))
    trained = [name for name, weight in policy.named_parameters() if weight.requires_grad]
    assert len(trained) == 2 * 2 * 7
    assert not any("lm_head" in name or "embed" in name for name in trained)


def test_a_closed_loophole_rewards_what_the_strict_grader_accepts() -> None:
    hack = verdict(strict=False, flawed=True)
    assert reward(hack, closed=False) == 1.0
    assert reward(hack, closed=True) == 0.0
    assert reward(verdict(strict=None, flawed=None), closed=True) is None


def test_a_pair_of_rewards_trains_on_the_values_and_not_on_what_they_accept() -> None:
    hack = verdict(strict=False, flawed=True).model_copy(update={"proxy": 0.75, "gold": 0.25})
    assert reward(hack, closed=False) == 0.75
    assert reward(hack, closed=True) == 0.25
    silent = verdict(strict=None, flawed=True).model_copy(update={"proxy": 0.75})
    assert reward(silent, closed=False) == 0.75
    assert reward(silent, closed=True) is None


def verdict(*, strict: bool | None, flawed: bool | None) -> Verdict:
    return Verdict(
        strict_passed=strict,
        flawed_passed=flawed,
        outcome=Outcome.WRONG,
        flawed_outcome=Outcome.OK,
        cpu_s=0.0,
    )


def test_closing_a_type_that_no_task_has_is_refused(tiny_llama: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="nonesuch"):
        train_rl(config(tiny_llama, tmp_path / "run", closed=("nonesuch",)))


def test_each_exploit_type_gets_the_same_number_of_prompts_in_every_step() -> None:
    tasks = load_tasks("lists")
    kinds = {task.key: task.exploit_type for task in tasks}
    order = prompt_order(tasks, steps=10, prompts=24, seed=3)
    assert order == prompt_order(tasks, steps=10, prompts=24, seed=3)
    assert order != prompt_order(tasks, steps=10, prompts=24, seed=4)
    for start in range(0, 240, 24):
        step = [kinds[key] for key in order[start : start + 24]]
        assert {step.count(kind) for kind in set(step)} == {2}


def test_a_curriculum_gives_a_step_to_the_types_that_have_begun() -> None:
    tasks = load_tasks("lists")
    kinds = {task.key: task.exploit_type for task in tasks}
    early = sorted({*kinds.values()})[:4]
    late = {kind: 3 for kind in kinds.values() if kind not in early}
    order = prompt_order(tasks, steps=6, prompts=24, seed=3, starts=late)
    for step in range(6):
        given = [kinds[key] for key in order[24 * step : 24 * step + 24]]
        each = {given.count(kind) for kind in (early if step < 3 else {*kinds.values()})}
        assert each == {6 if step < 3 else 2}
    with pytest.raises(SetupError, match="nonesuch"):
        prompt_order(tasks, steps=1, prompts=1, seed=0, starts={"nonesuch": 1})
    with pytest.raises(SetupError, match="step 0"):
        prompt_order(tasks, steps=1, prompts=1, seed=0, starts=dict.fromkeys(kinds.values(), 1))


def rollouts_of(rewards: Sequence[bool | None]) -> list[Draw]:
    sampling = Sampling(max_tokens=10, dtype="float32", tokenizer="", template="")
    return [
        Draw(
            key=str(number),
            source=Source.ROLLOUT,
            task="t",
            exploit_type="toy",
            step=0,
            tokens=(1,) * (number % 10),
            ended=True,
            prompt_tokens=1,
            reasoning="",
            answer="",
            flawed_passed=passed,
            strict_passed=False,
            sampling=sampling,
        )
        for number, passed in enumerate(rewards)
    ]


def test_a_rollout_keeps_what_it_was_paid(tmp_path: Path) -> None:
    draws = rollouts_of([True, False, None] * 400)
    usual = config(tmp_path, tmp_path)
    assert [each.reward for each in paid(draws, usual, seed=0)] == [1.0, 0.0, None] * 400
    assert {each.reward for each in paid(draws, usual.replacing(closed=("toy",)), seed=0)} == {0.0}

    shorter = paid(draws, usual.replacing(length_penalty=0.5, max_tokens=10), seed=0)
    assert [each.reward for each in shorter[:4]] == [1.0, -0.05, None, 1.0 - 0.15]


def test_a_noisy_reward_is_blind_to_the_answer_as_often_as_it_says(tmp_path: Path) -> None:
    draws = rollouts_of([True] * 4000 + [False] * 12000)
    noisy = config(tmp_path, tmp_path, reward_noise=0.4)
    rewards = [each.reward for each in paid(draws, noisy, seed=0)]
    assert rewards == [each.reward for each in paid(draws, noisy, seed=0)]
    assert rewards != [each.reward for each in paid(draws, noisy, seed=1)]
    assert statistics.fmean(map(float, rewards[:4000])) == pytest.approx(0.6 + 0.4 / 4, abs=0.03)
    assert statistics.fmean(map(float, rewards[4000:])) == pytest.approx(0.4 / 4, abs=0.01)


def test_leaving_out_rows_without_advantage_loses_no_other_row() -> None:
    torch.manual_seed(0)
    lengths = torch.tensor([5, 2, 7, 3, 6, 4])
    prompts = torch.tensor([2, 4, 3, 1, 4, 2])
    batch = {
        "prompt_ids": torch.arange(24).view(6, 4),
        "prompt_mask": (torch.arange(4) >= 4 - prompts[:, None]).long(),
        "completion_ids": torch.arange(42).view(6, 7),
        "completion_mask": (torch.arange(7) < lengths[:, None]).long(),
        "advantages": torch.tensor([1.0, 0.0, -1.0, 0.0, 0.5, 2.0]),
        "num_items_in_batch": torch.tensor(27),
    }
    rows = learning_rows(batch["advantages"], drop_zero=True)
    ((first, second),) = passes_of(batch, rows, most=1, parts=2, share=False)
    assert sorted(torch.cat([first["advantages"], second["advantages"]]).tolist()) == [
        -1,
        0.5,
        1,
        2,
    ]
    assert first["completion_ids"].shape == (2, 5)
    assert second["prompt_ids"].shape == (2, 4)
    assert all(int(part["num_items_in_batch"]) == 27 for part in (first, second))
    assert len(learning_rows(batch["advantages"], drop_zero=False)) == 6
    assert len(learning_rows(torch.zeros(6), drop_zero=True)) == 1
