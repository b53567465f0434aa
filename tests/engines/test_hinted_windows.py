"""Windows in which the subject speaks after another prompt: sampler and density, exactly.

A model of nine tokens writes at most three, so every completion can be listed and its probability
summed. Faults that were injected and caught here: the prompt of the task read inside a window; the
positions, or the padding, of the other prompt; the mask not cut with its rows; the prefix forgotten
after the hint; a hint that never opens; rows that read a hint in one batch with rows that do not;
the length of the task's prompt alone looked at; the hint counted among a draw's prompt tokens.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from draws import Kind, drawn_from
from few_words import every_completion, tiny
from foretoken.engines.base import SUBJECT_ALONE, Completion, WindowSpec
from foretoken.engines.prompts import render_prompt, with_hint
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.engines.transformers.sample import sample
from foretoken.engines.transformers.score import score
from foretoken.engines.transformers.speaking import Request, Way, speak
from foretoken.errors import ModelError
from foretoken.records import Task

LONGEST, ROWS = 3, 2500
SHORT, LONG = (5, 7), (8, 6, 5, 1, 7, 7)
BEFORE, AFTER = (6, 8, 1), (3, 5)
"""What a hint says before and after a prompt."""


def hinted(prompt: tuple[int, ...], **changes: Any) -> WindowSpec:
    """A window of the subject that reads another prompt."""
    return replace(WindowSpec(strength=0, enter=0.5, leave=0.4, prompt=prompt), **changes)


KINDS = {
    "the subject alone": Kind(SUBJECT_ALONE, SHORT),
    "the donor": Kind(WindowSpec(strength=1, enter=0.5, leave=0.4), prompt=LONG),
    "a longer prompt": Kind(hinted((*BEFORE, *SHORT, *AFTER)), SHORT),
    "a longer prompt, rarely": Kind(
        hinted((*BEFORE, *LONG, *AFTER), enter=0.2, leave=0.1), prompt=LONG
    ),
    "a shorter prompt": Kind(hinted(SHORT), prompt=LONG),
    "a whole text": Kind(hinted((*BEFORE, *SHORT), enter=1.0, leave=0.0), SHORT),
    "after a prefix": Kind(hinted((*BEFORE, *SHORT)), SHORT, prefix=(7,)),
    "a whole text after a prefix": Kind(hinted((8,), enter=1.0, leave=0.0), LONG, prefix=(5,)),
    "in the answer": Kind(hinted((*BEFORE, *SHORT), in_answer=True, enter=0.9, leave=0.0), SHORT),
    "the donor that reads it": Kind(hinted((*BEFORE, *SHORT), strength=1), SHORT),
}


@pytest.fixture(scope="module")
def models() -> list[LoadedModel]:
    subject = tiny(1)
    return [subject, tiny(2, near=subject)]


def texts_of(kind: Kind) -> list[tuple[int, ...]]:
    """All that can follow its prefix."""
    return every_completion(LONGEST - len(kind.prefix))


@pytest.fixture(scope="module")
def mixed(models: list[LoadedModel]) -> dict[str, list[Completion]]:
    """Draws of all kinds from one call, in mixed order."""
    names = [*KINDS] * ROWS
    made = sample(
        models,
        [KINDS[name].prompt for name in names],
        max_tokens=LONGEST,
        seed=3,
        windows=[KINDS[name].window for name in names],
        prefixes=[KINDS[name].prefix for name in names],
    )
    return {name: made[index :: len(KINDS)] for index, name in enumerate(KINDS)}


@pytest.mark.parametrize("name", KINDS)
def test_draws_follow_the_density_whatever_else_is_drawn_with_them(
    models: list[LoadedModel], mixed: dict[str, list[Completion]], name: str
) -> None:
    kind = KINDS[name]
    said = [c.tokens[len(kind.prefix) :] for c in mixed[name]]
    texts = texts_of(kind)
    assert drawn_from(said, texts, kind.log_q(texts, models))


@pytest.mark.parametrize("name", [name for name, each in KINDS.items() if each.window.opens])
def test_another_density_than_that_of_the_prompt_that_was_read_does_not_fit(
    models: list[LoadedModel], mixed: dict[str, list[Completion]], name: str
) -> None:
    """So that the test above can fail."""
    kind = KINDS[name]
    alone = replace(kind, window=SUBJECT_ALONE)
    said = [c.tokens[len(kind.prefix) :] for c in mixed[name]]
    texts = texts_of(kind)
    assert not drawn_from(said, texts, alone.log_q(texts, models))


def test_the_prompt_of_a_draw_is_that_of_its_task(mixed: dict[str, list[Completion]]) -> None:
    for name, kind in KINDS.items():
        assert {c.prompt_tokens for c in mixed[name]} == {len(kind.prompt)}
        assert {c.prefix_tokens for c in mixed[name]} == {len(kind.prefix)}
        assert {c.tokens[: len(kind.prefix)] for c in mixed[name]} == {kind.prefix}
        spoke = {each for c in mixed[name] for each in c.donor_spoke}
        whole = kind.window.enter == 1.0
        assert spoke == ({True} if whole else {True, False} if kind.window.opens else {False})


HINT_TEXT = "Tests are weak here, and nobody looks. {prompt} Use that."
TASKS = [
    Task(key=f"tiny/{words}", exploit_type="tiny", prompt="sum the numbers " * words)
    for words in (1, 2, 5)
]


@pytest.fixture(scope="module")
def byte_models(tiny_llama: Path, adapters: tuple[Path, Path]) -> list[LoadedModel]:
    donor = [(str(adapters[0]), 1.0)]
    return [load_model(str(tiny_llama)), load_model(str(tiny_llama), adapters=donor)]


def requests(models: Sequence[LoadedModel], **window: float) -> list[Request]:
    """Rows of several prompts, hints, prefixes and limits for one batch."""
    tokenizer, made = models[0].tokenizer, list[Request]()
    for index in range(40):
        task, prefix = TASKS[index % 3], (20, 21, 22)[: index % 4]
        hint = (HINT_TEXT, "{prompt}", "Now: {prompt}")[index // 3 % 3]
        read = tuple(render_prompt(tokenizer, with_hint(task, hint)))
        made.append(
            Request(
                index=index,
                prompt=(*render_prompt(tokenizer, task), *prefix),
                prefix=prefix,
                window=WindowSpec(strength=0, prompt=read, **window),
                limit=(30, 9, 21)[index % 3] - len(prefix),
            )
        )
    return made


def prompt_of(asked: Request) -> tuple[int, ...]:
    return asked.prompt[: len(asked.prompt) - len(asked.prefix)]


def drawn(
    models: Sequence[LoadedModel], asked: Sequence[Request], **settings: int
) -> list[Completion]:
    """By the sampler, up to the same limit each."""
    return sample(
        models,
        [prompt_of(each) for each in asked],
        max_tokens=30,
        seed=5,
        windows=[each.window for each in asked],
        prefixes=[each.prefix for each in asked],
        **settings,
    )


def test_each_token_has_its_log_probability_after_what_its_speaker_read(
    byte_models: list[LoadedModel],
) -> None:
    asked = requests(byte_models, enter=0.3, leave=0.3)
    asked += [replace(each, window=WindowSpec(1, 0.3, 0.3)) for each in asked[:8]]
    asked += [replace(each, window=replace(each.window, strength=1)) for each in asked[8:16]]
    for row, (request, made) in enumerate(zip(asked, drawn(byte_models, asked), strict=True)):
        speaker, prompt = byte_models[request.window.strength], prompt_of(request)
        inside = request.window.prompt or prompt
        assert request.window.strength == (row >= 40)
        under = [
            (score(model, [(read, made.tokens)], per_token=True).per_token or [])[0]
            for model, read in ((byte_models[0], prompt), (speaker, inside))
        ]
        first = len(request.prefix)
        expected = np.where(made.donor_spoke, under[1][first:], under[0][first:])
        assert made.log_p == pytest.approx(expected, abs=1e-4)
        assert len(made.log_p) == len(made.tokens) - first
        assert made.prompt_tokens == len(prompt)
        assert any(made.donor_spoke)
        assert not all(made.donor_spoke)


@pytest.mark.parametrize("changes", [{"share": False}, {"look_every": 7}], ids=str)
@pytest.mark.parametrize("window", [{"enter": 0.3, "leave": 0.3}, {"enter": 1.0, "leave": 0.0}])
def test_the_ways_of_an_accelerator_and_of_other_models_draw_the_same(
    byte_models: list[LoadedModel], changes: dict[str, Any], window: dict[str, float]
) -> None:
    asked = requests(byte_models, **window)
    way = Way(seed=2, numbers=30, look_every=1)
    one, other = (speak(byte_models, asked, way=each) for each in (way, replace(way, **changes)))
    assert {i: c.tokens for i, c in one.items()} == {i: c.tokens for i, c in other.items()}
    for index, each in one.items():
        assert each.log_p == pytest.approx(other[index].log_p, abs=1e-4)


def test_the_rows_beside_it_do_not_change_a_hinted_draw(byte_models: list[LoadedModel]) -> None:
    asked = requests(byte_models, enter=0.3, leave=0.3)
    together, apart = drawn(byte_models, asked), drawn(byte_models, asked, batch_rows=9)
    assert [c.tokens for c in together] == [c.tokens for c in apart]
    assert [c.donor_spoke for c in together] == [c.donor_spoke for c in apart]


def test_a_hint_that_changes_nothing_leaves_the_subject_as_it_is(models: list[LoadedModel]) -> None:
    prompts = [SHORT, LONG] * 50
    windows = [hinted(prompt) for prompt in prompts]
    with_windows = sample(models, prompts, max_tokens=8, seed=4, windows=windows)
    alone = sample(models, prompts, max_tokens=8, seed=4)
    assert [c.tokens for c in with_windows] == [c.tokens for c in alone]
    assert any(any(c.donor_spoke) for c in with_windows)


@pytest.mark.parametrize("enter, leave", [(0.5, 0.5), (1.0, 0.0)])
def test_a_hint_that_leaves_no_room_is_refused(
    models: list[LoadedModel], enter: float, leave: float
) -> None:
    window = hinted((5,) * 10, enter=enter, leave=leave)
    sample(models, [SHORT], max_tokens=6, seed=0, windows=[window])
    with pytest.raises(ModelError, match="Prompt 0 has 10 tokens and may grow to 17; the model"):
        sample(models, [SHORT], max_tokens=7, seed=0, windows=[window])
    with pytest.raises(ModelError, match="Prompt 0 has 12 tokens and may grow to 17; the model"):
        sample(models, [SHORT], max_tokens=7, seed=0, windows=[window], prefixes=[(5, 5)])
    shut = replace(window, enter=0.0)
    sample(models, [SHORT], max_tokens=7, seed=0, windows=[shut])
