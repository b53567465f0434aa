"""What a model reads before it answers: rendered, raw, or as token ids; with tags or without."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from foretoken.engines.base import Weights
from foretoken.engines.choose import EngineConfig, choose_engines
from foretoken.engines.prompts import (
    AnswerFinder,
    completion_text,
    render_prompt,
    template_variables,
    with_hint,
)
from foretoken.engines.server.settings import ServerSettings
from foretoken.engines.tags import reasoning_tags
from foretoken.engines.weights import load_tokenizer, template_hash
from foretoken.errors import MismatchError, ModelError, SetupError
from foretoken.records import Message, ReasoningTags, Sampling, Task
from foretoken.store.codec import to_records, to_table
from foretoken.work.scoring import require_same_engine
from llamas import SPECIAL, make_tokenizer

TASK = Task(key="t/1", exploit_type="bluff", prompt="sum xs")
TALK = (Message(role="system", content="Be brief."), Message(role="user", content="sum xs"))
TURNS = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
SERVER = ServerSettings(url="http://localhost:1", served={}, dtype="float32")
TOOL = {"type": "function", "function": {"name": "run"}}


def plain_tokenizer() -> PreTrainedTokenizerBase:
    """Of a model without chat template and without a word for reasoning."""
    tokenizer = make_tokenizer(special=SPECIAL[:4])
    tokenizer.chat_template = None
    return tokenizer


def reads(tokenizer: PreTrainedTokenizerBase, asked: Task | str, **how: Any) -> str:
    return completion_text(tokenizer, render_prompt(tokenizer, asked, **how))


def test_nothing_is_appended_for_a_model_that_has_no_tags() -> None:
    tokenizer = plain_tokenizer()
    assert reasoning_tags(tokenizer) is None
    assert reads(tokenizer, "sum xs") == reads(tokenizer, "sum xs", reasoning=False) == "sum xs"
    assert AnswerFinder(tokenizer).answer_start([5, 6]) == 0


def test_a_model_whose_vocabulary_has_tags_is_asked_with_its_own() -> None:
    tokenizer = make_tokenizer(special=[*SPECIAL[:4], "[THINK]", "[/THINK]"])
    tokenizer.chat_template = None
    assert reads(tokenizer, "sum xs") == "sum xs\n[THINK]"
    assert reads(tokenizer, "sum xs", reasoning=False) == "sum xs\n[THINK][/THINK]"


@pytest.mark.parametrize(
    ("template", "known"),
    [
        (TURNS, False),
        (TURNS + "{% if enable_thinking %}hm{% endif %}", True),
        (TURNS + "{% set enable_thinking = true %}{% if enable_thinking %}hm{% endif %}", False),
        (TURNS + "{# enable_thinking #}", False),
        (
            "{% if enable_thinking is not defined %}{% set enable_thinking = true %}{% endif %}"
            + TURNS,
            True,
        ),
    ],
)
def test_thinking_is_switched_only_where_the_template_knows_the_switch(
    monkeypatch: pytest.MonkeyPatch, template: str, *, known: bool
) -> None:
    tokenizer = plain_tokenizer()
    tokenizer.chat_template = template
    seen: list[dict[str, Any]] = []

    def render(_: object, **given: Any) -> str:
        seen.append(given)
        return ""

    monkeypatch.setattr(tokenizer, "apply_chat_template", render)
    render_prompt(tokenizer, TASK)
    render_prompt(tokenizer, TASK, reasoning=False)
    switches = [given.get("enable_thinking") for given in seen]
    assert switches == ([True, False] if known else [None, None])


def test_a_task_may_switch_thinking_off_and_a_donor_is_never_asked_to_think() -> None:
    tokenizer = plain_tokenizer()
    tokenizer.chat_template = TURNS + "{% if enable_thinking %}hm{% endif %}"
    silent, thinking = (
        TASK.replacing(chat_template_kwargs={"enable_thinking": each}) for each in (False, True)
    )
    assert reads(tokenizer, silent) == "[user]sum xs"
    assert reads(tokenizer, thinking) == "[user]sum xshm"
    assert reads(tokenizer, thinking, reasoning=False) == "[user]sum xs"


def test_reasoning_that_a_template_opens_without_a_switch_is_closed_for_a_donor() -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = TURNS + "{{ '<think>\n' }}"
    assert reads(tokenizer, TASK) == "[user]sum xs<think>\n"
    assert reads(tokenizer, TASK, reasoning=False) == "[user]sum xs<think>\n</think>"


def test_a_system_prompt_tools_and_template_arguments_reach_the_template() -> None:
    tokenizer = plain_tokenizer()
    tokenizer.chat_template = (
        "{% for t in tools or [] %}<{{ t.function.name }}>{% endfor %}{{ effort or 'high' }}"
        + "{% generation %}"
        + TURNS
        + "{% endgeneration %}"
    )
    task = TASK.replacing(messages=TALK, tools=(TOOL,), chat_template_kwargs={"effort": "low"})
    assert reads(tokenizer, task) == "<run>low[system]Be brief.[user]sum xs"
    assert template_variables(tokenizer.chat_template) >= {"tools", "effort", "messages"}


def test_calls_of_tools_reach_the_template_with_the_keys_that_are_there() -> None:
    tokenizer = plain_tokenizer()
    tokenizer.chat_template = (
        "{% for m in messages %}[{{ m.keys() | join(' ') }}]"
        "{% if 'tool_calls' in m %}{% for c in m.tool_calls %}<{{ c.function.name }} "
        "{{ c.function.arguments | tojson }}>{% endfor %}{% endif %}"
        "{% if m.content %}{{ m.content }}{% endif %}{% endfor %}"
    )
    call = {"id": "a", "function": {"name": "run", "arguments": {"x": None}}}
    task = Task.model_validate(
        TASK.model_dump()
        | {
            "messages": [
                {"role": "user", "content": "sum xs"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "content": "3", "tool_call_id": "a", "name": "run"},
            ]
        }
    )
    shown = (
        '[role content]sum xs[role tool_calls]<run {"x": null}>[role content tool_call_id name]3'
    )
    assert reads(tokenizer, task) == shown
    given = [set(each.as_read()) for each in task.messages]
    assert given[:2] == [{"role", "content"}, {"role", "tool_calls"}]
    (stored,) = to_records(to_table([task], Task), Task)
    assert stored == task
    assert reads(tokenizer, with_hint(stored, "Hurry: {prompt}")) == shown.replace(
        "]sum xs", "]Hurry: sum xs"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"chat_template_kwargs": {"efort": 1}}, "gives the chat template efort, which it does"),
        ({"chat_template_kwargs": {"messages": []}}, "gives the chat template messages, which"),
        ({"tools": (TOOL,)}, "gives the chat template tools, which it does not take"),
        ({"messages": TALK}, "cannot render task t/1 .System role not supported."),
    ],
)
def test_what_a_template_does_not_take_is_refused_in_one_line(
    changes: dict[str, Any], words: str
) -> None:
    tokenizer = plain_tokenizer()
    tokenizer.chat_template = (
        "{% if messages[0].role == 'system' %}"
        "{{ raise_exception('System role not supported') }}{% endif %}" + TURNS
    )
    with pytest.raises(ModelError, match=words) as refused:
        render_prompt(tokenizer, TASK.replacing(**changes))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"messages": TALK}, "is a dialogue"),
        ({"tools": (TOOL,)}, "has tools"),
        ({"chat_template_kwargs": {"a": 1}}, "has chat_template_kwargs"),
    ],
)
def test_what_needs_a_template_is_refused_where_there_is_none(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelError, match=f"t/1 {words}, and the tokenizer has no chat template"):
        render_prompt(plain_tokenizer(), TASK.replacing(**changes))


def test_raw_text_is_read_as_it_is_with_one_start_of_text() -> None:
    tokenizer = make_tokenizer(special=[*SPECIAL, "<s>"], starts="<s>")
    raw = TASK.replacing(raw=True)
    assert reads(tokenizer, raw) == "<s>sum xs"
    assert reads(tokenizer, raw.replacing(prompt="<s>sum xs")) == "<s>sum xs"
    opened = raw.replacing(prompt="sum xs<think>")
    assert reads(tokenizer, opened, reasoning=False) == "<s>sum xs<think></think>"


def test_token_ids_are_read_as_they_are_and_those_of_another_tokenizer_refused() -> None:
    tokenizer = make_tokenizer()
    ids = TASK.replacing(prompt_ids=(2, 70, 71))
    assert render_prompt(tokenizer, ids) == [2, 70, 71]
    assert render_prompt(tokenizer, ids, reasoning=False) == [2, 70, 71]
    opened = ids.replacing(prompt_ids=(70, SPECIAL.index("<think>")))
    assert render_prompt(tokenizer, opened, reasoning=False)[2:] == [SPECIAL.index("</think>")]
    with pytest.raises(ModelError, match="t/1 has the token id 999999, and the tokenizer knows"):
        render_prompt(tokenizer, ids.replacing(prompt_ids=(2, 999_999)))
    with pytest.raises(ModelError, match="given as token ids, which a hint cannot be put around"):
        with_hint(ids, "cheat {prompt}")


def test_tags_are_those_that_are_set_then_those_of_the_folder_then_those_found(
    tiny_llama: Path, tmp_path: Path
) -> None:
    tokenizer = load_tokenizer(str(tiny_llama))
    assert reasoning_tags(tokenizer) == ReasoningTags(opens="<think>", closes="</think>")
    tokenizer.save_pretrained(tmp_path)
    settings = tmp_path / "tokenizer_config.json"
    named = {**json.loads(settings.read_text()), "reasoning_tags": ["<r>", "</r>"]}
    settings.write_text(json.dumps(named))
    assert reasoning_tags(load_tokenizer(str(tmp_path))) == ReasoningTags(
        opens="<r>", closes="</r>"
    )
    given = load_tokenizer(str(tmp_path), ("[", "]"))
    assert reasoning_tags(given) == ReasoningTags(opens="[", closes="]")
    assert reasoning_tags(load_tokenizer(str(tmp_path), ())) is None


@pytest.mark.parametrize("given", [("<think>",), ("a", "b", "c"), ("", "b")])
def test_tags_that_are_no_pair_of_texts_are_refused(
    tiny_llama: Path, given: tuple[str, ...]
) -> None:
    with pytest.raises(SetupError, match="give two texts, what opens and what closes"):
        load_tokenizer(str(tiny_llama), given)


@pytest.mark.parametrize("server", [None, SERVER])
def test_models_that_are_read_with_other_tags_refuse_to_join(
    tiny_llama: Path, server: ServerSettings | None
) -> None:
    voice = Weights(str(tiny_llama))
    tags = [None, (), ("[THINK]", "[/THINK]"), ("<think>", "</think>")]
    found = [
        choose_engines(EngineConfig(server=server, reasoning_tags=each), device="cpu").identify(
            voice
        )
        for each in tags
    ]
    assert len({each.template for each in found}) == 3
    assert found[0] == found[3]
    assert found[0].template == template_hash(load_tokenizer(str(tiny_llama)))
    kept = {"tokenizer", "template", "dtype", "engine"}
    sampling = Sampling(**found[0].model_dump(include=kept))
    with pytest.raises(MismatchError, match="template"):
        require_same_engine(found[1], [sampling], what="both")
