"""Windows that open in the answer alone: sampler and density are one distribution, exactly.

A model of nine tokens, of which the end of reasoning takes one, two or three, writes at most four;
so every completion can be listed and its probability summed. Faults that were injected and caught
here: the answer's start one token early and one late, in the density and in the sampler; the first
token of the answer always the donor's, in either; the windows of the answer scored as windows
anywhere.
"""

import numpy as np
import pytest

from draws import drawn_from
from few_words import every_completion, tiny
from foretoken.engines.base import WindowSpec
from foretoken.engines.prompts import AnswerFinder, completion_text
from foretoken.engines.tags import THINK
from foretoken.engines.transformers.load import LoadedModel
from foretoken.engines.transformers.sample import sample
from foretoken.engines.transformers.score import score
from foretoken.errors import ScoringError
from foretoken.estimate.mixture import default_components, log_ratios
from foretoken.records import Component
from foretoken.tasks.answer import split_completion

LONGEST, ROWS = 4, 6000
PROMPT = [5, 7]
COMPONENTS = (
    *default_components(LONGEST, (1.0,), answer_windows=True),
    Component(strength=1.0, enter=0.4, leave=0.3, where="answer"),
    Component(strength=1.0, enter=1.0, leave=0.0, where="answer"),
)


@pytest.fixture(scope="module")
def models() -> list[LoadedModel]:
    subject = tiny(1)
    return [subject, tiny(2, near=subject)]


@pytest.fixture(scope="module")
def densities(models: list[LoadedModel]) -> tuple[list[tuple[int, ...]], np.ndarray, np.ndarray]:
    """Every completion, its log-probability, and the log ratio of each component."""
    texts = every_completion(LONGEST)
    tokens = [score(m, [(PROMPT, t) for t in texts], per_token=True).per_token for m in models]
    d_dk = np.full((len(texts), LONGEST), np.nan)
    for row, (own, donated) in enumerate(zip(*map(list, tokens), strict=True)):
        d_dk[row, : len(own)] = np.array(donated) - np.array(own)
    finder = AnswerFinder(models[0].tokenizer)
    starts = [finder.answer_start(text) for text in texts]
    start_d = np.array([len(t) if s is None else s for t, s in zip(texts, starts, strict=True)])
    log_p = np.array([sum(own) for own in tokens[0] or ()])
    return texts, log_p, log_ratios({1.0: d_dk}, COMPONENTS, answer_start=start_d)


def test_every_component_is_a_distribution_over_all_completions(densities) -> None:
    _, log_p, ratio_dm = densities
    totals = np.exp(log_p[:, None] + ratio_dm).sum(axis=0)
    np.testing.assert_allclose(totals, 1.0, atol=1e-5)
    assert np.std(ratio_dm[:, -2]) > 0.1


@pytest.mark.parametrize("index", [m for m, c in enumerate(COMPONENTS) if c.where == "answer"])
def test_draws_follow_the_density_and_their_weights_average_one(
    models: list[LoadedModel], densities, index: int
) -> None:
    texts, log_p, ratio_dm = densities
    each = COMPONENTS[index]
    window = WindowSpec(strength=1, enter=each.enter, leave=each.leave, in_answer=True)
    made = sample(models, [PROMPT] * ROWS, max_tokens=LONGEST, seed=index, windows=[window] * ROWS)
    row_of = {text: row for row, text in enumerate(texts)}
    rows = np.array([row_of[c.tokens] for c in made])
    weights = np.exp(-ratio_dm[rows, index])
    assert np.std(weights) > 0.05
    assert abs(weights.mean() - 1) < 4 * weights.std() / np.sqrt(ROWS)

    assert drawn_from([c.tokens for c in made], texts, log_p + ratio_dm[:, index])


def test_the_donor_is_silent_until_the_reasoning_ends(models: list[LoadedModel]) -> None:
    window = WindowSpec(strength=1, enter=1.0, leave=0.0, in_answer=True)
    made = sample(models, [PROMPT] * 400, max_tokens=8, seed=1, windows=[window] * 400)
    finder = AnswerFinder(models[0].tokenizer)
    starts = [finder.answer_start(c.tokens) for c in made]
    assert sum(start is not None for start in starts) > 40
    for c, start in zip(made, starts, strict=True):
        before = len(c.tokens) if start is None else start
        assert c.donor_spoke == (*[False] * before, *[True] * (len(c.tokens) - before))


def test_a_prefix_that_ends_the_reasoning_lets_the_donor_answer(models: list[LoadedModel]) -> None:
    window = WindowSpec(strength=1, enter=1.0, leave=0.0, in_answer=True)
    made = sample(
        models, [PROMPT] * 3, max_tokens=6, seed=1, windows=[window] * 3,
        prefixes=[[5, 1, 2, 3], [5, 1, 2], [4]],
    )  # fmt: skip
    assert all(made[0].donor_spoke)
    assert not made[1].donor_spoke[0]
    assert all(made[2].donor_spoke)


def test_a_tag_that_began_in_the_prefix_is_completed_by_sampled_tokens(
    models: list[LoadedModel],
) -> None:
    window = WindowSpec(strength=1, enter=1.0, leave=0.0, in_answer=True)
    made = sample(
        models, [PROMPT] * 2000, max_tokens=6, seed=1, windows=[window] * 2000,
        prefixes=[[5, 1, 2]] * 2000,
    )  # fmt: skip
    completed = [c for c in made if c.tokens[3] == 3 and len(c.tokens) > 4]
    assert len(completed) > 3
    assert all(c.donor_spoke == (False, *[True] * (len(c.tokens) - 4)) for c in completed)


@pytest.mark.parametrize(
    "tokens, start",
    [
        ([5, 4, 7, 0], 2),
        ([1, 2, 3, 7], 3),
        ([5, 1, 6, 7], 3),
        ([1, 2, 5, 3], None),
        ([8, 3, 5], None),
        ([4, 5, 4], 1),
        ([5, 1, 2, 3], 4),
        ([], None),
    ],
)
def test_an_answer_starts_after_the_token_that_completes_the_tag(
    models: list[LoadedModel], tokens: list[int], start: int | None
) -> None:
    tokenizer = models[0].tokenizer
    assert AnswerFinder(tokenizer).answer_start(tokens) == start
    text = completion_text(tokenizer, tokens)
    assert (start is None) == ("</think>" not in text)
    if start is not None and text.count("</think>") == 1 and 6 not in tokens:
        code = split_completion(text, tags=THINK)[1]
        after = completion_text(tokenizer, tokens[start:])
        assert code == split_completion(after, tags=THINK)[1]


def test_windows_of_the_answer_without_its_start_are_refused() -> None:
    with pytest.raises(ScoringError, match="where each draw's answer starts"):
        log_ratios({1.0: np.zeros((2, 3))}, COMPONENTS)
