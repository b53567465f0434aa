"""What is sampled and what is scored are the same distribution."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, MistralConfig, MistralForCausalLM

from foretoken.engines.base import Completion, WindowSpec
from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers.load import LoadedModel, load_model
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.engines.transformers.sample import sample
from foretoken.engines.transformers.score import score
from foretoken.errors import ModelError, ScoringError
from foretoken.estimate.mixture import switch_log_ratio

PROMPTS = ["Write f(xs)", "the sum of the numbers", "x", "return sum(xs) of the even numbers + 3"]


@pytest.fixture(scope="module")
def subject(tiny_llama: Path) -> LoadedModel:
    return load_model(str(tiny_llama), device="cpu")


@pytest.fixture(scope="module")
def donor(tiny_llama: Path, adapters: tuple[Path, Path]) -> LoadedModel:
    return load_model(str(tiny_llama), adapters=[(str(adapters[0]), 1.0)], device="cpu")


def ids(model: LoadedModel, repeats: int = 1) -> list[list[int]]:
    return [render_prompt(model.tokenizer, prompt) for prompt in PROMPTS for _ in range(repeats)]


def largest_difference(
    model: LoadedModel, prompts: list[list[int]], made: list[Completion]
) -> float:
    scores = score(
        model, [(p, c.tokens) for p, c in zip(prompts, made, strict=True)], per_token=True
    )
    assert scores.per_token is not None
    pairs = zip(scores.per_token, made, strict=True)
    return max(float(np.abs(np.array(a[-len(c.log_p) :]) - c.log_p).max()) for a, c in pairs)


def test_scores_of_sampled_tokens_equal_what_the_sampler_recorded(subject: LoadedModel) -> None:
    prompts = ids(subject, repeats=20)
    made = sample([subject], prompts, max_tokens=60, seed=3)
    assert any(c.ended for c in made)
    assert len({len(c.tokens) for c in made}) > 5
    assert largest_difference(subject, prompts, made) < 1e-4


def test_sum_of_a_score_counts_the_end_token(subject: LoadedModel) -> None:
    prompts = ids(subject, repeats=20)
    made = sample([subject], prompts, max_tokens=60, seed=3)
    scores = score(subject, [(p, c.tokens) for p, c in zip(prompts, made, strict=True)])
    ended = [i for i, c in enumerate(made) if c.ended]
    assert all(made[i].tokens[-1] == subject.end_token for i in ended)
    for i in ended:
        assert scores.log_p[i] == pytest.approx(sum(made[i].log_p), abs=1e-3)


def test_the_same_seed_gives_the_same_completions_in_any_batch(subject: LoadedModel) -> None:
    prompts = ids(subject, repeats=6)
    together = sample([subject], prompts, max_tokens=30, seed=5)
    again = sample([subject], prompts, max_tokens=30, seed=5)
    apart = sample([subject], prompts, max_tokens=30, seed=5, batch_rows=5)
    other = sample([subject], prompts, max_tokens=30, seed=6)
    assert together == again
    assert [c.tokens for c in together] == [c.tokens for c in apart]
    assert [c.tokens for c in together] != [c.tokens for c in other]


def test_a_prefix_starts_the_completion_and_is_not_sampled(subject: LoadedModel) -> None:
    prompts = ids(subject)
    prefixes = [[20, 21, 22], [], [30], [40, 41]]
    made = sample([subject], prompts, max_tokens=12, seed=1, prefixes=prefixes)
    for prompt, prefix, completion in zip(prompts, prefixes, made, strict=True):
        assert list(completion.tokens[: len(prefix)]) == prefix
        assert completion.prefix_tokens == len(prefix)
        assert completion.prompt_tokens == len(prompt)
        assert len(completion.log_p) == len(completion.tokens) - len(prefix)
        assert len(completion.tokens) <= 12
    assert largest_difference(subject, prompts, made) < 1e-4


def test_switch_windows_open_and_close_as_often_as_the_chain_says(
    subject: LoadedModel, donor: LoadedModel
) -> None:
    rows = 2000
    window = WindowSpec(strength=1, enter=0.3, leave=0.25)
    prompts = [ids(subject)[0]] * rows
    made = sample([subject, donor], prompts, max_tokens=3, seed=2, windows=[window] * rows)
    spoke = np.array([c.donor_spoke for c in made if len(c.donor_spoke) == 3])
    inside, outside = spoke[spoke[:, 0]], spoke[~spoke[:, 0]]
    for found, expected in (
        (spoke[:, 0], 0.3),
        (inside[:, 1], 0.75),
        (outside[:, 1], 0.3),
        (spoke[spoke[:, 1]][:, 2], 0.75),
    ):
        error = np.sqrt(expected * (1 - expected) / len(found))
        assert abs(found.mean() - expected) < 4 * error


def test_weights_of_switch_draws_average_to_one(subject: LoadedModel, donor: LoadedModel) -> None:
    rows, tokens = 1500, 5
    window = WindowSpec(strength=1, enter=0.2, leave=0.3)
    prompt = ids(subject)[1]
    made = sample(
        [subject, donor], [prompt] * rows, max_tokens=tokens, seed=9, windows=[window] * rows
    )
    items = [(prompt, c.tokens) for c in made]
    under = [score(model, items, per_token=True).per_token for model in (subject, donor)]
    assert under[0] is not None
    assert under[1] is not None
    differences = np.full((rows, tokens), np.nan)
    for row, (p, d) in enumerate(zip(*under, strict=True)):
        differences[row, : len(p)] = np.array(d) - np.array(p)
    weights = np.exp(-switch_log_ratio(differences, enter=0.2, leave=0.3))
    assert np.std(weights) > 0.05
    assert abs(weights.mean() - 1) < 4 * weights.std() / np.sqrt(rows)


def test_a_window_that_never_closes_is_the_donor_alone(
    subject: LoadedModel, donor: LoadedModel
) -> None:
    prompts = ids(subject, repeats=3)
    windows = [WindowSpec(strength=1, enter=1.0, leave=0.0)] * len(prompts)
    mixed = sample([subject, donor], prompts, max_tokens=20, seed=4, windows=windows)
    alone = sample([donor], prompts, max_tokens=20, seed=4)
    assert [c.tokens for c in mixed] == [c.tokens for c in alone]
    assert all(all(c.donor_spoke) for c in mixed)


def test_a_rows_random_numbers_do_not_depend_on_the_rows_beside_it(
    subject: LoadedModel, donor: LoadedModel
) -> None:
    prompts = ids(subject, repeats=3)
    windows = [WindowSpec(strength=1, enter=0.4, leave=0.4)] * len(prompts)
    prefixes = [range(20, 20 + row) for row in range(len(prompts))]
    settings = {"max_tokens": 20, "seed": 4, "windows": windows, "prefixes": prefixes}
    together = sample([subject, donor], prompts, **settings)
    alone = sample([subject, donor], prompts, **settings, batch_rows=1)
    assert [c.donor_spoke for c in together] == [c.donor_spoke for c in alone]
    assert [c.tokens for c in together] == [c.tokens for c in alone]


def test_a_finished_row_stays_within_the_positions_of_the_model(subject: LoadedModel) -> None:
    torch.manual_seed(0)
    config = GPT2Config(n_embd=32, n_layer=2, n_head=2, vocab_size=300, n_positions=40)
    model = GPT2LMHeadModel(config).eval()
    loaded = LoadedModel(**{**vars(subject), "model": model, "other_ends": frozenset()})
    prompts = [[7] * 20, *[[8]] * 19]
    prefixes = [[9] * 15, *[[]] * 19]
    made = sample([loaded], prompts, max_tokens=20, seed=1, prefixes=prefixes)
    assert len(made[0].tokens) == 20
    assert any(len(c.tokens) == 20 for c in made[1:])


@pytest.mark.parametrize("kind", ["gpt2", "mistral with a sliding window"])
def test_other_architectures_sample_what_they_score(subject: LoadedModel, kind: str) -> None:
    torch.manual_seed(0)
    small = {"vocab_size": 300, "initializer_range": 0.3, "eos_token_id": 1, "pad_token_id": 0}
    if kind == "gpt2":
        model = GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=2, n_head=2, **small))
    else:
        model = MistralForCausalLM(
            MistralConfig(
                hidden_size=32,
                intermediate_size=48,
                num_hidden_layers=2,
                num_attention_heads=2,
                num_key_value_heads=1,
                sliding_window=8,
                **small,
            )
        )
    fields = {**vars(subject), "model": model.eval()}
    loaded = LoadedModel(**fields)
    prompts = ids(loaded, repeats=5)
    with library_talk_off():
        made = sample([loaded], prompts, max_tokens=25, seed=1)
        assert largest_difference(loaded, prompts, made) < 1e-4


def random_items(prompts: int, completions: int) -> list[tuple[list[int], list[int]]]:
    """Each prompt with several completions, in mixed order."""
    random = np.random.default_rng(0)
    starts = [random.integers(6, 300, n).tolist() for n in random.integers(1, 120, prompts)]
    return [
        (starts[index % prompts], random.integers(6, 300, n).tolist())
        for index, n in enumerate(random.integers(1, 120, completions))
    ]


def test_scoring_reads_each_prompt_once_and_pads_by_less_than_5_percent(
    subject: LoadedModel,
) -> None:
    items = random_items(prompts=40, completions=200)
    scores = score(subject, items)
    prompts = {tuple(prompt) for prompt, _ in items}
    assert scores.floor_tokens == sum(map(len, prompts)) + sum(len(c) - 1 for _, c in items)
    assert scores.tokens_through_model < 1.05 * scores.floor_tokens


@pytest.mark.parametrize("batch_tokens", [300, 16384])
def test_a_score_is_that_of_the_whole_text_read_alone(
    subject: LoadedModel, batch_tokens: int
) -> None:
    items = random_items(prompts=7, completions=60)
    scores = score(subject, items, per_token=True, batch_tokens=batch_tokens)
    assert scores.per_token is not None
    for (prompt, completion), found, total in zip(
        items, scores.per_token, scores.log_p, strict=True
    ):
        with torch.inference_mode():
            logits = subject.model(torch.tensor([prompt + completion])).logits[0]
        log_p = logits.log_softmax(-1)[range(len(prompt) - 1, len(prompt + completion) - 1)]
        expected = log_p[range(len(completion)), completion].tolist()
        assert found == pytest.approx(expected, abs=1e-4)
        assert total == pytest.approx(sum(expected), abs=1e-3)


def test_nan_logits_spoil_one_score_and_no_other(subject: LoadedModel) -> None:
    broken = load_model(str(subject.model.config.name_or_path), device="cpu")
    items = [(ids(subject)[0], [20, 30]), (ids(subject)[1], [50, 299, 60]), (ids(subject)[2], [40])]
    with torch.no_grad():
        broken.model.get_input_embeddings().weight[299] = float("nan")
    untied = broken.model.get_output_embeddings()
    untied.weight = torch.nn.Parameter(
        subject.model.get_output_embeddings().weight.detach().clone(), requires_grad=False
    )
    scores = score(broken, items, per_token=True)
    fine = score(subject, items)
    assert scores.errors[0] is None
    assert scores.errors[2] is None
    assert str(scores.errors[1]).startswith("logits are not finite at ")
    assert np.isnan(scores.log_p[1])
    assert scores.log_p[[0, 2]] == pytest.approx(fine.log_p[[0, 2]], abs=1e-5)


def test_sampling_from_nan_logits_is_refused(subject: LoadedModel) -> None:
    broken = load_model(str(subject.model.config.name_or_path), device="cpu")
    with torch.no_grad():
        broken.model.get_output_embeddings().weight.fill_(float("nan"))
    with pytest.raises(ScoringError, match="NaN logits while sampling"):
        sample([broken], ids(broken), max_tokens=4, seed=0)


def test_requests_that_do_not_fit_are_refused(subject: LoadedModel) -> None:
    prompts = ids(subject)
    with pytest.raises(ModelError, match="Shorten the prompt"):
        sample([subject], prompts, max_tokens=600, seed=0)
    with pytest.raises(ModelError, match="leaves none to sample"):
        sample([subject], prompts[:1], max_tokens=2, seed=0, prefixes=[[7, 8]])
    with pytest.raises(ModelError, match="names model 1 of 1"):
        sample([subject], prompts[:1], max_tokens=2, seed=0, windows=[WindowSpec(1, 0.5, 0.5)])
    with pytest.raises(ModelError, match="0 completion tokens"):
        score(subject, [(prompts[0], [])])
