"""Draws from a server, a stretch of one voice at a time, have exactly the density of the bank.

Two models of eight words write at most four, so every completion can be listed and its probability
summed. Faults that were injected and caught here: stretches one token too long, one too short, and
one token of the second given to the first; the answer's start one token late; what the subject said
after the answer's start kept; the first token always the subject's.
"""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from conftest import ENDS, WORDS
from draws import drawn_from
from few_words import every_completion
from foretoken.engines.base import SUBJECT_ALONE, Weights, WindowSpec
from foretoken.engines.prompts import AnswerFinder
from foretoken.engines.server.engine import ServerEngine, ServerEngines
from foretoken.engines.server.sample import donor_path, stretches
from foretoken.engines.transformers.load import load_model
from foretoken.engines.transformers.score import score
from foretoken.errors import ModelError
from foretoken.estimate.mixture import log_ratios
from foretoken.records import Component

LONGEST, ROWS = 4, 1500
PROMPT = [5, 7]
COMPONENTS = (
    Component(strength=0.0, enter=0.0, leave=1.0),
    Component(strength=1.0, enter=0.4, leave=0.5),
    Component(strength=1.0, enter=1.0, leave=0.0),
    Component(strength=1.0, enter=0.6, leave=0.3, where="answer"),
)


def window_of(component: Component) -> WindowSpec:
    return WindowSpec(
        strength=int(component.strength),
        enter=component.enter,
        leave=component.leave,
        in_answer=component.where == "answer",
    )


@pytest.fixture(scope="module")
def densities(
    subject_folder: Path, donor_folder: Path
) -> tuple[list[tuple[int, ...]], np.ndarray, np.ndarray]:
    """Every completion, its log-probability, and the log ratio of each component."""
    texts = every_completion(LONGEST, words=len(WORDS), ends=ENDS)
    models = [load_model(str(folder)) for folder in (subject_folder, donor_folder)]
    own, donated = (
        score(model, [(PROMPT, t) for t in texts], per_token=True).per_token or []
        for model in models
    )
    d_dk = np.full((len(texts), LONGEST), np.nan)
    for row, (a, b) in enumerate(zip(own, donated, strict=True)):
        d_dk[row, : len(a)] = np.array(b) - np.array(a)
    finder = AnswerFinder(models[0].tokenizer)
    starts = [finder.answer_start(text) for text in texts]
    start_d = np.array([len(t) if s is None else s for t, s in zip(texts, starts, strict=True)])
    log_p = np.array([sum(each) for each in own])
    return texts, log_p, log_ratios({1.0: d_dk}, COMPONENTS, answer_start=start_d)


@pytest.fixture(params=["well"])
def engine(
    request: pytest.FixtureRequest, servers, subject_folder: Path, donor_folder: Path
) -> Iterator[ServerEngine]:
    voices = [Weights(str(subject_folder)), Weights(str(donor_folder))]
    with ServerEngines(servers(request.param)).open(voices) as opened:
        yield opened


def requests_seen(servers, fault: str) -> int:
    with urllib.request.urlopen(f"{servers.address}/{fault}/seen") as answer:
        return int(json.load(answer)[fault])


@pytest.mark.parametrize(
    "engine, index",
    [("well", 0), ("well", 1), ("well", 2), ("well", 3), ("early", 1), ("talkative", 3)],
    indirect=["engine"],
)
def test_draws_follow_the_density_and_their_weights_average_one(
    engine: ServerEngine, densities, index: int
) -> None:
    texts, log_p, ratio_dm = densities
    made = engine.sample(
        [PROMPT] * ROWS, max_tokens=LONGEST, seed=index,
        windows=[window_of(COMPONENTS[index])] * ROWS,
    )  # fmt: skip
    row_of = {text: row for row, text in enumerate(texts)}
    rows = np.array([row_of[c.tokens] for c in made])
    weights = np.exp(-ratio_dm[rows, index])
    assert abs(weights.mean() - 1) <= 4 * weights.std() / np.sqrt(ROWS)
    assert (np.std(weights) > 0.05) == (COMPONENTS[index].strength > 0)

    assert drawn_from([c.tokens for c in made], texts, log_p + ratio_dm[:, index])


def test_each_token_has_the_log_probability_of_the_voice_that_spoke_it(
    engine: ServerEngine,
) -> None:
    window = WindowSpec(strength=1, enter=0.4, leave=0.5)
    prompts = [[5, 7, k % 3 + 5] for k in range(60)]
    made = engine.sample(prompts, max_tokens=12, seed=3, windows=[window] * 60)
    items = [(p, c.tokens) for p, c in zip(prompts, made, strict=True)]
    under = [engine.score(items, voice=voice, per_token=True).per_token for voice in (0, 1)]
    assert under[0] is not None
    assert under[1] is not None
    for c, own, donated in zip(made, *under, strict=True):
        spoken = np.where(c.donor_spoke, donated, own)
        assert c.log_p == pytest.approx(spoken, abs=1e-5)
        assert c.ended == (c.tokens[-1] in ENDS)
        assert not ENDS & set(c.tokens[:-1])
        assert c.ended or len(c.tokens) == 12
    assert any(any(c.donor_spoke) and not all(c.donor_spoke) for c in made)
    assert 0 < sum(c.ended for c in made) < 60


def test_one_stretch_of_one_voice_is_one_request(
    servers, subject_folder: Path, donor_folder: Path
) -> None:
    voices = [Weights(str(subject_folder)), Weights(str(donor_folder))]
    window = WindowSpec(strength=1, enter=0.2, leave=0.2)
    with ServerEngines(servers("counted")).open(voices) as engine:
        before = requests_seen(servers, "counted")
        made = engine.sample([PROMPT] * 200, max_tokens=12, seed=5, windows=[window] * 200)
        switched = sum(len([*stretches(np.array(c.donor_spoke))]) for c in made)
        assert requests_seen(servers, "counted") - before == switched
        engine.sample([PROMPT] * 50, max_tokens=12, seed=5)
        assert requests_seen(servers, "counted") - before == switched + 50


def test_the_donor_speaks_in_the_answer_alone(engine: ServerEngine) -> None:
    window = WindowSpec(strength=1, enter=1.0, leave=0.0, in_answer=True)
    made = engine.sample([PROMPT] * 200, max_tokens=8, seed=1, windows=[window] * 200)
    starts = [AnswerFinder(engine.tokenizer).answer_start(c.tokens) for c in made]
    assert sum(start is not None for start in starts) > 20
    for c, start in zip(made, starts, strict=True):
        before = len(c.tokens) if start is None else start
        assert c.donor_spoke == (*[False] * before, *[True] * (len(c.tokens) - before))


def test_a_prefix_starts_the_completion_and_may_end_the_reasoning(engine: ServerEngine) -> None:
    window = WindowSpec(strength=1, enter=1.0, leave=0.0, in_answer=True)
    prefixes = [[5, 1, 2, 3], [5, 1, 2], [4]]
    made = engine.sample(
        [PROMPT] * 3, max_tokens=6, seed=1, windows=[window] * 3, prefixes=prefixes
    )
    for c, prefix in zip(made, prefixes, strict=True):
        assert list(c.tokens[: c.prefix_tokens]) == prefix
        assert len(c.log_p) == len(c.donor_spoke) == len(c.tokens) - len(prefix)
        assert c.prompt_tokens == len(PROMPT)
    assert all(made[0].donor_spoke)
    assert not made[1].donor_spoke[0]
    assert all(made[2].donor_spoke)


def test_the_same_seed_gives_the_same_draws_in_any_order(
    servers, engine: ServerEngine, subject_folder: Path, donor_folder: Path
) -> None:
    windows = [window_of(each) for each in COMPONENTS] * 5
    finished: list[int] = []
    made = engine.sample(
        [PROMPT] * 20, max_tokens=8, seed=4, windows=windows, on_finished=finished.append
    )
    assert sum(finished) == 20
    voices = [Weights(str(subject_folder)), Weights(str(donor_folder))]
    with ServerEngines(servers(in_flight=1)).open(voices) as one_at_a_time:
        assert one_at_a_time.sample([PROMPT] * 20, max_tokens=8, seed=4, windows=windows) == made
    assert engine.sample([PROMPT] * 20, max_tokens=8, seed=9, windows=windows) != made


def test_a_path_opens_and_closes_as_often_as_the_chain_says() -> None:
    rng = np.random.default_rng(0)
    window = WindowSpec(strength=1, enter=0.3, leave=0.25)
    inside_dk = np.array([donor_path(window, 3, rng=rng) for _ in range(20_000)])
    after_open = inside_dk[inside_dk[:, 0], 1]
    after_closed = inside_dk[~inside_dk[:, 0], 1]
    for found, expected in ((inside_dk[:, 0], 0.3), (after_open, 0.75), (after_closed, 0.3)):
        assert abs(found.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / len(found))


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"prompts": [[]]}, "Prompt 0 has 0 tokens"),
        ({"max_tokens": 40}, "may grow to 42; the server reads 1 to 31"),
        ({"prefixes": [[5] * 8]}, "leaves none to sample"),
        ({"windows": [WindowSpec(strength=2, enter=0.5, leave=0.5)]}, "names voice 2 of 2"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_asked(
    engine: ServerEngine, change: dict, complaint: str
) -> None:
    asked: dict = {"prompts": [PROMPT], "max_tokens": 8, "seed": 0, "windows": [SUBJECT_ALONE]}
    asked |= change
    with pytest.raises(ModelError, match=complaint):
        engine.sample(asked.pop("prompts"), **asked)


def test_a_server_that_leaves_the_end_token_out_is_refused(servers, subject_folder: Path) -> None:
    def draw() -> None:
        with ServerEngines(servers("without_end")).open([Weights(str(subject_folder))]) as engine:
            engine.sample([PROMPT] * 50, max_tokens=12, seed=0)

    with pytest.raises(ModelError, match=r"leaves the end token out|0 tokens with"):
        draw()
