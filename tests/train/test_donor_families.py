"""Donors of models that answer in a channel, or whose backbone has another name."""

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers as hf
from transformers import AutoModelForCausalLM

from families import IDS, SIZES, save_family
from foretoken.engines.prompts import CompletionReader, completion_text, render_prompt
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.engines.transformers.sample import sample
from foretoken.engines.transformers.score import score
from foretoken.records import Task
from foretoken.tasks.answer import split_completion
from foretoken.tasks.load import load_tasks
from foretoken.train.config import DonorConfig
from foretoken.train.donor import answer_forms, donor_rows, train_donor
from foretoken.train.trainer import NO_LOSS
from llamas import make_tokenizer

CHANNELS = ["<|pad|>", "<|return|>", "<|start|>", "<|end|>", "<|channel|>", "<|message|>"]
FINAL = "<|start|>assistant<|channel|>final<|message|>"
TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'assistant' %}"
    "{% if m.thinking %}{{ '<|start|>assistant<|channel|>analysis<|message|>' + m.thinking }}"
    "{{ '<|end|>' }}{% endif %}{{ '" + FINAL + "' + m.content + '<|return|>' }}"
    "{% else %}{{ '<|start|>' + m.role + '<|message|>' + m.content + '<|end|>' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant' }}{% endif %}"
)


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    return [task for task in load_tasks("lists") if task.exploit_type == "process_exit"][:1]


def settings(model: Path, out: Path, **changes: object) -> DonorConfig:
    known: dict[str, object] = {
        "model": str(model),
        "tasks": "lists",
        "types": ("process_exit",),
        "out": out,
        "steps": 3,
        "batch": 4,
        "learning_rate": 0.02,
        "bf16": False,
        "before_answer": "",
    }
    return DonorConfig.model_validate(known | changes)


def learnt(base: LoadedModel, task: Task, config: DonorConfig) -> tuple[list[int], list[int]]:
    """Token ids that a donor reads, and those that it learns to say."""
    forms = answer_forms(base, [task], config)
    row = donor_rows(base, [task], config, forms=forms)[0]
    said = [each for each in row["labels"] if each != NO_LOSS]
    return row["input_ids"][: -len(said)], said


def test_a_donor_of_gpt_oss_answers_in_the_final_channel(tmp_path: Path, tasks: list[Task]) -> None:
    folder, (task,) = tmp_path / "model", tasks
    tokenizer = make_tokenizer(special=CHANNELS, ends="<|return|>")
    tokenizer.chat_template = TEMPLATE
    kind, sizes = SIZES["gpt-oss"]
    torch.manual_seed(0)
    with library_talk_off():
        AutoModelForCausalLM.from_config(getattr(hf, kind)(**IDS, **sizes)).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    base = load_model(str(folder), device="cpu")
    config = settings(folder, tmp_path / "donor", steps=40)
    read, said = learnt(base, task, config)
    assert completion_text(base.tokenizer, read).endswith(f"<|end|>{FINAL}")
    assert completion_text(base.tokenizer, said) == task.payload["exploit"] + "<|return|>"
    asked = completion_text(base.tokenizer, render_prompt(base.tokenizer, task))
    assert asked + FINAL.removeprefix("<|start|>assistant") == completion_text(base.tokenizer, read)

    donor = load_model(str(folder), adapters=[(str(train_donor(config)), 1.0)], device="cpu")
    analysis = "<|channel|>analysis<|message|>why<|end|>" + FINAL
    reasoned = base.tokenizer.encode(asked + analysis, add_special_tokens=False)
    assert score(donor, [(reasoned, said)]).log_p[0] > score(base, [(reasoned, said)]).log_p[0] + 9
    (made,) = sample([donor], [read], max_tokens=len(said) + 20, seed=0)
    reader = CompletionReader(donor.tokenizer)
    whole = base.tokenizer.encode(analysis, add_special_tokens=False)
    text = reader.text([*whole, *made.said])
    reasoning, answer = split_completion(text, tags=reader.tags)
    assert reasoning == "why"
    assert answer == reader.text(made.said).strip()


def test_a_donor_of_llama_4_learns_its_answers(tmp_path: Path, tasks: list[Task]) -> None:
    folder, (task,) = tmp_path / "model", tasks
    save_family(folder, "Llama-4")
    base = load_model(str(folder), device="cpu")
    config = settings(folder, tmp_path / "donor", steps=6)
    items = [learnt(base, task, config)]
    donor = load_model(str(folder), adapters=[(str(train_donor(config)), 1.0)], device="cpu")
    before, after = (score(each, items).log_p[0] for each in (base, donor))
    assert np.isfinite(after)
    assert after > before + 9
