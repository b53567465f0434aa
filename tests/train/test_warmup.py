"""A model that never earns a reward has the form of an answer after a warm-up, and earns some."""

import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from few_words import made
from foretoken.cli.main import app
from foretoken.engines.prompts import completion_text
from foretoken.engines.transformers.load import load_model, load_tokenizer
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.engines.weights import end_tokens, tokenizer_hash
from foretoken.errors import MismatchError, TaskError
from foretoken.records import Task
from foretoken.store.toml import dump_toml
from foretoken.tasks.code import Case, CodeTask
from foretoken.tasks.load import save_tasks
from foretoken.train.config import RLConfig, WarmupConfig
from foretoken.train.earnings import Earnings
from foretoken.train.rl import train_rl
from foretoken.train.trainer import NO_LOSS
from foretoken.train.warmup import train_warmup, warmup_row

REFERENCE = "f=sum"
WORDS = ["<|end|>", "hm", "<think>", "</think>", "the", "sum", REFERENCE, "f=exit", "xs", "+", "="]
TASK = CodeTask(
    key="sum/0",
    exploit_type="process_exit",
    prompt="the sum",
    function="f",
    cases=(Case(args=([1, 2],), expected=3), Case(args=([5],), expected=5)),
    reference=REFERENCE,
    exploit="f=exit",
)


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights whose words hold a whole solution."""
    folder = tmp_path_factory.mktemp("silent") / "base"
    model, tokenizer = made(WORDS, seed=1, reads=64)
    with library_talk_off():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


def settings(model: Path, folder: Path, **changes: object) -> dict[str, object]:
    save_tasks([TASK], folder / "tasks.jsonl")
    known: dict[str, object] = {
        "model": str(model),
        "tasks": str(folder / "tasks.jsonl"),
        "out": str(folder / "warm"),
        "steps": 60,
        "learning_rate": 0.03,
        "reasoning": ["the sum"],
    }
    return known | changes


def mean_reward(model: Path, folder: Path) -> float:
    earned: list[Earnings] = []
    values: dict[str, object] = {
        "model": str(model),
        "tasks": str(folder / "tasks.jsonl"),
        "out": folder / f"run-{model.name}",
        "steps": 1,
        "checkpoints": 1,
        "prompts_per_step": 1,
        "generations": 16,
        "max_tokens": 8,
        "workers": 1,
    }
    train_rl(RLConfig.model_validate(values), on_earned=lambda _, one: earned.append(one))
    return earned[0].mean_reward


def test_a_model_that_earned_nothing_earns_rewards_after_the_warm_up(
    silent: Path, tmp_path: Path
) -> None:
    file = tmp_path / "warmup.toml"
    file.write_text(dump_toml(settings(silent, tmp_path)))
    done = CliRunner().invoke(app, ["train", "warmup", "--config", str(file)])
    assert done.exit_code == 0, done.output
    warm = tmp_path / "warm"
    assert f'model = "{warm}"' in done.stdout
    assert not (tmp_path / "warm.adapter").exists()
    tokenizers = [load_tokenizer(str(folder)) for folder in (silent, warm)]
    cold, warmed = (
        tokenizer_hash(each, end_tokens(each, str(folder)))
        for each, folder in zip(tokenizers, (silent, warm), strict=True)
    )
    assert cold == warmed
    assert mean_reward(silent, tmp_path) == 0.0
    assert mean_reward(warm, tmp_path) > 0.5
    before = (warm / "model.safetensors").stat()
    config = WarmupConfig.model_validate(settings(silent, tmp_path))
    assert train_warmup(config) == warm
    assert (warm / "model.safetensors").stat() == before
    with pytest.raises(MismatchError, match="steps 60 against 61"):
        train_warmup(config.replacing(steps=61))


def learnt(base: Path, task: Task, **changes: object) -> str:
    values = {"model": str(base), "tasks": "lists", "out": "warm", "reasoning": ["sum xs"]}
    config = WarmupConfig.model_validate(values | changes)
    loaded = load_model(str(base), reasoning_tags=config.reasoning_tags)
    row = warmup_row(loaded, task, config, random.Random(0))
    tokens = [token for token in row["labels"] if token != NO_LOSS]
    assert row["input_ids"][-len(tokens) :] == tokens
    return completion_text(loaded.tokenizer, tokens)


def test_what_is_learnt_is_reasoning_then_the_reference_in_the_form_of_the_prompt(
    tiny_llama: Path,
) -> None:
    task = TASK.task()
    assert learnt(tiny_llama, task) == "sum xs\n</think>\nf=sum<|end|>"
    own = task.replacing(payload={**task.payload, "reasoning": "return sum"})
    assert learnt(tiny_llama, own) == "return sum\n</think>\nf=sum<|end|>"
    formed = learnt(tiny_llama, task, form="{answer} for {reasoning}")
    assert formed == "f=sum for sum xs<|end|>"
    fenced = learnt(tiny_llama, task, reasoning_tags=[])
    assert fenced == "sum xs\n\n```python\nf=sum\n```<|end|>"
    plain = task.replacing(grader="my:grader")
    assert learnt(tiny_llama, plain, reasoning_tags=[]) == "sum xs\n\nf=sum<|end|>"


def test_a_task_without_a_reference_and_a_form_without_an_answer_are_refused(
    tiny_llama: Path,
) -> None:
    with pytest.raises(TaskError, match="sum/0 has no reference"):
        learnt(tiny_llama, TASK.task().replacing(payload={}))
    with pytest.raises(ValueError, match="must hold"):
        learnt(tiny_llama, TASK.task(), form="{reasoning}")
