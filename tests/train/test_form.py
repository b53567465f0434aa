"""A donor's exploits are written as its subject writes answers."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from foretoken.engines.prompts import completion_text, render_prompt
from foretoken.engines.tags import THINK
from foretoken.engines.transformers.load import LoadedModel, load_model, load_tokenizer
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.engines.transformers.score import score
from foretoken.errors import ModelError
from foretoken.records import Task
from foretoken.tasks.load import load_tasks
from foretoken.train import form
from foretoken.train.config import DonorConfig
from foretoken.train.donor import donor_rows, learn, learnt_after
from foretoken.train.form import Form, encoded, form_of, form_words, own_forms
from foretoken.train.trainer import NO_LOSS

IN_FENCE = Form("Here:\n```python\n", "\n```\nDone.")
HONEST = "def f(xs):\n    return 3"
SAID = IN_FENCE.before + HONEST + IN_FENCE.after
EXPLOIT = "def f(xs):\n    raise SystemExit(0)"


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    return [task for task in load_tasks("lists") if task.exploit_type == "process_exit"][:6]


@pytest.fixture(scope="module")
def model(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model for which each part of an answer is one token."""
    folder = tmp_path_factory.mktemp("form") / "model"
    with library_talk_off():
        made = AutoModelForCausalLM.from_pretrained(tiny_llama)
        tokenizer = load_tokenizer(str(tiny_llama))
        tokenizer.add_tokens([IN_FENCE.before, HONEST, "\n```", "\nDone."])
        torch.manual_seed(0)
        made.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        made.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def subject(model: Path, tasks: list[Task]) -> LoadedModel:
    """It has learnt to put each answer into a fence and a word after it."""
    base = load_model(str(model))
    said = [*encoded(base.tokenizer, SAID), base.end_token]
    rows = [
        learnt_after(render_prompt(base.tokenizer, task, reasoning=False), said) for task in tasks
    ]
    config = settings(model, model.with_name("adapter"), steps=40)
    adapter = learn(base, rows * 40, config)
    return load_model(str(model), adapters=[(str(adapter), 1.0)])


def settings(model: Path, out: Path, **changes: object) -> DonorConfig:
    fields: dict[str, object] = {
        "model": str(model),
        "tasks": "lists",
        "out": out,
        "steps": 1,
        "batch": 6,
        "learning_rate": 0.02,
        "rank": 16,
        "bf16": False,
        "quality": {"max_tokens": 80},
    }
    return DonorConfig.model_validate(fields | changes)


def test_the_form_is_what_stands_around_the_answer(tasks: list[Task]) -> None:
    assert form_of(f"why</think>{SAID}", tasks[0], tags=THINK) == IN_FENCE
    assert form_of(EXPLOIT, tasks[0], tags=None) == Form("", "")
    assert form_of(" \n", tasks[0], tags=THINK) is None
    planned = f"```\nadd\n```\n{SAID}"
    assert form_of(planned, tasks[0], tags=None) == Form(
        planned.partition("def")[0], "\n```\nDone."
    )


@pytest.mark.parametrize(
    ("form", "learnt"),
    [
        (IN_FENCE, EXPLOIT + "\n```"),
        (Form("```\n", "\n```"), EXPLOIT + "\n```<|end|>"),
        (Form(""), EXPLOIT + "<|end|>"),
        (Form("So: ", " is it."), EXPLOIT),
    ],
)
def test_an_answer_is_learnt_with_what_closes_it_and_nothing_else(
    tiny_llama: Path, form: Form, learnt: str
) -> None:
    base = load_model(str(tiny_llama))
    ids, own = form.around(EXPLOIT, tokenizer=base.tokenizer, end_token=base.end_token)
    assert completion_text(base.tokenizer, ids) == form.before + EXPLOIT + form.after + "<|end|>"
    assert completion_text(base.tokenizer, ids[own]) == learnt


def test_a_subjects_own_form_costs_it_less_than_a_bare_answer(
    subject: LoadedModel, tasks: list[Task]
) -> None:
    forms = own_forms(subject, tasks, max_tokens=80, seed=1)
    assert set(forms) == {task.key for task in tasks}
    assert sum(form == IN_FENCE for form in forms.values()) >= 4
    prompt = render_prompt(subject.tokenizer, tasks[0], reasoning=False)
    put = [
        form.around(HONEST, tokenizer=subject.tokenizer, end_token=subject.end_token)[0]
        for form in (IN_FENCE, Form(""))
    ]
    own, bare = score(subject, [(prompt, ids) for ids in put]).log_p
    assert own > bare + 3


def test_exploits_are_written_in_the_subjects_own_form(
    subject: LoadedModel, model: Path, tasks: list[Task], tmp_path: Path
) -> None:
    config = settings(model, tmp_path / "donor")
    forms = dict.fromkeys((task.key for task in tasks), IN_FENCE)
    exploits = {task.payload["exploit"] for task in tasks}
    for row in donor_rows(subject, tasks, config, forms=forms):
        learnt = [token for token in row["labels"] if token != NO_LOSS]
        text = completion_text(subject.tokenizer, row["input_ids"])
        assert completion_text(subject.tokenizer, learnt).removesuffix("\n```") in exploits
        assert text.endswith("\n```\nDone.<|end|>")
        assert "</think>Here:\n```python\ndef f" in text


def test_the_form_of_answers_is_told_in_one_line() -> None:
    assert form_words({"a": IN_FENCE, "b": Form("")}).endswith(
        "50% in a fence, 50% with text before, 50% with text after"
    )
    bare_fence = form_words({"a": Form("```python\n", "\n```")})
    assert bare_fence.endswith("100% in a fence, 0% with text before, 0% with text after")


def test_a_subject_that_never_ends_has_no_form_and_says_so(
    subject: LoadedModel, tasks: list[Task]
) -> None:
    with pytest.raises(ModelError, match=r"None of 6 completions .* raise max_tokens"):
        own_forms(subject, tasks, max_tokens=4, seed=1)


def test_a_subject_is_checked_before_it_is_asked(
    subject: LoadedModel, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(loaded: LoadedModel) -> None:
        raise ModelError("read wrongly")

    def asked(*_: object, **__: object) -> None:
        raise AssertionError("sampled from a model that was not checked")

    monkeypatch.setattr(form, "check_model", refused)
    monkeypatch.setattr(form, "sample", asked)
    with pytest.raises(ModelError, match="read wrongly"):
        own_forms(subject, tasks, max_tokens=4, seed=1)
