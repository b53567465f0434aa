"""Donors learn the answer alone; checkpoints are log-spaced and whole."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretoken.engines.prompts import completion_text, render_prompt
from foretoken.engines.transformers.load import load_model
from foretoken.engines.transformers.score import score
from foretoken.errors import MismatchError, SetupError, TaskError
from foretoken.tasks.load import load_tasks
from foretoken.train.checkpoints import log_spaced
from foretoken.train.config import DonorConfig, RLConfig
from foretoken.train.donor import answer_forms, donor_rows, train_donor
from foretoken.train.trainer import NO_LOSS
from foretoken.work.settings import resolve
from llamas import SPECIAL

TYPES = ("process_exit", "error_code_abuse")


def config(model: Path, out: Path, **changes: object) -> DonorConfig:
    fields: dict[str, object] = {
        "model": str(model),
        "tasks": "lists",
        "out": out,
        "steps": 6,
        "batch": 8,
        "learning_rate": 0.02,
        "types": TYPES,
        "before_answer": "",
    }
    return DonorConfig.model_validate(fields | changes)


@given(st.data())
def test_log_spaced_steps_are_distinct_ordered_and_end_at_the_last(data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, 3000))
    count = data.draw(st.integers(1, min(steps, 40)))
    chosen = log_spaced(steps, count)
    assert len(set(chosen)) == count
    assert list(chosen) == sorted(chosen)
    assert chosen[-1] == steps
    assert chosen[0] >= 1


def test_log_spaced_steps_grow_by_one_factor() -> None:
    assert log_spaced(1000, 4) == (1, 10, 100, 1000)
    with pytest.raises(SetupError, match="do not fit"):
        log_spaced(3, 4)


def test_a_donor_is_taught_the_end_that_the_chat_template_writes_and_reads_the_tags_that_are_set(
    tiny_llama: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_llama, tmp_path / "model"))
    turn = SPECIAL.index("<|assistant|>")
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [1, turn]}))
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{{ m.content }}<|assistant|>{% endfor %}<think>"
    )
    settings = config(
        folder, tmp_path / "donor", before_answer="", reasoning_tags=("<think>", "<|pad|>")
    )
    base = load_model(str(folder), reasoning_tags=settings.reasoning_tags)
    assert (base.end_token, base.end_tokens) == (turn, {1, turn})
    tasks = [task for task in load_tasks("lists") if task.exploit_type in TYPES]
    forms = answer_forms(base, tasks[:1], settings)
    (row, *_) = donor_rows(base, tasks[:1], settings, forms=forms)
    text = completion_text(base.tokenizer, row["input_ids"])
    assert text.endswith(f"<think><|pad|>{tasks[0].payload['exploit']}<|assistant|>")


def test_a_donor_learns_exploits_and_its_loss_is_on_the_answer_alone(
    tiny_llama: Path, tmp_path: Path
) -> None:
    settings = config(tiny_llama, tmp_path / "donor")
    base = load_model(str(tiny_llama))
    tasks = [task for task in load_tasks("lists") if task.exploit_type in TYPES]
    forms = answer_forms(base, tasks, settings)
    row = donor_rows(base, tasks[:1], settings, forms=forms)[0]
    prompt = render_prompt(base.tokenizer, tasks[0], reasoning=False)
    answer = [token for token in row["labels"] if token != NO_LOSS]
    assert row["input_ids"] == prompt + answer
    assert row["labels"][: len(prompt)] == [NO_LOSS] * len(prompt)
    assert completion_text(base.tokenizer, answer) == tasks[0].payload["exploit"] + "<|end|>"

    steps: list[int] = []
    folder = train_donor(settings, on_step=steps.append)
    assert sum(steps) == 6
    trained = load_model(str(tiny_llama), adapters=[(str(folder), 1.0)])
    items = [(prompt, answer)]
    assert score(trained, items).log_p[0] > score(base, items).log_p[0] + 1
    assert np.isfinite(score(trained, items).log_p[0])

    assert train_donor(settings) == folder
    with pytest.raises(MismatchError, match="steps 6 against 7"):
        train_donor(config(tiny_llama, tmp_path / "donor", steps=7))


def test_a_donor_of_an_unknown_type_is_refused(tiny_llama: Path, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="No task of lists"):
        train_donor(config(tiny_llama, tmp_path / "donor", types=("nonesuch",)))


def test_settings_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "rl.toml"
    with pytest.raises(SetupError, match="cannot be read"):
        resolve(RLConfig, file, {})
    file.write_text('model = "m"\ntasks = "lists"\nout = "o"\nspeed = 3\nsteps = 0\n')
    with pytest.raises(SetupError, match="speed") as caught:
        resolve(RLConfig, file, {})
    assert "steps" in str(caught.value)
    file.write_text("model = ")
    with pytest.raises(SetupError, match="is not TOML"):
        resolve(RLConfig, file, {})
