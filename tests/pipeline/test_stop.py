"""Answers that are complete before the completion ends: sampling, density and count agree.

Faults that were injected and caught here: a completion cut one token late; the tokens after the
stop kept in the text; a stop found in the reasoning; the stop left out of a prompt's hash.
"""

import numpy as np
import pyarrow.compute as pc
import pytest
from transformers import PreTrainedTokenizerBase
from world import ENGINES, EXIT, EXPLOITS, HONEST, MESSAGE, World, bank_config, task

from foretoken.bank.build import build_bank
from foretoken.engines.base import Completion, Weights
from foretoken.engines.prompts import AnswerFinder, prompt_hash, render_prompt
from foretoken.engines.weights import load_tokenizer
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Draw, RateEstimate, Task
from foretoken.store.run import Run
from foretoken.tasks.load import save_tasks
from foretoken.work.grading import until_complete

TYPES = ("error_code_abuse", "process_exit")
PROGRAMS = (MESSAGE, EXIT, HONEST)
COUNTED = 500


def stopping(name: str, number: int, stop: tuple[str, ...] = PROGRAMS) -> Task:
    return task(name, number).replacing(stop=stop).task()


def ids(tokenizer: PreTrainedTokenizerBase, *words: str) -> list[int]:
    return [tokenizer.get_vocab()[word] for word in words]


@pytest.fixture(scope="module")
def run(world: World, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("stop")
    tasks = folder / "tasks.jsonl"
    save_tasks([stopping(name, number) for name in TYPES for number in range(3)], tasks)
    settings = {"tasks": str(tasks), "draws_per_task": 150, "thinning": 0.0}
    build_bank(bank_config(world, folder / "run", **settings))
    measure(
        MeasureConfig(run=folder / "run", checkpoints=world.checkpoints[1:], count_draws=COUNTED)
    )
    return Run.open(folder / "run")


def test_a_text_ends_with_what_completes_its_answer(run: Run, world: World) -> None:
    tokenizer = load_tokenizer(str(world.subject))
    programs = set(ids(tokenizer, *PROGRAMS))
    draws = run.read(Draw)
    stopped = [draw for draw in draws if draw.stopped]
    assert len(stopped) > 0.5 * len(draws)
    assert all(draw.ended and draw.tokens[-1] in programs for draw in stopped)
    closing = ids(tokenizer, "</think>")[0]
    for draw in stopped:
        answer = draw.tokens[draw.tokens.index(closing) + 1 :]
        assert not programs & {*answer[:-1]}
    assert any(draw.hacked for draw in stopped)


def test_the_density_of_a_text_is_the_probability_to_begin_with_it(run: Run, world: World) -> None:
    """Counted among the subject's own draws, whatever would have followed."""
    draws = run.read(Draw, where=(pc.field("source") == "count") & (pc.field("step") == 20))
    asked = [draw for draw in draws if draw.task == "tiny/process_exit/0"]
    assert len(asked) == COUNTED
    texts = sorted({draw.tokens for draw in asked if draw.stopped})
    weights = Weights(str(world.subject), ((str(world.checkpoints[1]), 1.0),))
    with ENGINES.open([weights]) as engine:
        prompt = render_prompt(engine.tokenizer, stopping("process_exit", 0))
        p = np.exp(engine.score([(prompt, text) for text in texts]).log_p)
    counts = np.array([sum(draw.tokens == text for draw in asked) for text in texts])
    common = p > 0.02
    assert common.sum() >= 4
    spread = np.sqrt(COUNTED * p * (1 - p))
    assert np.all(np.abs(counts - COUNTED * p)[common] < 4 * spread[common])
    assert p.sum() <= 1


@pytest.mark.parametrize("name", TYPES)
def test_the_bank_agrees_with_counts(run: Run, name: str) -> None:
    found = {each.estimator: each for each in run.read(RateEstimate) if each.exploit_type == name}
    bank, counted = found["switch"], found["count"]
    assert bank.rate is not None
    assert counted.rate
    draws = 3 * COUNTED
    spread = np.sqrt(counted.rate * (1 - counted.rate) / draws)
    assert abs(bank.rate - counted.rate) < 4 * (spread + 0.1 * counted.rate)


def test_an_answer_is_complete_in_itself_not_in_the_reasoning(world: World) -> None:
    tokenizer = load_tokenizer(str(world.subject))
    words = ("hm", EXIT, "</think>", "code", EXIT, MESSAGE)
    tokens = ids(tokenizer, *words)
    finder = AnswerFinder(tokenizer)
    assert finder.complete_at(tokens, (EXIT,)) == 5
    assert finder.complete_at(tokens, (MESSAGE,)) == 6
    assert finder.complete_at(tokens, (HONEST,)) is None
    assert finder.complete_at(tokens, ()) is None
    assert finder.complete_at(tokens[:2], (EXIT,)) is None
    # Half of it stands in one token, half in the next.
    assert finder.complete_at(tokens, ("code" + EXIT[:3],)) == 5


def test_an_end_token_is_no_part_of_an_answer_that_was_complete_before(world: World) -> None:
    tokenizer = load_tokenizer(str(world.subject))
    said = tuple(ids(tokenizer, "</think>", EXIT, "hm", "<|end|>"))
    whole = Completion(said, (-1.0, -2.0, -3.0, -4.0), (False,) * 4, True, 5, 0)
    finder = AnswerFinder(tokenizer)
    cut = until_complete(whole, stopping("process_exit", 0), finder=finder)
    assert (cut.tokens, cut.log_p, cut.ended, cut.stopped) == (said[:2], (-1.0, -2.0), True, True)
    assert (cut.said, whole.said) == (said[:2], said[:3])
    plain = task("process_exit", 0).task()
    assert until_complete(whole, plain, finder=finder) == whole


def test_what_ends_an_answer_belongs_to_how_a_task_is_asked(world: World) -> None:
    tokenizer = load_tokenizer(str(world.subject))
    name = next(iter(EXPLOITS))
    plain, one = task(name, 0).task(), stopping(name, 0)
    other = stopping(name, 0, (EXIT,))
    assert len({prompt_hash(tokenizer, each) for each in (plain, one, other)}) == 3
