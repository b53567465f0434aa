"""Tokenizers of several families: what ends a completion, and what is no part of what it says."""

import json
import shutil
from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from foretoken.engines.base import Weights
from foretoken.engines.prompts import AnswerFinder, CompletionReader
from foretoken.engines.server.engine import ServerEngines
from foretoken.engines.server.settings import ServerSettings
from foretoken.engines.transformers.engine import TransformersEngine, TransformersEngines
from foretoken.engines.transformers.load import load_model
from foretoken.engines.weights import end_tokens, load_tokenizer
from foretoken.errors import ModelError
from foretoken.organism.paths import MODEL, RUN
from foretoken.records import Source
from foretoken.store.run import Run
from foretoken.tasks.answer import split_completion

CODE = "def f(xs):\n    return sum(xs)"
TURNS = (
    "{% for m in messages %}<start>{{ m.role }}\n{{ m.content }}END\n{% endfor %}"
    "{% if add_generation_prompt %}<start>model\n{% endif %}"
)
FAMILIES = {
    "llama": ("</s>", "</s>"),
    "gemma": ("<eos>", "<end_of_turn>"),
    "phi": ("<|endoftext|>", "<|end|>"),
    "deepseek": ("<｜end▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    "cohere": ("<|END_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
}
"""The tokenizer's own end token, and the one that the chat template writes after a turn."""


def save(folder: Path, *special: str, plain: tuple[str, ...] = (), **named: object) -> Path:
    """Write a byte-level tokenizer with some special tokens and some that are only whole."""
    backend = Tokenizer(BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = BpeTrainer(vocab_size=256, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator(["xs"], trainer)
    backend.add_tokens([AddedToken(each, special=False, normalized=False) for each in plain])
    backend.add_special_tokens([AddedToken(each, special=True) for each in special])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **named)
    tokenizer.save_pretrained(folder)
    return folder


def family(folder: Path, name: str) -> PreTrainedTokenizerBase:
    """A tokenizer of a family, with the settings for generation that come with it."""
    own, turn = FAMILIES[name]
    save(folder, own, turn, "<start>", "<pad>", eos_token=own, pad_token="<pad>")
    tokenizer = load_tokenizer(str(folder))
    tokenizer.chat_template = TURNS.replace("END", turn)
    tokenizer.save_pretrained(folder)
    ends = sorted({token(tokenizer, own), token(tokenizer, turn)})
    settings = json.dumps({"eos_token_id": ends if len(ends) > 1 else ends[0]})
    (folder / "generation_config.json").write_text(settings)
    return load_tokenizer(str(folder))


def token(tokenizer: PreTrainedTokenizerBase, text: str) -> int:
    (found,) = tokenizer.encode(text, add_special_tokens=False)
    return found


@pytest.mark.parametrize("name", FAMILIES)
def test_a_bare_answer_is_the_code_without_what_ends_it(tmp_path: Path, name: str) -> None:
    tokenizer = family(tmp_path, name)
    for end in FAMILIES[name]:
        tokens = tokenizer.encode(CODE + end, add_special_tokens=False)
        reader = CompletionReader(tokenizer)
        text = reader.text(tokens[:-1])
        assert split_completion(text, tags=reader.tags) == ("", CODE)
        cut = reader.text([*tokens, token(tokenizer, "<pad>"), 70])
        assert cut == f"{CODE}{tokenizer.decode([70])}"


@pytest.mark.parametrize("name", FAMILIES)
def test_the_usual_end_is_the_one_that_the_chat_template_writes(tmp_path: Path, name: str) -> None:
    tokenizer = family(tmp_path, name)
    own, turn = (token(tokenizer, each) for each in FAMILIES[name])
    first, *others = end_tokens(tokenizer, str(tmp_path))
    assert (first, {first, *others}) == (turn, {own, turn})


@pytest.mark.parametrize("name", FAMILIES)
def test_characters_of_a_special_token_that_are_said_one_by_one_stay(
    tmp_path: Path, name: str
) -> None:
    tokenizer = family(tmp_path, name)
    own, _ = FAMILIES[name]
    tokens = [each for part in own for each in tokenizer.encode(part, add_special_tokens=False)]
    assert len(tokens) > 1
    assert CompletionReader(tokenizer).text(tokens) == own


def test_an_end_that_is_not_special_is_no_part_of_the_answer_where_it_ended_it(
    tmp_path: Path,
) -> None:
    save(tmp_path, "<eos>", plain=("<|end|>",), eos_token="<eos>")
    tokenizer = load_tokenizer(str(tmp_path))
    tokens = tokenizer.encode(f"{CODE}<|end|>", add_special_tokens=False)
    reader = CompletionReader(tokenizer)
    assert reader.text(tokens[:-1]) == CODE
    assert reader.text(tokens) == f"{CODE}<|end|>"


@pytest.mark.parametrize("special", [True, False])
@pytest.mark.parametrize(("opens", "closes"), [("<think>", "</think>"), ("[THINK]", "[/THINK]")])
def test_tags_split_a_text_whether_or_not_the_tokenizer_calls_them_special(
    tmp_path: Path, *, special: bool, opens: str, closes: str
) -> None:
    tags = (opens, closes)
    save(tmp_path, "<eos>", *tags[: 2 * special], plain=tags[2 * special :], eos_token="<eos>")
    tokenizer = load_tokenizer(str(tmp_path))
    tokens = tokenizer.encode(f"{opens}why{closes}\n{CODE}<eos>", add_special_tokens=False)
    reader = CompletionReader(tokenizer)
    text = reader.text(tokens[:-1])
    assert split_completion(text, tags=reader.tags) == ("why", CODE)
    start = AnswerFinder(tokenizer).answer_start(tokens)
    assert start is not None
    assert tokens[start - 1] == token(tokenizer, closes)


def test_reasoning_in_a_channel_is_told_from_the_answer(tmp_path: Path) -> None:
    special = ("<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|return|>")
    save(tmp_path, *special, eos_token="<|return|>")
    tokenizer = load_tokenizer(str(tmp_path))
    tokenizer.chat_template = (
        "{{ '<|start|>assistant<|channel|>analysis<|message|>' }}"
        "{{ '<|start|>assistant<|channel|>final<|message|>' }}"
    )
    said = (
        "<|channel|>analysis<|message|>the sum<|end|>"
        f"<|start|>assistant<|channel|>final<|message|>{CODE}<|return|>"
    )
    reader = CompletionReader(tokenizer)
    tokens = tokenizer.encode(said, add_special_tokens=False)
    text = reader.text(tokens[:-1])
    assert split_completion(text, tags=reader.tags) == ("the sum", CODE)
    start = AnswerFinder(tokenizer).answer_start(tokens)
    assert tokenizer.decode(tokens[start:]) == f"{CODE}<|return|>"


@pytest.mark.parametrize("where", ["generation_config.json", "config.json", "text_config"])
def test_ends_are_found_in_the_settings_for_generation_or_of_the_model(
    tmp_path: Path, where: str
) -> None:
    save(tmp_path, "<eos>", "<end_of_turn>")
    tokenizer = load_tokenizer(str(tmp_path))
    with pytest.raises(ModelError, match="names an end token"):
        end_tokens(tokenizer, str(tmp_path))
    ends: dict[str, object] = {"eos_token_id": [256, 257]}
    nested = where == "text_config"
    file = tmp_path / ("config.json" if nested else where)
    file.write_text(json.dumps({"text_config": ends} if nested else ends))
    assert end_tokens(tokenizer, str(tmp_path)) == (256, 257)


def test_models_that_stop_at_other_tokens_are_told_apart(tiny_llama: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_llama, tmp_path / "model"))
    engines = (
        TransformersEngines("cpu"),
        ServerEngines(ServerSettings(url="http://localhost:1", served={}, dtype="float32")),
    )
    for more, told in ([1], False), ([1, 3], True), ([3, 1], True), ([4], True):
        (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": more}))
        for each in engines:
            before, now = (each.identify(Weights(str(at))) for at in (tiny_llama, folder))
            assert (now.tokenizer != before.tokenizer) == told
            assert now.replacing(tokenizer=before.tokenizer) == before
        loaded = load_model(str(folder), device="cpu")
        assert loaded.identity == engines[0].identify(Weights(str(folder)))
        if told:
            with pytest.raises(ModelError, match="different tokenizers, end tokens"):
                TransformersEngine([load_model(str(tiny_llama), device="cpu"), loaded])


def test_a_model_that_stops_at_its_tokenizers_end_alone_is_what_it_was() -> None:
    stored = Run.open(RUN).sampling(Source.ROLLOUT)
    assert stored is not None
    now = TransformersEngines("cpu").identify(Weights(str(MODEL)))
    assert (now.tokenizer, now.template) == (stored.tokenizer, stored.template)
