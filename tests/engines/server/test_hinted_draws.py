"""Draws from a server that reads another prompt inside a window have exactly their density.

Faults that were injected and caught here: the prompt of the task read inside the window; the hint
read outside; a hint that never opens; the length of the task's prompt alone looked at; the hint
counted among a draw's prompt tokens.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import ENDS, WORDS
from draws import Kind, drawn_from
from few_words import every_completion
from foretoken.engines.base import SUBJECT_ALONE, Completion, Weights, WindowSpec
from foretoken.engines.server.engine import ServerEngine, ServerEngines
from foretoken.engines.transformers.load import load_model
from foretoken.errors import ModelError

LONGEST, ROWS = 3, 400
SHORT, LONG = (5, 6), (1, 3, 5, 6, 6, 2)
WINDOW = WindowSpec(strength=0, enter=0.5, leave=0.4)
KINDS = {
    "a longer prompt": Kind(replace(WINDOW, prompt=(2, 3, *SHORT, 1, 5)), SHORT),
    "a shorter prompt": Kind(replace(WINDOW, prompt=SHORT), LONG),
    "a whole text after a prefix": Kind(
        replace(WINDOW, enter=1.0, leave=0.0, prompt=(2, 3, *SHORT)), SHORT, prefix=(6,)
    ),
}
OTHERS = (Kind(SUBJECT_ALONE, LONG), Kind(replace(WINDOW, strength=1), SHORT))
"""Drawn with them, a few times."""


@pytest.fixture(scope="module")
def engine(servers, subject_folder: Path, donor_folder: Path) -> Iterator[ServerEngine]:
    voices = [Weights(str(subject_folder)), Weights(str(donor_folder))]
    with ServerEngines(servers("well")).open(voices) as opened:
        yield opened


def drawn(engine: ServerEngine, kinds: list[Kind], *, longest: int) -> list[Completion]:
    return engine.sample(
        [each.prompt for each in kinds],
        max_tokens=longest,
        seed=7,
        windows=[each.window for each in kinds],
        prefixes=[each.prefix for each in kinds],
    )


@pytest.fixture(scope="module")
def mixed(engine: ServerEngine) -> dict[str, list[Completion]]:
    """Draws of all kinds from one call."""
    made = drawn(engine, [*KINDS.values()] * ROWS + [*OTHERS] * 30, longest=LONGEST)
    return {
        name: made[: ROWS * len(KINDS)][index :: len(KINDS)] for index, name in enumerate(KINDS)
    }


@pytest.mark.parametrize("name", KINDS)
def test_draws_follow_the_density_whatever_else_is_drawn_with_them(
    mixed: dict[str, list[Completion]], subject_folder: Path, name: str
) -> None:
    kind, model = KINDS[name], load_model(str(subject_folder))
    said = [c.tokens[len(kind.prefix) :] for c in mixed[name]]
    texts = every_completion(LONGEST - len(kind.prefix), words=len(WORDS), ends=ENDS)
    assert drawn_from(said, texts, kind.log_q(texts, [model]))
    alone = replace(kind, window=SUBJECT_ALONE)
    assert not drawn_from(said, texts, alone.log_q(texts, [model]))


def test_each_token_has_its_log_probability_after_what_its_speaker_read(
    engine: ServerEngine,
) -> None:
    kinds = [*KINDS.values(), *OTHERS] * 12
    made = drawn(engine, kinds, longest=12)
    tokens = [c.tokens for c in made]
    own = [(kind.prompt, text) for kind, text in zip(kinds, tokens, strict=True)]
    inside = [(kind.window.prompt or p, t) for kind, (p, t) in zip(kinds, own, strict=True)]
    under = [engine.score(items, per_token=True).per_token or [] for items in (own, inside)]
    donated = engine.score(own, voice=1, per_token=True).per_token or []
    for index, (kind, c) in enumerate(zip(kinds, made, strict=True)):
        other = donated[index] if kind.window.strength else under[1][index]
        first = len(kind.prefix)
        expected = np.where(c.donor_spoke, other[first:], under[0][index][first:])
        assert c.log_p == pytest.approx(expected, abs=1e-5)
        assert (c.prompt_tokens, c.prefix_tokens) == (len(kind.prompt), first)
        assert c.tokens[:first] == kind.prefix
        assert all(c.donor_spoke) or kind.window.enter < 1.0
        assert kind.window.opens or not any(c.donor_spoke)
    assert any(any(c.donor_spoke) and not all(c.donor_spoke) for c in made)


@pytest.mark.parametrize("enter, leave", [(0.5, 0.5), (1.0, 0.0)])
def test_a_hint_that_leaves_no_room_is_refused_before_anything_is_asked(
    engine: ServerEngine, enter: float, leave: float
) -> None:
    window = WindowSpec(strength=0, enter=enter, leave=leave, prompt=(5,) * 25)
    drawn(engine, [Kind(window, SHORT)], longest=6)
    with pytest.raises(ModelError, match="Prompt 0 has 25 tokens and may grow to 32; the server"):
        drawn(engine, [Kind(window, SHORT)], longest=7)
